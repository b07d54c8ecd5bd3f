"""The tallies of a closed period as they stood when it was closed.

Nothing changes a closed period: what comes late waits for an adjustment, which opens it. So its
slips are counted once, when it is closed, and a report of 100,000 slips asks nobody to count them again.
Of a period that an earlier version closed nothing was kept: it is counted.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from omr.forms.template import VALUES, Form
from omr.records.counts.tallies import (
    AnswerTally,
    Channel,
    CheckTally,
    Counted,
    CrossTally,
    SlipState,
    SlipTally,
    Stratum,
    Tallies,
    tally,
    with_conditions,
)
from omr.records.offices.surveys import surveys_at
from omr.records.store.act import Act
from omr.records.store.store import Store
from omr.words import AnswerState, PeriodState


def tallies_of(
    store: Store,
    period: str,
    *,
    unit: str | None = None,
    questions: Collection[str] | None = None,
    prints: Collection[str] | None = None,
) -> Counted:
    """Return what was kept of a closed period, else count it: as `tally`, and with its parameters.

    Of a kept one, why slips are invalid and what they rated is told by all of their answers.
    """
    row = store.row(
        """SELECT state, tallies FROM period_states LEFT JOIN closed_tallies USING (period_state)
        WHERE period = ? ORDER BY period_state DESC LIMIT 1""",
        period,
    )
    if row is None or row["state"] != PeriodState.CLOSED or row["tallies"] is None:
        return tally(store, period, unit=unit, questions=questions, prints=prints)
    wanted = None if questions is None else with_conditions(store, questions)
    return _only(_unpacked(row["tallies"]), unit, wanted, prints)


class Withheld(StrEnum):
    """Why a period tells nothing of its respondents."""

    OPEN = "open"  # it is told when the period is closed
    REGROUPED = "regrouped"  # forms went to or came from another survey since: see the reports made then


@dataclass(frozen=True, slots=True)
class Told:
    """What a period tells of its respondents, once and for all: two answers could be subtracted.

    That is who they are, against the overall answer, and the numbers that they wrote.
    """

    withheld: Withheld | None = None
    at: str = ""  # when, where it told something else than what counts today; else ""
    tallies: Tallies = Tallies()  # then: of all units


def told_of_respondents(store: Store, period: str, prints: Mapping[str, Form]) -> Told:
    """Return what a period tells of its respondents: what stood when it was first closed with any.

    A period that an earlier version closed kept nothing: it is told as it stands.

    Parameters
    ----------
    prints : mapping
        The forms of one survey as surveys are today, by fingerprint.
    """
    rows = list(
        store.rows(
            """SELECT state, tallies, at, period_states.event FROM period_states JOIN events USING (event)
            LEFT JOIN closed_tallies USING (period_state) WHERE period = ? ORDER BY period_state""",
            period,
        )
    )
    closings = [row for row in rows if row["state"] == PeriodState.CLOSED]
    for row in closings:
        if row["tallies"] is None:
            return Told()
        whole = _unpacked(row["tallies"])
        told = _only(whole, None, None, prints).tallies
        if personal := _personal(told, prints):
            used = {stratum.fingerprint for stratum in whole.tallies.strata}
            if not any(used & of.keys() == used & prints.keys() for of in surveys_at(store, row["event"])):
                return Told(Withheld.REGROUPED)
            now = tallies_of(store, period, prints=prints).tallies
            return Told() if personal == _personal(now, prints) else Told(None, row["at"], told)
    closed = bool(rows) and rows[-1]["state"] == PeriodState.CLOSED
    return Told(None if closed else Withheld.OPEN)


def _personal(tallies: Tallies, prints: Mapping[str, Form]) -> list[CrossTally | AnswerTally]:
    """Return what tallies say of respondents: who they are, and the numbers they wrote."""
    written = {(mark, q.key) for mark, form in prints.items() for q in form.questions if q.kind in VALUES}
    values = [
        row for row in tallies.answers if row.code and (row.stratum.fingerprint, row.question) in written
    ]
    return [*sorted(tallies.crossed), *sorted(values)]


def keep(act: Act, period_state: int, counted: Counted) -> None:
    """Keep what a period came to, in the act that closes it."""
    act.add("closed_tallies", {"period_state": period_state, "tallies": _packed(counted)})


def _only(
    counted: Counted, unit: str | None, questions: Collection[str] | None, prints: Collection[str] | None
) -> Counted:
    def wanted(at: Stratum) -> bool:
        return unit in (None, at.unit) and (prints is None or at.fingerprint in prints)

    def asked(question: str) -> bool:
        return questions is None or question in questions

    tallies = counted.tallies
    return Counted(
        Tallies(
            tuple(row for row in tallies.slips if wanted(row.stratum)),
            tuple(row for row in tallies.answers if wanted(row.stratum) and asked(row.question)),
            tuple(row for row in tallies.crossed if wanted(row.stratum) and asked(row.question)),
        ),
        tuple(row for row in counted.checked if wanted(row.stratum)),
    )


def _packed(counted: Counted) -> bytes:
    tallies = counted.tallies
    tables = (tallies.slips, tallies.answers, tallies.crossed, counted.checked)
    strata = sorted({row.stratum for table in tables for row in table})
    number = {stratum: at for at, stratum in enumerate(strata)}
    rows = [[[number[row.stratum], *row[1:]] for row in table] for table in tables]
    text = json.dumps([strata, *rows], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode())


def _unpacked(packed: bytes) -> Counted:
    said: list[list[list[Any]]] = json.loads(zlib.decompress(packed))
    strata = [Stratum(unit, fingerprint, Channel(channel)) for unit, fingerprint, channel in said[0]]
    slips, answers, crossed, checked = said[1:]
    return Counted(
        Tallies(
            tuple(SlipTally(strata[at], SlipState(stands), *rest) for at, stands, *rest in slips),
            tuple(AnswerTally(strata[at], name, AnswerState(how), *rest) for at, name, how, *rest in answers),
            tuple(CrossTally(strata[at], *rest) for at, *rest in crossed),
        ),
        tuple(CheckTally(strata[at], *rest) for at, *rest in checked),
    )
