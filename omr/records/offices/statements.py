"""What heads of units and officers write for a month: strengths, causes, what they will do, explanations."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from omr.errors import OmrError, RegisterError
from omr.records.offices.periods import Period
from omr.records.offices.units import find_unit
from omr.records.store.store import Store
from omr.tables_in import decoded

LONGEST: Final = 4_000  # characters: a page


class Subject(StrEnum):
    """What a statement is about."""

    STRENGTHS = "strengths"
    SHORTCOMINGS = "shortcomings"
    CAUSES = "causes"
    SOLUTIONS = "solutions"
    PARTICIPATION = "participation"  # why there are more slips than visits


Statements = Mapping[tuple[str, Subject], str]  # unit ("" of the city) and subject -> text


def state(store: Store, period: Period, about: Subject, text: str, *, unit: str | None, by: str) -> str:
    """Keep a statement, replacing an earlier one; an empty text takes it back. Return the unit's code.

    Raises
    ------
    RegisterError
        If the text is too long, the unit is unknown, or nobody's name is given.
    """
    if not by.strip():
        raise RegisterError("register.no_name")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    kept = "\n".join(line for line in lines if line)
    if len(kept) > LONGEST:
        raise RegisterError("register.statement_too_long", most=LONGEST)
    code = find_unit(store, unit, period).unit if unit else ""
    with store.act("state", by=by) as act:
        act.add(
            "statements",
            {
                "statement": act.next_id("statements", "statement"),
                "unit": code,
                "period": period.name,
                "about": about.value,
                "text": kept,
            },
        )
    return code


def read_text(file: Path) -> str:
    """Return a text file as Notepad saves it, in any of its encodings.

    Raises
    ------
    RegisterError
        If it is no text.
    OSError
        If it cannot be read.
    """
    try:
        text = decoded(file.read_bytes(), file.name)
    except OmrError as error:
        raise RegisterError("register.no_text", file=file.name) from error
    if any(unicodedata.category(sign) == "Cc" and not sign.isspace() for sign in text):
        raise RegisterError("register.no_text", file=file.name)
    return unicodedata.normalize("NFC", text)


def statements_of(store: Store, period: str) -> dict[tuple[str, Subject], str]:
    """Return what counts today of a period."""
    rows = store.rows("SELECT unit, about, text FROM current_statements WHERE period = ?", period)
    return {(row["unit"], Subject(row["about"])): row["text"] for row in rows}
