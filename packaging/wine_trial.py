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
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OUR = (sys.executable, "-m", "omr.cli")
# A wheel that carries python.org's python311.dll, 3.11.9, and its modules: for programs made of it.
CARRIER = "panda3d==1.10.16 --hash=sha256:37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82\n"
GUIDE = HERE.parent / "docs" / "windows.md"
WRAPPER = "omr-service.exe"  # runs the service; comes from elsewhere
OF_WINDOWS = ("icacls", "reg", "netsh", "schtasks")  # Wine has programs of these names that do little
PERIOD = "2026-11"
SLIPS = 12
COMPILER = "x86_64-w64-mingw32-gcc"
LAUNCHER = """
#include <windows.h>
typedef int (*Main)(int, wchar_t **);
int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python311.dll");
    return python ? ((Main)GetProcAddress(python, "Py_Main"))(argc, argv) : 100;
}
"""
RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return SystemFunction036(data, (ULONG)size);
}
"""
MATH = b"api-ms-win-crt-math-l1-1-0.dll"
OURS = b"omr-sh-win-crt-math-l1-1-0.dll"
ONE = "acos acosh asin asinh atan atanh cos cosh exp log sin sinh sqrt tan tanh proj"


def said(what: str, started: float) -> None:
    """Tell what was done and how long it took on the clock."""
    print(f"ok  {what}  ({time.monotonic() - started:.0f} s)", flush=True)


def must(condition: bool, what: str) -> None:
    """End the trial where something is not as it should be."""
    if not condition:
        sys.exit(f"trial: NOT AS IT SHOULD BE: {what}")


def here(*command: object) -> str:
    """Run a program of this machine."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    must(done.returncode in (0, 3), f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def complex_functions() -> tuple[str, list[str]]:
    """Return the functions of complex numbers that Wine 8 only names, in C, and their names."""
    kinds = (("", "D", "double", "d"), ("f", "F", "float", "f"), ("l", "D", "double", "d"))
    lines = [
        "#include <complex.h>",
        "typedef struct { double r, i; } D; typedef struct { float r, i; } F;",
        "#define Z(a) __builtin_complex((double)(a).r, (double)(a).i)",
        "static D d(double complex z) { D o = { __real__ z, __imag__ z }; return o; }",
        "static F f(double complex z) { F o = { (float)__real__ z, (float)__imag__ z }; return o; }",
    ]
    names = []
    for end, struct, real, make in kinds:
        for name in ("conj", *(f"c{one}" for one in ONE.split())):
            lines.append(f"{struct} my_{name}{end}({struct} a) {{ return {make}({name}(Z(a))); }}")
            names.append(name + end)
        for name in ("cabs", "carg", "creal", "cimag"):
            lines.append(f"{real} my_{name}{end}({struct} a) {{ return ({real}){name}(Z(a)); }}")
            names.append(name + end)
        lines.append(f"{struct} my_cpow{end}({struct} a, {struct} b) {{ return {make}(cpow(Z(a), Z(b))); }}")
        names.append(f"cpow{end}")
    return "\n".join(lines), names


def exported(library: Path) -> list[str]:
    """Return the names that a library exports."""
    listed = here("x86_64-w64-mingw32-objdump", "-p", library).splitlines()
    return [
        found[1] for line in listed if (found := re.fullmatch(r"\s+\[\s*\d+\] ([A-Za-z_]\w*)", line.rstrip()))
    ]


def forwarder(target: Path, to: str, names: list[str], own: dict[str, str], source: str = "int omr;") -> None:
    """Compile a library whose functions are another's, but for some of its own."""
    lines = [f"{name}={own.get(name, f'{to}.{name}')}" for name in sorted({*names, *own})]
    (definition, code) = target.with_suffix(".def"), target.with_suffix(".c")
    definition.write_text("\n".join(["LIBRARY forwarder", "EXPORTS", *lines, ""]), "ascii")
    code.write_text(source, "ascii")
    here(COMPILER, "-O1", "-w", "-shared", "-static-libgcc", "-o", target, code, definition)


class Pc:
    """A Wine prefix, and the Windows programs in it."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            **{"WINEPREFIX": str(work / "prefix"), "WINEARCH": "win64", "WINEDEBUG": "-all"},
            "WINEDLLOVERRIDES": "bcryptprimitives=n,b;mscoree,mshtml=",
        }
        self.python = work / "embedded" / "python.exe"

    def start(self, *words: object) -> tuple[subprocess.Popen[bytes], bytearray]:
        """Start a program; what it says is collected, also while others of Wine hold the same pipe open."""
        process = subprocess.Popen(
            ["wine", *map(str, words)],
            env=self.environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        heard = bytearray()

        def listen() -> None:
            assert process.stdout is not None
            while piece := os.read(process.stdout.fileno(), 1 << 16):
                heard.extend(piece)

        threading.Thread(target=listen, daemon=True).start()
        return process, heard

    def run(self, *words: object, codes: tuple[int, ...] = (0,), seconds: float = 600) -> str:
        """Run a program to its end and return what it said."""
        process, heard = self.start(*words)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -1
        time.sleep(0.3)
        told = bytes(heard).decode("utf-8", "replace")
        must(code in codes, f"{' '.join(map(str, words))} ended with {code}:\n{told}")
        return told

    def omr(self, *words: object, codes: tuple[int, ...] = (0,)) -> str:
        """Run the installed omr as its omr.cmd does."""
        return self.run(self.python, "-X", "utf8", "-m", "omr.cli", *words, codes=codes)


def interpreter(pc: Pc) -> None:
    """Put together what python.org's embedded package holds."""
    folder = pc.python.parent
    carried = pc.work / "carrier"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps")
    windows = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary", ":all:")
    (pc.work / "carrier.txt").write_text(CARRIER, "ascii")
    here(*pip, *windows, "--dest", carried, "--require-hashes", "--requirement", pc.work / "carrier.txt")
    (wheel,) = carried.glob("*.whl")
    for name in ("Lib", "DLLs"):
        (folder / name).mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            file = Path(name).name
            if name.startswith("deploy_libs/") and re.search(r"\.pyd$|^(lib(ffi|crypto|ssl)|sqlite3)", file):
                (folder / "DLLs" / file).write_bytes(archive.read(name))
            elif name.startswith("deploy_libs/") and re.search(r"^(python311|VCRUNTIME140)\.dll", file):
                (folder / file).write_bytes(archive.read(name))
            elif file == MATH.decode():
                (carried / file).write_bytes(archive.read(name))
    library = Path(sysconfig.get_path("stdlib"))
    left = shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "lib-dynload", "config-3*", "__pycache__"
    )
    shutil.copytree(library, folder / "Lib", ignore=left, dirs_exist_ok=True)
    (folder / "python311._pth").write_text("Lib\nDLLs\n.\n#import site\n", "ascii")
    (pc.work / "launcher.c").write_text(LAUNCHER, "ascii")
    here(COMPILER, "-municode", "-O1", "-o", pc.python, pc.work / "launcher.c")
    forwarder(folder / "python3.dll", "python311", exported(folder / "python311.dll"), {})


def fill_gaps(pc: Pc) -> None:
    """Give Wine the functions that it lacks."""
    system = pc.work / "prefix/drive_c/windows/system32"
    (pc.work / "random.c").write_text(RANDOM, "ascii")
    here(
        COMPILER, "-O1", "-shared", "-o", system / "bcryptprimitives.dll", pc.work / "random.c", "-ladvapi32"
    )
    source, names = complex_functions()
    theirs = exported(pc.work / "carrier" / MATH.decode())
    forwarder(pc.work / "math.dll", "ucrtbase", theirs, {name: f"my_{name}" for name in names}, source)
    shutil.copy(pc.work / "math.dll", system / OURS.decode())


def point_at_ours(site: Path) -> None:
    """Let installed libraries find the functions that Wine lacks."""
    for file in (*site.rglob("*.pyd"), *site.rglob("*.dll")):
        content = file.read_bytes()
        if MATH in content:
            file.write_bytes(content.replace(MATH, OURS))


def windows_path(path: Path) -> str:
    """Return a path of this machine as Wine's programs see it."""
    return "Z:" + str(path).replace("/", "\\")


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
    words = ("--unit", "PC06", "--period", PERIOD, "--count", SLIPS, "-o", windows_path(printed))
    pc.omr(*at, "issue", "DL-01", *words)
    said("workspace, doctor, units, print run", started)

    started = time.monotonic()
    scanned = pc.work / "Quét.pdf"
    here(*OUR, "--workspace", office, "simulate", printed, "-o", scanned, "--seed", 3)
    twin = pc.work / "twin"
    shutil.copytree(office, twin)
    reading = ("--period", PERIOD, "--expect", SLIPS, "--workers", 2, "--json")
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
