"""One serial's life, and where all serials are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omr.forms.serial import IssuedSerials, Serial
from omr.messages import say
from omr.records.register.custody import Custody, latest_counts
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.words import WITHDRAWN, AnswerState, Aside, SlipDecision

_RESTORED: Final = "restored"  # of a batch that was given back
_BY_ITSELF: Final = "none"  # a slip that nothing sets aside any more
_SAID: Final = {
    **{word.value: f"review.word_{word}" for word in SlipDecision if word is not SlipDecision.WITHDRAWN},
    AnswerState.NO_ANSWER.value: "review.word_none",
    AnswerState.MULTIPLE.value: "review.word_multiple",
    AnswerState.DOUBTFUL.value: "review.word_undecidable",
}


class SerialState(StrEnum):
    """Where a serial is."""

    UNKNOWN = "unknown"  # never issued
    ISSUED = "issued"
    RETURNED = "returned"
    SPOILED = "spoiled"
    IN_STOCK = "in_stock"
    MISSING = "missing"  # the stock was counted, and it was not there


@dataclass(frozen=True, slots=True)
class Step:
    """One event in a serial's life."""

    at: str
    by: str
    act: str  # stable word: issue, receive, count, spoil, read, decide_slip, …
    why: str
    detail: str

    @property
    def told(self) -> str:
        """The detail as people read it: stored words in the language in force, codes as they are."""
        return " ".join(filter(None, map(_word, self.detail.split())))


def _word(word: str) -> str:
    if word in set(Aside):
        return say(Aside(word).label)
    if word in (WITHDRAWN, _RESTORED, AnswerState.ANSWERED):  # the act says it already
        return ""
    key = {_BY_ITSELF: "acts.by_itself", **_SAID}.get(word)
    return say(key) if key else word


@dataclass(frozen=True, slots=True)
class Life:
    """Where one serial is, and how it came there."""

    serial: str
    state: SerialState
    run: str | None = None
    form: str | None = None
    unit: str | None = None
    period: str | None = None
    steps: tuple[Step, ...] = ()


def life_of(store: Store, serial: Serial) -> Life:
    """Return what the register knows about a serial."""
    run = IssuedSerials(issued(store)).find(serial)
    if run is None:
        return Life(str(serial), SerialState.UNKNOWN)
    place = Custody(store).place(run.run, serial.number)
    assert place is not None  # its run is on paper
    return Life(
        str(serial),
        _state(store, run.run, run.form, serial),
        run.run,
        run.form,
        place.unit,
        place.period,
        tuple(_steps(store, run.run, serial)),
    )


def _state(store: Store, run: str, form: str, serial: Serial) -> SerialState:
    standings = {
        row["standing"] for row in store.rows("SELECT standing FROM slips WHERE serial = ?", str(serial))
    }
    if "counts" in standings:
        return SerialState.RETURNED
    here = (run, serial.number)
    if store.row("SELECT 1 FROM spoilings WHERE run = ? AND ? BETWEEN first AND last", *here):
        return SerialState.SPOILED
    if standings:
        return SerialState.RETURNED
    place = Custody(store).place(*here)
    assert place is not None  # its run is on paper
    counts = [count for count in latest_counts(store) if (count.unit, count.form) == (place.unit, form)]
    if any(count.period == place.period for count in counts):
        return SerialState.MISSING
    return SerialState.IN_STOCK if place.carried else SerialState.ISSUED


# One row per event that touched the serial: ?1 its run, ?2 its number, ?3 itself.
_STEPS: Final = """
    SELECT event, unit || ' ' || period AS detail FROM runs WHERE run = ?1
    UNION ALL
    SELECT event, unit || ' ' || period FROM hand_overs
    WHERE run = ?1 AND ?2 BETWEEN first AND last
    UNION ALL
    SELECT stock_counts.event, unit || ' ' || period FROM stock_counts JOIN stock_ranges USING (stock_count)
    WHERE run = ?1 AND ?2 BETWEEN first AND last
    UNION ALL
    SELECT event, unit || ' ' || period FROM spoilings
    WHERE run = ?1 AND ?2 BETWEEN first AND last
    UNION ALL
    SELECT readings.event, batch || ' ' || pages.number || coalesce(' ' || set_aside.reason, '')
    FROM readings JOIN pages USING (page) LEFT JOIN set_aside USING (reading) WHERE serial = ?3
    UNION ALL
    SELECT batch_withdrawals.event, batch || iif(withdrawn, ' withdrawn', ' restored')
    FROM batch_withdrawals JOIN pages USING (batch) JOIN readings USING (page) WHERE serial = ?3
    UNION ALL
    SELECT restandings.event, restandings.reason
    FROM restandings JOIN readings USING (reading) WHERE serial = ?3
    UNION ALL
    SELECT decided_slips.event, outcome || coalesce(' ' || reason, '')
    FROM decided_slips JOIN readings USING (reading) WHERE serial = ?3
    UNION ALL
    SELECT decided_answers.event, question || ' ' || state || ' ' || codes
    FROM decided_answers JOIN readings USING (reading) WHERE serial = ?3
    UNION ALL
    SELECT attributions.event, attributions.unit || ' ' || attributions.period
    FROM attributions JOIN readings USING (reading) WHERE serial = ?3
"""


def _steps(store: Store, run: str, serial: Serial) -> Iterator[Step]:
    rows = store.rows(
        f"SELECT at, by, act, why, detail FROM ({_STEPS}) JOIN events USING (event) ORDER BY event",
        run,
        serial.number,
        str(serial),
    )
    return (Step(row["at"], row["by"], row["act"], row["why"], row["detail"].strip()) for row in rows)


@dataclass(frozen=True, slots=True)
class RunLine:
    """One print run and what became of its serials."""

    run: str
    form: str
    unit: str
    period: str
    state: str  # printing, issued, void
    seeded: bool
    first: int
    last: int
    returned: int
    spoiled: int


def run_lines(store: Store) -> list[RunLine]:
    """Return all print runs, the oldest first."""
    rows = store.rows(
        """SELECT run, form, unit, period, state, seeded, first, last,
            (SELECT count(DISTINCT number) FROM readings
             WHERE readings.run = print_runs.run
               AND reading NOT IN (SELECT reading FROM decided_slips WHERE outcome = 'void')) AS returned,
            (SELECT coalesce(sum(last - first + 1), 0) FROM spoilings
             WHERE spoilings.run = print_runs.run) AS spoiled
        FROM print_runs WHERE year > 0 ORDER BY run"""  # year 0: sheets that were not printed here
    )
    return [RunLine(**{**dict(row), "seeded": bool(row["seeded"])}) for row in rows]
