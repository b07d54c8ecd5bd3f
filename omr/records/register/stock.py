"""The life of serials after printing: received by a unit, spoiled, counted in stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from omr.errors import RegisterError
from omr.forms.serial import IssuedSerials
from omr.records.offices.periods import parse_period, refuse_closed
from omr.records.offices.units import find_unit
from omr.records.register.custody import (
    Custody,
    Place,
    Span,
    StockCount,
    latest_counts,
    parse_span,
    written,
)
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.store.act import Act
from omr.records.store.store import Store
from omr.text import folded
from omr.words import Aside, Standing


def receive(
    store: Store,
    texts: Sequence[str],
    *,
    unit: str,
    by: str,
    period: str | None = None,
    why: str = "",
    late: bool = False,
    today: date | None = None,
) -> list[Span]:
    """Record that a unit received serials; slips of it that were held because of that count now.

    Parameters
    ----------
    texts : sequence of str
        Spans as `parse_span` reads them.
    period : str, optional
        In which they should come back; without it, the one they were in.
    late : bool
        Slips that came back before this was recorded move to the unit.
    today : date, optional
        Slips are given out ahead for the coming period at most, unless they were printed for a later one.

    Raises
    ------
    OmrError
        If a serial is unknown, spoiled, has come back already, or a period is closed or too far ahead.
    """
    with store.act("receive", by=by, why=why) as act:
        parts = _parts(store, texts)
        _refuse_spoiled(store, [span for span, _ in parts])
        first = act.next_id("hand_overs", "hand_over")
        for at, (span, there) in enumerate(parts):
            when = parse_period(period or there.period)
            if when < parse_period(there.period):
                raise RegisterError("register.goes_back", period=when, there=there.period)
            if today and when.name != there.period and when > parse_period(f"{today:%Y-%m}").following:
                raise RegisterError("register.far_ahead", period=when, there=there.period)
            refuse_closed(store, there.period)
            refuse_closed(store, when.name)
            place = {"unit": find_unit(store, unit, when).unit, "period": when.name}
            act.add("hand_overs", {"hand_over": first + at, **span.row, **place})
        spans = [span for span, _ in parts]
        misplaced = _settle(store, act, spans, late=late)
        if misplaced:
            raise RegisterError("register.returned", ranges=written(store, misplaced))
    return spans


def spoil(store: Store, texts: Sequence[str], *, why: str, by: str) -> list[Span]:
    """Record serials as spoiled; those that are spoiled already stay as they are.

    Raises
    ------
    OmrError
        If a serial is unknown, has come back and counts, or its period is closed.
    """
    if not why.strip():
        raise RegisterError("register.no_why")
    with store.act("spoil", by=by, why=why) as act:
        parts = _parts(store, texts)
        returned = [one for span, _ in parts for one in _returned(store, span)]
        if returned:
            raise RegisterError("register.returned_whole", ranges=written(store, returned))
        added: list[Span] = []
        for span, there in parts:
            refuse_closed(store, there.period)
            for first, last in span.ranges - _spoiled(store, span.run):
                added.append(Span(span.run, first, last))
                spoiling = act.next_id("spoilings", "spoiling")
                place = {"unit": there.unit, "period": there.period}
                act.add("spoilings", {"spoiling": spoiling, **added[-1].row, **place})
    return added


def count(
    store: Store,
    texts: Sequence[str],
    *,
    unit: str,
    form: str,
    period: str,
    by: str,
    why: str = "",
    late: bool = False,
    today: date | None = None,
) -> list[Span]:
    """Record what a unit has in stock of a form at the end of a period; a later count replaces it.

    What is in stock opens the following period. Return those serials that have come back in the
    period as well: they cannot be in stock, somebody has to look.

    Parameters
    ----------
    late : bool
        The count is recorded after slips of the following period were read: those move there.
    today : date, optional
        Nothing can be left of a period that begins later.

    Raises
    ------
    OmrError
        If a serial is unknown, not of this unit, form and period, or the period is closed or to come.
    """
    when = parse_period(period)
    if today and when.first_day > today:
        raise RegisterError("register.count_to_come", period=when)
    with store.act("count", by=by, why=why) as act:
        serving = find_unit(store, unit, when).unit
        printed = known_form(store, form)
        for closed in (when, when.following):
            refuse_closed(store, closed.name)
        custody = Custody(store, until=when)
        spans = [parse_span(IssuedSerials(issued(store)), text) for text in texts]
        for span in spans:
            for part, there in custody.spans(span):
                if (there.unit, there.period) != (serving, when.name) or _form_of(store, part.run) != printed:
                    raise RegisterError(
                        "register.not_there",
                        ranges=written(store, [part]),
                        unit=there.unit,
                        period=there.period,
                    )
        before = _counted(store, serving, printed, when.name)
        number = act.next_id("stock_counts", "stock_count")
        act.add(
            "stock_counts",
            {"stock_count": number, "unit": serving, "form": printed, "period": when.name},
        )
        for run in {span.run for span in spans}:
            for first, last in Ranges.of((span.first, span.last) for span in spans if span.run == run):
                act.add("stock_ranges", {"stock_count": number, **Span(run, first, last).row})
        misplaced = _settle(store, act, spans, late=late)
        # What is not counted any more never left: its slips go back to where their serials are.
        _settle(store, act, before, late=True)
        return misplaced


def withdraw_count(store: Store, *, unit: str, form: str, period: str, by: str, why: str) -> int:
    """Take back the latest stock count of a unit, form and period; the one before it holds again.

    Slips follow their serials, as if it had never been counted. Return how many serials it had.

    Raises
    ------
    OmrError
        If there is no such count, a reason is missing, or the period is closed.
    """
    if not why.strip():
        raise RegisterError("register.no_why")
    when = parse_period(period)
    with store.act("withdraw_count", by=by, why=why) as act:
        serving = find_unit(store, unit, when).unit
        printed = known_form(store, form)
        for closed in (when, when.following):
            refuse_closed(store, closed.name)
        found = [one for one in latest_counts(store) if _key(one) == (serving, printed, when.name)]
        if not found:
            raise RegisterError("register.no_count", unit=serving, form=printed, period=when)
        act.add("withdrawn_stock_counts", {"stock_count": found[0].number})
        again = _counted(store, serving, printed, when.name)
        _settle(store, act, [*found[0].spans, *again], late=True)
    return sum(len(span.ranges) for span in found[0].spans)


def _key(count: StockCount) -> tuple[str, str, str]:
    return count.unit, count.form, count.period


def _counted(store: Store, unit: str, form: str, period: str) -> list[Span]:
    """Return what the count in force says."""
    counts = (one for one in latest_counts(store) if _key(one) == (unit, form, period))
    return [span for one in counts for span in one.spans]


def _spoiled(store: Store, run: str) -> Ranges:
    rows = store.rows("SELECT first, last FROM spoilings WHERE run = ?", run)
    return Ranges.of((row["first"], row["last"]) for row in rows)


def _refuse_spoiled(store: Store, spans: Sequence[Span]) -> None:
    """Refuse sheets that are waste by the books: a unit that signs for them would owe them for ever."""
    waste = [Span(one.run, *pair) for one in spans for pair in one.ranges & _spoiled(store, one.run)]
    left = [Span(one.run, *pair) for one in spans for pair in one.ranges - _spoiled(store, one.run)]
    if waste and left:
        raise RegisterError("register.spoiled_among", ranges=written(store, waste), left=written(store, left))
    if waste:
        raise RegisterError("register.spoiled_all", ranges=written(store, waste))


def known_form(store: Store, text: str) -> str:
    """Return the name of a form that was printed, however `text` spells it.

    Raises
    ------
    RegisterError
        If no such form was ever printed.
    """
    for row in store.rows("SELECT DISTINCT form FROM runs"):
        if folded(row["form"]) == folded(text):
            return str(row["form"])
    raise RegisterError("register.no_form", form=text[:40])


def _parts(store: Store, texts: Sequence[str]) -> list[tuple[Span, Place]]:
    issues, custody = IssuedSerials(issued(store)), Custody(store)
    return [part for text in texts for part in custody.spans(parse_span(issues, text))]


def _form_of(store: Store, run: str) -> str:
    return str(store.value("SELECT form FROM runs WHERE run = ?", run))


def _returned(store: Store, span: Span) -> list[Span]:
    """Return the serials of a span that came back and count."""
    rows = store.rows(
        "SELECT number FROM slips WHERE run = ? AND number BETWEEN ? AND ? AND standing = 'counts'",
        span.run,
        span.first,
        span.last,
    )
    return [Span(span.run, *pair) for pair in Ranges.of_numbers(row["number"] for row in rows)]


def _settle(store: Store, act: Act, spans: Iterable[Span], *, late: bool) -> list[Span]:
    """Let slips follow their serials to where these are registered now.

    A slip that was held because its batch was told of another unit or period counts, if that
    is where its serial is now. One that counts elsewhere moves only when the record is late;
    else it is returned, as a contradiction.
    """
    custody = Custody(store)
    misplaced: list[Span] = []
    for span in spans:
        rows = store.rows(
            """SELECT slips.reading, number, slips.unit, slips.period, standing, set_aside,
                told_batches.unit AS told_unit, told_batches.period AS told_period
            FROM slips JOIN told_batches USING (batch) WHERE run = ? AND number BETWEEN ? AND ?""",
            span.run,
            span.first,
            span.last,
        )
        for row in list(rows):
            there = custody.place(span.run, row["number"])
            if there is None or (row["unit"], row["period"]) == (there.unit, there.period):
                continue
            waited = row["standing"] == Standing.HELD and row["set_aside"] in (
                Aside.OTHER_UNIT,
                Aside.OTHER_PERIOD,
            )
            told = row["told_unit"] in (None, there.unit) and row["told_period"] in (None, there.period)
            if (waited and told) or (row["standing"] == Standing.COUNTS and late):
                if waited:
                    decision = act.next_id("decided_slips", "decision")
                    row_ = {
                        "decision": decision,
                        "reading": row["reading"],
                        "outcome": "counts",
                        "reason": None,
                    }
                    act.add("decided_slips", row_)
                attribution = act.next_id("attributions", "attribution")
                place = {"unit": there.unit, "period": there.period}
                act.add("attributions", {"attribution": attribution, "reading": row["reading"], **place})
            elif row["standing"] == Standing.COUNTS:
                misplaced.append(Span(span.run, row["number"], row["number"]))
    return misplaced
