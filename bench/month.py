"""What a month's report costs, and that SQL and plain Python count the same slips.

    python bench/year.py year --slips 1200000     twelve months of 100,000 slips, minutes
    python bench/month.py year                    seconds: one month, and its report
    python bench/month.py year --all              every month counted both ways, minutes

Seconds are of the processor, so that a busy machine measures the same; loading the libraries
that write the files is no part of them.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omr.records.counts.slips import current_slips
from omr.records.counts.tallies import Channel, Given, Slip, SlipState, Stratum, count, tally
from omr.records.register.periods import parse_period
from omr.records.store.store import Store
from omr.reports import monthly
from omr.workspace import Workspace


def main() -> None:
    """Measure, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a workspace made by bench/year.py")
    parser.add_argument("--all", action="store_true", help="count every month both ways")
    args = parser.parse_args()
    workspace = Workspace.open(args.folder)
    with Store.open(workspace.database) as store:
        rows = store.rows("SELECT period, count(*) AS slips FROM readings GROUP BY period ORDER BY period")
        slips = {row["period"]: row["slips"] for row in rows}
        largest = max(reversed(slips), key=lambda period: slips[period])  # the latest: one stands before it
        print(f"{largest}: {slips[largest]} slips; CPU seconds")
        cost_of_a_report(store, workspace, largest)
        if args.all:
            both_ways(store, slips)


def cost_of_a_report(store: Store, workspace: Workspace, period: str) -> None:
    """Print what each step of a month's report takes."""
    with seconds("  everything of the month"):
        month = monthly.gather(store, period)
    with seconds("  the month before"):
        before = monthly.month_before(store, parse_period(period))
    with seconds("  JSON figures"):
        monthly.figures(month)
    importlib.import_module("omr.reports.document")
    with tempfile.TemporaryDirectory() as folder, seconds("  csv, xlsx, docx"):
        monthly.write(month, before, Path(folder), monthly.FORMATS, workspace.settings.report)


def both_ways(store: Store, slips: dict[str, int]) -> None:
    """Count every month by SQL and slip by slip in Python; they must agree."""
    forms = store.forms
    for period in slips:
        counted = tally(store, period).tallies
        if counted != count(one_by_one(store, period), forms):
            raise SystemExit(f"{period}: SQL and Python do not count the same")
    print(f"{sum(slips.values())} slips of {len(slips)} months: SQL and Python count the same")


def one_by_one(store: Store, period: str) -> Iterator[Slip]:
    """Yield the slips of a month as `omr answers` lists them."""
    for slip in current_slips(store, period=period):
        stratum = Stratum(slip.unit, slip.fingerprint, Channel.PAPER)
        given = {key: Given(answer.state, answer.codes) for key, answer in slip.answers.items()}
        yield Slip(stratum, SlipState.of(slip.standing, slip.reason), slip.reason or "", given)


@contextmanager
def seconds(what: str) -> Iterator[None]:
    """Print what a step takes."""
    started = time.process_time()
    yield
    print(f"{what}: {time.process_time() - started:.2f}", flush=True)


if __name__ == "__main__":
    main()
