"""Papers of other makers end to end: traced from their scans, every page laid on its print and read.

    python bench papers traced FOLDER [SET…] [--sheets N]

FOLDER holds sets of labelled scans (``truth.csv`` in each, as bench/papers/labels.py reads them). Of each
form up to N sheets are traced (12); what is proposed is put into questions as a person would who confirms it:
the labels say which boxes belong together, boxes without a label are deleted. Then every page is read.
Counted per set: boxes that were proposed, boxes silent (accepted and wrong) and asked, pages refused, and
wrong alignments: pages read with a box more than half of its shorter side off the label. At the end: what a
page costs that is of none of the forms.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import process_time
from typing import Final

import click
import cv2
import numpy as np
from harness import folder_argument, measurement, table, upper_bound

from omr.errors import OmrError, PageError
from omr.forms.template import Form, Kind, Option, Question, Traced
from omr.forms.traced import Foreign
from omr.geometry import MM_PER_INCH, Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.papers.labels import LabelledPage
from omr.reading.scan.pages import ScannedPage, decode, open_pages
from omr.reading.traced.read import TracedPlan, read_traced
from omr.reading.traced.trace import Draft, trace
from papers import labels as real_ink

# Which pages of a set are of one form, by their names' beginning; all others are of one.
FORMS: Final = {"sqs": ("t1", "t5"), "odk": ("t1", "t3")}
STATES: Final = {"blank": "blank", "marked": "marked", "cancelled": "cancelled"}


def forms_of(name: str, pages: list[LabelledPage]) -> dict[str, list[LabelledPage]]:
    """Part a set's pages by form."""
    if name == "amc-tests":  # each sheet is a form of its own: questions and answers are shuffled
        return {page.image.name: [page] for page in pages}
    parts = FORMS.get(name, ("",))
    return {part: [page for page in pages if page.image.name.startswith(part)] for part in parts}


def scan_of(page: LabelledPage) -> ScannedPage:
    """Decode a page."""
    return decode(next(iter(open_pages(page.image))))


def confirmed(draft: Draft, page: LabelledPage, name: str) -> tuple[Foreign, dict[str, int], int]:
    """Return the form as a person confirms it, by the labels of the sheet that the print lies as.

    Also the place of each label's box, by its name, and how many boxes were proposed.
    """
    middles = np.array([box.middle for box in draft.boxes])
    questions: dict[str, list[Option]] = {}
    proposed = 0
    mm = MM_PER_INCH / draft.dpi
    places: dict[str, int] = {}
    for label, group, corners in zip(page.boxes.names, page.boxes.groups, page.boxes.corners_px, strict=True):
        width, height = np.ptp(corners, axis=0)
        off = np.abs(middles - corners.mean(axis=0)) / (width, height)
        at = int(off.max(axis=1).argmin())
        if off[at].max() >= 0.5:
            continue
        proposed += 1
        found = draft.boxes[at]
        box = Box(found.left * mm, found.top * mm, found.width * mm, found.height * mm)
        key = group or label
        code = str(len(questions.setdefault(key, [])))
        questions[key].append(Option(code, label, False, box))
    form = Form(
        name, 0, "1", name, name, "traced", "en",
        tuple(Question(key, Kind.MULTIPLE, key, "", False, False, tuple(options), None)
              for key, options in questions.items()),
        (), None, name,
        Traced("0" * 64, draft.dpi, draft.print_.shape[1], draft.print_.shape[0], draft.learned, "page"),
    )  # fmt: skip
    for number, option in enumerate(option for q in form.questions for option in q.options):
        places[option.label] = number
    png = cv2.imencode(".png", draft.print_)[1].tobytes()
    return Foreign(form, png, page.image), places, proposed


Kept = list[tuple[str, TracedPlan, ScannedPage]]  # the form of a set, prepared, and its first page


def measured(name: str, most: int, kept: Kept) -> dict[str, object]:
    """Trace and read the pages of one set."""
    pages = list(real_ink.pages(name))
    calibration = load_calibration()
    counts: Counter[str] = Counter()
    worst: list[float] = []
    for part, members in forms_of(name, pages).items():
        scans = [scan_of(page) for page in members]
        try:
            draft = trace(scans[:most], filled=True, dpi=scans[0].dpi)
        except OmrError as error:  # a form that is refused is a result
            print("  not traced:", part, error)
            counts["untraced"] += len(members)
            continue
        foreign, places, proposed = confirmed(draft, members[0], name)
        counts["proposed"] += proposed
        counts["labelled"] += len(members[0].boxes.names)
        counts["forms"] += 1
        plan = TracedPlan("0" * 64, foreign)
        kept.append((name, plan, scans[0]))
        for scan, page in zip(scans, members, strict=True):
            counts["pages"] += 1
            try:
                read = read_traced(scan, [plan], calibration)
            except PageError as error:
                counts["refused"] += 1
                print("  refused:", page.image.name, error.reason, error.values)
                continue
            if read is None:
                counts["refused"] += 1
                print("  refused:", page.image.name, "is of no traced form")
                continue
            off = 0.0
            for label, corners, truth in zip(
                page.boxes.names, page.boxes.corners_px, page.states, strict=True
            ):
                if label not in places:
                    continue
                mark, verdict = read.marks[places[label]], read.verdicts[places[label]]
                off = max(
                    off,
                    float(
                        np.linalg.norm(mark.corners_px.mean(axis=0) - corners.mean(axis=0))
                        / np.ptp(corners, axis=0).min()
                    ),
                )
                counts["boxes"] += 1
                counts["marks"] += truth == "marked"
                counts["asked"] += verdict.review
                if not verdict.review and verdict.state.value != STATES.get(truth):
                    counts["silent"] += 1
                    print(
                        "  silent:",
                        page.image.name,
                        label,
                        truth,
                        "read as",
                        verdict.state,
                        verdict.confidence,
                    )
                if verdict.review:
                    counts[f"why {verdict.reason}"] += 1
            worst.append(off)
            if off > 0.5:
                counts["wrong"] += 1
                print("  wrong alignment:", page.image.name, round(off, 2))
    print(" ", {key: n for key, n in counts.items() if key.startswith("why")})
    boxes = counts["boxes"]
    return {
        "set": name, "forms": counts["forms"], "pages": counts["pages"], "refused": counts["refused"],
        "proposed": f"{counts['proposed']} of {counts['labelled']}",
        "boxes": boxes, "marks": counts["marks"], "silent": counts["silent"],
        "at most": upper_bound(counts["silent"], max(boxes, 1)),
        "asked": counts["asked"], "asked %": 100 * counts["asked"] / max(boxes, 1),
        "wrong alignments": counts["wrong"], "worst box, sides": max(worst, default=0.0),
    }  # fmt: skip


def of_none(kept: Kept) -> None:
    """Say what a page costs that is of none of the forms: the first of each set, by the others' forms."""
    spent = []
    for name, _, scan in kept:
        others = [plan for other, plan, _ in kept if other != name]
        begun = process_time()
        try:
            assert read_traced(scan, others, load_calibration()) is None, name
        except PageError as error:
            print("  of no form, refused:", name, error.reason)
        spent.append((process_time() - begun) / max(len(others), 1))
    print(f"a page of none of {len(kept) - 1} forms: {np.median(spent) * (len(kept) - 1):.2f} s of CPU")


@measurement(__doc__)
@folder_argument
@click.argument("sets", nargs=-1)
@click.option("--sheets", default=12, show_default=True)
def main(folder: Path, sets: tuple[str, ...], sheets: int) -> None:
    """Measure all sets, or those named."""
    real_ink.ROOT = folder.resolve()
    cv2.setNumThreads(1)
    names = sets or [*real_ink.SURVEYS, *real_ink.SETS]
    rows, kept = [], Kept()
    for name in names:
        print(name, flush=True)
        rows.append(measured(name, sheets, kept))
        table(rows[-1:])
    table(rows)
    of_none(kept)
