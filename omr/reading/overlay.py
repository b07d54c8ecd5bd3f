"""An annotated picture of a page: what was found, what was read, how sure, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from omr.errors import PageError
from omr.files import begin_file, make_folder
from omr.forms.fonts import font_file
from omr.forms.printing.carriers import places
from omr.geometry import Affine, Points, apply
from omr.messages import say
from omr.reading.marks.decide import Answer
from omr.reading.reader import BlankBack, ReadPage, RejectedPage, Result
from omr.reading.scan.pages import EncodedPage, Grey, decode
from omr.reading.traced.read import TracedPage
from omr.words import AnswerState, BoxState, Seal

Rgb = tuple[int, int, int]

LONGEST_PX: Final = 1800  # of the picture: an A5 page at 200 dpi as it is
BAND_PX: Final = 74  # above the page, with what was read
QUALITY: Final = 88
MOST_LETTERS: Final = 16  # of an answer's codes: beside the first box is little room

GREEN: Final[Rgb] = (22, 128, 61)
BLUE: Final[Rgb] = (29, 78, 216)
AMBER: Final[Rgb] = (194, 104, 6)
RED: Final[Rgb] = (200, 30, 30)
GREY: Final[Rgb] = (120, 128, 138)
PALE: Final[Rgb] = (176, 184, 194)
INK: Final[Rgb] = (28, 32, 38)
PAPER: Final[Rgb] = (246, 247, 249)

_STATES: Final = {
    BoxState.BLANK: (PALE, 2),
    BoxState.MARKED: (GREEN, 5),
    BoxState.CANCELLED: (BLUE, 5),
    BoxState.DOUBTFUL: (AMBER, 5),
}
_ANSWERS: Final = {
    AnswerState.ANSWERED: GREEN,
    AnswerState.NO_ANSWER: GREY,
    AnswerState.MULTIPLE: AMBER,
    AnswerState.DOUBTFUL: AMBER,
    AnswerState.NOT_APPLICABLE: GREY,
}


def write_overlay(page: EncodedPage, result: Result, folder: Path) -> Path:
    """Write the annotated picture of one page as ``<file>-<page>.jpg``.

    Parameters
    ----------
    page : EncodedPage
        As it came from the file.
    result : Result
        With the page's pixels, where it was read.
    folder : Path
        Made if it is not there.
    """
    make_folder(folder)
    target = folder / f"{Path(page.file).name}-{page.page:04}.jpg"
    begin_file(target)
    draw_overlay(page, result).save(target, quality=QUALITY)
    return target


def draw_overlay(page: EncodedPage, result: Result) -> Image.Image:
    """Return the annotated picture of one page."""
    match result:
        case ReadPage():
            return _read(result)
        case RejectedPage():
            text = say(f"page.{result.reason}", **result.measured)
            return _plain(page, say("page.overlay_rejected", reason=result.reason), text, RED)
        case TracedPage():
            return _traced(page, result)
        case BlankBack():
            return _plain(page, say("page.overlay_blank_back"), "", GREY)


class _Canvas:
    """The page upright with a band above, drawn in the scan's own pixels."""

    def __init__(self, grey: Grey, quarter_turns: int = 0) -> None:
        self._turns, self._shape = quarter_turns, grey.shape
        grey = np.rot90(grey, quarter_turns)  # against the clock, each
        height, width = grey.shape
        self.scale = min(1.0, LONGEST_PX / max(height, width))
        size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        picture = Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS)
        self.image = Image.new("RGB", (size[0], size[1] + BAND_PX), PAPER)
        # A little lighter than it is, so that the drawing stands out from the ink.
        self.image.paste(picture.point(lambda level: 70 + level * 185 // 255).convert("RGB"), (0, BAND_PX))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def at(self, points: Points) -> list[tuple[float, float]]:
        width = self._shape[1]
        for turn in range(self._turns):
            points = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=1)
            width = self._shape[turn % 2]
        return [(float(x), float(y) + BAND_PX) for x, y in (points + 0.5) * self.scale]

    def outline(self, points: Points, colour: Rgb, width: int) -> None:
        corners = self.at(points)
        self.draw.line([*corners, corners[0], corners[1]], fill=colour, width=width, joint="curve")

    def fill(self, points: Points, colour: Rgb, alpha: int) -> None:
        self.draw.polygon(self.at(points), fill=(*colour, alpha))

    def label(self, place: tuple[float, float], text: str, colour: Rgb, size: int, anchor: str) -> None:
        """Write on a tag, so that it can be read over print."""
        font = _font("bold", size)
        left, top, right, bottom = self.draw.textbbox(place, text, font=font, anchor=anchor)
        self.draw.rounded_rectangle((left - 4, top - 2, right + 4, bottom + 3), 4, fill=(*PAPER, 225))
        self.draw.text(place, text, font=font, fill=colour, anchor=anchor)

    def band(self, title: str, text: str, colour: Rgb) -> None:
        self.draw.rectangle((0, 0, 10, BAND_PX), fill=colour)
        self.draw.line((0, BAND_PX - 1, self.image.width, BAND_PX - 1), fill=PALE, width=1)
        self._fitted(22, 6, title, "bold", 25, colour)
        self._fitted(22, 42, text, "regular", 20, INK)

    def _fitted(self, x: int, y: int, text: str, face: str, size: int, colour: Rgb) -> None:
        font = _font(face, size)
        while size > 11 and self.draw.textlength(text, font=font) > self.image.width - x - 10:
            size -= 1
            font = _font(face, size)
        self.draw.text((x, y), text, font=font, fill=colour)


def _font(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file(face)), size)


def _read(result: ReadPage) -> Image.Image:
    page = result.page
    aligned = page.aligned
    scan, frame = aligned.located.scan, aligned.located.frame
    canvas = _Canvas(scan.grey, _quarter_turns(aligned.scan_from_page))
    for found in aligned.located.fiducials:
        canvas.outline(found.corners_px, GREEN if found.is_decoded else AMBER, 4)
    for name, box in places(frame, page.number).items():
        read = name in page.carriers
        canvas.outline(
            apply(aligned.scan_from_page, box.corners_mm), BLUE if read else PALE, 3 if read else 1
        )
    if result.seal is not Seal.UNKNOWN:
        corners = apply(aligned.scan_from_page, frame.stamp.corners_mm)
        canvas.outline(corners, RED if result.seal is Seal.PRESENT else PALE, 2)
    for streak in result.streaks:
        first, last = streak.first - 2.0, streak.last + 2.0
        height, width = scan.grey.shape
        lines = [[first, 0], [last, 0], [last, height], [first, height]]
        turned = [[0, first], [width, first], [width, last], [0, last]]
        canvas.fill(np.array(lines if streak.is_column else turned, float), RED, 70)
    for comment in result.comments:
        canvas.outline(comment.corners_px, GREEN if comment.has_ink else PALE, 3 if comment.has_ink else 1)
    _draw_boxes(canvas, result)
    waiting = sum(answer.state is AnswerState.DOUBTFUL for answer in result.answers)
    doubts = [say(f"page.doubt_{doubt}") for doubt in result.doubts]
    if result.streaks:
        doubts.append(say("page.overlay_streaks", count=len(result.streaks)))
    colour = AMBER if waiting or doubts else GREEN
    title = f"{page.serial.printed}   ·   {page.issue.form}   ·   {page.issue.unit}   ·   {page.issue.period}"
    text = say(
        "page.overlay_read",
        dpi=aligned.dpi,
        residual=aligned.residual_mm,
        answered=sum(answer.state is AnswerState.ANSWERED for answer in result.answers),
        questions=len(result.answers),
        waiting=waiting,
    )
    canvas.band(title, "   ·   ".join([text, *doubts]), colour)
    return canvas.image


def _traced(page: EncodedPage, result: TracedPage) -> Image.Image:
    """Draw a page of somebody else's form: its boxes and answers; it has no serial to show."""
    canvas = _Canvas(decode(page).grey, _quarter_turns(result.scan_from_page))
    _draw_boxes(canvas, result)
    waiting = sum(answer.state is AnswerState.DOUBTFUL for answer in result.answers)
    doubts = [say(f"page.doubt_{doubt}") for doubt in result.doubts]
    text = say(
        "page.overlay_read",
        dpi=result.dpi,
        residual=result.residual_mm,
        answered=sum(answer.state is AnswerState.ANSWERED for answer in result.answers),
        questions=len(result.answers),
        waiting=waiting,
    )
    title = f"{result.form}   ·   {result.code or page.file}   ·   {page.page}"
    canvas.band(title, "   ·   ".join([text, *doubts]), AMBER if waiting or doubts else GREEN)
    return canvas.image


def _quarter_turns(scan_from_page: Affine) -> int:
    """Return how many quarters the page lies turned clockwise in the scan."""
    return round(float(np.arctan2(scan_from_page[1, 0], scan_from_page[0, 0])) / (np.pi / 2)) % 4


def _draw_boxes(canvas: _Canvas, result: ReadPage | TracedPage) -> None:
    places = {(mark.question, mark.option): mark.corners_px for mark in result.marks}
    for verdict in result.verdicts:
        colour, width = _STATES[verdict.state]
        corners = places[verdict.question, verdict.option]
        canvas.outline(corners, colour, width)
        if verdict.state is not BoxState.BLANK:
            x, y = canvas.at(corners)[1]
            canvas.label((x + 5, y - 2), f"{verdict.confidence:.0%}", colour, 15, "lb")
    for answer in result.answers:
        own = (box for (question, _), box in places.items() if question == answer.question)
        _label_answer(canvas, answer, own)


def _label_answer(canvas: _Canvas, answer: Answer, corners: Iterable[Points]) -> None:
    """Say what a question says at the left of its first box."""
    first = next(iter(corners), None)
    if first is None:
        return
    x, y = np.mean(canvas.at(first)[::3], axis=0)
    word = shorten(", ".join(answer.codes), MOST_LETTERS, placeholder=" …") or "–"
    if answer.state is AnswerState.DOUBTFUL:
        word += " ?"
    canvas.label((x - 8, y), f"{answer.question}: {word}", _ANSWERS[answer.state], 16, "rm")


def _plain(page: EncodedPage, title: str, text: str, colour: Rgb) -> Image.Image:
    try:
        grey = decode(page).grey
    except PageError:
        grey = np.full((600, 1200), 235, np.uint8)
    canvas = _Canvas(grey)
    canvas.band(f"{title}   ·   {page.file}, {page.page}", text, colour)
    return canvas.image
