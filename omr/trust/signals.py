"""Signals: patterns of a unit that are worth a look, each with its chance if all is as usual.

A signal is a reason to fetch the paper, never a verdict, and it changes no figure. Every
question that can be asked of a month is asked of every unit, and the chances are corrected
for all of them together, so that many units do not make many alarms. docs/signals.md tells
the null models, and what each signal finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

import numpy as np

from omr.figures import Share
from omr.trust.chances import both, chance_of_rate, corrected, repeats, spread_of_rates, surprising_run
from omr.trust.strokes import copies, one_hand
from omr.trust.unit_months import Rates, SeenSlip, UnitMonth

# Share of false alarms among alarms that is accepted, and what it may cost in a quiet month:
# one alarm per hundred units. bench/trust/signals.py measures both.
MOST_FALSE: Final = 0.10
PER_UNIT: Final = 0.01

LEAST_MONTHS: Final = 3  # of its past, before a unit is compared with itself; else with the others
LEAST_UNITS: Final = 5  # others, before a unit is compared with them


class SignalKind(StrEnum):
    """What is striking."""

    RUN = "run"  # the same answers on serials in a row
    PARTICIPATION = "participation"  # more slips than visitors
    JUMP = "jump"  # satisfaction far from the unit's own past
    REMOVAL = "removal"  # many slips missing and satisfaction high
    COPIES = "copies"  # marks that repeat each other
    STAMP = "stamp"  # slips without a stamp
    HAND = "hand"  # one pen and hand over a row of serials


@dataclass(frozen=True, slots=True)
class Signal:
    """One pattern of one unit."""

    unit: str
    kind: SignalKind
    values: Mapping[str, object]  # the numbers, for the sentence and for programs
    chance: float  # of one as striking under the null model, in this unit
    serials: tuple[str, ...]  # the slips to look at; ranges as first..last
    corrected: float = 1.0  # the chance, corrected for all units and kinds of the month
    striking: bool = False


def find_signals(months: Sequence[UnitMonth]) -> list[Signal]:
    """Return every pattern that could be tested, the least likely first; most are not striking.

    Parameters
    ----------
    months : sequence of UnitMonth
        All units of one month: they are each other's measure, and the number of tests.
    """
    usual = _Usual(months)
    found = [signal for month in months for test in _TESTS for signal in test(month, usual)]
    level = min(MOST_FALSE, PER_UNIT * len(months))
    signals = [
        Signal(s.unit, s.kind, s.values, s.chance, s.serials, many, many <= level)
        for s, many in zip(found, corrected([s.chance for s in found]), strict=True)
    ]
    return sorted(signals, key=lambda s: (s.corrected, s.chance, s.unit, s.kind))


class _Usual:
    """What is usual: how much the rates of units differ from month to month and from each other."""

    def __init__(self, months: Sequence[UnitMonth]) -> None:
        self._months = months
        self._spreads: dict[tuple[str, bool], float] = {}
        self.repeating = {
            name: repeats([said for month in months for _, said in _sequences(month, name)])
            for name in _LEVELS
        }

    def chances(self, month: UnitMonth, name: str) -> tuple[float, float] | None:
        """Return the chances of a count so low and so high; None where nothing is known to compare with."""
        rate = _RATES[name]
        now = rate(month.now)
        if now is None:
            return None
        own = self._past(month, rate)
        if len(own) >= LEAST_MONTHS:
            return chance_of_rate(*now, own, self._spread(name, rate, past=True))
        others = [r for other in self._months if other is not month and (r := rate(other.now)) and r[1]]
        if len(others) < LEAST_UNITS:
            return None
        # Other units are no copies of this one: their spread counts in full, not over their number.
        pooled = (sum(x for x, _ in others), sum(n for _, n in others))
        return chance_of_rate(*now, [pooled], self._spread(name, rate, past=False))

    def stamps(self, month: UnitMonth) -> float | None:
        """Return the chance of so many slips without a stamp."""
        others = [r for other in self._months if other is not month and (r := _unstamped(other))[1]]
        now = _unstamped(month)
        if len(others) < LEAST_UNITS or not now[1]:
            return None
        pooled = (sum(x for x, _ in others), sum(n for _, n in others))
        return chance_of_rate(*now, [pooled], spread_of_rates([others]))[1]

    @staticmethod
    def _past(month: UnitMonth, rate: _Rate) -> list[tuple[int, int]]:
        return [r for before in month.past if (r := rate(before)) and r[1]]

    def _spread(self, name: str, rate: _Rate, *, past: bool) -> float:
        if (name, past) not in self._spreads:
            groups = (
                [self._past(month, rate) for month in self._months]
                if past
                else [[r for month in self._months if (r := rate(month.now)) and r[1]]]
            )
            self._spreads[name, past] = spread_of_rates(groups)
        return self._spreads[name, past]


_Rate = Callable[[Rates], tuple[int, int] | None]


def _missing_rate(rates: Rates) -> tuple[int, int] | None:
    return None if rates.missing is None or rates.out is None else (rates.missing, rates.out)


_RATES: Final[Mapping[str, _Rate]] = {
    "satisfied": lambda rates: (rates.satisfied, rates.answered),
    "missing": _missing_rate,
}


def _unstamped(month: UnitMonth) -> tuple[int, int]:
    seals = [slip.seal for slip in month.slips if slip.seal != "unknown"]
    return seals.count("absent"), len(seals)


_LEVELS: Final = ("answers", "ratings")


def _sequences(month: UnitMonth, name: str) -> Iterator[tuple[list[SeenSlip], list[str]]]:
    """Yield the slips of each print run, by number, and what they say."""
    for _, group in groupby(month.slips, key=lambda slip: slip.run):
        slips = list(group)
        yield slips, [slip.answers if name == "answers" else slip.ratings for slip in slips]


def _runs(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Look for rows of serials with the same answers, to all questions or to the core ones."""
    best: tuple[float, list[SeenSlip], str, int, int] | None = None
    total = 0
    for name in _LEVELS:
        for slips, patterns in _sequences(month, name):
            # Of the unit or of all units, whichever says more for its neighbours' honesty.
            run = surprising_run(patterns, max(usual.repeating[name], repeats([patterns])))
            if run is None:
                continue
            total += 1
            if best is None or run.chance < best[0]:
                row = slips[run.start : run.start + run.length]
                best = run.chance, row, name, run.alike, len(slips)
    if best is None:
        return
    chance, row, name, alike, of = best
    values = {"length": len(row), "of": of, "alike": alike, "questions": name}
    yield Signal(month.unit, SignalKind.RUN, values, min(1.0, total * chance), tuple(s.serial for s in row))


def _participation(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Compare the slips that came back with the people who came."""
    if month.visits is None:
        return
    # One visitor hands in one slip: more than all is impossible, anything else proves nothing.
    impossible = month.returned > month.visits
    values = {"returned": month.returned, "visits": month.visits}
    yield Signal(month.unit, SignalKind.PARTICIPATION, values, 0.0 if impossible else 1.0, ())


def _jump(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Compare the satisfied share with the unit's own past, in both directions."""
    past = [before for before in month.past if before.answered]
    if len(past) < LEAST_MONTHS or (chances := usual.chances(month, "satisfied")) is None:
        return
    values = {
        "share": str(Share(month.now.satisfied, month.now.answered)),
        "past": str(Share(sum(b.satisfied for b in past), sum(b.answered for b in past))),
        "months": len(past),
    }
    yield Signal(month.unit, SignalKind.JUMP, values, min(1.0, 2 * min(chances)), ())


def _removal(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Ask whether more slips are missing and more answers are satisfied than usual, both at once."""
    satisfied, missing = usual.chances(month, "satisfied"), usual.chances(month, "missing")
    if satisfied is None or missing is None:
        return
    values = {
        "missing": month.now.missing,
        "out": month.now.out,
        "share": str(Share(month.now.satisfied, month.now.answered)),
        "chance_missing": missing[1],
        "chance_share": satisfied[1],
    }
    # Either alone has a hundred causes; which slips are missing must not depend on what they say.
    chance = both(missing[1], satisfied[1])
    yield Signal(month.unit, SignalKind.REMOVAL, values, chance, month.missing)


def _stamp(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Compare the slips without a stamp with those of the other units."""
    chance = usual.stamps(month)
    if chance is None:
        return
    absent, of = _unstamped(month)
    serials = tuple(slip.serial for slip in month.slips if slip.seal == "absent")
    yield Signal(month.unit, SignalKind.STAMP, {"absent": absent, "of": of}, chance, serials)


def _hand(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Look for one pen and hand over a row of serials."""
    found = one_hand(month.slips, _chance(month))
    if found is not None:
        values = {"length": len(found.places), "likeness": round(found.likeness, 3)}
        serials = tuple(month.slips[at].serial for at in found.places)
        yield Signal(month.unit, SignalKind.HAND, values, found.chance, serials)


def _copies(month: UnitMonth, usual: _Usual) -> Iterator[Signal]:
    """Look for slips whose marks repeat each other."""
    found = copies(month.slips)
    if found is not None:
        values = {"slips": len(found.places), "likeness": round(found.likeness, 1)}
        serials = tuple(month.slips[at].serial for at in found.places)
        yield Signal(month.unit, SignalKind.COPIES, values, found.chance, serials)


def _chance(month: UnitMonth) -> np.random.Generator:
    """Return a source of chance that is the same whenever the same slips are looked at."""
    text = " ".join([month.unit, *(slip.serial for slip in month.slips)])
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


_TESTS: Final = (_runs, _participation, _jump, _removal, _copies, _stamp, _hand)
