"""The office PC: no fork, a code page that lacks letters, names and files as Windows has them.

`office_pc/sitecustomize.py` takes away and refuses, in every process; what runs is the shipped program.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from waiting import PATIENCE_S

from omr.errors import ScanError, outside
from omr.reading.limits import ran_out
from omr.reading.pdf.render import _by_poppler as by_poppler
from omr.reading.pictures.heard import heard
from omr.records.inbox.sights import is_alone

HERE = Path(__file__).parent
PERIOD = "2026-11"
SLIPS = 3


def surroundings(disk: Path, code_page: str) -> dict[str, str]:
    """Return the environment of a PC whose disk is a folder, and make what it names."""
    for name in ("Temp", "no programs"):
        (disk / name).mkdir(parents=True)
    return {
        "OFFICE_PC": str(disk),
        "PATH": str(disk / "no programs"),
        "PYTHONPATH": os.pathsep.join([str(HERE / "office_pc"), str(HERE.parent)]),
        "PYTHONIOENCODING": code_page,
        "PYTHONTZPATH": "",
        "TMPDIR": str(disk / "Temp"),
        "USERNAME": "lan",
        "OMR_WORKSPACE": str(disk / "phiếu của tôi"),
    }


class Pc:
    """One PC, and the process in which its commands run."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.environment = surroundings(disk, "cp1258")
        self._desk = subprocess.Popen(
            [sys.executable, str(HERE / "office_pc" / "desk.py"), "cp1258"],
            env=self.environment,
            cwd=disk,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __call__(self, *words: object, code: int | None = 0) -> str:
        """Run ``omr``, which must end with this code (None: done, whatever waits); return what it said."""
        assert self._desk.stdin is not None
        assert self._desk.stdout is not None
        self._desk.stdin.write(json.dumps([str(word) for word in words]).encode() + b"\n")
        self._desk.stdin.flush()
        ended, said = json.loads(self._desk.stdout.readline())
        told = unicodedata.normalize("NFC", said.encode("latin-1").decode("cp1258"))
        assert ended in ((0, 3) if code is None else (code,)), f"{words}: {ended}\n{told}"
        return told

    def json(self, *words: object, code: int | None = 0) -> Any:
        """Return what ``--json`` says."""
        return json.loads(self(*words, "--json", code=code))

    def close(self) -> None:
        """Switch it off."""
        self._desk.kill()
        self._desk.communicate()


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pc]:
    """A PC on which a stack was printed, scanned and read."""
    made = Pc(tmp_path_factory.mktemp("pc") / "C")
    try:
        assert "Thư mục làm việc" in made("init")
        made("units", "import", "hai-phong-2023")
        printed, scanned = made.disk / "phiếu in.pdf", made.disk / "Quét tháng 11.PDF"
        made("issue", "DL-01", "--unit", "PC06", "--period", PERIOD, "--count", SLIPS, "-o", printed)
        made("simulate", printed, "-o", scanned, "--seed", 3)
        words = "read", scanned, "--period", PERIOD, "--expect", SLIPS, "--workers", 2
        assert made.json(*words, code=None)["read"] == SLIPS
        yield made
    finally:
        made.close()


def test_a_month_goes_its_way(pc: Pc) -> None:
    for waiting in pc.json("review", "list", code=None):
        said = {"answer": "none", "slip": "counts", "page": "rescanned"}[waiting["kind"]]
        pc("review", "decide", waiting["item"], "--answer", said, "--by", "lan", "--why", "thử")
    before = pc.json("answers", "--period", PERIOD)
    assert len(before) == SLIPS
    pc("period", "close", PERIOD, "--by", "lãnh đạo")
    made = pc.json("report", "--period", PERIOD, "-o", pc.disk / "báo cáo")
    assert made["figures"]["slips"]["valid"] == SLIPS
    assert {Path(file).suffix for file in made["files"]} >= {".csv", ".xlsx", ".docx"}
    pc("export", "--ask", pc.disk / "hỏi.sqlite")
    assert pc.json("answers", "--period", PERIOD) == before
    assert pc.json("audit", "verify")["ok"]


def test_copies_are_made_and_come_back(pc: Pc) -> None:
    for _ in range(2):  # the second stands beside the first
        pc("backup", pc.disk / "Sao lưu")
    back = pc.disk / "khôi phục"
    pc("restore", pc.disk / "Sao lưu", back, code=3)  # 3: numbers are left out, a person should know
    assert pc.json("--workspace", back, "answers") == pc.json("answers")
    assert pc.json("--workspace", back, "audit", "verify")["ok"]


def test_a_scanners_folder_is_read_and_cleared(pc: Pc) -> None:
    folder = pc.disk / "Máy quét"
    folder.mkdir()
    shutil.copy(pc.disk / "Quét tháng 11.PDF", folder)
    (folder / "note.txt").write_text("not a scan", "utf-8")
    assert "note.txt" in pc("watch", folder, "--quiet", 0.1, "--once", code=None)
    left = {file.relative_to(folder).as_posix() for file in folder.rglob("*.*")}
    assert left == {"taken/Quét tháng 11.PDF", "strange/note.txt"}
    assert len(pc.json("answers", "--period", PERIOD)) == SLIPS, "the same scan again counts nothing twice"


def test_what_leaves_the_pc_and_comes_to_it(pc: Pc) -> None:
    """A scan in a saved mail, a batch to another PC and back, what auditors get, own forms, certificates."""
    mail = pikepdf.new()
    mail.add_blank_page(page_size=(200, 200))
    scan = (pc.disk / "Quét tháng 11.PDF").read_bytes()
    mail.attachments["quét kèm.pdf"] = pikepdf.AttachedFileSpec(mail, scan, filename="quét kèm.pdf")
    mail.save(pc.disk / "Thư.pdf")
    again = pc.json("read", pc.disk / "Thư.pdf", "--period", PERIOD, "--workers", 1, code=None)
    assert (again["read"], again["counting"]) == (SLIPS, 0), "the same pictures count once"
    reason = ("--by", "lan", "--why", "thử")
    pc("period", "adjust", PERIOD, *reason)
    for word in ("withdraw", "restore"):
        pc("batch", word, again["batch"], *reason, "--yes")

    pc("bundle", "export", "--batch", "B000001", "-o", pc.disk / "Gói.zip")
    other = ("--workspace", pc.disk / "máy khác")
    pc(*other, "init")
    pc(*other, "units", "import", "hai-phong-2023")
    (there,) = pc.json(*other, "bundle", "import", pc.disk / "Gói.zip", "--workers", 1, code=None)["batches"]
    assert there["pages"] == SLIPS, "an office that printed none of them still keeps every page"
    pc("audit", "export", "--period", PERIOD, "-o", pc.disk / "Kiểm tra.zip")
    assert pc.json("audit", "check", pc.disk / "Kiểm tra.zip")["ok"]

    pc("forms", "new", "HC-01", "--digit", 7)
    pc("forms", "preview", "HC-01", "-o", pc.disk / "Xem.pdf")
    pc("doctor", "--bundle", pc.disk / "Gửi hỗ trợ.zip", code=3)
    for new_root in (True, False):
        assert pc.json("certificate", pc.disk / "tls", "--host", "10.0.0.1")["new_root"] is new_root


def test_the_doctor_says_what_goes_on_without_programs(pc: Pc) -> None:
    checks = {check["name"]: check for check in pc.json("doctor", code=3)["checks"]}
    assert {name for name, check in checks.items() if check["lost"]} >= {"tesseract", "poppler"}


@pytest.mark.parametrize("code_page", ["cp1258", "cp1252", "cp437"])
def test_what_a_console_lacks_comes_as_near_as_it_can(tmp_path: Path, code_page: str) -> None:
    command = [sys.executable, "-m", "omr.cli", "answers"]
    done = subprocess.run(
        command,
        env=surroundings(tmp_path / "C", code_page),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    told = unicodedata.normalize("NFC", done.stderr.decode(code_page))
    assert len(told.splitlines()) == 1, "no traceback, no log"
    plain = "".join(sign for sign in unicodedata.normalize("NFD", told) if not unicodedata.combining(sign))
    assert "chua phai la thu muc lam viec" in plain.replace("đ", "d")
    assert ("chưa phải là thư mục làm việc" in told) == (code_page == "cp1258")  # which has the tones apart


def test_a_page_that_takes_too_long_ends_its_process_without_any_alarm(tmp_path: Path) -> None:
    """Windows has no timer of processor time: a thread looks."""
    endless = (
        "from omr.reading.limits import Limits, timed\nwith timed(Limits(seconds=0.3)):\n    while True: pass"
    )
    command = [sys.executable, "-c", endless]
    ended = subprocess.run(
        command, env=surroundings(tmp_path / "C", "utf-8"), timeout=PATIENCE_S, check=False
    )
    assert ran_out(ended.returncode)
    assert not ran_out(1)


def test_what_decoders_say_is_heard_without_a_pipe_that_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.12 Windows has none: a decoder that says a lot would wait for ever."""
    monkeypatch.delattr(os, "set_blocking")
    with heard() as said:
        os.write(2, b"Bad code word\n" * 20_000)
    assert said[0].count("Bad code word") == 20_000
    with heard() as said:
        pass
    assert said == [""]


def test_a_page_that_only_poppler_could_draw_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScanError) as refused:
        by_poppler(b"%PDF-1.4")
    assert refused.value.reason == "no_poppler"


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (32, "busy"),
        (5, "no_rights"),
        (112, "disk_full"),
        (64, "away"),
        (206, "long_name"),
        (None, "no_rights"),
    ],
)
def test_the_cause_that_windows_gives_is_told(number: int | None, key: str) -> None:
    """A report that is open in Excel is no question of rights, though Python's own number says so."""
    error = PermissionError(errno.EACCES, "The process cannot access the file", "bao-cao.xlsx")
    error.winerror = number
    assert outside(error).key == f"outside.{key}"


def test_a_report_that_is_open_cannot_be_replaced_and_is_told_so() -> None:
    error = PermissionError(errno.EACCES, "Access is denied", "bao-cao.xlsx.part", None, "bao-cao.xlsx")
    error.winerror = 5  # as Windows says it of an open file
    assert outside(error).key == "outside.busy"


@pytest.mark.parametrize(("number", "alone"), [(32, False), (33, False), (5, None), (None, True)])
def test_a_file_that_a_scanner_still_writes_is_not_alone(number: int | None, alone: bool | None) -> None:
    def rename(_: Path) -> None:
        if number is not None:
            error = PermissionError(errno.EACCES, "The process cannot access the file")
            error.winerror = number
            raise error

    assert is_alone(rename, Path("scan.pdf")) is alone
