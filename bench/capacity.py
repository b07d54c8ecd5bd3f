"""The capacity plan of docs/scale.md, computed from what ``make bench`` measured here.

Every figure is a measured one times a stated number. What is assumed and not measured stands in
`ASSUMED`, with its reason; change it there, or with the options, and the table follows.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
GB: Final = 1e9

ASSUMED: Final = {
    "work_days": 22,  # a month
    "work_hours": 8,  # a day
    "busy": 0.5,  # share of a core that reading may take: it shares its machine with the desks
    "peak": 4.0,  # months end in a rush: the busiest day has four times the average
    "review_s": 10.0,  # for one doubtful slip at the desk; the desks' own measurement is to replace it
    "copies": 2.0,  # of originals and database: backup
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
            write_s=row["stages_ms"]["open, write"] / 1000,
        )


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
        * (one.scan_bytes + one.database_bytes)
        / GB
        * assumed["copies"],
        "writer busy on the busiest day, %": 100 * peak_per_s / place.databases * one.write_s,
        "review hours a month": place.slips * one.waiting * assumed["review_s"] / 3600,
        "reviewers (full time)": place.slips
        * one.waiting
        * assumed["review_s"]
        / (assumed["work_days"] * assumed["work_hours"] * 3600),
    }


def main() -> None:
    """Print the plan as a table of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, nargs="?", default=HERE / "baseline.json")
    parser.add_argument("--pages", default="a5-200-grey", help="which kind of scan")
    for name, value in ASSUMED.items():
        parser.add_argument("--" + name.replace("_", "-"), type=float, default=float(value))
    args = parser.parse_args()
    report = json.loads(args.report.read_text("utf-8"))
    one = Measured.of(report, args.pages)
    assumed = {name: getattr(args, name) for name in ASSUMED}
    print(f"measured ({args.pages}, mixed, {report['machine']['processor']}): {one.cpu_s * 1000:.1f} CPU ms,")
    print(f"{one.scan_bytes / 1000:.0f} kB of scan, {one.database_bytes / 1000:.1f} kB of database a slip,")
    print(f"{one.waiting:.1%} of slips with a question to a person\n")
    columns = [plan(place, one, assumed) for place in PLACES]
    print("| | " + " | ".join(place.name for place in PLACES) + " |")
    print("|---|" + "---:|" * len(PLACES))
    for key in columns[0]:
        print(f"| {key} | " + " | ".join(f"{_shown(column[key])}" for column in columns) + " |")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}"


if __name__ == "__main__":
    main()
