"""One page through all stages; the only place where a PageError is caught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from omr.errors import AlignmentError, FiducialError, PageError, ScannerError, SerialError
from omr.forms.printing.raster import PX_PER_MM
from omr.forms.serial import IssuedSerials
from omr.forms.template import Form
from omr.geometry import FRAMES, MM_PER_INCH, Box, apply
from omr.reading.glass.streaks import Streak, find_streaks
from omr.reading.ink.measure import MarkReading, measure
from omr.reading.limits import USUAL, Limits
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict, Written, decide
from omr.reading.page.canonical import canonical
from omr.reading.page.comments import Comment, find_comments
from omr.reading.page.layer import InkLayer, ink_layer, lay
from omr.reading.page.lost import red_stamp, under_streaks
from omr.reading.page.plan import Plan
from omr.reading.page.seal import find_seal
from omr.reading.page.words import check_rows
from omr.reading.place.align import AlignedPage, align
from omr.reading.place.identify import IdentifiedPage, identify
from omr.reading.place.locate import locate
from omr.reading.place.refine import refine
from omr.reading.scan.backs import is_blank
from omr.reading.scan.cover import cover_on
from omr.reading.scan.pages import Depth, EncodedPage, ScannedPage, check_whole, decode
from omr.reading.traced.read import TracedForms, TracedPage, read_traced
from omr.reading.written.values import read_value
from omr.words import AnswerState, Carrier, Seal, SlipDoubt

# Refusals that dirt on the scanner's glass can bring about.
BY_STREAKS: Final = {
    *("no_fiducials", "too_few_fiducials", "misaligned", "perspective", "serial_unreadable"),
    *("outlines_missing", "outlines_displaced", "outlines_uneven", "outlines_broken"),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What reading needs to know: the serials that were issued, the forms as printed, the calibration."""

    issued: IssuedSerials
    forms: Mapping[str, Form]  # by fingerprint, as archived
    calibration: Calibration
    limits: Limits = USUAL
    traced: TracedForms = field(
        default_factory=lambda: TracedForms({})
    )  # of other makers, that people confirmed
    _plans: dict[tuple[str, int], Plan] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )  # by form and page

    def __reduce__(self) -> tuple[type[Desk], tuple[object, ...]]:
        """Travel to workers without the plans, of 8 MB each."""
        return Desk, (self.issued, self.forms, self.calibration, self.limits, self.traced)

    def plan(self, fingerprint: str, number: int) -> Plan | None:
        """Return a page of a form prepared for reading, None without one; the first time it takes 0.1 s."""
        form = self.forms.get(fingerprint)
        if form is None or not 1 <= number <= form.pages:
            return None
        key = fingerprint, number
        if key not in self._plans:
            self._plans[key] = Plan.of(form.page(number))
        return self._plans[key]


@dataclass(frozen=True, slots=True, eq=False)
class ReadPage:
    """A slip that was read."""

    page: IdentifiedPage
    marks: tuple[MarkReading, ...]
    verdicts: tuple[BoxVerdict, ...]
    answers: tuple[Answer, ...]
    calibration: str  # by which they were decided
    comments: tuple[Comment, ...] = ()
    written: tuple[Written, ...] = ()  # values by hand
    seal: Seal = Seal.UNKNOWN
    streaks: tuple[Streak, ...] = ()  # with any, the scanner wants cleaning
    doubts: tuple[SlipDoubt, ...] = ()  # why a person should look at the whole page, see `_doubts`


@dataclass(frozen=True, slots=True)
class BlankBack:
    """The empty other side of a sheet."""

    file: str
    page: int


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """A page that was refused, and why."""

    file: str
    page: int
    reason: str  # stable word
    measured: dict[str, object]  # the numbers, for the message `page.<reason>`


Result = ReadPage | TracedPage | BlankBack | RejectedPage


def read_page(page: EncodedPage | ScannedPage, desk: Desk) -> Result:
    """Read one page: every page ends as read, as a blank back, or as rejected with a reason."""
    scan: ScannedPage | None = None
    try:
        scan = page if isinstance(page, ScannedPage) else decode(page)
        if is_blank(scan):
            check_whole(scan)
            return BlankBack(scan.file, scan.page)
        try:
            located = locate(scan)
        except FiducialError:  # none of ours: of another maker, if one was traced
            traced = read_traced(scan, desk.traced.plans, desk.calibration)
            if traced is None:
                raise
            return traced
        return read_slip(identify(align(located), desk.issued), desk)
    except PageError as error:
        return _rejected(page, scan, error)


def _rejected(page: EncodedPage | ScannedPage, scan: ScannedPage | None, error: PageError) -> RejectedPage:
    """Say why a page was refused; a cover sheet among the slips means that two stacks were scanned as one."""
    cover = cover_on(scan) if scan is not None else None
    if cover is not None:
        return RejectedPage(page.file, page.page, "cover_inside", asdict(cover))
    fault = _scanner_fault(scan, error) or error
    inside = page.inside if isinstance(page, EncodedPage) else ""
    values = {**fault.values, "inside": inside} if inside else fault.values
    return RejectedPage(page.file, page.page, fault.reason, values)


def _scanner_fault(scan: ScannedPage | None, error: PageError) -> ScannerError | None:
    """Return that the scanner is dirty, where streaks may well be why a slip cannot be read."""
    if scan is None or error.reason not in BY_STREAKS:
        return None
    height, width = scan.grey.shape
    px_per_mm = scan.dpi / MM_PER_INCH if scan.dpi else max(height, width) / FRAMES["A5"].height_mm
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    streaks = find_streaks(scan.grey, whole, px_per_mm)
    if not streaks:
        return None
    at_mm = (streaks[0].first + streaks[0].last) / 2 / px_per_mm
    return ScannerError("scanner_dirty", streaks=len(streaks), at_mm=at_mm, cause=error.reason)


def read_slip(page: IdentifiedPage, desk: Desk) -> ReadPage:
    """Read a page whose slip is known; a serial that a person typed comes in here."""
    form = desk.forms.get(page.issue.fingerprint)
    if form is None:
        raise SerialError("form_unknown", serial=page.serial.printed, form=page.issue.form)
    if form.pages > 1 and page.carriers == (Carrier.TEXT,):
        raise SerialError("page_unknown", serial=page.serial.printed, pages=form.pages)
    plan = desk.plan(page.issue.fingerprint, page.number)
    if plan is None:
        raise SerialError("no_such_page", serial=page.serial.printed, page=page.number, pages=form.pages)
    aligned, frame = page.aligned, plan.form.frame
    if aligned.located.frame != frame:
        paper = aligned.located.frame.paper
        raise AlignmentError("wrong_paper", paper=paper, expected=frame.paper)
    looked = look(aligned, plan)
    areas = find_comments(aligned, plan.areas, looked.streaks)
    by_hand = {question.key: question for question in plan.form.questions if question.cells}
    written = tuple(
        read_value(aligned, by_hand[area.question])
        for area in areas
        if area.has_ink and area.question in by_hand
    )
    comments = tuple(area for area in areas if area.question not in by_hand)
    lines = tuple(Written(comment.question) for comment in comments if comment.has_ink)
    verdicts, answers = decide(plan.form.questions, looked.marks, desk.calibration, (*written, *lines))
    return ReadPage(
        page,
        looked.marks,
        verdicts,
        answers,
        desk.calibration.name,
        comments=comments,
        written=written,
        seal=find_seal(aligned) if page.number == 1 else Seal.UNKNOWN,  # the seal stands on the first page
        streaks=looked.streaks,
        # Boxes tell on boxes: who writes a number by hand may have left all of them empty.
        doubts=_doubts(page, [answer for answer in answers if answer.question not in by_hand]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What was seen and measured on a page, whatever is decided about it."""

    layer: InkLayer
    marks: tuple[MarkReading, ...]
    streaks: tuple[Streak, ...]


def look(aligned: AlignedPage, plan: Plan) -> Looked:
    """Part a page into print and ink, and measure its boxes."""
    frame, scan = plan.form.frame, aligned.located.scan
    placed = refine(aligned, plan.outlines)
    picture = canonical(scan.grey, placed.scan_from_page, plan.raster.ink.shape, plan.raster.first)
    sheet = apply(aligned.scan_from_page, Box(0, 0, frame.width_mm, frame.height_mm).corners_mm)
    streaks = find_streaks(scan.grey, sheet, aligned.dpi / MM_PER_INCH)
    dirty = under_streaks(streaks, placed.scan_from_page, plan.raster, scan.grey.shape)
    shifts = np.rint(placed.shifts_mm[:, ::-1] * PX_PER_MM).astype(np.intp)
    laid = lay(plan.raster, plan.tops_lefts, plan.side, shifts)
    layer = ink_layer(picture, plan.raster, laid, dirty)
    check_rows(layer.dark, plan.words, shifts)
    red = red_stamp(scan, placed.scan_from_page, plan.raster, layer, plan.insides)
    if red is not None:
        layer = ink_layer(picture, plan.raster, laid, red if dirty is None else red | dirty)
    features = measure(
        layer,
        plan.tops_lefts + shifts,
        plan.side,
        plan.zones,
        plan.rules,
        lettered=plan.lettered.over_mm(layer, shifts),
        bilevel=scan.depth is Depth.BILEVEL,
        streaks=dirty,
        red=red,
    )
    marks = tuple(
        MarkReading(question, option, box, tuple(row))
        for (question, option), box, row in zip(
            plan.places, placed.corners_px, features.tolist(), strict=True
        )
    )
    return Looked(layer, marks, streaks)


def _doubts(page: IdentifiedPage, answers: Sequence[Answer]) -> tuple[SlipDoubt, ...]:
    doubts = {
        SlipDoubt.TWO_FIDUCIALS: page.aligned.review,
        SlipDoubt.TEXT_ONLY: page.carriers == (Carrier.TEXT,),
        SlipDoubt.FEW_ANSWERS: few_answers(answers),
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)


def few_answers(answers: Sequence[Answer]) -> bool:
    """Whether less than half of a slip is answered: it is asked about once, as a whole.

    Few people hand in an empty slip; a 1-bit scan that is too light makes one of any in pencil, and of
    marks that are no marks to the machine it finds some and not the others.
    """
    said = sum(answer.state in (AnswerState.ANSWERED, AnswerState.MULTIPLE) for answer in answers)
    return said < len(answers) / 2
