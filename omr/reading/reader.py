"""One page through all stages; the only place where a PageError is caught."""

from __future__ import annotations

from dataclasses import dataclass

from omr.reading.decide import Answer, BoxVerdict
from omr.reading.identify import IdentifiedPage
from omr.reading.marks import MarkReading


@dataclass(frozen=True, slots=True, eq=False)
class ReadPage:
    """A slip that was read."""

    page: IdentifiedPage
    marks: tuple[MarkReading, ...]
    verdicts: tuple[BoxVerdict, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class BlankBack:
    """The empty other side of a sheet."""

    file: str
    page: int


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """A page that was refused, and why."""

    file: str
    page: int
    reason: str  # stable word
    measured: dict[str, object]  # the numbers, for the message `page.<reason>`
