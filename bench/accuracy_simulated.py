"""Accuracy on simulated paper: conditions x forms -> boxes right, to review, silently wrong.

    python bench/accuracy_simulated.py                  minutes: 20 slips per condition and form
    python bench/accuracy_simulated.py --slips 4000     hours, unattended; an interrupted run goes on

Every finished piece is a line of the state file; the same command takes up where it stopped.
Results of other code, forms or calibration are not mixed in: each line names what it measured.
Simulated paper proves nothing about real ink: figures on real scans stand apart.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from omr.forms.layout import list_forms
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import DEFAULT, load_calibration
from omr.reading.scan.pages import Depth
from omr.simulate.harms import HARMS, ORDINARY
from omr.simulate.oracle import UNTOUCHED, Outcome
from omr.simulate.trials import PRINTED_TOGETHER, Condition, Tally, try_out

HERE = Path(__file__).parent

EVERYDAY = [
    Condition(f"everyday {depth.value} {dpi}", depth, dpi, (ORDINARY,))
    for depth in (Depth.GREY, Depth.COLOUR, Depth.BILEVEL)
    for dpi in (200, 300)
]
RESOLUTIONS = [Condition(f"{dpi} dpi", Depth.GREY, dpi) for dpi in (150, 400, 600)]
HARMED = [Condition(f"harm {name}", harm=(name,)) for name in HARMS]
TROUBLE = [
    Condition(f"troublesome {depth.value} {dpi}", depth, dpi, (ORDINARY,), "troublesome")
    for depth, dpi in ((Depth.GREY, 200), (Depth.COLOUR, 300), (Depth.BILEVEL, 300))
]
CONDITIONS = [*EVERYDAY, *RESOLUTIONS, *HARMED, *TROUBLE]


@dataclass(frozen=True)
class Piece:
    """One unit of work: a print run of one form under one condition."""

    condition: Condition
    form: Form
    number: int
    slips: int

    @property
    def key(self) -> str:
        """Name of the piece in the state file."""
        return f"{self.condition.name}|{self.form.form}|{self.number}|{self.slips}"


def measured_with(forms: Iterable[Form]) -> str:
    """Return a short hash of everything that the results depend on."""
    digest = hashlib.sha256()
    for file in sorted(HERE.parent.glob("omr/**/*.py")):
        if file.parent.name in ("reading", "simulate", "forms"):
            digest.update(file.read_bytes())
    digest.update((HERE.parent / "calibration" / f"{DEFAULT}.json").read_bytes())
    for form in forms:
        digest.update(fingerprint(form).encode())
    return digest.hexdigest()[:12]


def work(piece: Piece, seed: int) -> dict[str, object]:
    """Do one piece in a worker process."""
    cv2.setNumThreads(1)
    # Seeds differ between pieces and do not depend on the order of the conditions.
    own = int.from_bytes(hashlib.sha256(f"{seed}|{piece.key}".encode()).digest()[:4], "big")
    tally = try_out(piece.condition, piece.form, load_calibration(), pages=piece.slips, seed=own)
    return {
        "condition": piece.condition.name,
        "form": piece.form.form,
        "seed": own,
        "pages": tally.pages,
        "read": tally.read,
        "waiting": tally.waiting,
        "rejected": dict(tally.rejected),
        "lost": tally.lost,
        "silent": tally.silent,
        "boxes": {f"{drawn}/{outcome.value}": n for (drawn, outcome), n in sorted(tally.boxes.items())},
    }


def tally_of(lines: Iterable[dict[str, object]]) -> Tally:
    """Add up lines of the state file."""
    total = Tally()
    for line in lines:
        total.pages += line["pages"]  # type: ignore[operator]
        total.read += line["read"]  # type: ignore[operator]
        total.waiting += line["waiting"]  # type: ignore[operator]
        total.rejected.update(line["rejected"])  # type: ignore[arg-type]
        total.lost += line["lost"]  # type: ignore[operator]
        total.silent += line["silent"]  # type: ignore[operator]
        for name, n in line["boxes"].items():  # type: ignore[attr-defined]
            drawn, _, outcome = name.rpartition("/")
            total.boxes[drawn, Outcome(outcome)] += n
    return total


def upper_bound(errors: int, of: int) -> float:
    """Return the exact upper 95 % bound of a rate (Clopper and Pearson, one-sided)."""
    if errors >= of:
        return 1.0
    low, high = errors / of, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        log_terms = (
            math.lgamma(of + 1)
            - math.lgamma(k + 1)
            - math.lgamma(of - k + 1)
            + k * math.log(middle)
            + (of - k) * math.log1p(-middle)
            for k in range(errors + 1)
        )
        low, high = (middle, high) if sum(map(math.exp, log_terms)) > 0.05 else (low, middle)
    return high


def rows(by_condition: dict[str, Tally]) -> Iterator[dict[str, object]]:
    """Yield the table: a row per condition, then a row per kind of mark of each crowd."""
    for name, tally in by_condition.items():
        yield _row("condition", name, tally.boxes) | {
            "pages": tally.pages,
            "read": tally.read,
            "rejected": " ".join(f"{reason}={n}" for reason, n in sorted(tally.rejected.items())),
            "lost": len(tally.lost),
            "slips_to_review": tally.waiting,
        }
    for crowd in ("everyday", "troublesome"):
        boxes: Counter[tuple[str, Outcome]] = Counter()
        for name, tally in by_condition.items():
            if name.startswith(crowd):
                boxes += tally.boxes
        for drawn in sorted({drawn for drawn, _ in boxes}, key=lambda drawn: (drawn == UNTOUCHED, drawn)):
            yield _row(
                f"mark, {crowd}", drawn, Counter({key: n for key, n in boxes.items() if key[0] == drawn})
            )


def _row(kind: str, name: str, boxes: Counter[tuple[str, Outcome]]) -> dict[str, object]:
    count = {outcome: sum(n for (_, became), n in boxes.items() if became is outcome) for outcome in Outcome}
    positions = sum(count.values())
    return {
        "kind": kind,
        "name": name,
        "positions": positions,
        "review": count[Outcome.REVIEW],
        "review_rate": round(count[Outcome.REVIEW] / positions, 6) if positions else "",
        "silent": count[Outcome.SILENT],
        "silent_upper_95": f"{upper_bound(count[Outcome.SILENT], positions):.2e}" if positions else "",
    }


COLUMNS = (
    "kind", "name", "pages", "read", "rejected", "lost", "slips_to_review",
    "positions", "review", "review_rate", "silent", "silent_upper_95",
)  # fmt: skip


def main() -> int:
    """Run what is missing, then write and print the table; 1 where something was silently wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slips", type=int, default=20, help="per condition and form")
    parser.add_argument("--only", default="", help="conditions whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=Path, default=HERE.parent / "out" / "accuracy_simulated.jsonl")
    parser.add_argument("--csv", type=Path, default=HERE.parent / "out" / "accuracy_simulated.csv")
    asked = parser.parse_args()
    forms = list_forms(None)
    version = measured_with(forms)
    pieces = [
        Piece(condition, form, number, min(PRINTED_TOGETHER, asked.slips - number * PRINTED_TOGETHER))
        for number in range(math.ceil(asked.slips / PRINTED_TOGETHER))
        for condition in CONDITIONS
        if asked.only in condition.name
        for form in forms
    ]
    done: dict[str, dict[str, object]] = {}
    asked.state.parent.mkdir(parents=True, exist_ok=True)
    if asked.state.exists():
        for text in asked.state.read_text("utf-8").splitlines():
            line = json.loads(text)
            if (line["version"], line["of"]) == (version, asked.seed):
                done[line["key"]] = line
    missing = [piece for piece in pieces if piece.key not in done]
    with (
        asked.state.open("a", encoding="utf-8") as state,
        ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool,
    ):
        coming = {pool.submit(work, piece, asked.seed): piece for piece in missing}
        for count, future in enumerate(as_completed(coming), start=1):
            piece = coming[future]
            done[piece.key] = future.result() | {"key": piece.key, "version": version, "of": asked.seed}
            print(json.dumps(done[piece.key], ensure_ascii=False), file=state, flush=True)
            print(f"\r{count}/{len(missing)} {piece.key:<60}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    by_condition = {
        condition.name: tally_of(done[piece.key] for piece in pieces if piece.condition is condition)
        for condition in CONDITIONS
        if asked.only in condition.name
    }
    with asked.csv.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        for row in rows(by_condition):
            table.writerow(row)
            print("  ".join(f"{row.get(column, '')!s:>{max(8, len(column))}}" for column in COLUMNS))
    wrong = [line for tally in by_condition.values() for line in (*tally.lost, *tally.silent)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
