"""Files of strangers are opened in a process of its own, under limits: this one lives, whatever is in them.

What runs there is a function of ours; what comes back is what it yields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

import cv2

from omr.errors import OmrError, ScanError, outside
from omr.forms.printing.cover import Cover
from omr.messages import shown
from omr.reading.limits import (
    Limits,
    confine,
    context,
    memory_of,
    ran_out,
    ran_out_of_memory,
    start,
    timed,
)
from omr.reading.pictures.pixels import Pixels
from omr.reading.place.drawn import as_drawn
from omr.reading.scan.cover import find_cover
from omr.reading.scan.pages import EncodedPage, Encoding, ScannedPage, broken, colour_of, decode, open_pages

_LOOK_S: Final = 0.1
T = TypeVar("T")
P = ParamSpec("P")


class Apart:
    """A process that opens files; it is made when it is first needed, and anew when it died."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._base = self._most = 0  # bytes: at its start, and ever since

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._pipe.close()
        self._process = self._pipe = None

    def stream(self, function: Callable[P, Iterator[T]], *args: P.args, **more: P.kwargs) -> Iterator[T]:
        """Yield what `function`, a generator of a module, yields there.

        Raises
        ------
        ScanError
            ``too_long``, ``too_much_memory`` or ``crashed``: the process ended over it.
        OmrError
            As `function` raises it.
        """
        pipe = self._opened()
        is_done = False
        try:
            pipe.send((function, args, more))
            while True:
                try:
                    while not pipe.poll(_LOOK_S):
                        self._look()
                    kind, value = pipe.recv()
                    self._look()
                except (EOFError, ConnectionResetError) as end:
                    raise self._ended() from end
                if kind == "done":
                    is_done = True
                    return
                if kind == "error":
                    is_done = True
                    raise value
                yield value
        finally:
            if not is_done:  # it died, or nobody wants the rest
                self.close()

    def call(self, function: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Return what `function` returns there; raises as `stream` does."""
        (result,) = self.stream(_once, function, args, more)
        return result

    def pages(self, path: Path) -> Iterator[EncodedPage]:
        """Yield the pages of one file, see `open_pages`; what ends the process is one broken page."""
        number = 0
        try:
            for page in self.stream(open_pages, path):
                number = page.page
                yield page
        except ScanError as error:
            yield replace(broken(error), file=shown(path.name), page=number + 1)

    def _opened(self) -> Connection:
        if self._pipe is None:
            how = context()
            ours, theirs = how.Pipe()
            process = how.Process(target=_serve, args=(theirs, self._limits), daemon=True)
            start(process)
            theirs.close()
            self._process, self._pipe = process, ours
            self._base = self._most = memory_of(process.pid or 0)
        return self._pipe

    def _look(self) -> None:
        """Note how much memory it has: once it is dead, nobody can tell."""
        if self._process is not None:
            self._most = max(self._most, memory_of(self._process.pid or 0))

    def _ended(self) -> ScanError:
        """Return why the process ended."""
        assert self._process is not None
        self._process.join()
        if ran_out(self._process.exitcode):
            return ScanError("too_long", seconds=self._limits.seconds)
        if ran_out_of_memory(self._process.exitcode, self._most - self._base, self._limits):
            return ScanError("too_much_memory")
        return ScanError("crashed")


def _once(function: Callable[..., T], args: tuple[object, ...], more: dict[str, object]) -> Iterator[T]:
    yield function(*args, **more)


def _serve(pipe: Connection, limits: Limits) -> None:
    """Run what comes through the pipe until it closes."""
    cv2.setNumThreads(1)
    confine(limits)
    with suppress(KeyboardInterrupt, EOFError, OSError):
        while True:
            function, args, more = pipe.recv()
            results = function(*args, **more)
            kind = "item"
            while kind == "item":
                kind, value = _next(results, function, limits)
                try:
                    pipe.send((kind, value))
                except MemoryError:  # for what it is packed into
                    kind = "error"
                    pipe.send((kind, ScanError("too_much_memory")))


def _next(
    results: Iterator[object], function: Callable[..., object], limits: Limits
) -> tuple[str, object | None]:
    """Return the next result, or why there is none, whoever's fault it is."""
    try:
        with timed(limits):
            for result in results:
                return "item", result
        return "done", None
    except OmrError as error:
        return "error", error
    except OSError as error:
        return "error", outside(error)
    except MemoryError:
        return "error", ScanError("too_much_memory")
    except Exception:  # ours, not the file's: written down, and one page
        logging.getLogger(__name__).exception("%s", function)
        return "error", ScanError("crashed")


def cover_of(path: Path) -> Cover | None:
    """Return what the sheet on top of a file says, if it is a cover sheet."""
    top = next(iter(open_pages(path)), None)
    return find_cover(top) if top is not None else None


def drawn_pages(path: Path, pages: int) -> list[EncodedPage]:
    """Return the first pages of a file if a program drew them, all of them; those too coarse enlarged."""
    found: list[EncodedPage] = []
    for page in islice(open_pages(path), pages):
        scan = decode(page)
        drawn = as_drawn(scan)
        if drawn is None:
            return []
        if drawn is not scan:
            png = cv2.imencode(".png", drawn.grey)[1].tobytes()
            page = EncodedPage(page.file, page.page, Encoding.PICTURE, png)
        found.append(page)
    return found


def page_at(path: Path, number: int, made_of: str = "") -> EncodedPage | None:
    """Return one page of a file.

    Parameters
    ----------
    number : int
        From 1, as it was counted when the file was read.
    made_of : str
        What it was made of then. Where another version counts otherwise (it finds pages that an
        earlier one did not), it is this page still, and never another.
    """
    there = same = None
    for page in open_pages(path):
        is_it = made_of in ("", page.made_of, *page.older)
        if page.page == number:
            if is_it:
                return page
            there = page
        elif is_it and made_of and page.data and same is None:
            same = page
    return same or there


def pages_from(path: Path, number: int, made_of: str, *, more: int) -> Iterator[EncodedPage]:
    """Yield one page of a file and some that follow it: to go on costs less than to open the file again.

    Parameters
    ----------
    number, made_of
        As for `page_at`; where another version counts otherwise, that page alone is yielded.
    """
    left = more
    for page in open_pages(path):
        if page.page == number and made_of not in ("", page.made_of, *page.older):
            break
        if page.page >= number:
            yield page
            left -= 1
            if left < 0:
                return
    if left == more and (found := page_at(path, number, made_of)) is not None:
        yield found


def scans_of(path: Path) -> Iterator[ScannedPage]:
    """Yield the decoded pages of a file."""
    return map(decode, open_pages(path))


def picture_of(page: EncodedPage, *, in_colour: bool) -> Pixels:
    """Return a page's pixels: RGB where it is wanted and the scanner delivered colour, else grey."""
    scan = decode(page)
    colour = colour_of(scan) if in_colour else None
    return scan.grey if colour is None else colour
