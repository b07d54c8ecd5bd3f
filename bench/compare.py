"""The last benchmark against the saved one: what changed by more than noise (``make bench-compare``).

Ratios are compared, not milliseconds, so the two may come from different days; different
machines are pointed out. A ratio has changed when old and new differ by more than both their
noises together and by more than `LEAST`. Ends with 1 when something became slower.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
LEAST: Final = 0.05  # share of the old ratio: runs of one afternoon on a shared machine differ by this much


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


def main() -> int:
    """Print what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, nargs="?", default=HERE / "baseline.json")
    parser.add_argument("new", type=Path, nargs="?", default=HERE / "results.json")
    parser.add_argument("--all", action="store_true", help="also what stayed the same")
    args = parser.parse_args()
    old, new = (json.loads(file.read_text("utf-8")) for file in (args.old, args.new))
    for key in ("processor", "cores", "python", "opencv"):
        if old["machine"][key] != new["machine"][key]:
            print(f"note: another {key}: {old['machine'][key]} -> {new['machine'][key]}")
    found = list(changes(old, new))
    print(f"{'':<40} {'before':>9} {'now':>9}")
    for change in found:
        if args.all or change.is_real:
            print(change)
    if not any(change.is_real for change in found):
        print(f"nothing changed by more than noise ({len(found)} figures)")
    return int(any(change.is_real and change.new > change.old for change in found))


if __name__ == "__main__":
    sys.exit(main())
