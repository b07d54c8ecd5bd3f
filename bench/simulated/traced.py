"""A traced survey of another maker, filled in by simulated people and scanned: what is silent, what asked.

    python bench simulated traced [--sheets N] [--seed N]

The survey is drawn (omr/simulate/foreign.py), one unfilled scan of it is traced, and every sheet is read:
grey at 150, 200 and 300 dpi by turns. 104 positions a sheet; 193 sheets are 20,000. A run goes on where
it was interrupted.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click
import cv2
import numpy as np
from harness import Line, calibrations, measured_with, measurement, resumable, resumed, table, upper_bound

from omr.errors import PageError
from omr.forms.template import Form, Option, Question, Traced
from omr.forms.traced import Foreign
from omr.geometry import MM_PER_INCH, Box
from omr.reading.marks.calibrate import load_calibration
from omr.reading.scan.pages import Depth, ScannedPage
from omr.reading.traced.read import TracedPlan, read_traced
from omr.reading.traced.trace import trace
from omr.simulate.foreign import course_evaluation, filled_sheet
from omr.words import AnswerState

DPIS = (150, 200, 300)


def scan_of(seed: int, page: int, dpi: int, *, empty: bool = False) -> ScannedPage:
    """Simulate a sheet and decode it."""
    made = filled_sheet(course_evaluation(), seed, page, dpi=dpi, empty=empty)
    data = np.frombuffer(made.picture.data, np.uint8)
    grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return ScannedPage("sheet", page, grey, Depth.GREY, float(dpi))


@cache
def plan(seed: int) -> TracedPlan:
    """Trace the survey from one unfilled scan; its questions are the survey's in their order."""
    draft = trace([scan_of(seed, 0, 200, empty=True)])
    survey = course_evaluation().form
    mm = MM_PER_INCH / draft.dpi
    questions = []
    for printed, members in zip(survey.questions, draft.questions, strict=True):
        found = [draft.boxes[at] for at in members]
        boxes = [(box.left, box.top, box.width, box.height) for box in found]
        questions.append(
            Question(
                printed.key, printed.kind, printed.text, "", printed.core, printed.overall,
                tuple(
                    Option(o.code, o.label, o.satisfied, Box(*(mm * side for side in sides)))
                    for o, sides in zip(printed.options, boxes, strict=True)
                ),
                None,
            )
        )  # fmt: skip
    height, width = draft.print_.shape
    traced = Traced("0" * 64, draft.dpi, width, height, draft.learned, draft.identify)
    form = Form("C", 0, "1", "C", "C", "traced", "en", tuple(questions), (), traced=traced)
    png = cv2.imencode(".png", draft.print_)[1].tobytes()
    return TracedPlan("f" * 64, Foreign(form, png, None))


def measured(piece: tuple[int, int]) -> Line:
    """Read one sheet."""
    cv2.setNumThreads(1)
    seed, page = piece
    dpi = DPIS[page % len(DPIS)]
    slip = filled_sheet(course_evaluation(), seed, page, dpi=dpi).slip
    line: Line = {"dpi": dpi, "positions": sum(len(q.options) for q in course_evaluation().form.questions)}
    try:
        read = read_traced(scan_of(seed, page, dpi), [plan(seed)], load_calibration())
    except PageError as error:
        return line | {"refused": error.reason}
    if read is None:
        return line | {"refused": "none"}
    silent = asked = 0
    for answer in read.answers:
        options_of = len(next(q for q in plan(seed).form.questions if q.key == answer.question).options)
        doubtful = answer.state is AnswerState.DOUBTFUL
        asked += options_of if doubtful else 0
        silent += not doubtful and answer.codes != slip.answers[answer.question]
    return line | {"silent": silent, "asked": asked, "residual_mm": read.residual_mm}


@measurement(__doc__)
@click.option("--sheets", default=193, show_default=True)
@resumable("traced_simulated")
def main(sheets: int, seed: int, workers: int, state: Path, csv: Path) -> None:
    """Read all sheets and print one table."""
    pieces = {f"{seed}-{page}": (seed, page) for page in range(1, sheets + 1)}
    version = measured_with(calibrations())
    lines = resumed(pieces, measured, state=state, version=version, workers=workers)
    rows = []
    for dpi in (*DPIS, 0):
        of = [line for line in lines.values() if dpi in (0, line["dpi"])]
        read = [line for line in of if "refused" not in line]
        positions = sum(line["positions"] for line in read)
        silent = sum(line["silent"] for line in read)
        rows.append(
            {
                "dpi": dpi or "all", "sheets": len(of), "refused": len(of) - len(read),
                "positions": positions,
                "silent": silent, "at most": upper_bound(silent, max(positions, 1)),
                "asked": sum(line["asked"] for line in read),
                "asked %": 100 * sum(line["asked"] for line in read) / max(positions, 1),
                "residual mm": max((line["residual_mm"] for line in read), default=0.0),
            }
        )  # fmt: skip
    table(rows, to=csv)
