"""One run of a scanner into a stack, as a process: ``python -m omr.web.scanning.scan WORKSPACE STACK``.

Each page goes into the stack as soon as it is whole, is looked at by the reader, and is told in the
stack's ``scan.json``; the desks only read that. So a page that cannot be read is known while its
paper is still in the hand, scanning slows no page down, and a server that starts anew finds all.
What is scanned again takes the place of the page it was.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final

import cv2
import numpy as np

from omr import log
from omr.errors import OmrError, ScanError, outside
from omr.files import kind_of_scan, move, remove, remove_folder
from omr.geometry import FRAMES, MM_PER_INCH
from omr.office import Office
from omr.reading.crew import read_pages
from omr.reading.glass.streaks import find_streaks
from omr.reading.reader import Desk, ReadPage, RejectedPage
from omr.reading.scan.pages import ScannedPage, decode, open_pages
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.intake.claims import OwnedError
from omr.web.scanning.feed import SeenPage
from omr.web.scanning.sane import ENDED, command, last_line, options, plain_words
from omr.words import PageOutcome
from omr.workspace import Workspace

RUNNING: Final = "running"
STOP: Final = "stop"  # a file beside the stack: somebody at the desk wants it to end
_LOOK_EVERY_S: Final = 0.2
_PATIENCE_S: Final = 15.0  # a scanner that was told to stop ends its page first
_VIEW_PX: Final = 700
_NICE: Final = 5


@dataclass(frozen=True, slots=True)
class Scan:
    """How the scanning of a stack stands."""

    scanner: str
    state: str = RUNNING  # or how it ended: a message ``scanning.ended_<word>``
    detail: str = ""
    again: int | None = None  # the place that is scanned again
    pages: tuple[SeenPage, ...] = field(default=())

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Scan:
        """Return what `Inbox.scan` gave."""
        pages = tuple(SeenPage(**{**page, "streaks_mm": tuple(page["streaks_mm"])}) for page in told["pages"])
        return cls(**{**told, "pages": pages})


def claim_of(stack: Stack) -> str:
    """Return the name under which the process that scans a stack owns it."""
    return f"scan-{stack.name}"


def place_of(inbox: Inbox, stack: Stack, number: int) -> Path | None:
    """Return the file of one page of a stack."""
    return next((f for f in inbox.files(stack) if f.parent.name.startswith(f"{number:07}-")), None)


def view_of(inbox: Inbox, stack: Stack, page: SeenPage) -> Path:
    """Return where the picture of a page for the desk is."""
    return inbox.beside(stack) / f"view-{page.number}-{page.version}.jpg"


class _Run:
    """Scans into one stack until the feeder is empty, it fails, or somebody stops it."""

    def __init__(self, workspace: Workspace, stack: Stack, desk: Desk) -> None:
        self._inbox = Inbox(workspace)
        self._stack = stack
        self._desk = desk
        told = self._inbox.scan(stack)
        assert told is not None
        self._scan = Scan.of(told)
        self._settings = workspace.settings.scanners[self._scan.scanner]
        self._incoming = self._inbox.beside(stack) / "incoming"
        self._stopping = False

    def run(self) -> None:
        """Scan; whatever happens is told."""
        with suppress(OSError):
            remove_folder(self._incoming)
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        first = self._scan.again or max((page.number for page in self._scan.pages), default=0) + 1
        most = 1 if self._scan.again else None
        words = command(
            self._settings, options(self._settings.device), self._incoming, first=first, most=most
        )
        with subprocess.Popen(
            words,
            env=plain_words(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as scanner:
            said = self._follow(scanner)
            code = scanner.wait()
        state = "stopped" if self._stopping else ENDED.get(code, "failed")
        self._tell(state=state, detail="" if state in ("done", "stopped") else last_line(said), again=None)
        with suppress(OSError):
            remove_folder(self._incoming)

    def stop(self, *_: object) -> None:
        """End after the page that is under way."""
        self._stopping = True

    def fail(self, error: OmrError) -> None:
        """Tell that scanning could not begin or go on."""
        self._tell(state="refused", detail=str(error), again=None)

    def _follow(self, scanner: subprocess.Popen[str]) -> list[str]:
        """Take each page as it is whole; return what the scanner said."""
        files: Queue[str | None] = Queue()
        said: list[str] = []
        listeners = [
            threading.Thread(target=_listen, args=(scanner.stdout, files.put, files), daemon=True),
            threading.Thread(target=_listen, args=(scanner.stderr, said.append, None), daemon=True),
        ]
        for listener in listeners:
            listener.start()
        told, killer = False, threading.Timer(_PATIENCE_S, scanner.kill)
        while True:
            if not told and (self._stopping or (self._inbox.beside(self._stack) / STOP).exists()):
                self._stopping = told = True
                scanner.send_signal(signal.SIGINT)  # scanimage cancels the page and closes the device
                killer.start()
            try:
                file = files.get(timeout=_LOOK_EVERY_S)
            except Empty:
                continue
            if file is None:
                break
            self._take(Path(file))
        killer.cancel()
        listeners[1].join(_PATIENCE_S)
        return said

    def _take(self, file: Path) -> None:
        """Put a page into the stack, look at it, and tell."""
        if kind_of_scan(file) is None:
            raise OmrError("inbox.not_a_scan", file=file.name)
        number = int(file.stem)
        name = f"trang-{number:04}.png"
        old = place_of(self._inbox, self._stack, number)
        if old is None:
            part = self._inbox.place_for(self._stack, name, file.stat().st_size, number=number)
        elif self._inbox.state(self._stack) is StackState.OPEN:
            part = old.with_name(f"{old.name}.part")
        else:
            raise OmrError("inbox.not_open")
        move(file, part)
        taken = self._inbox.take(part)
        before = next((page for page in self._scan.pages if page.number == number), None)
        seen, scan = look_at(taken, number, self._desk)
        if before is not None:
            remove(view_of(self._inbox, self._stack, before))
            seen = replace(seen, version=before.version + 1)
        if scan is not None:
            _draw(scan, view_of(self._inbox, self._stack, seen))
        others = [page for page in self._scan.pages if page.number != number]
        self._tell(pages=tuple(sorted([*others, seen], key=lambda page: page.number)))

    def _tell(self, **changes: Any) -> None:
        self._scan = replace(self._scan, **changes)
        self._inbox.note_scan(self._stack, asdict(self._scan))


def look_at(file: Path, number: int, desk: Desk) -> tuple[SeenPage, ScannedPage | None]:
    """Return what the reader makes of a page now, and its pixels; nothing of it is kept or counted."""
    encoded = next(open_pages(file))
    try:
        scan = decode(encoded)
    except ScanError as error:
        return SeenPage(number, file.name, PageOutcome.REJECTED, error.reason, _plain(error.values)), None
    height, width = scan.grey.shape
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else height / FRAMES["A5"].height_mm
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    streaks = tuple(
        round((one.first + one.last) / 2 / px_per_mm, 2)
        for one in find_streaks(scan.grey, sheet, px_per_mm)
        if one.is_column
    )
    seen = SeenPage(
        number,
        file.name,
        PageOutcome.BLANK_BACK,
        height_mm=round(height / px_per_mm, 1),
        streaks_mm=streaks,
    )
    (result,) = read_pages([encoded], desk, workers=0)
    if isinstance(result, ReadPage):
        return replace(seen, outcome=PageOutcome.READ, serial=result.page.serial.printed), scan
    if isinstance(result, RejectedPage):
        measured = _plain(result.measured)
        return replace(seen, outcome=PageOutcome.REJECTED, reason=result.reason, values=measured), scan
    return seen, scan


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {
        key: value if isinstance(value, int | float | str) else str(value) for key, value in values.items()
    }


def _draw(scan: ScannedPage, target: Path) -> None:
    height = max(1, round(scan.grey.shape[0] * _VIEW_PX / scan.grey.shape[1]))
    small = cv2.resize(scan.grey, (_VIEW_PX, height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), small, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _listen(stream: Any, put: Any, end: Queue[str | None] | None) -> None:
    for line in stream:
        put(line.rstrip("\n"))
    if end is not None:
        end.put(None)


def main(folder: str, name: str) -> int:
    """Scan into one stack."""
    # Ctrl-C is for the program that started it; not ignored, or scanimage would inherit that
    signal.signal(signal.SIGINT, lambda *_: None)
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    cv2.setNumThreads(1)
    workspace = Workspace.open(Path(folder))
    log.begin(workspace.path)
    inbox = Inbox(workspace)
    stack = inbox.find(name)
    if stack is None:
        return 1
    with inbox.claims.at_once(claim_of(stack)), Office.open(workspace, by=stack.by) as office:
        run = _Run(workspace, stack, office.desk())
        signal.signal(signal.SIGTERM, run.stop)
        try:
            with inbox.claims.at_once(f"scanner-{Scan.of(inbox.scan(stack) or {}).scanner}"):
                run.run()
        except OwnedError:
            run.fail(OmrError("scanning.in_use"))
        except (OmrError, OSError, MemoryError) as error:
            told = error if isinstance(error, OmrError) else outside(error, workspace.path)
            log.failure("scan_failed", told)
            run.fail(told)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
