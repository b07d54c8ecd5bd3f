"""Slips drawn for the audit by hand, and what people keyed from their paper.

A draw keeps what was counted when it was made: a slip that is corrected afterwards to agree
with its paper still shows as a difference. The list to fill in is a CSV with one line per
slip and one column per question.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from omr.errors import OmrError
from omr.forms.entries import fault_of, read_value
from omr.forms.serial import parse_serial
from omr.forms.surveys import overall_question
from omr.forms.template import VALUES, Form, Kind
from omr.records.counts.slips import CurrentSlip, current_slips
from omr.records.offices.periods import Period
from omr.records.offices.surveys import find_survey, main_survey
from omr.records.store.act import Row, canonical
from omr.records.store.store import Store
from omr.tables_in import checked, read_sheet
from omr.words import AnswerState

NOTHING: Final = "-"  # no box of the question is marked
TOGETHER: Final = "+"  # between the codes of one question
MANY: Final = "*"  # more boxes than the question allows: no answer, whichever they are
UNDECIDED: Final = "?"  # was counted as doubtful; nobody keys this
FOUND, INVALID, MISSING = "ok", "invalid", "missing"  # what became of the paper
HEAD: Final = ("no", "serial", "form", "paper")
MOST_BYTES: Final = 4 * 2**20

Said = Mapping[str, str]  # question -> codes, as in the list


@dataclass(frozen=True, slots=True)
class CountedSlip:
    """One slip that came back, as it counts now."""

    serial: str
    fingerprint: str
    valid: bool
    said: Said

    def satisfied(self, form: Form) -> bool | None:
        """Whether the overall answer is a satisfied one; None of an invalid slip."""
        return _satisfied(form, self.said) if self.valid else None


@dataclass(frozen=True, slots=True)
class Draw:
    """A public draw, with the figures that it is to prove."""

    draw: int
    period: str
    seed: str
    points: Fraction  # per cent points that the satisfied share may be too high
    satisfied: int
    answered: int
    slips: int
    population: str  # SHA-256 over what was counted, so that a later change shows
    serials: tuple[str, ...]  # in the order of their tickets
    survey: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One drawn slip: as counted, and as keyed from paper."""

    serial: str
    reported: bool | None  # overall satisfied
    on_paper: bool | None  # False where the paper is not found: the worst that it can be
    not_found: bool
    answers: int
    differing: int
    differs: bool


def counted_slips(store: Store, period: Period, survey: str | None = None) -> list[CountedSlip]:
    """Return every paper slip of a survey that came back in a period, valid or not, by serial.

    Parameters
    ----------
    survey : str, optional
        Without it, the main one.
    """
    _, prints = find_survey(store, survey)
    slips = (slip for slip in current_slips(store, period=period.name) if slip.fingerprint in prints)
    return sorted(
        (CountedSlip(slip.serial, slip.fingerprint, slip.valid, _said(slip)) for slip in slips),
        key=lambda slip: slip.serial,
    )


def _said(slip: CurrentSlip) -> dict[str, str]:
    return {key: _as_keyed(given.state, given.codes) for key, given in slip.answers.items()}


def _as_keyed(state: AnswerState, codes: Sequence[str]) -> str:
    match state:
        case AnswerState.ANSWERED | AnswerState.NOT_APPLICABLE if codes:
            return TOGETHER.join(sorted(codes))
        case AnswerState.MULTIPLE:
            return MANY
        case AnswerState.DOUBTFUL:
            return UNDECIDED
        case _:
            return NOTHING


def _satisfied(form: Form, said: Said) -> bool | None:
    question = overall_question(form)
    if question is None:
        return None
    of_code = {option.code: option.satisfied for option in question.options}
    return of_code.get(said.get(question.key, NOTHING))  # several codes, or none, are no answer


def population_digest(slips: Sequence[CountedSlip]) -> str:
    """Return the SHA-256 over all counted slips: the same digest is the same population."""
    rows = [[slip.serial, slip.valid, dict(slip.said)] for slip in slips]
    return hashlib.sha256(canonical(rows)).hexdigest()


def latest_draw(store: Store, period: Period, survey: str | None = None) -> Draw | None:
    """Return the last draw of a period and survey, None without one."""
    main, _ = main_survey(store)
    row = store.row(
        """SELECT audit_draws.*, coalesce(survey, ?1) AS of_survey
        FROM audit_draws LEFT JOIN draw_surveys USING (draw)
        WHERE period = ?2 AND coalesce(survey, ?1) = ?3 ORDER BY draw DESC LIMIT 1""",
        main,
        period.name,
        survey or main,
    )
    if row is None:
        return None
    serials = store.rows("SELECT serial FROM drawn_slips WHERE draw = ? ORDER BY position", row["draw"])
    return Draw(
        draw=row["draw"],
        period=row["period"],
        seed=row["seed"],
        points=Fraction(row["points"]),
        satisfied=row["satisfied"],
        answered=row["answered"],
        slips=row["slips"],
        population=row["population"],
        serials=tuple(drawn["serial"] for drawn in serials),
        survey=row["of_survey"],
    )


def record_draw(
    store: Store,
    slips: Sequence[CountedSlip],
    serials: Sequence[str],
    *,
    period: Period,
    seed: str,
    points: Fraction,
    overall: tuple[int, int],
    by: str,
    survey: str | None = None,
) -> Draw:
    """Keep a draw and what its slips count as; the same draw again changes nothing.

    Parameters
    ----------
    slips : sequence of CountedSlip
        The population.
    serials : sequence of str
        Those drawn, in the order of their tickets.
    overall : (int, int)
        Satisfied and all valid overall answers of the population.
    """
    population = population_digest(slips)
    name, _ = find_survey(store, survey)
    known = latest_draw(store, period, name)
    if known and (known.seed, known.points, known.population, known.serials) == (
        seed,
        points,
        population,
        tuple(serials),
    ):
        return known
    of_serial = {slip.serial: slip for slip in slips}
    with store.act("audit_draw", by=by) as act:
        number = act.next_id("audit_draws", "draw")
        act.add(
            "audit_draws",
            {
                "draw": number,
                "period": period.name,
                "seed": seed,
                "points": str(points),
                "satisfied": overall[0],
                "answered": overall[1],
                "slips": len(slips),
                "population": population,
            },
        )
        act.add("draw_surveys", {"draw": number, "survey": name})
        rows: list[Row] = [
            {
                "draw": number,
                "position": position,
                "serial": serial,
                "fingerprint": of_serial[serial].fingerprint,
                "valid": int(of_serial[serial].valid),
                "said": json.dumps(dict(of_serial[serial].said), sort_keys=True),
            }
            for position, serial in enumerate(serials, 1)
        ]
        act.add("drawn_slips", *rows)
    made = latest_draw(store, period, name)
    assert made is not None  # it was just written
    return made


def entry_list(store: Store, made: Draw) -> str:
    """Return the CSV to fill in: what was counted is not in it, so that nobody copies it."""
    drawn = list(_drawn(store, made))
    columns = list(dict.fromkeys(key for _, form, _ in drawn for key in _keyed(form)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*HEAD, *columns])
    for position, (slip, form, _) in enumerate(drawn, 1):
        own = set(_keyed(form))
        writer.writerow(
            [position, slip.serial, form.form, "", *("" if key in own else "x" for key in columns)]
        )
    return out.getvalue()


def _keyed(form: Form) -> list[str]:
    """Return the questions that are keyed: all with boxes."""
    return [question.key for question in form.questions if question.kind is not Kind.TEXT]


def _drawn(store: Store, made: Draw) -> Iterator[tuple[CountedSlip, Form, int]]:
    forms = store.forms
    for row in store.rows("SELECT * FROM drawn_slips WHERE draw = ? ORDER BY position", made.draw):
        said = json.loads(row["said"])
        slip = CountedSlip(row["serial"], row["fingerprint"], bool(row["valid"]), said)
        yield slip, forms[row["fingerprint"]], row["position"]


@dataclass(frozen=True, slots=True)
class Keyed:
    """One line of a filled list."""

    serial: str
    paper: str
    said: Said


def read_entries(file: Path, store: Store, made: Draw) -> list[Keyed]:
    """Read a filled list; lines without anything in `paper` are not keyed yet.

    Raises
    ------
    OmrError
        Naming all lines that are wrong, and what is expected there; nothing is then stored.
    """
    drawn = drawn_forms(store, made)
    sheet = read_sheet(file, most_bytes=MOST_BYTES)
    absent = {"serial", "paper"} - set(sheet.columns)
    if absent:
        raise OmrError("sample.no_column", file=file.name, column=sorted(absent)[0])
    seen: set[str] = set()
    entries = checked(sheet, lambda row: _entry(row, drawn, seen))
    return [entry for entry in entries if entry is not None]


def drawn_forms(store: Store, made: Draw) -> dict[str, Form]:
    """Return the drawn slips in their order, each with its form: what to fetch and what to key."""
    return {slip.serial: form for slip, form, _ in _drawn(store, made)}


def keyed_of(row: Mapping[str, str], drawn: Mapping[str, Form]) -> Keyed | None:
    """Return what somebody keyed of one slip, as a line of the list has it; None: not looked at yet.

    Raises
    ------
    OmrError
        If the slip was not drawn, or something that was keyed is none of the form's answers.
    """
    return _entry(row, drawn, set())


def _entry(row: Mapping[str, str], drawn: Mapping[str, Form], seen: set[str]) -> Keyed | None:
    """Return what one line says, None if its paper was not looked at yet."""
    if not row["paper"]:
        if any(text and text != "x" for key, text in row.items() if key not in HEAD):
            raise OmrError("sample.no_paper")
        return None
    serial = str(parse_serial(row["serial"]))
    if serial not in drawn:
        raise OmrError("sample.not_drawn", serial=serial)
    if serial in seen:
        raise OmrError("sample.twice", serial=serial)
    paper = row["paper"].casefold()  # "OK", as people write it
    if paper not in (FOUND, INVALID, MISSING):
        raise OmrError("sample.bad_paper", value=row["paper"][:40])
    seen.add(serial)
    return Keyed(serial, paper, {} if paper == MISSING else _answers(row, drawn[serial]))


def _answers(row: Mapping[str, str], form: Form) -> dict[str, str]:
    said = {}
    for question in form.questions:
        if question.kind is Kind.TEXT:
            continue
        text = row.get(question.key, "")
        codes = sorted(code.strip() for code in text.split(TOGETHER))
        known = {option.code for option in question.options}
        if text in (NOTHING, MANY):
            said[question.key] = text
        elif question.kind in VALUES:
            said[question.key] = value = read_value(question, text)
            if fault_of(question, value) is not None:
                raise OmrError("sample.bad_answer", column=question.key, value=text[:40])
        elif not known.issuperset(codes) or len(set(codes)) < len(codes):
            raise OmrError("sample.bad_answer", column=question.key, value=text[:40])
        elif len(codes) > 1 and question.kind is not Kind.MULTIPLE:
            said[question.key] = MANY
        else:
            said[question.key] = TOGETHER.join(codes)
    return said


def enter(store: Store, made: Draw, keyed: Sequence[Keyed], *, by: str) -> int:
    """Add what was keyed, and return how much was new; keyed again, the later counts."""
    with store.act("audit_enter", by=by) as act:
        known = latest_keyed(store, made)
        fresh = [one for one in keyed if known.get(one.serial) != one]
        number = act.next_id("rekeyed_slips", "rekeyed")
        rows: list[Row] = [
            {
                "rekeyed": number + place,
                "draw": made.draw,
                "serial": one.serial,
                "paper": one.paper,
                "said": json.dumps(dict(one.said), sort_keys=True),
            }
            for place, one in enumerate(fresh)
        ]
        act.add("rekeyed_slips", *rows)
    return len(fresh)


def latest_keyed(store: Store, made: Draw) -> dict[str, Keyed]:
    """Return what was keyed of a draw, by serial; of a slip that was keyed again the latest."""
    rows = store.rows("SELECT * FROM rekeyed_slips WHERE draw = ? ORDER BY rekeyed", made.draw)
    return {row["serial"]: Keyed(row["serial"], row["paper"], json.loads(row["said"])) for row in rows}


def outcomes(store: Store, made: Draw) -> list[Comparison]:
    """Return every keyed slip of a draw beside what was counted, in the order of the draw."""
    latest = latest_keyed(store, made)
    return [
        _outcome(slip, form, latest[slip.serial])
        for slip, form, _ in _drawn(store, made)
        if slip.serial in latest
    ]


def _outcome(slip: CountedSlip, form: Form, keyed: Keyed) -> Comparison:
    reported = slip.satisfied(form)
    if keyed.paper == MISSING:
        return Comparison(slip.serial, reported, False, True, 0, 0, True)
    on_paper = _satisfied(form, keyed.said) if keyed.paper == FOUND else None
    differing = sum(slip.said.get(key, NOTHING) != text for key, text in keyed.said.items())
    validity = slip.valid != (keyed.paper == FOUND)
    return Comparison(
        slip.serial, reported, on_paper, False, len(keyed.said), differing, bool(differing) or validity
    )
