"""Which forms were sent that must not be done twice, and where each led: what a restart must not forget.

Kept beside the sessions: the copy of a form lives in somebody's browser, and so it is nothing that
the register knows. No figure rests on this alone; where one would, the register itself has the copy's
mark (a print run has it in the name of its file).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from omr.errors import StoreError
from omr.web.people.database import Keeping

KEPT: Final = 5_000  # forms of all people: weeks of printing


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent before."""

    at: str  # UTC
    place: str  # where it led; empty while nobody knows how it ended


class SentForms:
    """The forms of one workspace that were sent, the latest of them."""

    def __init__(self, keeping: Keeping, kept: int = KEPT) -> None:
        self._keeping, self._kept = keeping, kept

    def begin(self, mark: str) -> Sent | None:
        """Note that a form is being done; return what is known of it when it was sent before."""
        with self._keeping.writing():
            row = self._keeping.row("SELECT at, place FROM sent_forms WHERE mark = ?", [mark])
            if row is not None:
                return Sent(*row)
            self._keeping.run(
                "INSERT INTO sent_forms (mark, at, place) VALUES (?, ?, '')", [mark, self._keeping.now()]
            )
            self._keeping.run(
                """DELETE FROM sent_forms WHERE number <=
                (SELECT number FROM sent_forms ORDER BY number DESC LIMIT 1 OFFSET ?)""",
                [self._kept],
            )
        return None

    def end(self, mark: str, place: str) -> None:
        """Note where a form led; without a place it was refused, and may be mended and sent again.

        A disk that is full now takes nothing back of what was done: sent again, a person looks.
        """
        with suppress(StoreError), self._keeping.writing():
            if place:
                self._keeping.run("UPDATE sent_forms SET place = ? WHERE mark = ?", [place, mark])
            else:
                self._keeping.run("DELETE FROM sent_forms WHERE mark = ?", [mark])
