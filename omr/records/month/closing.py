"""Closing a period: its figures as they stood, and every later change as a dated adjustment.

open --close--> closed --adjust--> adjusting --close--> closed … Nothing changes the
figures of a closed period; slips that come in late wait for an adjustment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from omr.errors import RegisterError
from omr.forms.template import VALUES, Form
from omr.records.counts.kept_tallies import keep
from omr.records.counts.slips import IN_PERIOD
from omr.records.counts.tallies import Tallies, grouping_questions, tally
from omr.records.counts.validity import rules
from omr.records.month.reconcile import reconcile
from omr.records.offices.periods import Period, state_of
from omr.records.offices.visits import visits_of
from omr.records.store.act import Act
from omr.records.store.store import Store
from omr.steps import at
from omr.words import Aside, PeriodState, SlipDecision, Standing

Counts = TypeVar("Counts", int, tuple[int, int])  # one count, or before and after
Figures = dict[str, int]  # "PC06/DL-01/returned", "PC06/DL-01/1/B10/answered/5"


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of a period."""

    at: str
    by: str
    why: str  # of the adjustment it ends; "" for the first
    figures: Figures
    difference: dict[str, tuple[int, int]]  # figure -> before and after; of the first, nothing
    rules: str  # version of the rules of validity
    though: str = ""  # why it was closed although something lacked
    root: str = ""  # hash of its event: with it, and the period, goes the report that was made then


@dataclass(frozen=True, slots=True)
class PeriodStatus:
    """Where a period is on its way."""

    period: str
    state: PeriodState
    waiting: int  # items that a person must decide before it can be closed
    closings: tuple[Closing, ...]


def close(store: Store, period: Period, *, by: str, why: str = "") -> PeriodStatus:
    """Close a period, or end its adjustment.

    Parameters
    ----------
    why : str
        Why it is closed although something lacks; stands in the chain of events.

    Raises
    ------
    RegisterError
        If it is closed, something in it waits for a person, or a batch was interrupted.
    """
    if not by.strip():
        raise RegisterError("register.no_name")
    with store.act("close_period", by=by, why=why) as act:
        if state_of(store, period.name) is PeriodState.CLOSED:
            raise RegisterError("register.closed_already", period=period)
        if waiting := _waiting(store, period):
            raise RegisterError("register.waits", period=period, count=waiting)
        interrupted = store.row("SELECT batch FROM known_batches WHERE NOT (complete OR withdrawn) LIMIT 1")
        if interrupted is not None:
            raise RegisterError("register.interrupted", batch=interrupted["batch"])
        close_as_it_is(store, act, period)
    return status(store, period)


def close_as_it_is(store: Store, act: Act, period: Period) -> None:
    """Keep the figures of a period, whatever waits: `close` asks before."""
    at("closing", 0, 3)
    counted = tally(store, period.name)
    at("closing", 1, 3)
    figures = figures_of(store, period, counted.tallies)
    at("closing", 2, 3)
    number = act.next_id("period_states", "period_state")
    act.add(
        "period_states",
        {
            "period_state": number,
            "period": period.name,
            "state": PeriodState.CLOSED.value,
            "figures": json.dumps(figures, ensure_ascii=False, sort_keys=True),
            "rules": rules().version,
        },
    )
    keep(act, number, counted)
    at("closing", 3, 3)


def adjust(store: Store, period: Period, *, by: str, why: str) -> PeriodStatus:
    """Reopen a closed period for a reason; slips that waited for it count from now on.

    Raises
    ------
    RegisterError
        If it is not closed, or name or reason are missing.
    """
    if not by.strip():
        raise RegisterError("register.no_name")
    if not why.strip():
        raise RegisterError("register.no_why")
    with store.act("adjust_period", by=by, why=why) as act:
        if state_of(store, period.name) is not PeriodState.CLOSED:
            raise RegisterError("register.not_closed", period=period)
        act.add(
            "period_states",
            {
                "period_state": act.next_id("period_states", "period_state"),
                "period": period.name,
                "state": PeriodState.ADJUSTING.value,
                "figures": None,
            },
        )
        decision = act.next_id("decided_slips", "decision")
        late = store.rows(
            f"SELECT reading FROM slips WHERE {IN_PERIOD} AND standing = ?2 AND set_aside = ?3",
            period.name,
            Standing.HELD,
            Aside.PERIOD_CLOSED,
        )
        for at, row in enumerate(list(late)):
            act.add(
                "decided_slips",
                {
                    "decision": decision + at,
                    "reading": row["reading"],
                    "outcome": SlipDecision.COUNTS,
                    "reason": None,
                },
            )
    return status(store, period)


def status(store: Store, period: Period) -> PeriodStatus:
    """Return where a period is, with all its closings, and what waits, for which the queue is looked at."""
    return PeriodStatus(
        period.name, state_of(store, period.name), _waiting(store, period), closings_of(store, period)
    )


def closings_of(store: Store, period: Period) -> tuple[Closing, ...]:
    """Return the closings of a period, the first one first."""
    closings: list[Closing] = []
    why, before = "", None
    for row in store.rows(
        """SELECT state, figures, rules, at, by, why, hash FROM period_states JOIN events USING (event)
        WHERE period = ? ORDER BY period_state""",
        period.name,
    ):
        if row["state"] == PeriodState.ADJUSTING:
            why = row["why"]
            continue
        figures: Figures = json.loads(row["figures"])
        changes = difference(before, figures)
        closings.append(
            Closing(
                at=row["at"],
                by=row["by"],
                why=why,
                figures=figures,
                difference=changes,
                rules=row["rules"] or "",
                though=row["why"] or "",
                root=row["hash"],
            )
        )
        before = figures
    return tuple(closings)


def root_of(store: Store, period: Period) -> str:
    """Return the hash of the event that closed a period, "" while it is not closed.

    The chain of events up to it holds every row that its figures come from.
    """
    row = store.row(
        """SELECT state, hash FROM period_states JOIN events USING (event)
        WHERE period = ? ORDER BY period_state DESC LIMIT 1""",
        period.name,
    )
    return str(row["hash"]) if row and row["state"] == PeriodState.CLOSED else ""


def difference(before: Figures | None, after: Figures) -> dict[str, tuple[int, int]]:
    """Return what changed, as (before, after); a figure that is not there is 0.

    Examples
    --------
    >>> difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    {'b': (2, 3), 'c': (0, 4)}
    """
    if before is None:
        return {}
    names = sorted(before.keys() | after.keys())
    pairs = {name: (before.get(name, 0), after.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def of_nobody(figures: Mapping[str, Counts], forms: Mapping[str, Form]) -> dict[str, Counts]:
    """Return the figures without those of who the respondents are and of the numbers they wrote.

    They stand by unit and form, no cell of them hidden: of them only the reports tell, what Biểu 05 shows.
    """
    personal = {
        (form.form, form.revision, question.key)
        for form in forms.values()
        for question in form.questions
        if question.kind in VALUES or question in grouping_questions(form)
    }
    return {name: counts for name, counts in figures.items() if tuple(name.split("/")[1:4]) not in personal}


@dataclass(frozen=True, slots=True)
class Changed:
    """One figure of the books, or a unit's visits, that an adjustment changed."""

    unit: str
    form: str  # "" of visits
    figure: str  # word of messages ``register.figure_<word>``
    before: int
    after: int


def changes_of(found: Mapping[str, tuple[int, int]]) -> tuple[list[Changed], dict[tuple[str, str], int]]:
    """Return what an adjustment changed: figures one by one; of answers how many, by unit and form."""
    figures: list[Changed] = []
    answers: dict[tuple[str, str], int] = {}
    for name, (before, after) in found.items():
        unit, *parts = name.split("/")
        if len(parts) > 2:  # form, revision, question, state, code
            answers[unit, parts[0]] = answers.get((unit, parts[0]), 0) + 1
        else:
            figures.append(Changed(unit, "/".join(parts[:-1]), parts[-1], before, after))
    return figures, answers


def figures_of(store: Store, period: Period, tallies: Tallies | None = None) -> Figures:
    """Return every figure of a period as it stands: the books, every answer's count, the visits.

    The slips are counted from their rows, unless the tallies were made just now: whoever checks
    a closing counts again.
    """
    if tallies is None:
        tallies = tally(store, period.name).tallies
    figures: Figures = {}
    forms = store.forms
    for line in reconcile(store, period):
        if line.only_moved:  # figures of closings keep to what a unit has itself
            continue
        figures |= {f"{line.unit}/{line.form}/{name}": number for name, number in line.figures.items()}
    for answer in tallies.answers:
        form = forms[answer.stratum.fingerprint]
        where = f"{answer.stratum.unit}/{form.form}/{form.revision}/{answer.question}"
        name = f"{where}/{answer.state}/{answer.code}".rstrip("/")
        figures[name] = figures.get(name, 0) + answer.slips  # paper and electronic
    return figures | {f"{unit}/visits": visits for unit, visits in visits_of(store, period.name).items()}


def _waiting(store: Store, period: Period) -> int:
    # A rejected page may be a slip of any period that its stack has.
    count = store.value(
        f"""SELECT count(*) FROM waiting
        WHERE (period = ?1 AND reason <> ?2) OR (kind = 'page' AND batch IN (
            SELECT batch FROM told_batches WHERE period = ?1
            UNION SELECT batch FROM slips WHERE {IN_PERIOD}))""",
        period.name,
        Aside.PERIOD_CLOSED,
    )
    return int(count or 0)
