"""The error curve of a calibration as a picture: what is wrong unseen against what a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from omr.errors import OmrError, why
from omr.messages import say

KINDS: Final = (".svg", ".png", ".pdf")
COLOURS: Final = 10  # of matplotlib's cycle; beyond, the lines differ
LINES: Final = ("o-", "s--", "^:")
LEAST: Final = 1e-5  # a logarithmic axis has no zero: no error at all stands here


def draw_error_curve(curve: Sequence[tuple[str, float, int, int, int]], picture: Path) -> None:
    """Draw silent errors over review rate, one line for each class of marks.

    Parameters
    ----------
    curve : sequence of (marks, risk, boxes, silent, reviewed)
        As a calibration's provenance holds it.
    picture : Path
        An SVG, PNG or PDF file to write.

    Raises
    ------
    OmrError
        If the name has another ending or the file cannot be written.
    """
    if picture.suffix.lower() not in KINDS:
        raise OmrError("marks.no_such_picture", file=picture, kinds=", ".join(KINDS))
    figure = Figure(figsize=(8.0, 5.5), layout="constrained")
    axes = figure.add_subplot()
    for number, marks in enumerate(dict.fromkeys(point[0] for point in curve)):
        points = [point for point in curve if point[0] == marks and point[2]]
        if points:
            reviewed = [100 * p[4] / p[2] for p in points]
            silent = [max(p[3] / p[2], LEAST) for p in points]
            style = LINES[number // COLOURS % len(LINES)]
            axes.plot(reviewed, silent, style, markersize=3, linewidth=1, label=f"{marks} ({points[0][2]})")
    axes.set_yscale("log")
    axes.set_xlabel(say("marks.axis_reviewed"))
    axes.set_ylabel(say("marks.axis_silent"))
    axes.grid(True, linewidth=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    try:
        figure.savefig(picture, metadata={"Date": None} if picture.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise OmrError("marks.not_written", file=picture, detail=why(error)) from error
