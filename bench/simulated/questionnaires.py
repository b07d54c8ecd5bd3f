"""Sample questionnaires on simulated paper: positions right, to review, silently wrong, by form and scan.

    python bench simulated questionnaires                     20,000 positions of each form, everyday stacks
    python bench simulated questionnaires --positions 2000    a look

Simulated paper proves nothing about real ink; it proves that pages, values, "not applicable" and the
writing behind "other" are printed, found and decided as they are meant.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import click
from harness import ROOT, measurement, seed_option, table, upper_bound

from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.reading.marks.calibrate import load_calibration
from omr.reading.scan.pages import Depth
from omr.simulate.harms import ORDINARY
from omr.simulate.oracle import Outcome
from omr.simulate.trials import PRINTED_TOGETHER, Condition, try_out

FORMS: Final = sorted((ROOT / "samples" / "forms").glob("*.toml"))
SCANS: Final = (
    Condition("grey 200", Depth.GREY, 200, (ORDINARY,)),
    Condition("bilevel 300", Depth.BILEVEL, 300, (ORDINARY,)),
    Condition("colour 200", Depth.COLOUR, 200, (ORDINARY,)),
)


@measurement(__doc__)
@click.option("--positions", default=20_000, show_default=True, help="boxes of each form, all scans together")
@seed_option
def main(positions: int, seed: int) -> None:
    """Measure and print one line a form and scan."""
    calibration = load_calibration()
    rows = []
    for file in FORMS:
        form = lay_out(load_template(file), file)
        boxes = sum(len(question.options) for question in form.questions)
        for place, scan in enumerate(SCANS):
            count = -(-positions // len(SCANS) // boxes)
            found: Counter[Outcome] = Counter()
            pages = read = 0
            silent: list[str] = []
            for first in range(0, count, PRINTED_TOGETHER):
                some = min(PRINTED_TOGETHER, count - first)
                own = seed * 1_000 + place * 100 + first
                tally = try_out(scan, form, calibration, pages=some, seed=own)
                pages, read = pages + tally.pages, read + tally.read
                silent += [*tally.silent, *tally.lost]
                for outcome in Outcome:
                    found[outcome] += tally.count(outcome)
            total = sum(found.values())
            rows.append(
                {
                    "form": form.form,
                    "scan": scan.name,
                    "questionnaires": count,
                    "pages": pages,
                    "read": read,
                    "positions": total,
                    "review": found[Outcome.REVIEW],
                    "silent": found[Outcome.SILENT],
                    "silent at most": f"{upper_bound(found[Outcome.SILENT], total):.1e}",
                }
            )
            print(*silent, sep="\n", end="\n" if silent else "", flush=True)
    table(rows)
