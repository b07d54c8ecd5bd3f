"""What follows from the benchmark's reports.

    python bench speed changes [OLD NEW]    what changed by more than noise (``make bench-compare``)
    python bench speed capacity [REPORT]    the capacity plan of docs/scale.md, as Markdown

Changes: ratios are compared, not milliseconds, so the two may come from different days; different
machines are pointed out. A ratio has changed when old and new differ by more than both their
noises together and by more than `LEAST`. Ends with 1 when something became slower.

Capacity: every figure is a measured one times a stated number. What is assumed and not measured
stands in `ASSUMED`, with its reason; change it there, or with the options, and the table follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from harness import measurement

from omr.records.safekeeping.backup import MONTHS, NIGHTS

HERE: Final = Path(__file__).parent
LEAST: Final = 0.05  # share of the old ratio: runs of one afternoon on a shared machine differ by this much
GB: Final = 1e9

# --- changes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One measured thing, before and after."""

    what: str
    old: float
    new: float
    noise: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than noise."""
        return abs(self.new - self.old) > max(self.noise, LEAST * self.old)

    def __str__(self) -> str:
        slower = "SLOWER" if self.new > self.old else "faster"
        verdict = slower if self.is_real else "same"
        return (
            f"{self.what:<40} {self.old:>9.2f} {self.new:>9.2f} {self.new / self.old - 1:>+8.0%}  {verdict}"
        )


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what both reports hold: whole reading, stages, database growth."""
    before = {(row["pages"], row["condition"]): row for row in old["costs"]}
    for row in new["costs"]:
        was = before.get((row["pages"], row["condition"]))
        if was is None:
            continue
        name = f"{row['pages']} {row['condition']}"
        noise = was["noise"] + row["noise"]
        yield Change(f"{name}: x decode", was["ratio"], row["ratio"], noise)
        for stage in was["stages_ms"].keys() & row["stages_ms"].keys():
            # A stage is timed in one run only: its noise is that of the whole, at the least.
            parts = [report["stages_ms"][stage] / report["decode_ms"] for report in (was, row)]
            if parts[0] > 0.05:
                yield Change(f"{name}: {stage}", *parts, max(noise, 0.15 * parts[0]))
        grown = "database_bytes_per_page"
        yield Change(f"{name}: bytes a page", was[grown], row[grown], 0.0)


@measurement(__doc__)
@click.argument("before", type=click.Path(path_type=Path), default=HERE / "baseline.json")
@click.argument("after", type=click.Path(path_type=Path), default=HERE / "results.json")
@click.option("--all", "everything", is_flag=True, help="also what stayed the same")
def compare(before: Path, after: Path, everything: bool) -> int:
    """Print what changed; 1 where something became slower."""
    old, new = (json.loads(file.read_text("utf-8")) for file in (before, after))
    for key in ("processor", "cores", "python", "opencv"):
        if old["machine"][key] != new["machine"][key]:
            print(f"note: another {key}: {old['machine'][key]} -> {new['machine'][key]}")
    found = list(changes(old, new))
    print(f"{'':<40} {'before':>9} {'now':>9}")
    for change in found:
        if everything or change.is_real:
            print(change)
    if not any(change.is_real for change in found):
        print(f"nothing changed by more than noise ({len(found)} figures)")
    return int(any(change.is_real and change.new > change.old for change in found))


# --- capacity ------------------------------------------------------------------------------------

ASSUMED: Final = {
    "work_days": 22,  # a month
    "work_hours": 8,  # a day
    "busy": 0.5,  # share of a core that reading may take: it shares its machine with the desks
    "peak": 4.0,  # months end in a rush: the busiest day has four times the average
    "review_s": 10.0,  # for one doubtful slip at the desk; the desks' own measurement is to replace it
    "copies": 2.0,  # of originals: backup
    "registers": 1 + NIGHTS + MONTHS / 2,  # databases, where those of the months are half as large
}


@dataclass(frozen=True, slots=True)
class Place:
    """Who reads, and how much a month."""

    name: str
    slips: int  # a month
    databases: int  # the slips are spread over so many


PLACES: Final = (
    Place("city, a quiet month", 30_000, 1),
    Place("city, a full month", 100_000, 1),
    Place("country, per province", 10_000_000 // 34, 1),
    Place("country, 34 provinces", 10_000_000, 34),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one slip costs, from a benchmark's report."""

    cpu_s: float
    scan_bytes: float
    database_bytes: float
    waiting: float  # share of slips about which a person is asked
    write_s: float  # of the one process that writes

    @classmethod
    def of(cls, report: dict[str, Any], pages: str) -> Measured:
        """Take the row of the mixed pages of one kind."""
        row = next(one for one in report["costs"] if (one["pages"], one["condition"]) == (pages, "mixed"))
        return cls(
            cpu_s=row["whole_ms"] / 1000,
            scan_bytes=row["scan_bytes_per_page"],
            database_bytes=row["database_bytes_per_page"],
            waiting=row["waiting"] / row["count"],
            write_s=_write_ms(row) / 1000,
        )


def _write_ms(row: dict[str, Any]) -> float:
    """Return what opening and writing cost; reports before it was timed leave it as the rest."""
    stages: dict[str, float] = row["stages_ms"]
    return stages.get("open, write", max(0.0, row["whole_ms"] - sum(stages.values())))


def plan(place: Place, one: Measured, assumed: dict[str, float]) -> dict[str, float]:
    """Return what a place needs."""
    month_s = assumed["work_days"] * assumed["work_hours"] * 3600
    peak_per_s = place.slips / month_s * assumed["peak"]
    return {
        "slips a month": place.slips,
        "slips/s on the busiest day": peak_per_s,
        "CPU hours a month": place.slips * one.cpu_s / 3600,
        "cores on the busiest day": peak_per_s * one.cpu_s / assumed["busy"],
        "network to a cluster, Mbit/s": peak_per_s * one.scan_bytes * 8 / 1e6,
        "originals a year, GB": 12 * place.slips * one.scan_bytes / GB,
        "database a year, GB": 12 * place.slips * one.database_bytes / GB,
        "of it in each file, GB": 12 * place.slips * one.database_bytes / GB / place.databases,
        "disk a year with backup, GB": 12
        * place.slips
        * (one.scan_bytes * assumed["copies"] + one.database_bytes * assumed["registers"])
        / GB,
        "writer busy on the busiest day, %": 100 * peak_per_s / place.databases * one.write_s,
        "review hours a month": place.slips * one.waiting * assumed["review_s"] / 3600,
        "reviewers (full time)": place.slips
        * one.waiting
        * assumed["review_s"]
        / (assumed["work_days"] * assumed["work_hours"] * 3600),
    }


def assumptions(function: Any) -> Any:
    """Give a command an option for each number that is assumed."""
    for name, value in reversed(ASSUMED.items()):
        function = click.option("--" + name.replace("_", "-"), default=float(value), show_default=True)(
            function
        )
    return function


@measurement(__doc__)
@click.argument("file", type=click.Path(path_type=Path), default=HERE / "baseline.json")
@click.option("--pages", default="a5-200-grey", show_default=True, help="which kind of scan")
@assumptions
def capacity(file: Path, pages: str, **assumed: float) -> None:
    """Print the capacity plan as a table of Markdown."""
    report = json.loads(file.read_text("utf-8"))
    one = Measured.of(report, pages)
    print(f"measured ({pages}, mixed, {report['machine']['processor']}): {one.cpu_s * 1000:.1f} CPU ms,")
    print(f"{one.scan_bytes / 1000:.0f} kB of scan, {one.database_bytes / 1000:.1f} kB of database a slip,")
    print(f"{one.waiting:.1%} of slips with a question to a person\n")
    columns = [plan(place, one, assumed) for place in PLACES]
    print("| | " + " | ".join(place.name for place in PLACES) + " |")
    print("|---|" + "---:|" * len(PLACES))
    for key in columns[0]:
        print(f"| {key} | " + " | ".join(f"{_shown(column[key])}" for column in columns) + " |")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}"
