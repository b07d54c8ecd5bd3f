"""What is asked of one month is looked up by its month: a register of many years answers like a new one."""

from __future__ import annotations

import re
from collections.abc import Callable

from scanned import Scanner, slip

from omr.forms.serial import Issue
from omr.records.counts.slips import IN_PERIOD, current_slips
from omr.records.counts.tallies import tally
from omr.records.month.board import month_board
from omr.records.month.closing import status
from omr.records.offices.periods import parse_period
from omr.records.review.finding import find
from omr.records.review.whole_slips import unconfirmed
from omr.records.store.store import Store

GROWS = re.compile(r"SCAN (readings|answers|decidings|pages)\b(?!.*INDEX)")


def test_no_question_about_a_month_goes_through_all_readings(
    store: Store, issued_run: Callable[..., Issue], scanner: Scanner
) -> None:
    run = issued_run(20)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(run, 2)))
    period, asked = parse_period(run.period), set[str]()
    connection = store._connection
    connection.set_trace_callback(asked.add)
    for ask in (
        lambda: month_board(store, period),
        lambda: status(store, period),
        lambda: unconfirmed(store, period.name),
        lambda: list(current_slips(store, period=period.name)),
        lambda: tally(store, period.name),
        lambda: find(store, f"PC06 {period.name}"),
    ):
        ask()
    connection.set_trace_callback(None)
    assert any(IN_PERIOD[:40] in sql for sql in asked)
    for sql in asked:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            for step in store.rows(f"EXPLAIN QUERY PLAN {sql}"):
                assert not GROWS.match(step["detail"]), f"{step['detail']}\n{sql}"
