"""Accuracy on simulated paper: conditions x forms -> boxes right, to review, silently wrong.

    python bench simulated conditions                  minutes: 20 slips per condition and form
    python bench simulated conditions --slips 4000     hours, unattended; an interrupted run goes on

Every finished piece is a line of the state file; the same command takes up where it stopped.
Results of other code, forms or calibration are not mixed in: each line names what it measured.
Simulated paper proves nothing about real ink: figures on real scans stand apart.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import cv2
from harness import calibrations, measured_with, measurement, resumable, resumed, table, upper_bound

from omr.forms.layout import list_forms
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.scan.pages import Depth
from omr.simulate.harms import HARMS, ORDINARY
from omr.simulate.oracle import UNTOUCHED, Outcome
from omr.simulate.trials import PRINTED_TOGETHER, Condition, Tally, try_out

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
    seed: int

    @property
    def key(self) -> str:
        """Name of the piece in the state file."""
        return f"{self.condition.name}|{self.form.form}|{self.number}|{self.slips}"


def work(piece: Piece) -> dict[str, object]:
    """Do one piece in a worker process."""
    cv2.setNumThreads(1)
    # Seeds differ between pieces and do not depend on the order of the conditions.
    own = int.from_bytes(hashlib.sha256(f"{piece.seed}|{piece.key}".encode()).digest()[:4], "big")
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
        total.pages += line["pages"]
        total.read += line["read"]
        total.waiting += line["waiting"]
        total.rejected.update(line["rejected"])
        total.lost += line["lost"]
        total.silent += line["silent"]
        for name, n in line["boxes"].items():
            drawn, _, outcome = name.rpartition("/")
            total.boxes[drawn, Outcome(outcome)] += n
    return total


def rows(by_condition: dict[str, Tally]) -> Iterator[dict[str, object]]:
    """Yield the table: a row per condition, then a row per kind of mark of each crowd."""
    for name, tally in by_condition.items():
        pages = {
            "pages": tally.pages,
            "read": tally.read,
            "rejected": " ".join(f"{reason}={n}" for reason, n in sorted(tally.rejected.items())),
            "lost": len(tally.lost),
            "slips_to_review": tally.waiting,
        }
        yield {"kind": "condition", "name": name} | pages | _boxes(tally.boxes)
    for crowd in ("everyday", "troublesome"):
        boxes: Counter[tuple[str, Outcome]] = Counter()
        for name, tally in by_condition.items():
            if name.startswith(crowd):
                boxes += tally.boxes
        for drawn in sorted({drawn for drawn, _ in boxes}, key=lambda drawn: (drawn == UNTOUCHED, drawn)):
            of_it = Counter({key: n for key, n in boxes.items() if key[0] == drawn})
            yield {"kind": f"mark, {crowd}", "name": drawn} | _boxes(of_it)


def _boxes(boxes: Counter[tuple[str, Outcome]]) -> dict[str, object]:
    count = {outcome: sum(n for (_, became), n in boxes.items() if became is outcome) for outcome in Outcome}
    positions = sum(count.values())
    return {
        "positions": positions,
        "review": count[Outcome.REVIEW],
        "review_rate": round(count[Outcome.REVIEW] / positions, 6) if positions else "",
        "silent": count[Outcome.SILENT],
        "silent_upper_95": f"{upper_bound(count[Outcome.SILENT], positions):.2e}" if positions else "",
    }


@measurement(__doc__)
@click.option("--slips", default=20, show_default=True, help="per condition and form")
@click.option("--only", default="", help="conditions whose name contains this")
@resumable("accuracy_simulated")
def main(slips: int, only: str, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Run what is missing, then write and print the table; 1 where something was silently wrong."""
    forms = list_forms(None)
    asked_for = [condition for condition in CONDITIONS if only in condition.name]
    pieces = {}
    for number, condition, form in product(range(-(-slips // PRINTED_TOGETHER)), asked_for, forms):
        together = min(PRINTED_TOGETHER, slips - number * PRINTED_TOGETHER)
        piece = Piece(condition, form, number, together, seed)
        pieces[piece.key] = piece
    prints = "".join(fingerprint(form) for form in forms).encode()
    version = f"{measured_with(calibrations(), prints)} {seed}"
    done = resumed(pieces, work, state=state, version=version, workers=workers)
    by_condition = {
        condition.name: tally_of(done[key] for key, piece in pieces.items() if piece.condition is condition)
        for condition in asked_for
    }
    table(list(rows(by_condition)), to=csv)
    wrong = [line for tally in by_condition.values() for line in (*tally.lost, *tally.silent)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0
