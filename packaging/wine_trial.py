"""The bundle for Windows, installed and used in Wine: python packaging/wine_trial.py BUNDLE.zip.

This is not Windows. It is CPython for Windows as python.org built it (taken out of a wheel that carries it),
its own pip, the locked wheels for Windows and omr, on Wine's implementation of the system: what omr calls,
how it starts processes, names files, locks and speaks, is that of a Windows program. What a real PC shows
alone (virus guards, NTFS, the service manager, printers, sharing folders) is not seen here.

First a month is worked, then docs/windows.md is typed into Wine's `cmd`, every line in its order. Lines of
the wrapper that runs the service cannot be played, and what `icacls` and its like do Wine only pretends: both
are told.

Needs Debian's wine and gcc-mingw-w64-x86-64-win32, and Python 3.11 here, whose library in Python is taken.
Wine 8 lacks a few functions of Microsoft's C library that numpy and Rust's programs call; they are compiled
here, and the installed copies of the wheels are pointed at them.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from machine import must, said
from wine_pc import Pc, fill_gaps, here, interpreter, point_at_ours, windows_path

HERE = Path(__file__).parent
OUR = (sys.executable, "-m", "omr.cli")
GUIDE = HERE.parent / "docs" / "windows.md"
WRAPPER = "omr-service.exe"  # runs the service; comes from elsewhere
OF_WINDOWS = ("icacls", "reg", "netsh", "schtasks")  # Wine has programs of these names that do little
PERIOD = "2026-11"
SLIPS = 12


def install(pc: Pc, bundle: Path) -> Path:
    """Install the bundle as its install.cmd does; a damaged wheel is refused. Return the unpacked folder."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(pc.work)
        (folder,) = {pc.work / name.split("/")[0] for name in archive.namelist()}
    wheel = next((folder / "wheels").glob("click-*.whl"))
    sound = wheel.read_bytes()
    wheel.write_bytes(sound[:100] + b"?" + sound[101:])
    told = pc.run(pc.python, windows_path(folder / "install.py"), windows_path(pc.work / "omr"), codes=(1,))
    must("click" in told, "a damaged wheel is named")
    wheel.write_bytes(sound)
    pc.run(pc.python, windows_path(folder / "install.py"), windows_path(pc.work / "omr"))
    version = (folder / "VERSION").read_text("ascii").strip()
    pc.python = pc.work / "omr" / version / "python.exe"
    must((pc.work / "omr" / "omr.cmd").is_file(), "there is a command")
    point_at_ours(pc.python.parent / "Lib" / "site-packages")
    return folder


def document(told: str) -> Any:
    """Return the document that a command printed; libraries may say something before, when first started."""
    begins = re.search(r"^[\[{]", told, re.MULTILINE)
    must(begins is not None, f"a document of JSON: {told}")
    assert begins is not None
    return json.loads(told[begins.start() :])


def journey(pc: Pc) -> None:
    """Do a month's work, and compare it with the same scans read here."""
    office = pc.work / "Phiếu của tôi"
    at = ("--workspace", windows_path(office))
    started = time.monotonic()
    pc.omr("init", windows_path(office))
    told = document(pc.omr(*at, "doctor", "--json", codes=(3,)))
    absent = {check["name"] for check in told["checks"] if not check["ok"]}
    must(absent == {"tesseract", "tesseract_vie", "poppler"}, f"the doctor misses programs alone: {absent}")
    must("apt" not in json.dumps(told), "nobody is sent to apt")
    pc.omr(*at, "units", "import", "hai-phong-2023")
    printed = pc.work / "phiếu tháng 11.pdf"
    about = ("--unit", "PC06", "--period", PERIOD, "--count", str(SLIPS), "-o", windows_path(printed))
    pc.omr(*at, "issue", "DL-01", *about)
    said("workspace, doctor, units, print run", started)

    started = time.monotonic()
    scanned = pc.work / "Quét.pdf"
    here(*OUR, "--workspace", office, "simulate", printed, "-o", scanned, "--seed", 3)
    twin = pc.work / "twin"
    shutil.copytree(office, twin)
    reading = ("--period", PERIOD, "--expect", str(SLIPS), "--workers", "2", "--json")
    made = document(pc.omr(*at, "read", windows_path(scanned), *reading, codes=(0, 3)))
    must((made["read"], made["counting"]) == (SLIPS, SLIPS), f"all pages are read: {made}")
    here(*OUR, "--workspace", twin, "read", scanned, *reading)
    ours = document(here(*OUR, "--workspace", twin, "answers", "--json"))
    must(document(pc.omr(*at, "answers", "--json")) == ours, "the answers are those that are read here")
    said(f"{SLIPS} pages read by two spawned processes: answers and confidences as read here", started)

    started = time.monotonic()
    waiting = document(pc.omr(*at, "review", "list", "--json", codes=(0, 3)))
    for item in waiting:
        who = ("--by", "lan", "--why", "thử")
        pc.omr(*at, "review", "decide", item["item"], "--answer", "none", *who)
    pc.omr(*at, "period", "close", PERIOD, "--by", "truongphong")
    report = pc.work / "báo cáo"
    made = document(pc.omr(*at, "report", "--period", PERIOD, "-o", windows_path(report), "--json"))
    must(made["figures"]["slips"]["valid"] == SLIPS, "the month counts every slip")
    must(
        {file.suffix for file in report.iterdir()} >= {".csv", ".xlsx", ".docx"},
        "the report's files are there",
    )
    said(f"{len(waiting)} questions decided, month closed and reported", started)

    started = time.monotonic()
    copy, back = pc.work / "Sao lưu", pc.work / "khôi phục"
    for _ in range(2):
        pc.omr(*at, "backup", windows_path(copy))
    pc.omr("restore", windows_path(copy), windows_path(back), codes=(0, 3))
    pc.omr("--workspace", windows_path(back), "audit", "verify")
    before = document(pc.omr(*at, "answers", "--json"))
    must(document(pc.omr("--workspace", windows_path(back), "answers", "--json")) == before, "all came back")
    said("backed up twice, restored, chain intact, same answers", started)

    started = time.monotonic()
    words = ("-X", "utf8", "-m", "omr.cli", *at, "serve", "--port", "0")
    server, heard = pc.start(pc.python, *words)
    address = None
    while address is None and time.monotonic() - started < 120:
        time.sleep(0.5)
        address = re.search(rb"http://127\.0\.0\.1:\d+/", bytes(heard))
    must(address is not None, f"it serves: {bytes(heard)!r}")
    assert address is not None
    with urllib.request.urlopen(address[0].decode() + "login", timeout=60) as page:
        must("Đăng nhập" in page.read().decode(), "the desks open")
    server.kill()
    said("the desks answer", started)


def typed() -> list[str]:
    """Return what the guide has an administrator type, in its order."""
    half = GUIDE.read_text("utf-8").split("\n## ")[1]
    blocks = re.findall(r"^```bat\n(.*?)^```", half, re.DOTALL | re.MULTILINE)
    return ["install.cmd", *(line for block in blocks for line in block.splitlines())]


def recipe(pc: Pc, folder: Path) -> None:
    """Type the guide's commands into `cmd`, word by word, in the unpacked bundle."""
    drive = pc.work / "prefix/drive_c"
    second = pc.work / "second disk"
    second.mkdir()
    (pc.work / "prefix/dosdevices/d:").symlink_to(second)
    name = "python-3.11.9-embed-amd64"
    (folder / f"{name}.zip").touch()  # unpacked by hand: Wine has no PowerShell
    shutil.copytree(pc.work / "embedded", drive / "omr" / name)
    site, script = drive / "omr/0.2.0/Lib/site-packages", pc.work / "typed.bat"
    began, played, pretended, left = time.monotonic(), 0, [], []
    for line in typed():
        if WRAPPER in line and not line.startswith(OF_WINDOWS):
            left.append(line)
            continue
        script.write_text(f"@echo off\ncd /d {windows_path(folder)}\n{line}\n", "ascii", newline="\r\n")
        started = time.monotonic()
        codes = tuple(range(256)) if line.startswith(OF_WINDOWS) else (0, 3)
        told = pc.run("cmd", "/c", windows_path(script), codes=codes)
        print(f"    {(time.monotonic() - started):5.1f} s  {line}", flush=True)
        if line.startswith(OF_WINDOWS):
            pretended.append(line)
            continue
        played += 1
        if line == "install.cmd":
            must("the checksum of this bundle is" in told, f"the installer tells its checksum: {told}")
            point_at_ours(site)
        if line.endswith("audit verify"):
            must("NGUYÊN VẸN" in told, f"the chain is intact: {told}")
    must(not (drive / "omr").exists(), "the program is gone")
    must((drive / "ProgramData/omr/office/omr.sqlite").is_file(), "the register stays")
    said(
        f"the guide typed: {played} lines did what they say, {len(pretended)} are Windows' own, "
        f"{len(left)} need {WRAPPER}",
        began,
    )


def main() -> None:
    """Run the trial."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--work", type=Path, default=HERE.parent / "out" / "wine")
    told = parser.parse_args()
    work = told.work.resolve()
    pc = Pc(work)
    if shutil.which("wineserver"):
        subprocess.run(["wineserver", "-k"], env=pc.environment, check=False)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    started = time.monotonic()
    subprocess.run(["wineboot", "--init"], env=pc.environment, check=True, capture_output=True, timeout=300)
    interpreter(pc)
    fill_gaps(pc)
    keeper, _ = pc.start(pc.python, "-c", "import time; time.sleep(7200)")  # Wine's services start once
    time.sleep(10)
    told_version = pc.run(pc.python, "-c", "import sys; print(sys.version, sys.platform)")
    said(f"Python {told_version.split()[0]} for {told_version.split()[-1]} runs", started)
    try:
        started = time.monotonic()
        folder = install(pc, told.bundle.resolve())
        said("installed from the bundle by its own pip, hashes checked; a damaged wheel was refused", started)
        journey(pc)
        recipe(pc, folder)
    finally:
        keeper.kill()
        subprocess.run(["wineserver", "-k"], env=pc.environment, check=False)


if __name__ == "__main__":
    main()
