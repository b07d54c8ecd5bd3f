"""The writing areas of a page: is there ink, where to cut the picture, and a draft of the text.

Whether somebody wrote is measured on every page. The draft is a help for whoever types the
comment and is made only when asked for: Tesseract does not know handwriting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import MissingToolError
from omr.forms.template import Form, Stroke
from omr.geometry import MM_PER_INCH, Box, Points, apply
from omr.reading.glass.streaks import Streak
from omr.reading.place.align import AlignedPage
from omr.reading.scan.levels import percentiles
from omr.reading.scan.pages import Grey

PX_PER_MM: Final = 6.0  # 150 dpi: a pen's line is 2 px wide
PRINT_MARGIN_MM: Final = 0.5  # around printed lines: what the map may be off, and toner
INK_CONTRAST: Final = 0.16  # of the paper's brightness: half of a hard pencil's line
STREAK_MARGIN_MM: Final = 0.4  # on both sides of a streak: its soft edges
LEAST_EXTENT_MM: Final = 1.5  # a shorter speck is dust
LEAST_INK_MM2: Final = 1.0  # a word of three letters has 3
POINTS_PER_INCH: Final = 72.0
WIDEST_LETTER: Final = 0.6  # mean of a line of text, in type sizes; print is masked generously
DRAFT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Comment:
    """The writing area of one text question on one page."""

    question: str
    has_ink: bool
    ink_mm2: float
    corners_px: Points  # (4, 2), clockwise from the top left: what to cut out


@dataclass(frozen=True, slots=True, eq=False)
class WritingArea:
    """A writing area of a form, and which of its pixels are free of print."""

    question: str
    box: Box
    free: NDArray[np.bool_]  # at `PX_PER_MM`


def areas_of(form: Form) -> tuple[WritingArea, ...]:
    """Prepare a form's writing areas."""
    return tuple(
        WritingArea(question.key, question.area, ~_printed(form, question.area))
        for question in form.questions
        if question.area is not None
    )


def find_comments(
    aligned: AlignedPage, areas: tuple[WritingArea, ...], streaks: tuple[Streak, ...] = ()
) -> tuple[Comment, ...]:
    """Measure each writing area; dirt of the scanner is no writing."""
    return tuple(_measured(aligned, area, streaks) for area in areas)


def draft_text(grey: Grey, comment: Comment) -> str:
    """Return what Tesseract makes of a comment: a draft, to be marked as one.

    Raises
    ------
    MissingToolError
        If Tesseract is absent.
    """
    import pytesseract

    right, down = comment.corners_px[1] - comment.corners_px[0], comment.corners_px[3] - comment.corners_px[0]
    size = max(1, round(float(np.hypot(*right)))), max(1, round(float(np.hypot(*down))))
    patch = cut(grey, comment.corners_px, size)
    try:
        text = pytesseract.image_to_string(patch, lang="vie", config="--psm 6", timeout=DRAFT_SECONDS)
    except pytesseract.TesseractNotFoundError as error:
        raise MissingToolError("tesseract", "tesseract-ocr") from error
    except (pytesseract.TesseractError, RuntimeError):
        return ""  # no Vietnamese, or too slow: `omr doctor` tells the first
    return " ".join(str(text).split())


def _measured(aligned: AlignedPage, area: WritingArea, streaks: tuple[Streak, ...]) -> Comment:
    corners = apply(aligned.scan_from_page, area.box.corners_mm)
    height, width = area.free.shape
    patch = cut(aligned.located.scan.grey, corners, (width, height))
    (paper,) = percentiles(patch[::2, ::2], (0.8,)).tolist()
    ink = ((patch < (1 - INK_CONTRAST) * paper) & area.free).astype(np.uint8)
    for streak in streaks:
        ink[_under(streak, corners, ink.shape)] = 0
    ink_mm2 = _writing_mm2(ink)
    return Comment(area.question, ink_mm2 >= LEAST_INK_MM2, ink_mm2, corners)


def _writing_mm2(ink: NDArray[np.uint8]) -> float:
    """Return how much ink there is in strokes; ink of 1."""
    x, y, width, height = cv2.boundingRect(ink)
    if max(width, height) < LEAST_EXTENT_MM * PX_PER_MM:
        return 0.0
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink[y : y + height, x : x + width], connectivity=8)
    extent_mm = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) / PX_PER_MM
    return float(stats[1:, cv2.CC_STAT_AREA][extent_mm >= LEAST_EXTENT_MM].sum()) / PX_PER_MM**2


def _under(streak: Streak, corners: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a cut-out lie under a streak, or right beside it."""
    axis = 0 if streak.is_column else 1
    rows, columns = ((np.arange(count) + 0.5) / count for count in shape)
    right, down = corners[1] - corners[0], corners[3] - corners[0]
    place = corners[0, axis] + columns * right[axis] + rows[:, None] * down[axis]
    margin = STREAK_MARGIN_MM * float(np.hypot(*right)) / (shape[1] / PX_PER_MM)
    return np.asarray((place >= streak.first - margin) & (place <= streak.last + margin))


def cut(grey: Grey, corners: Points, size: tuple[int, int]) -> Grey:
    """Cut a quad out of the scan as an upright picture of `size` (width, height)."""
    linear = np.column_stack([(corners[1] - corners[0]) / size[0], (corners[3] - corners[0]) / size[1]])
    map_ = np.column_stack([linear, corners[0] + linear @ (0.5, 0.5)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grey, map_, size, flags=flags, borderValue=255), np.uint8)


def _printed(form: Form, area: Box) -> NDArray[np.bool_]:
    """Return where print may be in an area."""
    shape = round(area.height_mm * PX_PER_MM), round(area.width_mm * PX_PER_MM)
    mask = np.zeros(shape, np.uint8)
    scale, shift = PX_PER_MM * 16, 4  # cv2 draws to sixteenths of a pixel

    def placed(points: Points) -> NDArray[np.int32]:
        return np.rint((points - (area.x_mm, area.y_mm)) * scale - 8).astype(np.int32)

    for piece in form.art:
        if isinstance(piece, Stroke):
            thick = max(1, round((piece.width_mm + 2 * PRINT_MARGIN_MM) * PX_PER_MM))
            points = [placed(np.array(piece.points))]
            if piece.filled:
                cv2.fillPoly(mask, points, 1, shift=shift)
            cv2.polylines(mask, points, piece.closed, 1, thick, shift=shift)
        else:
            size_mm = piece.size_pt / POINTS_PER_INCH * MM_PER_INCH
            width_mm = WIDEST_LETTER * size_mm * len(piece.text)
            line = Box(piece.x_mm, piece.y_mm - size_mm, width_mm, 1.3 * size_mm)
            cv2.fillPoly(mask, [placed(line.corners_mm)], 1, shift=shift)
    return mask.astype(np.bool_)
