"""Every command × everything that a machine refuses: one line with the true cause, and queries answered.

Each machine is a child of this process, so that limits and rights bind nobody else; as root,
rights bind nobody at all, so the child gives root up.
"""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import pickle
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import cv2
import numpy as np
import pytest
import uvicorn
from command_tree import commands
from offices import Office
from scanned import slip
from waiting import waiting_for

from omr import messages
from omr.cli import main
from omr.errors import OmrError
from omr.workspace import Workspace

NOBODY = 65534
ENDS = ("Failed: ", "Interrupted")


@dataclass(frozen=True)
class Said:
    """What one command did."""

    words: tuple[str, ...]
    code: int | None  # None: it did not end as commands end
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def name(self) -> str:
        return " ".join(self.words[2:])


@dataclass(frozen=True)
class Place:
    """A furnished workspace, and what commands are given."""

    top: Path
    office: Office

    @property
    def workspace(self) -> Path:
        return self.top / "office"

    def asking(self) -> list[tuple[str, ...]]:
        """Return the commands that only look."""
        return [
            ("doctor",),
            ("forms", "list"),
            ("forms", "show", "DL-01"),
            ("units", "list"),
            ("inbox",),
            ("receipt", "B000001"),
            ("answers",),
            ("batch", "list"),
            ("redecide", "--dry-run"),
            ("review", "list"),
            ("register", "reconcile", "--period", "2026-11"),
            ("register", "signals", "--period", "2026-11"),
            ("register", "status"),
            ("audit", "verify"),
            ("period", "status", "2026-11"),
            ("calibrate", "show"),
            ("electronic", "list"),
            ("comments", "list", "--period", "2026-11"),
            ("comments", "search", "cho lau"),
        ]

    def doing(self) -> list[tuple[str, ...]]:
        """Return the commands that add something, or write a file."""
        out, serial = self.top / "out", (self.top / "serial").read_text()
        by, unit, period = ("--by", "lan"), ("--unit", "PC06"), ("--period", "2026-11")
        return [
            ("init", str(out / "new")),
            ("forms", "preview", "DL-01", "-o", str(out / "form.pdf")),
            ("units", "import", "hai-phong-2023"),
            ("units", "template", "-o", str(out / "units.csv")),
            (
                "issue",
                "DL-01",
                "--unit",
                "PC06",
                "--count",
                "2",
                "--period",
                "2026-11",
                "-o",
                str(out / "f.pdf"),
            ),
            ("cover", *unit, "--form", "DL-01", *period, "--count", "2", "-o", str(out / "cover.pdf")),
            ("read", str(self.top / "incoming" / "new.tif")),
            ("redecide",),
            ("register", "spoil", serial, "--why", "torn", *by),
            ("audit", "export", "--period", "2026-11", "-o", str(out / "export.zip")),
            ("audit", "sample", *period, "--seed", "12345678901234567890", "-o", str(out / "sample")),
            ("period", "close", "2026-10", *by),
            ("poster", *unit, "-o", str(out / "poster.pdf")),
            ("visits", "import", str(self.top / "incoming" / "visits.csv")),
            ("report", "--period", "2026-11", "-o", str(out / "report")),
            ("export", "-o", str(out / "tables")),
            ("bundle", "export", "-o", str(out / "bundle.zip")),
            ("backup", str(out / "backup")),
            ("restore", str(self.top / "copy"), str(out / "again")),
            ("certificate", str(out / "tls"), "--host", "127.0.0.1"),
            ("batch", "withdraw", "B000001", "--why", "by mistake", "--yes", *by),
            ("users", "add", "lan", "--role", "lead"),
            ("watch", str(self.top / "scanner"), "--once", "--quiet", "0"),
            ("simulate", str(self.top / "forms.pdf"), "-o", str(out / "scan.pdf"), "--depth", "bilevel"),
            ("serve", "--port", "0"),
        ]

    def demo(self) -> tuple[str, ...]:
        """Return what works for a minute where nothing stands in its way."""
        return ("demo", str(self.top / "out" / "demo"), "--slips", "5")


@pytest.fixture(scope="module", autouse=True)
def served() -> Iterator[None]:
    """Nothing is served for ever: what comes before it is what may be refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.Server, "run", lambda self, sockets: [one.close() for one in sockets])
        yield


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run, a batch, and files to come; made once."""
    top = Path(tempfile.mkdtemp(prefix="omr-refusals-"))  # where others may go, unlike pytest's folders
    for name in ("incoming", "out", "scanner"):
        (top / name).mkdir()
    office = office_of(top, Workspace.create(top / "office"))
    office("units", "import", "hai-phong-2023")
    run = office.issue("PC06", 20, "2026-11")
    office("read", office.scanner.scan("first.tif", slip(run, 1), slip(run, 2)))
    office.scanner.scan("new.tif", slip(run, 3))
    (top / "serial").write_text(str(run.serial(7)))
    (top / "office/omr.toml").write_text('electronic_form_url = "https://example.org/{unit}"\n')
    (top / "incoming/visits.csv").write_text("unit,period,visits\nPC06,2026-11,9\n")
    shutil.copy(top / "incoming/new.tif", top / "scanner")
    sheet_with_boxes(top / "incoming")
    print_one(top)
    office("backup", top / "copy")
    (top / "scanned.pickle").write_bytes(pickle.dumps(office.scanner.pages))
    rehearse(top)
    yield top
    shutil.rmtree(top)


def sheet_with_boxes(folder: Path) -> None:
    """Draw four boxes, one of them crossed, and say where they are."""
    sheet = np.full((400, 400), 255, np.uint8)
    lines = ["box,group,x1,y1,x2,y2,x3,y3,x4,y4"]
    for number in range(4):
        x, y = 60, 40 + 80 * number
        cv2.rectangle(sheet, (x, y), (x + 28, y + 28), 0, 2)
        lines.append(f"{number},q,{x},{y},{x + 28},{y},{x + 28},{y + 28},{x},{y + 28}")
    cv2.line(sheet, (62, 42), (86, 66), 60, 3)
    cv2.imwrite(str(folder / "sheet.png"), sheet)
    (folder / "boxes.csv").write_text("\n".join(lines))


def print_one(top: Path) -> None:
    """Print a slip as it really is, in an office of its own."""
    elsewhere = Workspace.create(top / "elsewhere")
    one = ("--unit", "PC06", "--count", "1", "--period", "2026-11")
    for words in (
        ("units", "import", "hai-phong-2023"),
        ("issue", "DL-01", *one, "-o", str(top / "forms.pdf")),
    ):
        assert run("--workspace", elsewhere.path, *words).code == 0
    shutil.rmtree(elsewhere.path)


def rehearse(top: Path) -> None:
    """Run every command once where nothing is refused: it goes well, and what it imports is here."""
    scene = Path(tempfile.mkdtemp(prefix="omr-refusals-"))
    shutil.copytree(top, scene, dirs_exist_ok=True)
    office = office_of(scene, Workspace.open(scene / "office"))
    office.scanner.pages |= pickle.loads((scene / "scanned.pickle").read_bytes())
    place = Place(scene, office)
    said = [
        in_this_process(("--workspace", str(place.workspace), *words), office.means)
        for words in (*place.asking(), *place.doing())
    ]
    shutil.rmtree(scene)
    assert not [(one.name, one.code, one.err) for one in said if one.code not in (0, 3)]


def office_of(top: Path, workspace: Workspace) -> Office:
    office = Office(run, workspace, top / "incoming")
    office.means.decide = lambda *given: ((), ())  # no ink was measured
    return office


def run(*words: object, means: Any = None) -> Any:
    said = in_this_process(tuple(map(str, words)), means)
    assert said.code is not None, said.err
    return said


def in_this_process(words: tuple[str, ...], means: Any) -> Said:
    """Run a command and return what it said."""
    out, err = io.StringIO(), io.StringIO()
    messages._chosen.set(None)
    code: int | None = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([*words, "--lang", "en"], means)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            err.write(traceback.format_exc())
        finally:
            sys.setprofile(None)
    return Said(words, code, out.getvalue(), err.getvalue())


@pytest.fixture
def place(furnished: Path) -> Iterator[Place]:
    top = Path(tempfile.mkdtemp(prefix="omr-refusals-"))
    shutil.copytree(furnished, top, dirs_exist_ok=True)
    top.chmod(0o755)
    office = office_of(top, Workspace.open(top / "office"))
    office.scanner.pages |= pickle.loads((top / "scanned.pickle").read_bytes())
    yield Place(top, office)
    for folder in (top, *top.rglob("*")):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o755)
    shutil.rmtree(top)


def on_a_machine(
    place: Place, words: list[tuple[str, ...]], prepare: Callable[[], object], each: Callable[[], object]
) -> list[Said]:
    """Run commands in a child that was prepared, one after the other."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = []
        try:
            prepare()
            for one in words:
                each()
                said.append(in_this_process(("--workspace", str(place.workspace), *one), place.office.means))
        except BaseException:
            said.append(Said(("the machine itself",), None, "", traceback.format_exc()))
        finally:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(pickle.dumps(said))
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    return said


def nothing() -> None:
    pass


def hold_one_line_each(said: list[Said], causes: set[str]) -> None:
    """Hold that each command that failed gave one line, and for one of these causes."""
    wrong = []
    for one in said:
        lines = [line for line in one.err.splitlines() if line]
        if one.code is None or "Traceback" in one.err:
            wrong.append(f"{one.name}: ended in\n{one.err[-1500:]}")
        elif one.code == 1 and not (
            lines and lines[-1].startswith(ENDS) and (len(lines) <= 2 or "watch" in one.words)
        ):
            wrong.append(f"{one.name}: said {one.err!r}")
        elif one.code == 1 and not any(cause in one.err for cause in causes):
            wrong.append(f"{one.name}: another cause: {one.err!r}")
    assert not wrong, "\n".join(wrong)


def hold_answered(said: list[Said]) -> None:
    """Hold that queries were answered."""
    assert not [(one.name, one.code, one.err) for one in said if one.code not in (0, 3)]


def test_every_command_is_in_the_sweep(place: Place) -> None:
    here = {tuple(word for word in words[:2]) for words in (*place.asking(), *place.doing())}
    here |= {words[:1] for words in here}
    # Heavy, or never ending: they go through the same door, and are held elsewhere.
    elsewhere = {"demo", "cluster", "marks"}
    missing = {path for path, _ in commands() if path and path[:1] not in here and path[0] not in elsewhere}
    assert not missing


def test_a_full_disk(place: Place) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    hold_answered(on_a_machine(place, place.asking(), full, nothing))
    words = [*place.doing(), place.demo()]
    hold_one_line_each(on_a_machine(place, words, full, nothing), {"is full", "disk is full"})
    # a picture needs no disk; once the file was called damaged
    picture = ("marks", str(place.top / "incoming/sheet.png"), str(place.top / "incoming/boxes.csv"))
    hold_answered(on_a_machine(place, [picture], full, nothing))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that is filled to the last byte when it is used."""
    words = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk may be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_disk_that_is_really_full(furnished: Path, small_disk: Path) -> None:
    """Not a limit that stands for it: the system itself finds no block left."""
    top = small_disk / "office"
    shutil.copytree(furnished, top)
    place = Place(top, office_of(top, Workspace.open(top / "office")))
    place.office.scanner.pages |= pickle.loads((top / "scanned.pickle").read_bytes())

    def fill() -> None:
        with suppress(OSError), (small_disk / "all").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    hold_answered(on_a_machine(place, place.asking(), nothing, fill))
    said = on_a_machine(place, [*place.doing(), place.demo()], nothing, fill)
    hold_one_line_each(said, {"is full", "disk is full", "disk is nearly full"})
    assert sum(one.code == 1 for one in said) > len(said) / 2
    (small_disk / "all").unlink()
    hold_answered(on_a_machine(place, [("read", str(top / "incoming" / "new.tif"))], nothing, nothing))
    assert on_a_machine(place, [("audit", "verify", "--json")], nothing, nothing)[0].json["ok"]


def give_up_root() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def closed(folder: Path, mode: int) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(mode if path.is_dir() else mode & 0o444)


def test_a_workspace_that_may_only_be_read(place: Place) -> None:
    for part in ("office", "out", "scanner"):
        closed(place.top / part, 0o555)
    hold_answered(on_a_machine(place, place.asking(), give_up_root, nothing))
    words = [*place.doing(), place.demo()]
    hold_one_line_each(on_a_machine(place, words, give_up_root, nothing), {"no right", "read-only"})


def test_a_workspace_without_any_rights(place: Place) -> None:
    for part in ("office", "out", "scanner", "incoming"):
        closed(place.top / part, 0)
    words = [one for one in (*place.asking(), *place.doing()) if one[0] != "doctor"]
    hold_one_line_each(on_a_machine(place, words, give_up_root, nothing), {"no right"})


def test_no_file_handles(place: Place) -> None:
    def none_left() -> None:
        gc.collect()  # what tests before left open is closed now or never, not while a command runs
        gc.freeze()
        taken = os.open(os.devnull, os.O_RDONLY)
        os.close(taken)
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken, taken))

    words = [one for one in (*place.asking(), *place.doing(), place.demo()) if one[0] != "doctor"]
    hold_one_line_each(on_a_machine(place, words, none_left, nothing), {"no more files"})


def test_an_error_whose_sentence_cannot_be_opened_is_one_line(place: Place) -> None:
    """Seen: the last handle went to the error's cause, none was left for the file of its words."""

    class Unsaid(OmrError):
        def __str__(self) -> str:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "accounts.toml")

    def find_form(*_: object) -> NoReturn:
        raise Unsaid("forms.unknown")

    place.office.means.find_form = find_form
    issue = next(words for words in place.doing() if words[0] == "issue")
    words = ("--workspace", str(place.workspace), *issue)
    said = in_this_process(words, place.office.means)
    assert said.code == 1
    hold_one_line_each([said], {"no more files"})


def test_a_locked_database(place: Place) -> None:
    with waiting_for(0.0), locked(place.workspace / "omr.sqlite"):
        words = [one for one in (*place.asking(), *place.doing()) if one[0] != "doctor"]
        hold_one_line_each(on_a_machine(place, words, nothing, nothing), {"held by another program"})


def test_numbers_beyond_what_a_database_holds_are_nobodys(place: Place) -> None:
    """An item, a serial, a page, a batch: whatever the number, it is one line."""
    most = 2**63
    words: list[tuple[str, ...]] = [
        ("review", "show", f"A{most}-B1"),
        ("review", "decide", f"H{most * 10}", "--answer", "counts", "--why", "seen", "--by", "lan"),
        ("review", "decide", f"P{most}", "--answer", "not_a_slip", "--why", "seen", "--by", "lan"),
        ("receipt", f"B{most}"),
        ("batch", "withdraw", f"B{most}", "--why", "x", "--yes", "--by", "lan"),
        ("register", "status", str(most)),
    ]
    said = [in_this_process(("--workspace", str(place.workspace), *one), place.office.means) for one in words]
    assert [one.code for one in said] == [1] * len(words), said
    hold_one_line_each(said, {"no", "not"})


def test_a_scheduler_that_finds_no_room_says_so(tmp_path: Path) -> None:
    """What it needs is a folder for temporary files, and not that somebody reaches it."""
    full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    full += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from omr.cli import main; main()"
    words = ["--workspace", str(tmp_path), "--lang", "en", "cluster", "scheduler", "--port", "0"]
    ran = subprocess.run(
        [sys.executable, "-c", full, *words], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 1 and "disk is full" in ran.stderr and "TMPDIR" in ran.stderr


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold a database as a program does that lets nobody else in."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("calls", [40, 150, 600])
def test_ctrl_c(place: Place, calls: int) -> None:
    def interrupt_after_some_calls() -> None:
        left = [calls]

        def count(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and "/omr/" in frame.f_code.co_filename:
                left[0] -= 1
                if left[0] == 0:
                    raise KeyboardInterrupt

        sys.setprofile(count)

    words = [*place.asking(), *place.doing()]
    # a stack of which reading was interrupted keeps its month open
    causes = {"Interrupted", "was interrupted; read it to its end"}
    hold_one_line_each(on_a_machine(place, words, nothing, interrupt_after_some_calls), causes)


def test_a_built_in_list_is_found_from_a_folder_that_may_not_be_entered(place: Place) -> None:
    """Root types it in a folder of its own, and the command runs as the user whose register it is."""
    own = place.top / "incoming"
    (own / "units.csv").touch()

    def elsewhere() -> None:
        os.chdir(own)
        own.chmod(0o700)
        closed(place.workspace, 0o777)
        give_up_root()

    (said,) = on_a_machine(place, [("units", "import", "hai-phong-2023")], elsewhere, nothing)
    assert said.code == 0, said.err
