"""Reconciliation: of every unit and form, what came in against what became of it.

opening + received + moved = returned + spoiled + in stock + missing. Missing is what nothing is
known of; it is a set of serials, not a difference. Where the sides differ, a serial is in
two places at once, and the contradiction is named.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from omr.errors import OmrError
from omr.forms.serial import Issue, parse_serial
from omr.records.counts.slips import NOT_COUNTED_AS_RETURNED, current_slips
from omr.records.offices.periods import Period
from omr.records.register.custody import Custody, latest_counts
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.words import Standing

Numbers = dict[str, Ranges]  # print run -> numbers
Key = tuple[str | None, str | None]  # unit and form; None: nobody knows


@dataclass(frozen=True, slots=True)
class Line:
    """The books of one unit and form in one period."""

    unit: str | None
    form: str | None
    opening: int
    received: int
    returned: int
    valid: int
    invalid: int
    spoiled: int
    in_stock: int
    missing_numbers: Numbers
    contradictions: Numbers  # serials that are in two places
    unknown: int  # slips in the unit's stacks with serials that were not issued, or not to it
    counted: bool  # whether somebody counted the stock; before, all that is out is missing
    received_numbers: Numbers = field(default_factory=dict)  # `received` as serials, moved ones left out
    in_stock_numbers: Numbers = field(default_factory=dict)
    spoiled_numbers: Numbers = field(default_factory=dict)
    moved_in: int = 0  # of `received`: in another unit's stock when the period began
    moved_out: int = 0  # in this unit's stock then, and handed over to another one since

    @property
    def only_moved(self) -> bool:
        """Whether there is nothing to say of it but that its stock was handed over."""
        return bool(self.moved_out) and not self.counted and not any(self.figures.values())

    @property
    def books(self) -> dict[str, int]:
        """The figures as people read them: what was in stock somewhere is moved, not received anew.

        The opening stock of all units is what all had in stock when the month before ended, whoever
        has it now.
        """
        return {
            **self.figures,
            "opening": self.opening + self.moved_out,
            "received": self.received - self.moved_in,
            "moved": self.moved_in - self.moved_out,
        }

    @property
    def figures(self) -> dict[str, int]:
        """The figures of the books by name, as closings and exports keep them."""
        return {
            "opening": self.opening,
            "received": self.received,
            "returned": self.returned,
            "valid": self.valid,
            "invalid": self.invalid,
            "spoiled": self.spoiled,
            "in_stock": self.in_stock,
            "missing": self.missing,
            "unknown": self.unknown,
        }

    @property
    def missing(self) -> int:
        """Serials of which nothing is known."""
        return size(self.missing_numbers)

    @property
    def difference(self) -> int:
        """Serials that are accounted for twice, or for no reason."""
        return self.returned + self.spoiled + self.in_stock + self.missing - self.opening - self.received

    @property
    def balanced(self) -> bool:
        """Whether both sides are equal."""
        return self.difference == 0


@dataclass(slots=True)
class _Books:
    """Sets of serials of one unit and form, by print run."""

    opening: Numbers = field(default_factory=dict)
    received: Numbers = field(default_factory=dict)
    returned: Numbers = field(default_factory=dict)
    spoiled: Numbers = field(default_factory=dict)
    in_stock: Numbers = field(default_factory=dict)
    invalid: int = 0
    moved_in: Numbers = field(default_factory=dict)
    moved_out: int = 0
    foreign: int = 0
    counted: bool = False


def reconcile(store: Store, period: Period) -> list[Line]:
    """Return the books of a period, by unit and form."""
    runs = {issue.run: issue for issue in issued(store)}
    books: defaultdict[Key, _Books] = defaultdict(_Books)
    _enter_custody(store, books, runs, period)
    _enter_returned(store, books, runs, period)
    _enter_spoiled(store, books, runs, period)
    for count in latest_counts(store):
        if count.period == period.name:
            one = books[count.unit, count.form]
            one.counted = True
            for span in count.spans:
                _add(one.in_stock, span.run, span.ranges)
    for key, number in _foreign(store, runs, period).items():
        books[key].foreign = number
    keys = sorted(books, key=lambda key: (key[0] or "~", key[1] or "~"))
    return [_line(key, books[key]) for key in keys]


def _add(numbers: Numbers, run: str, ranges: Ranges) -> None:
    numbers[run] = numbers.get(run, Ranges()) | ranges


def _enter_custody(
    store: Store, books: defaultdict[Key, _Books], runs: Mapping[str, Issue], period: Period
) -> None:
    for span, place in Custody(store, until=period).all():
        if place.period == period.name:
            one = books[place.unit, runs[span.run].form]
            _add(one.opening if place.carried else one.received, span.run, span.ranges)
            if place.opened:
                _add(one.moved_in, span.run, span.ranges)
                books[place.opened, runs[span.run].form].moved_out += len(span.ranges)


def _enter_returned(
    store: Store, books: defaultdict[Key, _Books], runs: Mapping[str, Issue], period: Period
) -> None:
    # Slips about which there is nothing to say, found from one index: they are nearly all.
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in store.rows(
        """SELECT unit, run, json_group_array(number) AS numbers
        FROM (SELECT unit, run, number FROM readings
              WHERE period = ? AND reading NOT IN (SELECT reading FROM exceptional)
              ORDER BY unit, run, number)
        GROUP BY unit, run""",
        period.name,
    ):
        numbers[row["unit"], row["run"]] += json.loads(row["numbers"])
    for slip in current_slips(store, period=period.name, exceptional=True):
        if slip.set_aside in NOT_COUNTED_AS_RETURNED and slip.standing is not Standing.COUNTS:
            continue
        numbers[slip.unit, slip.run].append(slip.number)
        if slip.run in runs:
            books[slip.unit, slip.form].invalid += not slip.valid
    for (unit, run), returned in numbers.items():
        if (
            run not in runs
        ):  # of a form that was not printed here: it was never issued, nothing can be missing
            continue
        _add(books[unit, runs[run].form].returned, run, Ranges.of_numbers(returned))


def _enter_spoiled(
    store: Store, books: defaultdict[Key, _Books], runs: Mapping[str, Issue], period: Period
) -> None:
    for row in store.rows("SELECT * FROM spoilings WHERE period = ?", period.name):
        one = books[row["unit"], runs[row["run"]].form]
        # A person may have let a slip count that was recorded as spoiled: then it is returned.
        spoiled = Ranges(((row["first"], row["last"]),)) - one.returned.get(row["run"], Ranges())
        _add(one.spoiled, row["run"], spoiled)


_FOREIGN: Final = """
    SELECT measured, told_batches.unit AS told_unit, told_batches.period AS told_period,
           (SELECT min(unit) FROM slips WHERE slips.batch = pages.batch) AS unit,
           (SELECT max(unit) FROM slips WHERE slips.batch = pages.batch) AS second_unit,
           (SELECT min(period) FROM slips WHERE slips.batch = pages.batch) AS period,
           (SELECT max(period) FROM slips WHERE slips.batch = pages.batch) AS second_period,
           (SELECT min(form) FROM slips WHERE slips.batch = pages.batch) AS form,
           (SELECT max(form) FROM slips WHERE slips.batch = pages.batch) AS second_form
    FROM pages JOIN told_batches USING (batch)
    LEFT JOIN decided_pages ON decision = (
        SELECT max(decision) FROM decided_pages AS said WHERE said.page = pages.page AND alone IS NULL)
    WHERE pages.outcome = 'rejected' AND pages.batch NOT IN (SELECT batch FROM withdrawn_batches)
      AND CASE coalesce(decided_pages.outcome, 'withdrawn')
        WHEN 'withdrawn' THEN pages.reason = 'serial_unknown'
        WHEN 'invalid' THEN decided_pages.reason IN ('KHL1', 'KHL2')
        ELSE 0 END
"""


def _foreign(store: Store, runs: Mapping[str, Issue], period: Period) -> Counter[Key]:
    """Count the pages whose serial was never issued, where their stack says whose they are."""
    found: Counter[Key] = Counter()
    for row in store.rows(_FOREIGN):
        unit = row["told_unit"] or (row["unit"] if row["unit"] == row["second_unit"] else None)
        when = row["told_period"] or (row["period"] if row["period"] == row["second_period"] else None)
        form = row["form"] if row["form"] == row["second_form"] else None
        if when in (None, period.name):
            found[unit, _form_named(row["measured"], runs) or form] += 1
    return found


def _form_named(measured: str, runs: Mapping[str, Issue]) -> str | None:
    """Return the form that a foreign serial claims to be of, if all forms of its digit are one."""
    try:
        serial = parse_serial(str(json.loads(measured).get("serial", "")))
    except OmrError:
        return None
    forms = {issue.form for issue in runs.values() if issue.digit == serial.digit}
    return forms.pop() if len(forms) == 1 else None


def _line(key: Key, one: _Books) -> Line:
    held = _union(one.opening, one.received)
    accounted = _union(one.returned, one.spoiled, one.in_stock)
    missing = _minus(held, accounted)
    stray = _minus(accounted, held)
    twice = [
        _both(one.returned, one.in_stock),
        _both(one.spoiled, one.in_stock),
        stray,
    ]
    returned = size(one.returned)
    return Line(
        unit=key[0],
        form=key[1],
        opening=size(one.opening),
        received=size(one.received),
        returned=returned,
        valid=returned - one.invalid,
        invalid=one.invalid,
        spoiled=size(one.spoiled),
        in_stock=size(one.in_stock),
        missing_numbers=missing,
        contradictions=_union(*twice),
        unknown=one.foreign + size(stray),
        counted=one.counted,
        received_numbers=_minus(one.received, one.moved_in),
        in_stock_numbers=one.in_stock,
        spoiled_numbers=one.spoiled,
        moved_in=size(one.moved_in),
        moved_out=one.moved_out,
    )


def _union(*sets: Numbers) -> Numbers:
    total: Numbers = {}
    for numbers in sets:
        for run, ranges in numbers.items():
            _add(total, run, ranges)
    return total


def _minus(one: Numbers, two: Numbers) -> Numbers:
    return {run: ranges - two.get(run, Ranges()) for run, ranges in one.items()}


def _both(one: Numbers, two: Numbers) -> Numbers:
    return {run: ranges & two.get(run, Ranges()) for run, ranges in one.items()}


def size(numbers: Numbers) -> int:
    """Return how many serials a set has."""
    return sum(len(ranges) for ranges in numbers.values())


def spans(numbers: Numbers, runs: Mapping[str, Issue]) -> Iterator[str]:
    """Yield a set of serials as ``SERIAL`` and ``SERIAL..SERIAL``."""
    for run in sorted(numbers):
        for first, last in numbers[run]:
            ends = [str(runs[run].serial(number)) for number in dict.fromkeys((first, last))]
            yield "..".join(ends)
