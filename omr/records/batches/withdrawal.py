"""A batch is taken back, given back, or told otherwise; what depended on it is decided again.

Of every serial that the batch holds, all slips are judged anew in the order in which they were
read, as intake judged them. A refusal that a person spoke because of another slip with the same
serial is withdrawn with it; what a person decided for another reason stays. Nothing is removed:
withdrawals, corrections and new standings are added facts.

Each act returns what it changes; within `Store.trial` it says so without doing it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from omr.errors import RegisterError
from omr.records.batches.batches import find_batch
from omr.records.counts.slips import current_slips
from omr.records.intake.orders import Orders
from omr.records.intake.standing import Admission, Seen, against
from omr.records.offices.periods import refuse_closed
from omr.records.register.register import issued
from omr.records.store.act import Act
from omr.records.store.store import Store
from omr.words import WITHDRAWN, Aside, Seal, Standing

_BY_ITSELF = "none"  # stands for no reason: `restandings` must say that there is none any more


@dataclass(frozen=True, slots=True)
class Moved:
    """Slips of one unit and period that stand where they stood, before and after."""

    unit: str
    period: str
    standing: Standing
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Valid:
    """How many slips of one unit and period are in the figures, before and after."""

    unit: str
    period: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Change:
    """What an act changes among the slips that it touches."""

    batch: str
    slips: tuple[Moved, ...]
    valid: tuple[Valid, ...]  # an empty slip counts as a slip as well, so standings alone do not say it
    waiting_before: int  # for a person, in all
    waiting_after: int


def withdraw_batch(store: Store, batch: str, *, by: str, why: str) -> Change:
    """Take a batch back: its pages are kept, and none of them counts or waits any more.

    Raises
    ------
    RegisterError
        If there is no such batch, it is withdrawn already, a name or reason is missing, or it
        touches a closed period.
    """
    return _turn(store, batch, withdrawn=True, by=by, why=why)


def give_back_batch(store: Store, batch: str, *, by: str, why: str) -> Change:
    """Let a batch count again that was withdrawn.

    Raises
    ------
    RegisterError
        As `withdraw_batch`; if it is not withdrawn.
    """
    return _turn(store, batch, withdrawn=False, by=by, why=why)


def correct_batch(store: Store, batch: str, orders: Orders, *, by: str, why: str) -> Change:
    """Say otherwise what was told of a batch: whose slips it holds, of when, how many sheets.

    Raises
    ------
    OmrError
        If there is no such batch, unit or period, a name or reason is missing, or it touches a
        closed period.
    """
    _said(by, why)
    orders = orders.checked(store)
    with store.act("correct_batch", by=by, why=why) as act:
        find_batch(store, batch)
        if orders.period is not None:
            refuse_closed(store, orders.period)
        touched = _Touched(store, batch)
        act.add(
            "batch_corrections",
            {
                "correction": act.next_id("batch_corrections", "correction"),
                "batch": batch,
                "unit": orders.unit,
                "period": orders.period,
                "expected": orders.expected,
            },
        )
        _judge_again(store, act, touched.serials)
        return touched.change()


def _turn(store: Store, batch: str, *, withdrawn: bool, by: str, why: str) -> Change:
    _said(by, why)
    with store.act("withdraw_batch" if withdrawn else "give_back_batch", by=by, why=why) as act:
        if find_batch(store, batch).withdrawn == withdrawn:
            raise RegisterError("batch.withdrawn" if withdrawn else "batch.not_withdrawn", batch=batch)
        touched = _Touched(store, batch)
        number = act.next_id("batch_withdrawals", "withdrawal")
        act.add("batch_withdrawals", {"withdrawal": number, "batch": batch, "withdrawn": int(withdrawn)})
        _judge_again(store, act, touched.serials)
        return touched.change()


def _said(by: str, why: str) -> None:
    if not by.strip():
        raise RegisterError("register.no_name")
    if not why.strip():
        raise RegisterError("register.no_why")


class _Touched:
    """The slips that a batch touches, counted before and after; refused if a closed period has one."""

    def __init__(self, store: Store, batch: str) -> None:
        self._store = store
        self._batch = batch
        rows = store.rows(
            "SELECT DISTINCT serial FROM readings JOIN pages USING (page) WHERE batch = ?", batch
        )
        self.serials = [str(row["serial"]) for row in rows]
        self._before, self._waiting = self._count()
        self._valid = self._count_valid()
        periods = {period for _, period, _ in self._before}
        periods |= {row["period"] for row in store.rows(_PERIODS_OF, batch)}
        for period in sorted(periods):
            refuse_closed(store, period)

    def change(self) -> Change:
        """Return what is otherwise now."""
        after, waiting = self._count()
        for _, period, _ in after:
            refuse_closed(self._store, period)
        moved = [
            Moved(unit, period, Standing(standing), self._before[key], after[key])
            for key in sorted({*self._before, *after})
            for unit, period, standing in [key]
            if self._before[key] != after[key]
        ]
        now = self._count_valid()
        valid = [
            Valid(unit, period, self._valid[unit, period], now[unit, period])
            for unit, period in sorted({*self._valid, *now})
            if self._valid[unit, period] != now[unit, period]
        ]
        return Change(self._batch, tuple(moved), tuple(valid), self._waiting, waiting)

    def _count(self) -> tuple[Counter[tuple[str, str, str]], int]:
        counts: Counter[tuple[str, str, str]] = Counter()
        for serial in self.serials:
            for row in self._store.rows("SELECT unit, period, standing FROM slips WHERE serial = ?", serial):
                counts[row["unit"], row["period"], row["standing"]] += 1
        return counts, int(self._store.value("SELECT count(*) FROM waiting") or 0)

    def _count_valid(self) -> Counter[tuple[str, str]]:
        slips = current_slips(self._store, serials=self.serials)
        return Counter((slip.unit, slip.period) for slip in slips if slip.valid)


_PERIODS_OF = "SELECT DISTINCT period FROM readings JOIN pages USING (page) WHERE batch = ?"


@dataclass(frozen=True, slots=True)
class Anew:
    """What judging again would say otherwise of slips: rows of `restandings`, and refusals it takes back."""

    standings: tuple[dict[str, int | str | None], ...]
    refused: tuple[int, ...]  # readings


def judged_anew(store: Store, serials: Iterable[str]) -> Anew:
    """Judge all slips of some serials as intake would judge them now, in the order of their reading.

    After any act this says nothing new of a serial in an open period that would change a figure
    (tests/records/test_acts_at_random.py).
    """
    issues = {issue.run: issue for issue in issued(store)}
    admissions: dict[Orders, Admission] = {}
    refused: list[int] = []
    standings: list[dict[str, int | str | None]] = []
    for serial in serials:
        of_page: dict[int, list[Seen]] = {}
        for row in list(store.rows(_SLIPS_OF, serial)):
            earlier = of_page.setdefault(row["form_page"], [])
            form = store.forms[row["fingerprint"]].page(row["form_page"])
            seen = Seen(row["reading"], row["picture"], row["marks"], Seal(row["seal"]))
            orders = Orders(row["told_unit"], row["told_period"])
            if orders not in admissions:
                admissions[orders] = Admission(store, orders)
            if earlier:
                reason: Aside | None = against(form, seen, earlier)
                other: int | None = earlier[0].reading
            else:
                admission, issue = admissions[orders], issues[row["run"]]
                reason, other = admission.why_aside_alone(issue, row["number"]), None
                if reason is None:
                    other = admission.typed_twin(form, issue, row["number"], serial, seen)
                    reason = None if other is None else Aside.DUPLICATE_OTHER_IMAGE
            earlier.append(seen)
            late = row["set_aside"] == Aside.PERIOD_CLOSED and reason is None
            if not late and (reason, other) != (row["set_aside"], row["other"]):
                standings.append({"reading": seen.reading, "reason": reason or _BY_ITSELF, "other": other})
            if row["outcome_by_hand"] == Standing.REFUSED:
                refused.append(seen.reading)
    return Anew(tuple(standings), tuple(refused))


def _judge_again(store: Store, act: Act, serials: Iterable[str]) -> None:
    anew = judged_anew(store, serials)
    stand_anew(act, anew.standings)
    first = act.next_id("decided_slips", "decision")
    act.add(
        "decided_slips",
        *(
            {"decision": first + at, "reading": reading, "outcome": WITHDRAWN, "reason": None}
            for at, reading in enumerate(anew.refused)
        ),
    )


def stand_anew(act: Act, standings: Iterable[dict[str, int | str | None]]) -> None:
    """Let slips stand as `judged_anew` says."""
    first = act.next_id("restandings", "restanding")
    act.add("restandings", *({"restanding": first + at, **one} for at, one in enumerate(standings)))


_SLIPS_OF = f"""
    SELECT slips.reading, slips.run, slips.number, fingerprint, slips.form_page, slips.other, outcome_by_hand,
           nullif(set_aside, '{Aside.PAGES_MISSING}') AS set_aside,
           picture, marks, seal, told_batches.unit AS told_unit, told_batches.period AS told_period
    FROM slips JOIN readings USING (reading) JOIN pages ON pages.page = readings.page
    JOIN told_batches ON told_batches.batch = slips.batch
    WHERE slips.serial = ? ORDER BY slips.reading
"""
