"""How far a command has come, on a terminal: how many of how many, and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from omr.messages import say

if TYPE_CHECKING:
    from omr.means import Reader
    from omr.reading.reader import Desk, Result
    from omr.reading.scan.pages import EncodedPage

AFTER_S: Final = 2.0  # what is done before is not worth a line
EVERY_S: Final = 0.2  # often enough to be seen moving
WIDTH: Final = 24  # characters of the bar
LABEL: Final = 28  # of what is done
LEAST_SHARE: Final = 0.02  # done, before anything is said about the rest
LINE: Final = 79  # characters of the narrowest terminal, but the last


class Bar:
    """Draws one line, over and over; a listener of `omr.steps`."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._clock = out, clock
        self._begun = clock()
        self._drawn = float("-inf")
        self._what, self._since = "", self._begun
        self._open = False  # whether the cursor stands behind a bar

    def __call__(self, what: str, done: int, whole: int) -> None:
        """Draw, unless it is too early, or too soon after the last time."""
        now = self._clock()
        if what != self._what:
            self.close()
            self._what, self._since = what, now
        if now - self._begun < AFTER_S or whole <= 0:
            return
        last = done >= whole
        if not (last and self._open) and now - self._drawn < EVERY_S:
            return
        filled = WIDTH * min(done, whole) // whole
        bar = "#" * filled + "-" * (WIDTH - filled)
        text = f"{say(f'steps.{what}'):<{LABEL}} [{bar}] {done}/{whole}"
        if not last and done >= LEAST_SHARE * whole and done:
            text += "  " + say("steps.left", time=_clock((now - self._since) * (whole - done) / done))
        self._out.write(f"\r{text[:LINE]:<{LINE}}")
        self._out.flush()
        self._drawn, self._open = now, True
        if last:
            self.close()

    def close(self) -> None:
        """Let what comes next stand on a line of its own."""
        if self._open:
            self._out.write("\n")
            self._out.flush()
            self._open = False


def _clock(seconds: float) -> str:
    """Return a time as clocks show it.

    Examples
    --------
    >>> _clock(75.4), _clock(3 * 3600 + 60)
    ('1:15', '3:01:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def shown(how: Reader, files: Sequence[Path]) -> Reader:
    """Return a reader that draws on a terminal how many pages of all it has read, and the time left."""

    def read(pages: Iterable[EncodedPage], desk: Desk) -> Iterator[Result]:
        results = how(pages, desk)
        if not sys.stderr.isatty():  # a pipe gets the receipt alone
            return (yield from results)
        from omr.records.inbox.progress import count_pages

        whole, label = count_pages(files, desk.limits), say("receipt.reading")
        with click.progressbar(results, whole, label, show_pos=True, file=sys.stderr) as bar:
            yield from bar

    return read
