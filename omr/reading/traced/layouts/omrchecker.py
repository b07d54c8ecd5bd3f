"""Boxes as another program's file states them: OMRChecker's ``template.json``, laid on a page of its size.

Its places are px of a page that was brought to ``templateDimensions`` (earlier ``pageDimensions``). Where
that page is the whole sheet the places are those of a scan, to scale; where markers, lines or dots were cut
to first, the file does not say where on the paper it begins, and is refused. Bubbles that are not on the
print at their places are refused, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from omr.errors import OmrError
from omr.reading.traced.features import Grey
from omr.reading.traced.find import Found, Shape
from omr.reading.traced.layouts.lay import THERE, share_there
from omr.reading.traced.layouts.stated import Stated

MOST_BYTES: Final = 2 * 2**20
MOST_BOXES: Final = 20_000
# What its field types hold, and which way their bubbles run.
_TYPES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "QTYPE_INT": (tuple("0123456789"), "vertical"),
    "QTYPE_INT_FROM_1": (tuple("1234567890"), "vertical"),
    "QTYPE_MCQ4": (tuple("ABCD"), "horizontal"),
    "QTYPE_MCQ5": (tuple("ABCDE"), "horizontal"),
}
# Preprocessors after which a place is none of the sheet. `CropPage` cuts a photograph to the sheet.
_CUTS: Final = ("CropOnMarkers", "CropOnCustomMarkers", "CropOnDotLines", "CropOnDots", "CropOnLines")
_RANGE: Final = re.compile(r"(.*?)(\d+)\.{2,3}(\d+)")


def fields_on(data: bytes, print_: Grey) -> list[Stated]:
    """Return the fields of a template where they are on a print.

    Raises
    ------
    OmrError
        As `fields_of`; ``trace.layout_unlike``: its bubbles are not there.
    """
    fields = fields_of(data, print_.shape[1], print_.shape[0])
    share = share_there(print_, [box for field in fields for box in field.boxes])
    if share < THERE:
        raise OmrError("trace.layout_unlike", percent=round(100 * share))
    return fields


def fields_of(data: bytes, width: int, height: int) -> list[Stated]:
    """Return the fields of a template, in px of a print of this size.

    Raises
    ------
    OmrError
        ``trace.bad_layout``, naming what is wrong; ``trace.cropped_template``.
    """
    if len(data) > MOST_BYTES:
        raise OmrError("trace.bad_layout", detail=f"> {MOST_BYTES} B")
    try:
        content = json.loads(data)
        across, down = content.get("templateDimensions") or content["pageDimensions"]
        cuts = [one["name"] for one in content.get("preProcessors", ()) if one["name"] in _CUTS]
        if cuts:
            raise OmrError("trace.cropped_template", processor=cuts[0])
        x, y = width / float(across), height / float(down)
        fields = list(_fields(content, x, y))
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise OmrError("trace.bad_layout", detail=str(error)[:80]) from error
    if not fields or sum(len(field.boxes) for field in fields) > MOST_BOXES:
        raise OmrError("trace.bad_layout", detail="fieldBlocks")
    outside = [
        field.label
        for field in fields
        for box in field.boxes
        if box.left < 0 or box.top < 0 or box.right > width or box.bottom > height
    ]
    if outside:
        raise OmrError("trace.bad_layout", detail=outside[0])
    return fields


def _fields(content: Mapping[str, Any], x: float, y: float) -> Iterator[Stated]:
    usual = content["bubbleDimensions"]
    own = content.get("customBubbleFieldTypes", {})
    for kind, (_, block) in enumerate(content["fieldBlocks"].items(), start=1):
        named = block.get("bubbleFieldType") or block.get("fieldType")
        about = own.get(named, block)
        values, runs = _TYPES.get(named, ((), "horizontal"))
        values = tuple(str(value) for value in about.get("bubbleValues", values))
        runs = about.get("direction", runs)
        if not values or runs not in ("horizontal", "vertical"):
            raise ValueError(f"fieldType {named}")
        wide, high = (float(side) for side in block.get("bubbleDimensions", usual))
        left, top = (float(side) for side in block["origin"])
        step, apart = float(block["bubblesGap"]), float(block["labelsGap"])
        for number, label in enumerate(
            label for text in block["fieldLabels"] for label in _labels(str(text))
        ):
            boxes = []
            for place in range(len(values)):
                along, beside = place * step, number * apart
                dx, dy = (along, beside) if runs == "horizontal" else (beside, along)
                u, v = left + dx, top + dy
                boxes.append(Found(u * x, v * y, (u + wide) * x, (v + high) * y, Shape.OVAL, kind))
            yield Stated(label, values, tuple(boxes))


def _labels(text: str) -> Iterator[str]:
    """Yield the labels that one stands for: ``q1..3`` is q1, q2, q3.

    Examples
    --------
    >>> list(_labels("q9..11")), list(_labels("roll"))
    (['q9', 'q10', 'q11'], ['roll'])
    """
    found = _RANGE.fullmatch(text)
    if found is None:
        yield text
        return
    first, last = int(found[2]), int(found[3])
    if not first < last <= first + 1000:
        raise ValueError(text)
    yield from (f"{found[1]}{number}" for number in range(first, last + 1))
