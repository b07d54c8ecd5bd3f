"""Boxes as another program's file states them: OMRChecker's ``template.json``, laid on a page of its size.

Its places are px of a page that was brought to ``templateDimensions`` (earlier ``pageDimensions``, before
that ``dimensions`` with ``qBlocks``). Where that page is the whole sheet the places are those of a scan, to
scale; where markers, lines or dots were cut to first, the file does not say where on the paper it begins,
and is refused. The places were set by eye: a bubble stands where one is printed within its place, and a
template whose bubbles are not on the print is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from omr.errors import OmrError
from omr.reading.traced.features import Grey
from omr.reading.traced.find import Found, Shape, find_boxes
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
    "QTYPE_MCQ4_RTL": (tuple("DCBA"), "horizontal"),
    "QTYPE_MCQ5_RTL": (tuple("EDCBA"), "horizontal"),
    "QTYPE_MED": (tuple("EH"), "vertical"),
    "QTYPE_ROLL": (tuple("0123456789"), "vertical"),
}
_DIMENSIONS: Final = ("templateDimensions", "pageDimensions", "dimensions", "Dimensions")
_BUBBLES: Final = ("bubbleDimensions", "BubbleDimensions")
_BLOCKS: Final = ("qBlocks", "QBlocks")  # until 2022
# What preprocessors begin with after which a place is none of the sheet. `CropPage` cuts a photograph to it.
_CUTS: Final = ("CropOn", "WarpOn")
_NO_BUBBLES: Final = ("BARCODE_QR", "OCR")  # how a field is read that has none
_RANGE: Final = re.compile(r"(.*?)(\d+)\.{2,3}(\d+)")


def fields_on(data: bytes, print_: Grey, dpi: float) -> list[Stated]:
    """Return the fields of a template where they are on a print.

    Raises
    ------
    OmrError
        As `fields_of`; ``trace.layout_unlike``: its bubbles are not there.
    """
    fields = fields_of(data, print_.shape[1], print_.shape[0])
    boxes = [box for field in fields for box in field.boxes]
    share = share_there(print_, boxes)
    if share >= THERE:
        return fields
    printed = find_boxes(print_, dpi)
    within = [_within(box, printed) for box in boxes]
    share = max(share, sum(one is not None for one in within) / len(boxes))
    if share < THERE:
        raise OmrError("trace.layout_unlike", percent=round(100 * share))
    placed = iter(_placed(boxes, within))
    return [replace(field, boxes=tuple(next(placed) for _ in field.boxes)) for field in fields]


def _within(box: Found, printed: Sequence[Found]) -> Found | None:
    """Return the printed box whose middle lies in a place, None where there is none, or several."""
    x, y = box.middle
    inside = [
        one
        for one in printed
        if abs(one.middle[0] - x) < box.width / 2 and abs(one.middle[1] - y) < box.height / 2
    ]
    return inside[0] if len(inside) == 1 else None


def _placed(boxes: Sequence[Found], within: Sequence[Found | None]) -> Iterator[Found]:
    """Yield the boxes as they are printed; one that was not found stands off as the others of its kind."""
    sides = {
        kind: np.median(
            [
                (one.left - box.left, one.top - box.top, one.right - box.right, one.bottom - box.bottom)
                for box, one in zip(boxes, within, strict=True)
                if one is not None and kind in (None, box.kind)
            ]
            or [(0.0, 0.0, 0.0, 0.0)],
            axis=0,
        ).tolist()
        for kind in {None, *(box.kind for box, one in zip(boxes, within, strict=True) if one is not None)}
    }
    for box, one in zip(boxes, within, strict=True):
        left, top, right, bottom = sides.get(box.kind, sides[None])
        yield (
            Found(box.left + left, box.top + top, box.right + right, box.bottom + bottom, box.shape, box.kind)
            if one is None
            else replace(one, kind=box.kind)
        )


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
        across, down = _one_of(content, _DIMENSIONS)
        cuts = [one["name"] for one in content.get("preProcessors", ()) if one["name"].startswith(_CUTS)]
        if cuts or "Marker" in content.get("Options", ()):
            raise OmrError("trace.cropped_template", processor=(cuts or ["Marker"])[0])
        x, y = width / float(across), height / float(down)
        earlier = next((content[name] for name in _BLOCKS if name in content), None)
        fields = list(_fields(content, x, y) if earlier is None else _earlier(content, earlier, x, y))
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


def _one_of(content: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return the value that stands under one of several names."""
    found = [content[name] for name in names if content.get(name)]
    if not found:
        raise KeyError(names[0])
    return found[0]


def _fields(content: Mapping[str, Any], x: float, y: float) -> Iterator[Stated]:
    usual = content["bubbleDimensions"]
    own = content.get("customBubbleFieldTypes", {})
    for kind, block in enumerate(_blocks(content["fieldBlocks"]), start=1):
        if block.get("fieldDetectionType") in _NO_BUBBLES:
            continue
        named = block.get("bubbleFieldType") or block.get("fieldType")
        about = own.get(named, block)
        values, runs = _TYPES.get(str(named), ((), "horizontal"))
        values = tuple(str(value) for value in about.get("bubbleValues", values))
        runs = about.get("direction", runs)
        if not values or runs not in ("horizontal", "vertical"):
            raise ValueError(f"fieldType {named}")
        size = block.get("bubbleDimensions", usual)
        step, apart = float(block["bubblesGap"]), float(block["labelsGap"])
        gaps = (step, apart) if runs == "horizontal" else (apart, step)
        labels = [label for text in block["fieldLabels"] for label in _labels(str(text))]
        yield from _grid(labels, values, block["origin"], gaps, runs, size, (x, y), kind)


def _blocks(named: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the blocks of fields; those of a set stand below the set's name."""
    for block in named.values():
        if "fieldLabels" in block or not all(isinstance(one, dict) for one in block.values()):
            yield block
        else:
            yield from _blocks(block)


def _earlier(content: Mapping[str, Any], blocks: Mapping[str, Any], x: float, y: float) -> Iterator[Stated]:
    """Yield the fields of a template of before 2023, whose blocks are grids of groups of questions."""
    size = _one_of(content, _BUBBLES)
    for kind, block in enumerate(blocks.values(), start=1):
        named = block.get("qType")
        about = content.get("qTypes", {}).get(named, block)
        values, runs = _TYPES.get(str(named), ((), "vertical"))
        values = tuple(str(value) for value in about.get("vals", values))
        runs = {"H": "horizontal", "V": "vertical"}.get(about.get("orient", ""), runs)
        if not values:
            raise ValueError(f"qType {named}")
        gaps, apart = [float(gap) for gap in block["gaps"]], [float(gap) for gap in block["bigGaps"]]
        along, beside = (0, 1) if runs == "horizontal" else (1, 0)  # which way the values and questions run
        start = [float(side) for side in block["orig"]]
        for row in block["qNos"]:
            start[beside] = float(block["orig"][beside])
            for group in row:
                labels = [str(label) for label in group]
                yield from _grid(labels, values, start, gaps, runs, size, (x, y), kind)
                counts = len(labels), len(values)
                # As its makers step: where values run down, by the gap of the other axis.
                step = (
                    apart[0] + (counts[beside] - 1) * gaps[along],
                    apart[1] + (counts[along] - 1) * gaps[beside],
                )
                start[beside] += step[beside]
            start[along] += step[along]


def _grid(
    labels: Sequence[str],
    values: tuple[str, ...],
    origin: Sequence[float],
    gaps: Sequence[float],
    runs: str,
    size: Sequence[float],
    scale: tuple[float, float],
    kind: int,
) -> Iterator[Stated]:
    """Yield a question for each label, its bubbles across or down; ``gaps`` are those across and down."""
    (left, top), (wide, high) = (tuple(float(side) for side in pair) for pair in (origin, size))
    x, y = scale
    for number, label in enumerate(labels):
        boxes = []
        for place in range(len(values)):
            column, row = (place, number) if runs == "horizontal" else (number, place)
            u, v = left + column * gaps[0], top + row * gaps[1]
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
