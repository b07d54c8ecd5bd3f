"""Where every serial is registered: spans of print runs, and whose they are in which period.

What is known is painted over a run's range in the order of the periods, so that a million
serials cost a few spans.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from omr.errors import RegisterError
from omr.forms.serial import IssuedSerials, Serial, parse_serial
from omr.records.offices.periods import Period, parse_period
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.store.act import Row
from omr.records.store.store import Store


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Serials `first` to `last` of one print run."""

    run: str
    first: int
    last: int

    @property
    def ranges(self) -> Ranges:
        """The numbers as a set."""
        return Ranges(((self.first, self.last),))

    @property
    def row(self) -> Row:
        """The span as columns."""
        return {"run": self.run, "first": self.first, "last": self.last}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose serials they are, and in which period they should come back."""

    unit: str
    period: str
    carried: bool = False  # from the stock at the end of the period before
    opened: str = (
        ""  # the unit in whose stock they were when the period began, if they were handed over since
    )


def parse_span(issues: IssuedSerials, text: str) -> Span:
    """Return the span written as ``SERIAL``, ``SERIAL..SERIAL``, or as a whole print run, ``R26-0001``.

    Raises
    ------
    OmrError
        If a serial is wrong or was never issued, or the two are not of one run in order.
    """
    whole = issues.run(text.strip().upper())
    if whole is not None:
        return Span(whole.run, whole.first, whole.last)
    words = text.split("..")
    if len(words) > 2:
        raise RegisterError("register.bad_range", text=text[:80])
    first, last = (_known(issues, word) for word in (words[0], words[-1]))
    if first[1] != last[1] or first[0].number > last[0].number:
        raise RegisterError("register.two_runs", first=first[0].printed, last=last[0].printed)
    return Span(first[1], first[0].number, last[0].number)


def _known(issues: IssuedSerials, text: str) -> tuple[Serial, str]:
    serial = parse_serial(text)
    issue = issues.find(serial)
    if issue is None:
        raise RegisterError("register.not_issued", serial=serial.printed)
    return serial, issue.run


class Custody:
    """Where all serials are registered, as far as hand-overs and stock counts say.

    Parameters
    ----------
    until : Period, optional
        Leave out what happened after this period, and its own stock counts.
    """

    def __init__(self, store: Store, until: Period | None = None) -> None:
        self._spans: dict[str, list[tuple[int, int, Place]]] = {}
        steps: list[tuple[Period, int, int, Callable[[], None]]] = []
        for row in store.rows("SELECT * FROM print_runs WHERE state = 'issued'"):
            if until is None or parse_period(row["period"]) <= until:
                self._spans[row["run"]] = [(row["first"], row["last"], Place(row["unit"], row["period"]))]
        for row in store.rows("SELECT * FROM hand_overs"):
            span, place = _span(row), Place(row["unit"], row["period"])
            steps.append((parse_period(row["period"]), 0, row["event"], _step(self._hand_over, span, place)))
        for count in latest_counts(store):
            period = parse_period(count.period)
            for span in count.spans:
                place = Place(count.unit, period.following.name, carried=True)
                before = count.unit, count.period
                steps.append((period, 1, count.number, _step(self._carry, span, place, before)))
        for period, is_count, _, step in sorted(steps, key=lambda step: step[:3]):
            if until is None or period < until or (period == until and not is_count):
                step()

    def place(self, run: str, number: int) -> Place | None:
        """Return where one serial is, or None if its run is not on paper or of a later period."""
        for first, last, place in self._spans.get(run, ()):
            if first <= number <= last:
                return place
        return None

    def spans(self, span: Span) -> list[tuple[Span, Place]]:
        """Return the parts of a span by where they are."""
        return [
            (Span(span.run, max(first, span.first), min(last, span.last)), place)
            for first, last, place in self._spans.get(span.run, ())
            if first <= span.last and last >= span.first
        ]

    def all(self) -> Iterable[tuple[Span, Place]]:
        """Yield all serials by where they are."""
        return ((Span(run, *span[:2]), span[2]) for run, spans in self._spans.items() for span in spans)

    def _hand_over(self, span: Span, place: Place) -> None:
        def painted(there: Place) -> Place:
            # Handed over within the period that they were carried into: moved, not received.
            moved = (there.carried or bool(there.opened)) and there.period == place.period
            return replace(place, opened=there.opened or there.unit) if moved else place

        self._paint(span, painted, lambda before: True)

    def _carry(self, span: Span, place: Place, before: tuple[str, str]) -> None:
        self._paint(span, lambda there: place, lambda there: (there.unit, there.period) == before)

    def _paint(self, span: Span, place: Callable[[Place], Place], over: Callable[[Place], bool]) -> None:
        painted: list[tuple[int, int, Place]] = []
        for first, last, there in self._spans.get(span.run, ()):
            low, high = max(first, span.first), min(last, span.last)
            if low > high or not over(there):
                painted.append((first, last, there))
                continue
            painted += [(first, low - 1, there)] * (first < low)
            painted.append((low, high, place(there)))
            painted += [(high + 1, last, there)] * (high < last)
        if span.run in self._spans:
            self._spans[span.run] = painted


def _step(paint: Callable[..., None], *values: object) -> Callable[[], None]:
    return lambda: paint(*values)


def _span(row: sqlite3.Row) -> Span:
    return Span(row["run"], row["first"], row["last"])


@dataclass(frozen=True, slots=True)
class StockCount:
    """What a unit had in stock of a form at the end of a period."""

    number: int
    unit: str
    form: str
    period: str
    spans: tuple[Span, ...]


def latest_counts(store: Store) -> list[StockCount]:
    """Return the stock counts that count: of a unit, form and period the latest."""
    spans: dict[int, list[Span]] = {}
    for row in store.rows("SELECT * FROM stock_ranges"):
        spans.setdefault(row["stock_count"], []).append(_span(row))
    rows = store.rows(
        """SELECT * FROM stock_counts WHERE stock_count IN (
            SELECT max(stock_count) FROM stock_counts
            WHERE stock_count NOT IN (SELECT stock_count FROM withdrawn_stock_counts)
            GROUP BY unit, form, period)"""
    )
    return [
        StockCount(
            row["stock_count"],
            row["unit"],
            row["form"],
            row["period"],
            tuple(spans.get(row["stock_count"], ())),
        )
        for row in rows
    ]


def written(store: Store, spans: Iterable[Span]) -> str:
    """Return spans as people read them: printed serials, first..last."""
    runs = {issue.run: issue for issue in issued(store)}
    texts = []
    for span in sorted(spans):
        first, last = (runs[span.run].serial(number).printed for number in (span.first, span.last))
        texts.append(first if first == last else f"{first}..{last}")
    return ", ".join(texts)
