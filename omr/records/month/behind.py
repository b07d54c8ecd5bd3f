"""The slips behind a figure: whoever doubts a number opens the papers that it was counted from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from omr.forms.surveys import overall_question
from omr.forms.template import Form
from omr.records.counts.slips import OF_PERIOD
from omr.records.counts.tallies import Channel, SlipState
from omr.records.store.act import Value
from omr.records.store.store import Store
from omr.words import AnswerState

SATISFIED, UNSATISFIED = "satisfied", "unsatisfied"

_PAPER: Final = f"""
    SELECT returned.reading, NULL AS response, readings.serial, returned.form, returned.unit, returned.state,
           returned.reason, batch
    FROM returned_slips AS returned JOIN readings USING (reading)
    WHERE channel = 'paper' AND returned.reading IN ({OF_PERIOD}) AND returned.period = ?
      {{where}} ORDER BY returned.unit, readings.serial
"""
_ELECTRONIC: Final = """
    SELECT NULL AS reading, returned.response, NULL AS serial, returned.form, returned.unit, returned.state,
           returned.reason, NULL AS batch
    FROM returned_slips AS returned
    WHERE channel = 'electronic' AND returned.period = ? {where} ORDER BY returned.unit, returned.response
"""
_ANSWERS: Final = {
    Channel.PAPER: ("current_answers", "reading"),
    Channel.ELECTRONIC: ("electronic_answers", "response"),
}


@dataclass(frozen=True, slots=True)
class Want:
    """Which slips are looked for; empty: all."""

    unit: str = ""
    form: str = ""
    channel: Channel | None = None
    state: SlipState | None = None
    asked: Mapping[str, str] | None = None  # fingerprint -> question: those slips that answered it validly
    said: str = ""  # a code of `asked`, or one of SATISFIED and UNSATISFIED
    with_overall: bool = False  # only those with a valid answer to the overall question
    prints: Collection[str] | None = None  # forms of one survey or field, by fingerprint


@dataclass(frozen=True, slots=True)
class Behind:
    """One slip that came back."""

    reading: int | None
    response: int | None  # of the electronic form
    serial: str  # "" of an electronic one
    form: str
    unit: str
    state: SlipState
    reason: str  # code of the rule that makes it invalid, "" of a valid one
    batch: str


def slips_behind(store: Store, period: str, want: Want) -> Iterator[Behind]:
    """Yield the slips of a period that fit, paper first, by unit and serial: as many as the figure says."""
    for channel in Channel:
        if want.channel not in (None, channel):
            continue
        where, values = _where(store.forms, channel, want)
        text, times = (_PAPER, 3) if channel is Channel.PAPER else (_ELECTRONIC, 1)
        for row in store.rows(text.format(where=where), *[period] * times, *values):
            yield Behind(
                row["reading"],
                row["response"],
                row["serial"] or "",
                row["form"],
                row["unit"],
                SlipState(row["state"]),
                row["reason"] or "",
                row["batch"] or "",
            )


def _where(forms: Mapping[str, Form], channel: Channel, want: Want) -> tuple[str, list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    for column in ("unit", "form", "state"):
        if value := getattr(want, column):
            conditions.append(f"returned.{column} = ?")
            values.append(str(value))
    if want.prints is not None:
        conditions.append(f"returned.fingerprint IN ({', '.join('?' * len(want.prints))})")
        values += want.prints
    for asked, said in _asked(forms, want):
        text, more = _answered(forms, channel, asked, said)
        conditions.append(text)
        values += more
    return "".join(f" AND {condition}" for condition in conditions), values


def _asked(forms: Mapping[str, Form], want: Want) -> Iterator[tuple[Mapping[str, str], str]]:
    if want.asked is not None:
        yield want.asked, want.said
    if want.with_overall:
        overall = {mark: overall_question(form) for mark, form in forms.items()}
        yield {mark: question.key for mark, question in overall.items() if question}, ""


def _answered(
    forms: Mapping[str, Form], channel: Channel, asked: Mapping[str, str], said: str
) -> tuple[str, list[Value]]:
    table, key = _ANSWERS[channel]
    each: list[str] = []
    values: list[Value] = []
    for fingerprint, question in asked.items():
        codes = _codes(forms[fingerprint], question, said)
        # one of several answers counts for its code; a rating has one
        fits = " OR ".join(["instr(' ' || codes || ' ', ?)"] * len(codes)) or "0"
        each.append(
            f"""(returned.fingerprint = ? AND EXISTS (SELECT 1 FROM {table} AS given
            WHERE given.{key} = returned.{key} AND question = ? AND given.state = ? AND ({fits})))"""
        )
        values += [fingerprint, question, AnswerState.ANSWERED.value, *(f" {code} " for code in codes)]
    return f"({' OR '.join(each) or '0'})", values


def _codes(form: Form, question: str, said: str) -> list[str]:
    options = [option for one in form.questions if one.key == question for option in one.options]
    if said in (SATISFIED, UNSATISFIED):
        return [option.code for option in options if option.satisfied == (said == SATISFIED)]
    return [option.code for option in options if said in ("", option.code)]
