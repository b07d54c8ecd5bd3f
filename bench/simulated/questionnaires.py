"""Sample questionnaires on simulated paper: positions right, to review, silently wrong, by form and scan.

    python bench simulated questionnaires                     20,000 positions of each form, everyday stacks
    python bench simulated questionnaires --positions 2000    a look

A run goes on where it was interrupted. Simulated paper proves nothing about real ink; it proves that
pages, values, "not applicable" and the writing behind "other" are printed, found and decided as they
are meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import click
import cv2
from harness import (
    ROOT,
    Line,
    calibrations,
    measured_with,
    measurement,
    resumable,
    resumed,
    table,
    upper_bound,
)

from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.scan.pages import Depth
from omr.simulate.harms import ORDINARY
from omr.simulate.oracle import Outcome
from omr.simulate.trials import Condition, try_out

FORMS: Final = sorted((ROOT / "samples" / "forms").glob("*.toml"))
SCANS: Final = (
    Condition("grey 200", Depth.GREY, 200, (ORDINARY,)),
    Condition("bilevel 300", Depth.BILEVEL, 300, (ORDINARY,)),
    Condition("colour 200", Depth.COLOUR, 200, (ORDINARY,)),
)
TOGETHER: Final = 10  # questionnaires of one print run, by one scanner: a piece


@cache
def sample(at: int) -> Form:
    """Return one of the sample forms."""
    return lay_out(load_template(FORMS[at]), FORMS[at])


def work(piece: tuple[int, int, int, int, int]) -> Line:
    """Print, fill in, scan and read a few questionnaires in a worker process."""
    cv2.setNumThreads(1)
    form_at, scan_at, first, some, seed = piece
    own = seed * 1_000_000 + scan_at * 100_000 + first
    tally = try_out(SCANS[scan_at], sample(form_at), load_calibration(), pages=some, seed=own)
    return {
        "questionnaires": some,
        "pages": tally.pages,
        "read": tally.read,
        "rejected": dict(tally.rejected),
        "silent": [*tally.silent, *tally.lost],
        "positions": {outcome.value: tally.count(outcome) for outcome in Outcome},
    }


def row(form: Form, scan: str, lines: Iterable[Line]) -> dict[str, object]:
    """Add up the pieces of one form and scan."""
    count: Counter[str] = Counter()
    found: Counter[Outcome] = Counter()
    rejected: Counter[str] = Counter()
    for line in lines:
        count.update({what: line[what] for what in ("questionnaires", "pages", "read")})
        found.update({outcome: line["positions"][outcome.value] for outcome in Outcome})
        rejected.update(line["rejected"])
    total = found.total()
    return {
        "form": form.form,
        "scan": scan,
        **count,
        "rejected": " ".join(f"{reason}={n}" for reason, n in sorted(rejected.items())),
        "positions": total,
        "review": found[Outcome.REVIEW],
        "silent": found[Outcome.SILENT],
        "silent at most": f"{upper_bound(found[Outcome.SILENT], total):.1e}",
    }


@measurement(__doc__)
@click.option("--positions", default=20_000, show_default=True, help="boxes of each form, all scans together")
@resumable("questionnaires_simulated")
def main(positions: int, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Run what is missing, print a line for each form and scan; 1 where something was silent."""
    pieces = {}
    for form_at in range(len(FORMS)):
        boxes = sum(len(question.options) for question in sample(form_at).questions)
        count = -(-positions // len(SCANS) // boxes)
        for first in range(0, count, TOGETHER):
            for scan_at in range(len(SCANS)):
                piece = form_at, scan_at, first, min(TOGETHER, count - first), seed
                pieces["|".join(map(str, piece))] = piece
    prints = "".join(fingerprint(sample(at)) for at in range(len(FORMS))).encode()
    version = measured_with(calibrations(), prints)
    done = resumed(pieces, work, state=state, version=version, workers=workers)
    rows = []
    for form_at in range(len(FORMS)):
        own = {key: piece for key, piece in pieces.items() if piece[0] == form_at}
        for scan_at, scan in enumerate(SCANS):
            of_scan = [done[key] for key, piece in own.items() if piece[1] == scan_at]
            rows.append(row(sample(form_at), scan.name, of_scan))
        rows.append(row(sample(form_at), "all", [done[key] for key in own]))
    table(rows, to=csv)
    wrong = [silent for key in pieces for silent in done[key]["silent"]]
    print(*wrong, sep="\n")
    return 1 if wrong else 0
