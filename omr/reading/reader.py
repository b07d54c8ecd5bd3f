"""One page through all stages; the only place where a PageError is caught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from omr.errors import AlignmentError, PageError, ScannerError, SerialError
from omr.forms.serial import IssuedSerials
from omr.forms.template import Form
from omr.geometry import FRAMES, MM_PER_INCH, Box, apply
from omr.reading.limits import USUAL, Limits
from omr.reading.marks.beside import look_beside
from omr.reading.marks.calibrate import Calibration
from omr.reading.marks.decide import Answer, BoxVerdict, decide
from omr.reading.marks.dropout import Decided, without_red
from omr.reading.marks.measure import F, MarkReading, found_at, measure
from omr.reading.page.align import align
from omr.reading.page.comments import Comment, WritingArea, areas_of, find_comments
from omr.reading.page.identify import IdentifiedPage, identify
from omr.reading.page.locate import locate
from omr.reading.page.refine import Outlines, outlines_of, refine
from omr.reading.page.seal import find_seal
from omr.reading.page.streaks import Streak, find_streaks
from omr.reading.scan.backs import is_blank
from omr.reading.scan.cover import cover_on
from omr.reading.scan.pages import EncodedPage, ScannedPage, decode
from omr.words import AnswerState, Carrier, Seal, SlipDoubt

# Box sides around its refined place in which a box is searched once more: outlines were
# found to 0.1 mm, the rest is what paper does between two rows.
SEARCH: Final = 0.125
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
    plans: Mapping[str, Plan] = field(init=False)

    def __post_init__(self) -> None:
        plans = {fingerprint: Plan.of(form) for fingerprint, form in self.forms.items()}
        object.__setattr__(self, "plans", plans)

    def __reduce__(self) -> tuple[type[Desk], tuple[object, ...]]:
        """Travel to workers without the plans: preparing a form takes 7 ms, and they are half a megabyte."""
        return Desk, (self.issued, self.forms, self.calibration, self.limits)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A form prepared for reading."""

    form: Form
    outlines: Outlines
    areas: tuple[WritingArea, ...]
    places: tuple[tuple[str, str], ...]  # (question, option) of each box

    @classmethod
    def of(cls, form: Form) -> Plan:
        """Prepare a form."""
        places = tuple(
            (question.key, option.code) for question in form.questions for option in question.options
        )
        return cls(form, outlines_of(form), areas_of(form), places)


@dataclass(frozen=True, slots=True, eq=False)
class ReadPage:
    """A slip that was read."""

    page: IdentifiedPage
    marks: tuple[MarkReading, ...]
    verdicts: tuple[BoxVerdict, ...]
    answers: tuple[Answer, ...]
    calibration: str  # by which they were decided
    comments: tuple[Comment, ...] = ()
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


Result = ReadPage | BlankBack | RejectedPage


def read_page(page: EncodedPage | ScannedPage, desk: Desk) -> Result:
    """Read one page: every page ends as read, as a blank back, or as rejected with a reason."""
    scan: ScannedPage | None = None
    try:
        scan = page if isinstance(page, ScannedPage) else decode(page)
        if is_blank(scan):
            return BlankBack(scan.file, scan.page)
        return read_slip(identify(align(locate(scan)), desk.issued), desk)
    except PageError as error:
        return _rejected(page, scan, error)


def _rejected(page: EncodedPage | ScannedPage, scan: ScannedPage | None, error: PageError) -> RejectedPage:
    """Say why a page was refused; a cover sheet among the slips means that two stacks were scanned as one."""
    cover = cover_on(scan) if scan is not None else None
    if cover is not None:
        return RejectedPage(page.file, page.page, "cover_inside", asdict(cover))
    fault = _scanner_fault(scan, error) or error
    return RejectedPage(page.file, page.page, fault.reason, fault.values)


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
    plan = desk.plans.get(page.issue.fingerprint)
    if plan is None:
        raise SerialError("form_unknown", serial=page.serial.printed, form=page.issue.form)
    aligned, frame = page.aligned, plan.form.frame
    if aligned.located.frame != frame:
        paper = aligned.located.frame.paper
        raise AlignmentError("wrong_paper", paper=paper, expected=frame.paper)
    grey = aligned.located.scan.grey
    corners = refine(aligned, plan.outlines)
    questions, calibration = plan.form.questions, desk.calibration
    features = measure(grey, corners, search=SEARCH)
    marks = tuple(
        MarkReading(question, option, box, tuple(row))
        for (question, option), box, row in zip(
            plan.places, found_at(corners, features), features.tolist(), strict=True
        )
    )
    verdicts, answers = decide(questions, marks, calibration)
    if any(answer.state is AnswerState.DOUBTFUL for answer in answers):

        def decided(some: tuple[MarkReading, ...]) -> Decided:
            return decide(questions, some, calibration)

        if (cleaner := without_red(aligned, corners, marks, decided, search=SEARCH)) is not marks:
            marks = cleaner
            verdicts, answers = decided(marks)
    held = {answer.question for answer in answers if answer.state is not AnswerState.NO_ANSWER}
    if len(held) < len(answers):
        looked = look_beside(grey, aligned.scan_from_page, plan.form, marks, held)
        if any(mark.features[F["beside"]] for mark in looked):
            marks = looked
            verdicts, answers = decide(questions, marks, calibration)
    sheet = apply(aligned.scan_from_page, Box(0, 0, frame.width_mm, frame.height_mm).corners_mm)
    streaks = find_streaks(grey, sheet, aligned.dpi / MM_PER_INCH)
    return ReadPage(
        page,
        marks,
        verdicts,
        answers,
        calibration.name,
        comments=find_comments(aligned, plan.areas, streaks),
        seal=find_seal(aligned),
        streaks=streaks,
        doubts=_doubts(page, answers),
    )


def _doubts(page: IdentifiedPage, answers: Sequence[Answer]) -> tuple[SlipDoubt, ...]:
    said = sum(answer.state in (AnswerState.ANSWERED, AnswerState.MULTIPLE) for answer in answers)
    doubts = {
        SlipDoubt.TWO_FIDUCIALS: page.aligned.review,
        SlipDoubt.TEXT_ONLY: page.carriers == (Carrier.TEXT,),
        # Few people hand in an empty slip; a 1-bit scan that is too light makes one of any in pencil,
        # and of marks that are no marks to the machine it finds some and not the others.
        SlipDoubt.FEW_ANSWERS: said < len(answers) / 2,
    }
    return tuple(doubt for doubt, is_so in doubts.items() if is_so)
