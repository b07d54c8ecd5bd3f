"""A folder into which scanners write: every name gets its line, nothing half-written is taken or lost.

Time is a number here: nothing sleeps, and no busy machine changes what comes out.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from omr.errors import OmrError
from omr.records.inbox.hot_folder import EMPTY_S, HotFolder
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.inbox.sights import PATIENCE_S, Fate, is_closed
from omr.workspace import Workspace

QUIET = 5.0


def pdf(text: str = "page") -> bytes:
    canvas = Canvas("", invariant=1)
    canvas.drawString(50, 50, text)
    return bytes(canvas.getpdfdata())


def jpeg(shade: int = 0) -> bytes:
    import io

    out = io.BytesIO()
    Image.new("L", (64, 64), shade).save(out, "JPEG")
    return out.getvalue()


PDF = pdf()
HALF = PDF[: len(PDF) // 2]


class Scene:
    """A folder, its inbox, and a clock that is turned by hand."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder = folder
        self.inbox = Inbox(workspace, least_free=0)
        self.now = 0.0
        self.open = set[str]()  # names that some program writes into
        self.closes: Callable[[Path], object] = lambda path: True  # what happens while a file is looked at
        self.start()

    def start(self) -> None:
        """Start the watch, for the first time or again."""
        self.hot = HotFolder(self.folder, self.inbox, quiet_s=QUIET, is_closed=self._is_closed)

    def _is_closed(self, path: Path) -> bool:
        return bool(self.closes(path)) and path.name not in self.open

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (self.now, self.now))  # else two writes within a tick of the disk's clock look alike
        return path

    def after(self, seconds: float, every: float = 1.0) -> list[Stack]:
        """Let time go by, looking now and then; return the stacks that were taken."""
        taken = []
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + every)
            taken += self.look()
        return taken

    def look(self) -> list[Stack]:
        self.hot.look(self.now)
        self.hot.put_aside()
        ready = self.hot.ready(self.now)
        stacks = [self.hot.take(files, unit=None, period=None, by="test") for files in ready]
        return [stack for stack in stacks if stack is not None]

    def names(self, stack: Stack) -> list[str]:
        return [file.name for file in self.inbox.files(stack)]

    def standing(self, name: str) -> tuple[Fate, str]:
        (told,) = (one.told for one in self.hot.look(self.now) if str(one.path) == name)
        return told.standing, told.reason


@pytest.fixture
def scene(tmp_path: Path, workspace: Workspace) -> Scene:
    folder = tmp_path / "scanner"
    folder.mkdir()
    return Scene(folder, workspace)


def test_a_file_is_taken_when_it_is_at_rest_and_whole(scene: Scene) -> None:
    scene.write("a.pdf", PDF)
    assert scene.after(QUIET - 0.1) == []
    (stack,) = scene.after(2)
    assert scene.inbox.state(stack) is StackState.WAITING
    assert scene.names(stack) == ["a.pdf"]
    assert [path.name for path in scene.folder.iterdir()] == ["taken"]


@settings(max_examples=25)
@given(pauses=st.lists(st.integers(0, 12), min_size=1, max_size=6), share=st.floats(0.05, 0.95))
def test_however_long_the_writing_pauses_only_the_whole_file_is_read(
    tmp_path_factory: pytest.TempPathFactory, pauses: list[int], share: float
) -> None:
    place = tmp_path_factory.mktemp("pauses")
    (place / "scanner").mkdir()
    scene = Scene(place / "scanner", Workspace.create(place / "workspace"))
    for at, pause in enumerate(pauses):
        scene.write("a.pdf", PDF[: 1 + int(share * (len(PDF) - 10) * at / len(pauses))])
        assert scene.after(pause) == []
    scene.write("a.pdf", PDF)
    (stack,) = scene.after(QUIET + 2)
    assert [file.read_bytes() for file in scene.inbox.files(stack)] == [PDF]


# name -> content, or how it is made -> its standing and reason when a minute has gone by
LINES: dict[str, tuple[str, bytes | Callable[[Path], object], Fate, str]] = {
    "nothing in it": ("empty.pdf", b"", Fate.BROKEN, "empty"),
    "half of it": ("half.pdf", HALF, Fate.BROKEN, "breaks_off"),
    "half a picture": ("half.jpg", jpeg()[:200], Fate.BROKEN, "breaks_off"),
    "not finished by its name": ("~scan.tmp", PDF, Fate.WAITING, "unfinished_name"),
    "not finished, other spelling": ("scan.pdf.part", PDF, Fate.WAITING, "unfinished_name"),
    "hidden": (".scan.pdf", PDF, Fate.NOT_OURS, "hidden"),
    "the system's": ("Thumbs.db", b"x", Fate.NOT_OURS, "hidden"),
    "a link": ("link.pdf", lambda path: path.symlink_to("/etc/passwd"), Fate.NOT_OURS, "no_file"),
    "a pipe": ("pipe.pdf", os.mkfifo, Fate.NOT_OURS, "no_file"),
    "thrown away": (".Trash-1000", Path.mkdir, Fate.NOT_OURS, "hidden"),
}


@pytest.mark.parametrize("case", LINES)
def test_every_name_has_its_line_within_a_minute_and_holds_up_nobody(scene: Scene, case: str) -> None:
    name, content, standing, reason = LINES[case]
    if callable(content):
        content(scene.folder / name)
    else:
        scene.write(name, content)
    scene.write("good.pdf", PDF)
    assert [scene.names(stack) for stack in scene.after(PATIENCE_S + 2)] == [["good.pdf"]]
    assert scene.after(60 - scene.now) == []
    assert scene.standing(name) == (standing, reason)
    assert os.path.lexists(scene.folder / name)  # whatever it is, it was not ours to move


@pytest.mark.parametrize(
    "place",
    [
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN",
        "Recycle Bin",
        "#snapshot",
        "~snapshot",
        "@Recently-Snapshot",
        "@GMT-2026.11.29-07.00.00",
    ]
    + ["trashbox", "lost+found", "FOUND.000", "@eaDir", "Thumbnails", ".Trashes"],
)
def test_what_was_thrown_away_is_not_taken(scene: Scene, place: str) -> None:
    """A store keeps deleted scans in a folder of the very share that is watched."""
    scene.write(f"{place}/old.pdf", PDF)
    scene.write("good.pdf", pdf("another"))
    assert [scene.names(stack) for stack in scene.after(PATIENCE_S + 2)] == [["good.pdf"]]
    assert (scene.folder / place / "old.pdf").is_file()
    assert scene.standing(place) == (Fate.NOT_OURS, "hidden")


@pytest.mark.parametrize(
    ("name", "standing", "reason"),
    [
        ("scanner.log", Fate.NOT_OURS, "never_at_rest"),
        ("scan.pdf", Fate.WAITING, "keeps_changing"),
    ],
)
def test_a_file_that_never_rests_is_named_and_holds_up_nobody(
    scene: Scene, name: str, standing: Fate, reason: str
) -> None:
    scene.write("good.pdf", PDF)
    taken = []
    for second in range(60):
        scene.write(name, PDF + bytes(second))
        taken += scene.after(1)
    assert [scene.names(stack) for stack in taken] == [["good.pdf"]]
    assert scene.standing(name) == (standing, reason)


def test_pages_saved_one_by_one_are_one_stack(scene: Scene) -> None:
    for page in range(1, 6):
        scene.write(f"page {page}.jpg", jpeg(page))
        assert scene.after(QUIET - 1) == []
    (stack,) = scene.after(QUIET)
    assert scene.names(stack) == [f"page {page}.jpg" for page in range(1, 6)]


def test_what_is_no_scan_goes_aside(scene: Scene) -> None:
    scene.write("note.txt", b"words")
    scene.write("lies.pdf", b"words")  # by its name a scan: its beginning may come last
    scene.after(QUIET + 1)
    assert (scene.folder / "strange/note.txt").is_file() and (scene.folder / "lies.pdf").is_file()
    scene.after(PATIENCE_S)
    assert (scene.folder / "strange/lies.pdf").is_file()


def test_an_open_file_waits_however_whole_it_looks(scene: Scene) -> None:
    scene.open.add("a.pdf")
    scene.write("a.pdf", PDF)
    assert scene.after(60) == []
    assert scene.standing("a.pdf") == (Fate.WAITING, "stays_open")
    scene.open.clear()
    assert len(scene.after(2)) == 1


def test_the_system_says_who_still_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with path.open("wb") as file:
        file.write(PDF)
        file.flush()
        assert is_closed(path) in (False, None)  # None: this disk cannot tell
    assert is_closed(path) in (True, None)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_file_that_grows_after_it_was_taken_is_a_newer_version(scene: Scene, restarted: bool) -> None:
    path = scene.write("a.pdf", PDF)
    (first,) = scene.after(QUIET + 1)
    if restarted:
        scene.start()
    path = scene.folder / "taken" / "a.pdf"  # the scanner still has it open
    longer = PDF + pdf("second page")
    path.write_bytes(longer)
    (second,) = scene.after(30)
    assert second.supersedes == first.name
    kept = [file.read_bytes() for stack in (first, second) for file in scene.inbox.files(stack)]
    assert kept == [PDF, longer]
    assert scene.after(60) == []


def test_two_documents_under_one_name_are_two(scene: Scene) -> None:
    scene.write("a.pdf", PDF)
    (first,) = scene.after(QUIET + 1)
    scene.write("a.pdf", pdf("another"))  # while the first is read
    (second,) = scene.after(QUIET + 1)
    assert (first.supersedes, second.supersedes) == ("", "")
    assert sorted(file.name for file in (scene.folder / "taken").iterdir()) == ["a (2).pdf", "a.pdf"]


def test_a_file_that_is_replaced_while_it_is_copied_is_not_taken(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def replaced(source: Path, target: Path) -> None:
        copy(source, target)
        monkeypatch.setattr(shutil, "copyfile", copy)
        scene.write("a.pdf", pdf("another document"))

    scene.write("a.pdf", PDF)
    monkeypatch.setattr(shutil, "copyfile", replaced)
    (stack,) = scene.after(QUIET * 3)
    assert [file.read_bytes() for file in scene.inbox.files(stack)] == [pdf("another document")]


def test_a_folder_for_each_job_is_a_stack_for_each_job(scene: Scene) -> None:
    for job in ("20261129_0001", "20261129_0002"):
        scene.write(f"{job}/1.jpg", jpeg(1))
        scene.write(f"{job}/2.jpg", jpeg(2))
    scene.open.add("3.jpg")
    scene.write("20261129_0002/3.jpg", jpeg(3))  # this job goes on
    (first,) = scene.after(QUIET + 1)
    assert scene.names(first) == ["20261129_0001 › 1.jpg", "20261129_0001 › 2.jpg"]
    assert (scene.folder / "taken/20261129_0001/2.jpg").is_file()
    assert (scene.folder / "20261129_0001").is_dir()  # the scanner may still write into it
    scene.open.clear()
    (second,) = scene.after(QUIET)
    assert scene.names(second) == [f"20261129_0002 › {number}.jpg" for number in (1, 2, 3)]


def test_the_folder_of_a_job_goes_when_it_was_empty_for_an_hour(scene: Scene) -> None:
    job = scene.write("20261129_0001/1.jpg", jpeg(1)).parent
    assert len(scene.after(QUIET + 1)) == 1
    scene.after(EMPTY_S - 1, every=60)
    assert job.is_dir()
    scene.write("20261129_0001/2.jpg", jpeg(2))  # the job went on after all
    assert len(scene.after(QUIET + 1)) == 1
    scene.after(EMPTY_S - 1, every=60)
    assert job.is_dir()  # the hour begins with the last that came
    scene.start()  # and again with the watch
    scene.after(EMPTY_S + 1, every=60)
    assert job.is_dir()
    scene.after(120, every=60)
    assert not job.exists() and (scene.folder / "taken/20261129_0001/2.jpg").is_file()


def test_no_folder_goes_that_a_scanner_may_be_told_to_write_into(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [scene.write(f"{name}/1.jpg", jpeg()).parent for name in ("PC06", "tầng 2", "PC06-2026")]
    scene.after(QUIET + 1)
    places += [scene.folder / "20261130_0001", scene.folder / "job"]  # nothing ever came from these
    for place in places[3:]:
        place.mkdir()
    scene.after(3 * EMPTY_S, every=300)
    assert all(place.is_dir() for place in places)
    busy = scene.write("20261129_0002/1.jpg", jpeg(2)).parent
    scene.after(QUIET + 1)
    monkeypatch.setattr(Path, "rmdir", refusing(errno.EACCES))
    scene.after(2 * EMPTY_S, every=300)
    assert busy.is_dir()
    assert [one for one in scene.hot.look(scene.now) if one.path.name == busy.name] == []  # no fault


def test_a_file_gets_its_name_at_the_end(scene: Scene) -> None:
    part = scene.write("scan.pdf.tmp", HALF)
    assert scene.after(20) == []
    part.write_bytes(PDF)
    part.rename(scene.folder / "scan.pdf")
    assert len(scene.after(QUIET + 1)) == 1


def test_a_folder_that_goes_away_is_waited_for(scene: Scene) -> None:
    scene.after(3)
    away = scene.folder.rename(scene.folder.with_name("away"))
    assert scene.after(10) == []
    assert scene.hot.away is not None and str(scene.folder) in str(scene.hot.away)
    away.rename(scene.folder)
    scene.write("a.pdf", PDF)
    assert len(scene.after(QUIET + 1)) == 1
    assert scene.hot.away is None


def refusing(code: int) -> Callable[..., object]:
    def refuse(*_: object, **__: object) -> object:
        raise OSError(code, os.strerror(code))

    return refuse


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO])
def test_what_the_machine_refuses_is_no_fault_of_the_file(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    scene.write("a.pdf", PDF)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", refusing(code))
        assert scene.after(60) == []
        assert scene.hot.trouble is not None and scene.hot.trouble.key.startswith("outside.")
        assert (scene.folder / "a.pdf").is_file() and not (scene.folder / "strange").exists()
        assert scene.inbox.stacks() == []
    assert len(scene.after(1)) == 1


def test_little_disk_is_told_as_that(scene: Scene, workspace: Workspace) -> None:
    scene.inbox = Inbox(workspace, least_free=1 << 62)
    scene.start()
    scene.write("a.pdf", PDF)
    assert scene.after(60) == []
    assert isinstance(scene.hot.trouble, OmrError) and scene.hot.trouble.key == "inbox.disk_full"
    assert (scene.folder / "a.pdf").is_file()


def test_what_the_disk_has_no_room_for_waits_by_its_name_and_others_go_on(
    scene: Scene, workspace: Workspace
) -> None:
    free = [2500]
    scene.inbox = Inbox(workspace, least_free=1000, free_bytes=lambda folder: free[0])
    scene.start()
    scene.write("a.jpg", jpeg())
    scene.write("b.pdf", PDF + b"%" * (3000 - len(PDF)) + b"\n%%EOF\n")
    scene.write("job/1.jpg", jpeg() + bytes(600 - len(jpeg())))
    scene.write("job/2.pdf", PDF + b"%" * (1400 - len(PDF)) + b"\n%%EOF\n")
    (stack,) = scene.after(60)
    assert scene.names(stack) == ["a.jpg"]
    waits = (Fate.WAITING, "no_room")
    assert [scene.standing(name) for name in ("b.pdf", "job/1.jpg", "job/2.pdf")] == [waits] * 3
    assert scene.hot.lacks_room and scene.hot.trouble is not None  # nothing of what is left fits
    free[0] = 3200
    (job,) = scene.after(2)
    assert scene.names(job) == ["job › 1.jpg", "job › 2.pdf"]
    free[0] = 5000
    (last,) = scene.after(2)
    assert scene.names(last) == ["b.pdf"]
    assert not scene.hot.lacks_room and scene.hot.trouble is None


def test_what_goes_while_it_is_looked_at_is_no_trouble(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.write("job/1.jpg", jpeg())
    scene.write("a.pdf", PDF)
    copy = shutil.copyfile

    def gone(source: Path, target: Path) -> None:
        if source.parent.name == "job" and source.parent.exists():
            shutil.rmtree(source.parent)
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", gone)
    (stack,) = scene.after(60)
    assert scene.names(stack) == ["a.pdf"]
    assert scene.hot.trouble is None and scene.inbox.stacks() == [stack]
    assert [str(one.path) for one in scene.hot.look(scene.now)] == []

    scene.write("b.pdf", PDF)
    scene.look()
    scene.closes = lambda path: path.unlink() or path.stat()  # it goes while it is looked at
    assert scene.after(QUIET + 1) == []
    assert scene.hot.look(scene.now) == [] and scene.hot.trouble is None


def test_a_clock_that_is_put_right_changes_nothing(scene: Scene) -> None:
    """Files dated tomorrow, years ago, and older than those that were taken before them."""
    taken = []
    for name, seconds in (("now.pdf", 0), ("tomorrow.pdf", 86_400), ("1980.pdf", -1e9), ("then.pdf", -3600)):
        path = scene.write(name, pdf(name))
        os.utime(path, (1.5e9 + seconds, 1.5e9 + seconds))
        taken += scene.after(QUIET + 2)
    assert [scene.names(stack) for stack in taken] == [
        ["now.pdf"],
        ["tomorrow.pdf"],
        ["1980.pdf"],
        ["then.pdf"],
    ]
    scene.start()
    assert scene.after(60) == []
    grown = scene.folder / "taken/1980.pdf"
    grown.write_bytes(pdf("1980.pdf") + pdf("second page"))
    os.utime(grown, (1e9, 1e9))  # by its time older than when it was taken
    (newer,) = scene.after(60)
    assert newer.supersedes == taken[2].name


def test_what_may_not_be_moved_is_taken_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.write("a.pdf", PDF)
    monkeypatch.setattr(Path, "rename", refusing_below(scene.folder))
    assert len(scene.after(60)) == 1
    assert (scene.folder / "a.pdf").is_file()
    scene.write("a.pdf", pdf("another"))
    (newer,) = scene.after(60)
    assert newer.supersedes


def refusing_below(folder: Path) -> Callable[[Path, Path], Path]:
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.is_relative_to(folder):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return rename(path, target)

    return refuse


def test_a_watch_that_ended_between_taking_and_moving_loses_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.write("a.pdf", PDF)
    with monkeypatch.context() as patched:
        patched.setattr(HotFolder, "_moved", refusing(errno.EINTR))
        with pytest.raises(InterruptedError):
            scene.after(QUIET + 1)
    assert [scene.inbox.state(stack) for stack in scene.inbox.stacks()] == [StackState.WAITING]
    scene.start()
    (again,) = scene.after(QUIET + 1)  # read once more, and known by its content
    assert scene.names(again) == ["a.pdf"]


@pytest.fixture
def no_rights(scene: Scene) -> Iterator[Path]:
    """A sub-folder into which nobody but root may look."""
    folder = scene.folder / "job"
    folder.mkdir(mode=0)
    yield folder
    folder.chmod(0o700)


def test_a_sub_folder_without_rights_is_named(
    scene: Scene, no_rights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def look(path: Path) -> object:
        if Path(path) == no_rights:  # root may look everywhere
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", look)
    scene.write("a.pdf", PDF)
    assert len(scene.after(QUIET + 1)) == 1
    assert scene.standing("job") == (Fate.BROKEN, "unreadable")
