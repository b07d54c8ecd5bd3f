"""What the signals find, and how often they cry wolf: simulated months of units, honest and tampered.

    python bench trust signals                     minutes: false alarms, and the curves of what is found
    python bench trust signals --trials 200        more of both

Writes signals.csv and signals.svg into --output. What the looks of marks tell is measured by
`trust strokes`, on slips that are drawn and scanned.

The honest world: answers as `omr.simulate.respondents` gives them (half of all people tick one
column all the way down); each unit has its own satisfied share and share of missing slips, and
both move from month to month, satisfaction also from day to day; neighbours in the queue came
for the same procedure more often. The numbers of that world stand below, they are assumptions.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from harness import OUT, measurement, path_option, seed_option

from omr.forms.layout import find_form
from omr.forms.surveys import overall_question
from omr.forms.template import Form
from omr.simulate.respondents import EVERYDAY, fill
from omr.trust.signals import SignalKind, find_signals
from omr.trust.unit_months import MONTHS_BACK, Rates, SeenSlip, UnitMonth

SIZES = (30, 50, 80, 120, 200, 400, 800, 1600)  # slips that came back to a unit in a month
UNITS = 20  # of a month: one is tampered with, the others are honest and of 100 slips
USUAL_SIZE = 100
TAMPERED = 0.05  # of a unit's slips
MISSING = (0.02, 0.06, 0.15)  # share of slips that people take home, of a typical unit

# Standard deviations of log odds: between units, and from month to month within one.
UNIT_SATISFIED, MONTH_SATISFIED = 0.4, 0.15
UNIT_MISSING, MONTH_MISSING = 0.4, 0.15
DAY_SATISFIED, DAY = 0.3, 20  # a day has so many slips
PROCEDURE = "A5"
SAME_PROCEDURE = 0.3  # share of people who came for the same procedure as the one before

Rng = np.random.Generator


@dataclass(frozen=True)
class Crowd:
    """Honest slips to draw from, as (about the respondent, ratings, satisfied)."""

    satisfied: tuple[tuple[str, str], ...]
    other: tuple[tuple[str, str, bool | None], ...]
    best: str  # the ratings of one who ticks "very satisfied" all the way down


def draw_crowd(form: Form, people: int, rng: Rng) -> Crowd:
    """Let people answer a form."""
    overall = overall_question(form)
    assert overall is not None
    good = {option.code for option in overall.options if option.satisfied}
    core = [question.key for question in form.questions if question.core]
    satisfied, other = [], []
    for _ in range(people):
        said = fill(form, EVERYDAY, rng).answers
        ratings = " ".join(f"{key}={'+'.join(said[key])}" for key in core)
        about = " ".join(f"{key}={'+'.join(codes)}" for key, codes in said.items() if key not in core)
        chosen = said[overall.key]
        if len(chosen) == 1 and chosen[0] in good:
            satisfied.append((about, ratings))
        else:
            other.append((about, ratings, False if len(chosen) == 1 else None))
    best = Counter(ratings for _, ratings in satisfied).most_common(1)[0][0]
    return Crowd(tuple(satisfied), tuple(other), best)


def _odds(share: float, *moves: float) -> float:
    return float(1 / (1 + np.exp(-np.log(share / (1 - share)) - sum(moves))))


def _today(share: float, rng: Rng) -> float:
    return _odds(share, rng.normal(0, DAY_SATISFIED))


@dataclass(frozen=True)
class Desk:
    """One unit as it is."""

    unit: str
    satisfied: float
    missing: float

    @classmethod
    def draw(cls, unit: str, crowd: Crowd, missing: float, rng: Rng) -> Desk:
        """Draw a unit's own rates."""
        usual = len(crowd.satisfied) / (len(crowd.satisfied) + len(crowd.other))
        return cls(
            unit,
            _odds(usual, rng.normal(0, UNIT_SATISFIED)),
            _odds(missing, rng.normal(0, UNIT_MISSING)),
        )

    def rates(self, size: int, rng: Rng) -> tuple[float, int]:
        """Return this month's satisfied share, and how many slips are missing."""
        missing = _odds(self.missing, rng.normal(0, MONTH_MISSING))
        return (
            _odds(self.satisfied, rng.normal(0, MONTH_SATISFIED)),
            int(rng.negative_binomial(size, 1 - missing)),
        )

    def past(self, crowd: Crowd, size: int, rng: Rng) -> Rates:
        """Return an earlier month."""
        share, missing = self.rates(size, rng)
        days = [min(DAY, size - first) for first in range(0, size, DAY)]
        satisfied = sum(int(rng.binomial(day, _today(share, rng))) for day in days)
        unsatisfied = sum(answer is False for _, _, answer in crowd.other) / len(crowd.other)
        answered = satisfied + int(rng.binomial(size - satisfied, unsatisfied))
        return Rates(satisfied, answered, missing, size + missing)

    def month(self, crowd: Crowd, size: int, rng: Rng, months: int = MONTHS_BACK) -> UnitMonth:
        """Return an honest month."""
        share, missing = self.rates(size, rng)
        slips: list[SeenSlip] = []
        before, today = "", share
        for number in range(size):
            satisfied: bool | None
            if number % DAY == 0:
                today = _today(share, rng)
            if rng.random() < today:
                about, ratings = crowd.satisfied[int(rng.integers(len(crowd.satisfied)))]
                satisfied = True
            else:
                about, ratings, satisfied = crowd.other[int(rng.integers(len(crowd.other)))]
            if before and rng.random() < SAME_PROCEDURE:
                about = _with_procedure(about, before)
            before = about
            slips.append(_slip(self.unit, number, about, ratings, satisfied))
        return _month(self.unit, slips, missing, tuple(self.past(crowd, size, rng) for _ in range(months)))


def _with_procedure(about: str, before: str) -> str:
    same = next(part for part in before.split() if part.startswith(f"{PROCEDURE}="))
    return " ".join(same if part.startswith(f"{PROCEDURE}=") else part for part in about.split())


def _slip(unit: str, number: int, about: str, ratings: str, satisfied: bool | None) -> SeenSlip:
    return SeenSlip(
        f"{unit}-{number:05}", unit, number, "B", f"{about} {ratings}", ratings, satisfied, "present"
    )


def _month(unit: str, slips: Sequence[SeenSlip], missing: int, past: tuple[Rates, ...]) -> UnitMonth:
    answers = [slip.satisfied for slip in slips if slip.satisfied is not None]
    rates = Rates(sum(answers), len(answers), missing, len(slips) + missing)
    return UnitMonth(unit, rates, past, tuple(slips), (), len(slips), 2 * len(slips))


def _stuffed(month: UnitMonth, crowd: Crowd, make: Callable[[int], tuple[str, str]], rng: Rng) -> UnitMonth:
    """Put made-up slips on serials in a row."""
    many = max(1, round(TAMPERED * len(month.slips)))
    at = int(rng.integers(len(month.slips) + 1))
    false = [_slip(month.unit, 0, *make(place), True) for place in range(many)]
    slips = [
        replace(slip, number=number, serial=f"{month.unit}-{number:05}")
        for number, slip in enumerate([*month.slips[:at], *false, *month.slips[at:]])
    ]
    return _month(month.unit, slips, month.now.missing or 0, month.past)


def _people(crowd: Crowd, rng: Rng) -> Callable[[int], tuple[str, str]]:
    return lambda _: crowd.satisfied[int(rng.integers(len(crowd.satisfied)))]


def stuff_one_pattern(month: UnitMonth, crowd: Crowd, rng: Rng) -> UnitMonth:
    """Fill slips in a row, all alike."""
    about, _ = _people(crowd, rng)(0)
    return _stuffed(month, crowd, lambda _: (about, crowd.best), rng)


def stuff_one_column(month: UnitMonth, crowd: Crowd, rng: Rng) -> UnitMonth:
    """Fill slips in a row, "very satisfied" everywhere, but invent different respondents."""
    someone = _people(crowd, rng)
    return _stuffed(month, crowd, lambda place: (someone(place)[0], crowd.best), rng)


def stuff_like_honest(month: UnitMonth, crowd: Crowd, rng: Rng) -> UnitMonth:
    """Fill slips in a row as satisfied people would: nothing in the answers can tell."""
    return _stuffed(month, crowd, _people(crowd, rng), rng)


def remove_bad(month: UnitMonth, crowd: Crowd, rng: Rng) -> UnitMonth:
    """Take away the slips that are not satisfied, and others until the share is reached."""
    many = max(1, round(TAMPERED * len(month.slips)))
    order = sorted(month.slips, key=lambda slip: (slip.satisfied is not False, rng.random()))
    gone = {slip.number for slip in order[:many]}
    kept = [slip for slip in month.slips if slip.number not in gone]
    return _month(month.unit, kept, (month.now.missing or 0) + many, month.past)


TAMPERINGS = {
    "stuffed, one pattern": stuff_one_pattern,
    "stuffed, one column": stuff_one_column,
    "stuffed, like honest": stuff_like_honest,
    "removed": remove_bad,
}


def honest_months(crowd: Crowd, sizes: Sequence[int], missing: float, rng: Rng) -> list[UnitMonth]:
    """Return one honest month of units of these sizes."""
    desks = [Desk.draw(f"U{place:03}", crowd, missing, rng) for place in range(len(sizes))]
    return [desk.month(crowd, size, rng) for desk, size in zip(desks, sizes, strict=True)]


def false_alarms(crowd: Crowd, size: int, missing: float, months: int, rng: Rng) -> Counter[str]:
    """Return in how many unit-months of honest units there was an alarm, and of which kind."""
    by: Counter[str] = Counter()
    for _ in range(months):
        alarms = [s for s in find_signals(honest_months(crowd, [size] * UNITS, missing, rng)) if s.striking]
        by.update(signal.kind.value for signal in alarms)
        by["found"] += len({signal.unit for signal in alarms})
    return by


def found(crowd: Crowd, name: str, size: int, missing: float, trials: int, rng: Rng) -> Counter[str]:
    """Return in how many months the tampered unit was found, and by which signal."""
    by: Counter[str] = Counter()
    for _ in range(trials):
        months = honest_months(crowd, [size] + [USUAL_SIZE] * (UNITS - 1), missing, rng)
        months[0] = TAMPERINGS[name](months[0], crowd, rng)
        kinds = {s.kind for s in find_signals(months) if s.striking and s.unit == months[0].unit}
        by.update(kind.value for kind in kinds)
        by["found"] += bool(kinds)
    return by


COLUMNS = ("tampering", "size", "missing", "trials", "found", *(kind.value for kind in SignalKind))


def measure(trials: int, sizes: Sequence[int], seed: int) -> list[dict[str, object]]:
    """Return one row per tampering, size and share of missing slips; "none" counts false alarms."""
    rng = np.random.default_rng(seed)
    crowd = draw_crowd(find_form("DL-01", None), 20_000, rng)
    rows: list[dict[str, object]] = []
    for missing in MISSING:
        for size in sizes:
            months = max(2, trials // 4)
            alarms = false_alarms(crowd, size, missing, months, rng)
            rows.append(_row("none", size, missing, months * UNITS, alarms))
            names = TAMPERINGS if missing == MISSING[1] else ("removed",)
            for name in names:
                rows.append(_row(name, size, missing, trials, found(crowd, name, size, missing, trials, rng)))
            print(size, missing, *(f"{row['tampering']}: {row['found']}" for row in rows[-1 - len(names) :]))
    return rows


def _row(name: str, size: int, missing: float, trials: int, by: Counter[str]) -> dict[str, object]:
    return {"tampering": name, "size": size, "missing": missing, "trials": trials} | {
        column: by[column] for column in COLUMNS[4:]
    }


def draw_curves(rows: Sequence[dict[str, object]], target: Path) -> None:
    """Draw the share found by unit size."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    for name, missing in dict.fromkeys((row["tampering"], row["missing"]) for row in rows):
        line = [row for row in rows if (row["tampering"], row["missing"]) == (name, missing)]
        if name == "none":
            continue
        label = f"{name}, {missing:.0%} missing" if name == "removed" else str(name)
        shares = [int(str(row["found"])) / int(str(row["trials"])) for row in line]
        axes.plot([int(str(row["size"])) for row in line], shares, marker="o", label=label)
    axes.axhline(0.5, color="grey", linewidth=0.8, linestyle=":")
    axes.set(
        xscale="log",
        ylim=(-0.02, 1.02),
        xlabel="slips of the unit in the month",
        ylabel="share of tampered months found",
        title="5 % of a unit's slips tampered with",
    )
    axes.set_xticks(SIZES, [str(size) for size in SIZES], minor=False)
    axes.minorticks_off()
    axes.legend()
    figure.savefig(target, metadata={"Date": None})


@measurement(__doc__)
@click.option("--trials", default=40, show_default=True, help="tampered months per point")
@click.option(
    "--size", "sizes", type=int, multiple=True, default=SIZES, help="slips of a unit; several times"
)
@seed_option
@path_option("-o", "--output", default=OUT / "signals")
def main(trials: int, sizes: tuple[int, ...], seed: int, output: Path) -> None:
    """Measure and write."""
    output.mkdir(parents=True, exist_ok=True)
    rows = measure(trials, sizes, seed)
    with (output / "signals.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    draw_curves(rows, output / "signals.svg")
