"""What the looks of marks tell, measured on slips that were drawn, scanned and measured by the reader.

    python bench trust strokes                     about a second a slip
    python bench trust strokes --people 200

Everybody ticks the same column, so that only the looks can tell. People differ in pen and
hand as `omr.simulate.pens` has it: how far real people differ is for real paper to say.
Prints the table of docs/signals.md: alarms in honest rows, and what is found of rows by one
hand and of copied slips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
from harness import measurement, seed_option
from numpy.typing import NDArray

from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue
from omr.forms.template import Form, fingerprint
from omr.reading.ink.measure import F
from omr.reading.page.plan import Plan
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.locate import locate
from omr.reading.reader import look
from omr.reading.scan.pages import Depth, decode, open_pages
from omr.simulate.habits import Habit
from omr.simulate.printed import PrintedRun, printed_pages, toner
from omr.simulate.respondents import EVERYDAY, FilledSlip, fill_as_told
from omr.simulate.scanner import everyday_machine
from omr.simulate.scans import write_pdf
from omr.simulate.slips import simulate_page, streams
from omr.trust.strokes import copies, one_hand
from omr.trust.unit_months import STROKE_FEATURES, SeenSlip

LEVELS = (0.01, 0.001)
ROWS = (5, 8, 12, 20)  # slips by one hand
OFTEN = (Habit.CROSS, Habit.TICK)  # other habits would tell themselves apart


def people(form: Form, many: int, seed: int) -> list[tuple[FilledSlip, int]]:
    """Return slips by different people, with the seed of their ink."""
    told = {q.key: (q.options[0].code,) for q in form.questions if q.options}
    return [(fill_as_told(form, told, EVERYDAY, streams(seed, page)[0]), page) for page in range(1, many + 1)]


def draw(form: Form, slips: Sequence[tuple[FilledSlip, int]], seed: int) -> list[SeenSlip]:
    """Print, fill, scan and measure slips; equal ink seeds are equal strokes."""
    issue = Issue(
        "bench", form.form, fingerprint(form), "PC06", "2023-03", form.digit, 23, 1, len(slips), bytes(32)
    )
    machine = everyday_machine(Depth.GREY, 200, np.random.default_rng(seed))
    plan = Plan.of(form)
    seen: list[SeenSlip] = []
    with TemporaryDirectory() as folder:
        printed, scanned = Path(folder) / "run.pdf", Path(folder) / "scan.pdf"
        print_forms(form, issue.serials(), printed, run=issue.run)
        run = PrintedRun(printed, form, len(slips))
        pictures = []
        for (slip, ink), (page, blank) in zip(
            slips, printed_pages(run, range(1, len(slips) + 1), 200, colour=False), strict=True
        ):
            _, _, wear, feeding = streams(seed, page)
            own = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ink, 1)))
            picture, _ = simulate_page(
                toner(blank, wear), 200, form, slip, machine,
                serial=str(page), page=page, harm=(), ink=own, wear=wear, feeding=feeding,
            )  # fmt: skip
            pictures.append(picture)
        write_pdf(pictures, scanned)
        for number, encoded in enumerate(open_pages(scanned)):
            seen.append(_seen(number, slips[number][0], plan, align(locate(decode(encoded)))))
    return seen


def _seen(number: int, slip: FilledSlip, plan: Plan, aligned: AlignedPage) -> SeenSlip:
    features: NDArray[np.float64] = np.array([mark.features for mark in look(aligned, plan).marks])
    chosen = {(key, code) for key, codes in slip.answers.items() for code in codes}
    rows = [place for place, box in enumerate(plan.places) if box in chosen]
    strokes = features[rows][:, [F[name] for name in STROKE_FEATURES]].astype(np.float32)
    boxes = tuple(plan.places[row] for row in rows)
    return SeenSlip(str(number), "R", number, "B", "same", "same", True, "present", boxes, strokes)


def shares(chances: Sequence[float]) -> str:
    """Return how many chances are at most each level."""
    return "  ".join(f"<= {level}: {sum(c <= level for c in chances)}/{len(chances)}" for level in LEVELS)


@measurement(__doc__)
@click.option("--people", "many", default=120, show_default=True)
@click.option("--hands", "rows_of", default=3, show_default=True, help="that fill a row of slips each")
@click.option(
    "--copies", "copied_slips", default=10, show_default=True, help="slips that are copied once each"
)
@click.option("--units", default=100, show_default=True, help="honest rows drawn from the people")
@click.option("--trials", default=10, show_default=True, help="per hand and length of its row")
@click.option("--size", default=80, show_default=True, help="slips of a unit")
@seed_option
def main(many: int, rows_of: int, copied_slips: int, units: int, trials: int, size: int, seed: int) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    form = find_form("DL-01", None)
    honest = people(form, many, seed)
    steady = [at for at, (slip, _) in enumerate(honest) if {mark.habit for mark in slip.marks} <= set(OFTEN)]
    hands = steady[:rows_of]
    rows = [
        (honest[at][0], 10_000 + 100 * hand + place)
        for hand, at in enumerate(hands)
        for place in range(max(ROWS))
    ]
    seen = draw(form, [*honest, *rows, *honest[:copied_slips]], seed)
    crowd = seen[:many]
    by_hand = seen[many : many + len(rows)]
    copied = seen[many + len(rows) :]
    rng = np.random.default_rng(seed)

    def unit(false: Sequence[SeenSlip] = (), without: Sequence[SeenSlip] = ()) -> list[SeenSlip]:
        known = {slip.serial for slip in without}
        free = [slip for slip in crowd if slip.serial not in known]
        drawn = [free[at] for at in rng.permutation(len(free))[: size - len(false)]]
        at = int(rng.integers(len(drawn) + 1))
        return [replace(s, number=n) for n, s in enumerate([*drawn[:at], *false, *drawn[at:]])]

    quiet = [unit() for _ in range(units)]
    print("honest, hand   ", shares([found.chance for u in quiet if (found := one_hand(u, rng))]))
    print("honest, copies ", shares([found.chance for u in quiet if (found := copies(u))]))
    for length in ROWS:
        chances = []
        for hand, at in enumerate(hands):
            row = by_hand[hand * max(ROWS) :][:length]
            for _ in range(trials):
                found = one_hand(unit(row, [crowd[at]]), rng)
                chances += [found.chance] if found else []
        print(f"one hand, {length:2}   ", shares(chances))
    chances = [
        found.chance
        for place, copy in enumerate(copied)
        for _ in range(trials)
        if (found := copies(unit([crowd[place], copy], [crowd[place]])))
    ]
    print("one copy       ", shares(chances))
