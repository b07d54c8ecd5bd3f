"""From scans of somebody else's form to what its file says: print, boxes, questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from omr.errors import OmrError
from omr.geometry import MM_PER_INCH
from omr.reading.scan.pages import ScannedPage
from omr.reading.traced.features import Grey
from omr.reading.traced.find import Found, find_boxes
from omr.reading.traced.layouts.stated import Stated
from omr.reading.traced.propose import questions
from omr.reading.traced.shared import SHEETS_THAT_SHARE, shared_print

MOST_SHEETS: Final = 12  # more say nothing new about the print
SIZES_MM: Final = ((210.0, 297.0), (215.9, 279.4), (148.0, 210.0), (297.0, 420.0))  # A4, Letter, A5, A3
SAME_ASPECT: Final = 0.04
_TAG: Final = (200, 40, 20)  # RGB of numbers and outlines on the picture


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What is proposed for a form."""

    print_: Grey
    dpi: float
    learned: str  # see `forms.template.Traced`
    boxes: tuple[Found, ...]
    questions: tuple[tuple[int, ...], ...]  # places in `boxes`
    identify: str
    labels: tuple[str, ...] = ()  # of the questions, where another program's file named them
    codes: tuple[tuple[str, ...], ...] = ()  # of their options
    several: tuple[bool, ...] = ()  # whether more than one of a question's boxes may be marked


def trace(
    sheets: Sequence[ScannedPage],
    *,
    filled: bool = False,
    dpi: float | None = None,
    columns: bool = False,
    kinds: Sequence[int] = (),
    layout: Callable[[Grey, float], list[Stated]] | None = None,
) -> Draft:
    """Propose a form from one unfilled sheet, or from several filled ones.

    Parameters
    ----------
    sheets : sequence of ScannedPage
        All of one side of one form.
    filled : bool
        A single sheet is filled in: its print is used to find pages, not to tell ink from print.
    dpi : float, optional
        Of the sheets, where their files do not say it.
    columns : bool
        Options of a question stand below each other.
    kinds : sequence of int
        Only boxes of these kinds, as an earlier proposal counted them; empty: all.
    layout : callable, optional
        Says of a print and its dpi where boxes are, from another program's file: none are looked for then.

    Raises
    ------
    OmrError
        ``trace.not_alike``, naming the sheet; ``trace.no_boxes``.
    """
    some = list(sheets[:MOST_SHEETS])
    resolution = dpi or some[0].dpi or guessed_dpi(some[0].grey)
    names = [f"{sheet.file}, {sheet.page}" for sheet in some]
    print_ = shared_print([sheet.grey for sheet in some], names, resolution)
    stated = [] if layout is None else layout(print_, resolution)
    boxes = tuple(box for field in stated for box in field.boxes) or find_boxes(print_, resolution)
    if kinds and not stated:
        boxes = tuple(box for box in boxes if box.kind in kinds)
    if not boxes:
        raise OmrError("trace.no_boxes", file=names[0])
    if len(some) == 1:
        learned = "filled" if filled else "unfilled"
    else:
        learned = "shared" if len(some) >= SHEETS_THAT_SHARE else "filled"
    return Draft(
        print_,
        resolution,
        learned,
        boxes,
        _members(stated) or tuple(tuple(question) for question in questions(boxes, columns=columns)),
        "barcode" if _own_codes(some) else "page",
        tuple(field.label for field in stated),
        tuple(field.values for field in stated),
        tuple(field.several for field in stated),
    )


def _members(stated: Sequence[Stated]) -> tuple[tuple[int, ...], ...]:
    """Return the places of each field's boxes among all."""
    ends = np.cumsum([len(field.boxes) for field in stated]).tolist()
    return tuple(tuple(range(end - len(field.boxes), end)) for field, end in zip(stated, ends, strict=True))


def guessed_dpi(grey: Grey) -> float:
    """Return the resolution by which a scan would be a sheet of a usual size; A4 for all others."""
    height, width = grey.shape
    long_, short = max(height, width), min(height, width)
    near = [
        (abs(np.log(long_ / short / (high / wide))), high)
        for wide, high in SIZES_MM
        if abs(np.log(long_ / short / (high / wide))) < SAME_ASPECT
    ]
    high = min(near)[1] if near and min(near)[0] < 0.01 else 297.0
    return float(long_ / high * MM_PER_INCH)


def code_on(grey: Grey) -> str:
    """Return what the one bar code of a page says, empty where there is none or more than one."""
    said = {
        found.text.strip() for found in zxingcpp.read_barcodes(grey) if found.valid and found.text.strip()
    }
    return said.pop()[:60] if len(said) == 1 else ""


def _own_codes(sheets: Sequence[ScannedPage]) -> bool:
    """Whether each sheet carries a code of its own; one that all carry names the form."""
    codes = [code_on(sheet.grey) for sheet in sheets]
    return len(codes) > 1 and all(codes) and len(set(codes)) == len(codes)


def numbered(draft: Draft) -> NDArray[np.uint8]:
    """Draw the boxes on the print, each with its question and its number in it, RGB."""
    picture = np.asarray(cv2.cvtColor(draft.print_, cv2.COLOR_GRAY2RGB), np.uint8)
    picture = np.asarray(picture // 2 + 127, np.uint8)  # paler: what is drawn stands out
    line = max(1, round(draft.dpi / 150))
    for at, question in enumerate(draft.questions, start=1):
        for place, number in enumerate(question, start=1):
            box = draft.boxes[number]
            corners = (round(box.left), round(box.top)), (round(box.right), round(box.bottom))
            cv2.rectangle(picture, *corners, _TAG, line)
            low_left = round(box.left), round(box.bottom)
            _write(picture, str(place), low_left, max(0.3, box.height / 60), (20, 90, 200), line)
        first = draft.boxes[question[0]]
        before = round(max(0, first.left - 0.18 * draft.dpi)), round(first.bottom)
        _write(picture, f"Q{at}", before, max(0.35, draft.dpi / 400), _TAG, line)
    return picture


def _write(
    picture: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    size: float,
    colour: tuple[int, int, int],
    line: int,
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, line, cv2.LINE_AA)
