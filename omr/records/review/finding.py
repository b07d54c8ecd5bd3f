"""One search for everything on slips: serials, units, forms, months, batches, words of comments.

What somebody types is taken apart by its look: ``0000266`` is a part of a serial, ``11/2026`` a month,
``ĐL-01`` a form, ``B000004`` a batch, ``PC06`` a unit; the rest is looked for in the names of units and
in what people wrote, without diacritics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from omr.errors import OmrError
from omr.forms.serial import Serial, parse_serial
from omr.records.counts.slips import OF_PERIOD
from omr.records.offices.periods import parse_period
from omr.records.offices.units import list_units
from omr.records.store.act import Value
from omr.records.store.store import Store
from omr.text import unaccented

MOST: Final = 60  # slips on one page; who finds more adds a word

_FIND: Final = """
    SELECT reading, serial, form, unit, period, batch, file, page_number AS page, standing, set_aside
    FROM slips JOIN batch_files USING (batch, original)
    WHERE {where} ORDER BY reading DESC LIMIT {most}
"""
_BATCH: Final = re.compile(r"b\d{4,}")
_FORM: Final = re.compile(r"dl-?\d{2}(-[a-z]{2})?")
_PERIOD: Final = re.compile(r"(?P<m>\d{1,2})[/-](?P<y>\d{4})|(?P<year>\d{4})-(?P<month>\d{2})")
_PART: Final = re.compile(r"(?=(?:.*\d){3})[0-9a-z]{3,15}")  # three digits at least: no word, no unit


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed, taken apart."""

    serial: Serial | None = None  # whole, with right check characters
    part: str = ""  # of a serial
    period: str = ""
    form: str = ""
    batch: str = ""
    unit: str = ""
    words: str = ""  # folded: in the name of a unit, or in a comment


@dataclass(frozen=True, slots=True)
class Found:
    """One reading of a slip."""

    reading: int
    serial: str
    form: str
    unit: str
    period: str
    batch: str
    file: str
    page: int  # in that file
    standing: str
    set_aside: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The slips that were found, and how many of each kind there are among them."""

    wanted: Wanted
    slips: tuple[Found, ...]
    more: bool  # there are others behind these
    facets: dict[str, dict[str, int]] = field(default_factory=dict)  # unit, form, period -> how often


def understand(store: Store, text: str) -> Wanted:
    """Take apart what somebody typed, or what a barcode reader typed for them."""
    try:
        return Wanted(serial=parse_serial(text))
    except OmrError:
        pass
    units = {unit.unit.casefold(): unit.unit for unit in list_units(store)}
    forms = {unaccented(form.form): form.form for form in store.forms.values()}  # also the office's own
    found: dict[str, str] = {}
    words = []
    for word in unaccented(text[:200]).split():
        kind, value = _kind_of(word, units, forms)
        if kind == "words" or kind in found:
            words.append(word)
        else:
            found[kind] = value
    return Wanted(**found, words=" ".join(words))  # type: ignore[arg-type]  # each key is a text field


def _kind_of(word: str, units: dict[str, str], forms: dict[str, str]) -> tuple[str, str]:
    if word in units:
        return "unit", units[word]
    if _BATCH.fullmatch(word):
        return "batch", word.upper()
    if word in forms:
        return "form", forms[word]
    if _FORM.fullmatch(word):
        return "form", word.upper() if "-" in word else f"{word[:2]}-{word[2:]}".upper()
    if month := _PERIOD.fullmatch(word):
        try:
            name = f"{month['y'] or month['year']}-{int(month['m'] or month['month']):02}"
            return "period", parse_period(name).name
        except OmrError:
            return "words", word
    if _PART.fullmatch(word):
        return "part", word.upper()
    return "words", word


def find(store: Store, text: str, *, unit: str | None = None, comments: bool = True) -> Finding:
    """Return the readings that fit all that was typed, the newest first; nothing typed finds nothing.

    Parameters
    ----------
    unit : str, optional
        Only slips of this unit: what its people may see.
    comments : bool
        Whether words may be those of a comment; who may not read comments must not find by them either.
    """
    wanted = understand(store, text)
    if wanted == Wanted():
        return Finding(wanted, (), more=False)
    conditions, values = _conditions(store, wanted, comments=comments)
    if unit is not None:
        conditions.append("unit = ?")
        values.append(unit)
    rows = store.rows(_FIND.format(where=" AND ".join(conditions), most=MOST + 1), *values)
    found = tuple(Found(**dict(row)) for row in rows)
    facets = {name: _count(getattr(one, name) for one in found) for name in ("period", "unit", "form")}
    return Finding(wanted, found[:MOST], more=len(found) > MOST, facets=facets)


def _conditions(store: Store, wanted: Wanted, *, comments: bool) -> tuple[list[str], list[Value]]:
    """Return what a slip must fulfil; serials are looked for among the readings, whose index has them."""
    conditions: list[str] = []
    values: list[Value] = []
    if wanted.serial is not None:
        conditions.append("serial = ?")
        values.append(str(wanted.serial))
    if wanted.part:
        conditions.append("reading IN (SELECT reading FROM readings WHERE instr(serial, ?))")
        values.append(wanted.part)
    if wanted.period:  # looked up: an old month of a large register is else found by going through all
        conditions.append(f"reading IN ({OF_PERIOD})")
        values += [wanted.period, wanted.period]
    for column in ("period", "form", "batch", "unit"):
        if value := getattr(wanted, column):
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.words:
        named = [one.unit for one in list_units(store) if wanted.words in unaccented(one.name)]
        marks = ", ".join("?" * len(named))
        # every word somewhere in what the person wrote; a name of a unit as it stands
        said = " AND ".join("instr(folded, ?)" for _ in wanted.words.split())
        written = f"""SELECT reading FROM transcripts WHERE {said} AND transcript IN (
            SELECT max(transcript) FROM transcripts GROUP BY reading, question)"""
        conditions.append(
            f"(unit IN ({marks}) OR reading IN ({written}))" if comments else f"unit IN ({marks})"
        )
        values += [*named, *(wanted.words.split() if comments else ())]
    return conditions, values


def _count(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person said about a reading."""

    at: str
    by: str
    question: str | None  # None: about the whole slip
    word: str  # a state of an answer, or an outcome of a slip
    codes: tuple[str, ...]  # of the answer; of a slip the rule that makes it invalid
    why: str


def acts_about(store: Store, reading: int) -> Iterator[Act]:
    """Yield what people said about a reading, the first first."""
    rows = store.rows(
        """SELECT at, by, question, word, codes, why FROM (
            SELECT event, question, state AS word, codes FROM decided_answers WHERE reading = ?1
            UNION -- who settles a correction says and decides it in one act
            SELECT event, question, state, codes FROM corrected_answers WHERE reading = ?1
            UNION ALL
            SELECT event, NULL, outcome, coalesce(reason, '') FROM decided_slips WHERE reading = ?1
        ) JOIN events USING (event) ORDER BY event""",
        reading,
    )
    return (Act(**{**dict(row), "codes": tuple(row["codes"].split())}) for row in rows)


@dataclass(frozen=True, slots=True)
class Waits:
    """Something about a slip that waits for a person."""

    item: str
    kind: str  # of ItemKind
    reason: str
    question: str | None


def waiting_about(store: Store, reading: int) -> list[Waits]:
    """Return what of one reading waits for a person, what decides most first."""
    rows = store.rows(
        "SELECT item, kind, reason, question FROM waiting WHERE reading = ? ORDER BY urgency, item", reading
    )
    return [Waits(**dict(row)) for row in rows]
