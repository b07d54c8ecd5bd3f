"""Figures: exact counts that are rounded once, when they are printed.

A figure keeps its numerator and denominator as integers. Rounding is half up (away from
zero), in integers: no float ever decides a digit. What has no value says which kind of
nothing it is: "0", "–" and "chưa nộp" are three things.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Final

from omr.text import NO_NUMBER, number

# The 97.5 % quantile of the normal distribution, for two-sided 95 % intervals.
Z95: Final = Decimal("1.959963984540054")

# Sample sizes: n = N / (1 + N e²) with e = 5 %, as the Ministry of Home Affairs teaches it;
# 1 / e² = 400, so n = 400 N / (400 + N) in integers.
INVERSE_SQUARE_MARGIN: Final = 400


class Nothing(StrEnum):
    """Why there is no number; the value is what is printed."""

    NONE = NO_NUMBER  # no denominator, no month before
    NOT_SUBMITTED = "chưa nộp"  # the unit has slips and gave nothing in
    NOT_COMPARABLE = "không so sánh được"  # the form's revision or the unit changed
    SUPPRESSED = "*"  # a small cell, hidden so that nobody can be recognised


class Band(StrEnum):
    """Where a participation rate stands against its target band."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"
    IMPOSSIBLE = "impossible"  # more slips than visitors: an error to explain


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to the nearest integer, halves away from zero.

    Examples
    --------
    >>> half_up(5, 2), half_up(-5, 2), half_up(88_335, 10)
    (3, -3, 8834)
    """
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def quotient(numerator: int, denominator: int, places: int) -> Decimal:
    """Return numerator / denominator with `places` decimals, rounded half up.

    Examples
    --------
    >>> quotient(100 * 6650, 7528, 2)
    Decimal('88.34')
    """
    return Decimal(half_up(numerator * 10**places, denominator)).scaleb(-places)


def vietnamese(value: int | Decimal, *, signed: bool = False) -> str:
    """Return a number as Vietnamese print has it: thousands dot, decimal comma.

    Examples
    --------
    >>> vietnamese(29350), vietnamese(Decimal("1234.50")), vietnamese(Decimal("1.51"), signed=True)
    ('29.350', '1.234,50', '+1,51')
    """
    return number(value, "+," if signed else ",", code="vi")


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, never a bare percentage.

    Examples
    --------
    >>> str(Share(6650, 7528))
    '6.650/7.528 (88,34%)'
    """

    part: int
    whole: int

    def __post_init__(self) -> None:
        if self.part < 0 or self.whole < 0:
            raise ValueError(f"need counts of 0 or more, got {self.part}/{self.whole}")

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.whole + other.whole)

    def percent(self, places: int = 2) -> Decimal | None:
        """Return the percentage rounded half up, None where the whole is 0."""
        return quotient(100 * self.part, self.whole, places) if self.whole else None

    def interval(self, places: int = 2) -> tuple[Decimal, Decimal] | None:
        """Return the Wilson 95 % interval in per cent, None where the whole is 0.

        Computed with 34 decimal digits, so that it prints the same on every machine.

        Examples
        --------
        >>> Share(10, 31).interval(1)
        (Decimal('18.6'), Decimal('49.9'))
        """
        if not self.whole or self.part > self.whole:
            return None
        with localcontext(prec=34):
            part, whole = Decimal(self.part), Decimal(self.whole)
            spread = Z95 * (Z95 * Z95 + 4 * part * (whole - part) / whole).sqrt()
            middle, under = 2 * part + Z95 * Z95, 2 * (whole + Z95 * Z95)
            low = Decimal(0) if self.part == 0 else (middle - spread) / under
            high = Decimal(1) if self.part == self.whole else (middle + spread) / under
            grain = Decimal(1).scaleb(-places)
            return (100 * low).quantize(grain, "ROUND_HALF_UP"), (100 * high).quantize(grain, "ROUND_HALF_UP")

    def __str__(self) -> str:
        percent = self.percent()
        rate = Nothing.NONE.value if percent is None else f"{vietnamese(percent)}%"
        return f"{vietnamese(self.part)}/{vietnamese(self.whole)} ({rate})"


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of levels: the sum of `count` levels."""

    total: int
    count: int

    def value(self, places: int = 2) -> Decimal | None:
        """Return the mean rounded half up, None where nothing was counted."""
        return quotient(self.total, self.count, places) if self.count else None


@dataclass(frozen=True, slots=True)
class Change:
    """How a share moved since `before`, in percentage points."""

    now: Share
    before: Share

    def points(self, places: int = 2) -> Decimal | None:
        """Return the change from the exact shares, rounded once; None where either has no whole.

        It may differ by the last digit from the difference of two rounded percentages;
        the report's page on method says so.
        """
        if not (self.now.whole and self.before.whole):
            return None
        rise = self.now.part * self.before.whole - self.before.part * self.now.whole
        return quotient(100 * rise, self.now.whole * self.before.whole, places)


def required_sample(population: int) -> int:
    """Return how many valid slips a unit with `population` visits needs to quote its figure at ±5 %.

    Examples
    --------
    >>> [required_sample(visits) for visits in (50, 200, 2_000, 100_000)]
    [45, 134, 334, 399]
    """
    return -(-INVERSE_SQUARE_MARGIN * population // (INVERSE_SQUARE_MARGIN + population))


def participation_band(rate: Share, low: int, high: int) -> Band | None:
    """Return where `rate` stands against the target of `low` to `high` per cent, both included."""
    if not rate.whole:
        return None
    if rate.part > rate.whole:
        return Band.IMPOSSIBLE
    if 100 * rate.part < low * rate.whole:
        return Band.BELOW
    return Band.WITHIN if 100 * rate.part <= high * rate.whole else Band.ABOVE
