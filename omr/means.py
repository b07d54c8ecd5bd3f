"""What an office works with: forms, printer, reader, calibrations. A test hands in its own.

What is heavy is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from omr.forms.serial import Serial
    from omr.forms.template import Form
    from omr.reading.marks.calibrate import Calibration
    from omr.reading.page.comments import Comment
    from omr.reading.reader import Desk, Result
    from omr.reading.scan.pages import EncodedPage, Grey
    from omr.records.anew.redecide import Judge

Reader = Callable[["Iterable[EncodedPage]", "Desk"], "Iterator[Result]"]


class Hasher(Protocol):
    """What is kept of a password, and whether another is the same."""

    def hash(self, password: str) -> str:
        """Return what is kept."""

    def verify(self, hash: str, password: str) -> bool:
        """Return True, or raise."""

    def __hash__(self) -> int: ...


class Means:
    """The usual ones; each may be replaced."""

    def find_form(self, name: str, own: Path | None) -> Form:
        """Return a form by its name, the office's own before the built-in."""
        from omr.forms.layout import find_form

        return find_form(name, own)

    def print_forms(
        self, form: Form, serials: Iterable[Serial], target: Path, *, run: str, electronic_url: str = ""
    ) -> None:
        """Print one page for each serial."""
        from omr.forms.printing.printing import print_forms

        print_forms(form, serials, target, run=run, electronic_url=electronic_url)

    def calibration(self, name: str | None, own: Path | None) -> Calibration:
        """Return a calibration by its name, the office's own before the built-in."""
        from omr.reading.marks.calibrate import DEFAULT, load_calibration

        return load_calibration(name or DEFAULT, own)

    def read_pages(
        self,
        pages: Iterable[EncodedPage],
        desk: Desk,
        *,
        workers: int | None = None,
        overlay: Path | None = None,
    ) -> Iterator[Result]:
        """Read pages, in order."""
        from omr.reading.crew import read_pages

        return read_pages(pages, desk, workers, overlay)

    def draft_text(self, grey: Grey, comment: Comment) -> str:
        """Return what a machine makes of handwriting; raises MissingToolError where there is none."""
        from omr.reading.page.comments import draft_text

        return draft_text(grey, comment)

    @property
    def judge(self) -> Judge:
        """What makes answers of measurements."""
        from omr.reading.marks.decide import decide

        return decide

    @property
    def hasher(self) -> Hasher | None:
        """What hashes new passwords; None: as usual."""
        return None

    @property
    def pages_per_act(self) -> int:
        """How many pages are written at once."""
        from omr.records.intake.intake import PAGES_PER_ACT

        return PAGES_PER_ACT


MEANS = Means()
