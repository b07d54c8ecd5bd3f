"""A page of somebody else's form: laid on its print, checked row by row, its boxes measured and decided.

Marks are read by the way of all papers that are not ours (`papers.paper`, `marks.papers`); what the
form's print shows in a box's place is no mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import AlignmentError
from omr.forms.template import Form
from omr.forms.traced import Foreign
from omr.geometry import MM_PER_INCH, Affine, fit_affine
from omr.reading.ink.measure import PAPERS, MarkReading
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict, decide
from omr.reading.papers.between import look_between
from omr.reading.papers.known import Laid as KnownPrint
from omr.reading.papers.paper import F, found_at, measure
from omr.reading.scan.pages import ScannedPage
from omr.reading.traced.check import Row, contrasts, rows_of
from omr.reading.traced.features import Corners, Grey, agree, corners, glance
from omr.reading.traced.field import Field, dark, field
from omr.reading.traced.shared import FINE_DPI, LEAST_CORNERS, Laid, at_fine, quads_on, warped
from omr.reading.traced.trace import code_on
from omr.words import AnswerState, SlipDoubt

# Print and page are scans both: each may be stretched by 3 % and sheared by 0.02 rad (`page.align`).
MOST_STRETCH: Final = 0.06
MOST_SHEAR: Final = 0.04  # rad
MOST_FORESHORTENED: Final = 0.12  # of the scale, from edge to edge: a photograph from the side
# Corners that agree at a first glance, from which a page may be of a form: sheets of 9 forms had 32 and more,
# most sheets of other forms fewer than 10.
PERHAPS: Final = 14
LEAST_AGREEING: Final = 0.6  # of the tiles of print; pages of 10 foreign forms had 0.79 and more
MOST_RESIDUAL_MM: Final = 0.35  # of those; pages had 0.27 at most
LEAST_CONTRAST: Final = 0.45  # of a row's own words, over that of the page's rows; own rows had 0.53 and more
MOST_UNLIKE: Final = 1  # rows that may be unlike: something was written over them
LEAST_SEEN: Final = 0.2  # of the tiles of print in a part of the page with boxes
MOST_LOST: Final = 0.15  # of those parts may show less: something lies over them, or was written there
CELLS: Final = 5  # parts of a page, across and down
LEAST_DPI: Final = 60.0  # of the scan: boxes of 5 mm are 12 px
# How far a box may still be off its place, in box sides: pages were laid to within 0.5 mm.
SEARCH: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class TracedPage:
    """A page of somebody else's form that was read."""

    file: str
    page: int
    form: str
    fingerprint: str
    code: str  # what its bar code says; empty: it is known by file and page
    scan_from_page: Affine
    dpi: float
    residual_mm: float
    marks: tuple[MarkReading, ...]
    verdicts: tuple[BoxVerdict, ...]
    answers: tuple[Answer, ...]
    calibration: str
    doubts: tuple[SlipDoubt, ...] = ()


class TracedPlan:
    """A traced form, prepared for reading."""

    def __init__(self, fingerprint: str, foreign: Foreign) -> None:
        traced = foreign.form.traced
        assert traced is not None
        self.fingerprint, self.form, self.traced = fingerprint, foreign.form, traced
        data = np.frombuffer(foreign.print_png, np.uint8)
        self.print_: Grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
        self.dpi = traced.dpi
        self.glance: Corners = glance(self.print_)
        self.places = [(q.key, o.code) for q in self.form.questions for o in q.options]
        self.groups = [key for key, _ in self.places]
        px = self.dpi / MM_PER_INCH
        boxes = [o.box for q in self.form.questions for o in q.options]
        self.quads = np.array([box.corners_mm * px for box in boxes])
        self.px_per_mm = min(self.dpi, FINE_DPI) / MM_PER_INCH
        self.fine, self.to_fine = at_fine(self.print_, self.dpi)
        self.dark = dark(self.fine, self.px_per_mm)
        self.rows: list[Row] = rows_of(self.dark, self.px_per_mm, list(_frames(self.form, self.px_per_mm)))

    @cached_property
    def corners(self) -> Corners:
        """All corners of the print; looked for when the first page may be of the form."""
        return corners(self.print_)


def _frames(form: Form, px_per_mm: float) -> Sequence[tuple[str, NDArray[np.float64]]]:
    return [
        (q.key, np.array([[*o.box.corners_mm[0], *o.box.corners_mm[2]] for o in q.options]) * px_per_mm)
        for q in form.questions
    ]


class TracedForms:
    """The traced forms that pages may be of; prepared when the first page is none of ours."""

    def __init__(self, forms: Mapping[str, Foreign]) -> None:  # by fingerprint
        self.forms = dict(forms)

    def __reduce__(self) -> tuple[type[TracedForms], tuple[object, ...]]:
        """Travel to workers without the plans: they are megabytes, and most stacks need none."""
        return TracedForms, (self.forms,)

    @cached_property
    def plans(self) -> list[TracedPlan]:
        """All forms, prepared: 0.2 s of computing each, and 0.8 s more when a page may be of one."""
        return [TracedPlan(fingerprint, one) for fingerprint, one in self.forms.items()]


def read_traced(
    scan: ScannedPage, prepared: Sequence[TracedPlan], calibration: Calibration
) -> TracedPage | None:
    """Read a page by the traced form that it is of; None where it is of none.

    Raises
    ------
    AlignmentError
        The page is of a form, but does not lie on its print as paper does: ``print_misaligned``,
        ``print_stretched``, ``print_perspective``, ``print_incomplete``, ``rows_unlike``.
    """
    perhaps = _perhaps_of(scan, prepared)
    if not perhaps:
        return None
    seen = corners(scan.grey)
    found = [(agree(plan.corners, seen), plan) for plan in perhaps]
    likely = [(one, plan) for one, plan in found if one is not None and one.corners >= LEAST_CORNERS]
    if not likely:
        return None
    likely.sort(key=lambda pair: -pair[0].corners)
    best, plan = likely[0]
    if len(likely) > 1 and likely[1][0].corners > 0.8 * best.corners:  # two revisions of one form
        raise AlignmentError("print_ambiguous", form=plan.form.form, other=likely[1][1].form.form)
    dpi = _checked_shape(best.map, plan)
    map_to_fine = best.map @ np.linalg.inv(plan.to_fine)
    page = dark(warped(scan.grey, map_to_fine, plan.fine.shape), plan.px_per_mm)
    left = field(plan.dark, page, plan.px_per_mm)
    if left is None or left.agreeing < LEAST_AGREEING or left.residual_mm > MOST_RESIDUAL_MM:
        agreeing = left.agreeing if left is not None else 0.0
        residual = left.residual_mm if left is not None else 0.0
        raise AlignmentError(
            "print_misaligned", form=plan.form.form, agreeing=100 * agreeing, residual_mm=residual
        )
    _check_whole(left, plan)
    unlike = _unlike_rows(page, plan, left)
    return _read(scan, plan, Laid(best.map, left, best.corners), dpi, unlike, calibration)


def _perhaps_of(scan: ScannedPage, prepared: Sequence[TracedPlan]) -> list[TracedPlan]:
    """Return the forms that a page may be of, at a first glance: blank backs and letters are of none."""
    if not prepared:
        return []
    seen = glance(scan.grey)
    found = [(agree(plan.glance, seen), plan) for plan in prepared]
    return [plan for one, plan in found if one is not None and one.corners >= PERHAPS]


def _checked_shape(map_: NDArray[np.float64], plan: TracedPlan) -> float:
    """Return the scan's resolution; refuse what paper and scanners do not do."""
    height, width = plan.print_.shape
    at = np.array([[0.5, 0.5], [0.05, 0.05], [0.95, 0.05], [0.95, 0.95], [0.05, 0.95]]) * (width, height)
    linear = [_linear(map_, point) for point in at]
    scales = [float(np.sqrt(abs(np.linalg.det(one)))) for one in linear]
    values = {"form": plan.form.form}
    if min(float(np.linalg.det(one)) for one in linear) <= 0:
        raise AlignmentError("print_misaligned", **values, agreeing=0.0, residual_mm=0.0)
    if max(scales) / min(scales) - 1 > MOST_FORESHORTENED:
        raise AlignmentError("print_perspective", **values, percent=100 * (max(scales) / min(scales) - 1))
    x, y = linear[0][:, 0], linear[0][:, 1]
    along = float(np.hypot(*x))
    stretch = float(np.linalg.det(linear[0])) / along / along
    shear = float(x @ y) / along / (along * stretch)
    if abs(stretch - 1) > MOST_STRETCH or abs(shear) > MOST_SHEAR:
        raise AlignmentError("print_stretched", **values, percent=100 * (stretch - 1))
    dpi = scales[0] * plan.dpi
    if dpi < LEAST_DPI:
        raise AlignmentError("too_coarse", dpi=dpi, least=LEAST_DPI)
    return dpi


def _linear(map_: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a homography does in the small around a point, (2, 2)."""
    x, y, w = map_ @ (*point, 1.0)
    around = np.array(
        [
            [map_[0, 0] * w - x * map_[2, 0], map_[0, 1] * w - x * map_[2, 1]],
            [map_[1, 0] * w - y * map_[2, 0], map_[1, 1] * w - y * map_[2, 1]],
        ]
    )
    return np.asarray(around / (w * w), np.float64)


def _check_whole(left: Field, plan: TracedPlan) -> None:
    """Refuse a page on which whole parts of the print, with boxes in them, are not to be found."""
    width, height = left.size_mm

    def cells(points_mm: NDArray[np.float64]) -> NDArray[np.intp]:
        at = (points_mm / (width, height) * CELLS).astype(np.intp).clip(0, CELLS - 1)
        return np.bincount(at[:, 1] * CELLS + at[:, 0], minlength=CELLS * CELLS)

    boxes = cells(plan.quads.mean(axis=1) * MM_PER_INCH / plan.dpi) > 0
    tiles, found = cells(left.tiles_mm), cells(left.tiles_mm[left.found])
    has = boxes & (tiles >= 2)
    lost = has & (found < LEAST_SEEN * tiles)
    if lost.sum() > MOST_LOST * has.sum():
        raise AlignmentError("print_incomplete", form=plan.form.form)


def _unlike_rows(page: NDArray[np.uint8], plan: TracedPlan, left: Field) -> set[str]:
    """Return the questions whose row is not itself; more than `MOST_UNLIKE` refuse the page."""
    if not plan.rows:
        return set()
    middles = np.array([row.middle_mm for row in plan.rows])
    seen = contrasts(page, plan.rows, left.at(middles), plan.px_per_mm)
    usual = float(np.median(seen))
    low = [row.question for row, value in zip(plan.rows, seen, strict=True) if value < LEAST_CONTRAST * usual]
    if usual <= 0 or len(low) > max(MOST_UNLIKE, len(plan.rows) // 50):
        raise AlignmentError("rows_unlike", form=plan.form.form, rows=len(low), first=low[0] if low else "")
    return set(low)


def _read(
    scan: ScannedPage,
    plan: TracedPlan,
    laid: Laid,
    dpi: float,
    unlike: set[str],
    calibration: Calibration,
) -> TracedPage:
    quads = quads_on(laid, plan.quads, plan.dpi)
    known = [] if plan.traced.learned == "filled" else [KnownPrint(plan.print_, plan.quads)]
    features = measure(scan.grey, quads, plan.groups, search=SEARCH, known=known)
    features = look_between(scan.grey, quads, plan.groups, features)
    # Of a row that is not itself nothing is known; also when it is decided again from what was measured.
    features[[group in unlike for group in plan.groups], F["usable"]] = 0.0
    places = found_at(quads, features)
    marks = tuple(
        MarkReading(key, code, box, tuple(row), PAPERS)
        for (key, code), box, row in zip(plan.places, places, features.tolist(), strict=True)
    )
    verdicts, answers = decide(plan.form.questions, marks, calibration)
    said = sum(answer.state in (AnswerState.ANSWERED, AnswerState.MULTIPLE) for answer in answers)
    px = plan.dpi / MM_PER_INCH
    return TracedPage(
        scan.file,
        scan.page,
        plan.form.form,
        plan.fingerprint,
        code_on(scan.grey) if plan.traced.identify == "barcode" else "",
        fit_affine(plan.quads.reshape(-1, 2) / px, quads.reshape(-1, 2), np.ones(4 * len(quads))),
        dpi,
        laid.field.residual_mm,
        marks,
        verdicts,
        answers,
        calibration.name,
        (SlipDoubt.FEW_ANSWERS,) if 2 * said < len(answers) else (),
    )
