"""A month's own history and the months before: read from what stood when they were closed.

The figures of a closing are kept as they were; a month that is open is counted now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from omr.figures import Share
from omr.forms.surveys import overall_question
from omr.forms.template import Form
from omr.records.counts.kept_tallies import tallies_of
from omr.records.counts.tallies import first_period, prints_of
from omr.records.month.closing import Closing, Figures, closings_of
from omr.records.offices.periods import Period, parse_period, state_of
from omr.records.offices.surveys import Prints
from omr.records.store.store import Store
from omr.reports.figures.statistics import Closed, Past
from omr.words import AnswerState, PeriodState

MONTHS: Final = 12  # of the trend, with the month of the report


def closings_told(
    store: Store, period: Period, prints: Prints, unit: str | None = None
) -> tuple[bool, tuple[Closed, ...]]:
    """Return whether a month is being adjusted, and its closings, the first one first; with `unit` of it."""
    adjusting = state_of(store, period.name) is PeriodState.ADJUSTING
    return adjusting, tuple(_closed(once, prints, unit) for once in closings_of(store, period))


def past_of(store: Store, period: Period, prints: Prints) -> tuple[Past, ...]:
    """Return the overall shares of the months before that have any answer, the oldest first."""
    earliest = first_period(store)
    found: list[Past] = []
    month = period
    for _ in range(MONTHS - 1):
        month = month.preceding
        if earliest is None or month < parse_period(earliest):
            break
        closed = state_of(store, month.name) is PeriodState.CLOSED
        fields = (
            _overall(closings_of(store, month)[-1].figures, prints)
            if closed
            else _counted(store, month, prints)
        )
        overall = sum(fields.values(), Share(0, 0))
        if overall.whole:
            found.append(Past(month, overall, closed))
    return tuple(reversed(found))


def _closed(once: Closing, prints: Prints, unit: str | None) -> Closed:
    forms = {form.form for form in prints.values()}
    figures: Figures = {}
    books: defaultdict[str, int] = defaultdict(int)
    for name, number in once.figures.items():
        parts = name.split("/")
        if len(parts) >= 3 and parts[1] in forms and unit in (None, parts[0]):
            figures[name] = number
            if len(parts) == 3:
                books[parts[2]] += number
    fields = _overall(figures, prints)
    overall = sum(fields.values(), Share(0, 0))
    counts = books["returned"], books["valid"], overall, fields
    return Closed(once.at, once.by, once.why, once.root, *counts, figures)


def _overall(figures: Figures, prints: Prints) -> Mapping[str, Share]:
    """Return the overall share of each field from a closing's figures."""
    named = {(form.form, form.revision): form for form in prints.values()}
    shares: defaultdict[str, Share] = defaultdict(lambda: Share(0, 0))
    for name, slips in figures.items():
        parts = name.split("/")  # unit, form, revision, question, state, code
        if len(parts) != 6 or parts[4] != AnswerState.ANSWERED:
            continue
        form = named.get((parts[1], parts[2]))
        if form is not None:
            shares[form.field] += _share(form, parts[3], parts[5], slips)
    return shares


def _counted(store: Store, month: Period, prints: Prints) -> Mapping[str, Share]:
    shares: defaultdict[str, Share] = defaultdict(lambda: Share(0, 0))
    if not prints_of(store, month.name) & set(prints):
        return shares
    asked = {question.key for form in prints.values() if (question := overall_question(form))}
    for row in tallies_of(store, month.name, questions=asked, prints=prints).tallies.answers:
        form = prints[row.stratum.fingerprint]
        if row.code:
            shares[form.field] += _share(form, row.question, row.code, row.slips)
    return shares


def _share(form: Form, question: str, code: str, slips: int) -> Share:
    asked = overall_question(form)
    if asked is None or asked.key != question:
        return Share(0, 0)
    good = {option.code for option in asked.options if option.satisfied}
    return Share(slips if code in good else 0, slips)
