"""A form prepared for reading: where its boxes are, what is printed around them, what belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.forms.printing.raster import Raster, pixels, raster_of
from omr.forms.template import BOX_MM, Form
from omr.geometry import Box
from omr.reading.page.comments import WritingArea, areas_of
from omr.reading.page.lettered import Lettered
from omr.reading.page.ruled import Rules
from omr.reading.page.words import Words
from omr.reading.place.refine import Outlines, outlines_of

# What belongs to a box: so far to the left, up to the next box, and half way to the next row.
LEFT_MM: Final = 6.0
ROW_MM: Final = 5.0
SHARED_MM: Final = 1.0  # what lies between two rows may belong to either
NEXT_MM: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A form prepared for reading; all places in pixels of the raster's band."""

    form: Form
    raster: Raster
    outlines: Outlines
    words: Words
    areas: tuple[WritingArea, ...]
    places: tuple[tuple[str, str], ...]  # (question, option) of each box
    tops_lefts: NDArray[np.intp]  # (N, 2) of the boxes
    side: int  # of a box
    zones: NDArray[np.intp]  # (N, 4): top, bottom, left and right of what belongs to each box
    insides: NDArray[np.bool_]  # (H, W): in a box
    rules: Rules
    lettered: Lettered

    @classmethod
    def of(cls, form: Form) -> Plan:
        """Prepare a form."""
        raster, side = raster_of(form), pixels(BOX_MM)
        places = [(question.key, option.code) for question in form.questions for option in question.options]
        boxes = [option.box for question in form.questions for option in question.options]
        tops_lefts = np.array(
            [[pixels(box.y_mm) - raster.first, pixels(box.x_mm)] for box in boxes], np.intp
        ).reshape(-1, 2)
        insides = np.zeros(raster.ink.shape, np.bool_)
        for top, left in tops_lefts.tolist():
            insides[top : top + side, left : left + side] = True
        written = [question.area for question in form.questions if question.area is not None]
        zones = np.array([_zone(box, boxes, written, form.frame.ladder.x_mm) for box in boxes], np.intp)
        zones = zones.reshape(-1, 4)
        zones[:, :2] = np.maximum(zones[:, :2] - raster.first, 0)
        return cls(
            form,
            raster,
            outlines_of(form),
            Words(form, raster),
            areas_of(form),
            tuple(places),
            tops_lefts,
            side,
            zones,
            insides,
            Rules.of(raster),
            Lettered.of(raster, tops_lefts, side, zones),
        )


def _zone(box: Box, boxes: Sequence[Box], written: Sequence[Box], right_mm: float) -> tuple[int, ...]:
    """Return top, bottom, left and right of what belongs to a box."""
    x, y = box.centre_mm
    rows = [other.centre_mm[1] - y for other in boxes]
    below = min([row / 2 for row in rows if row > box.height_mm], default=ROW_MM)
    above = min([-row / 2 for row in rows if row < -box.height_mm], default=ROW_MM)
    same = [other.x_mm for other, row in zip(boxes, rows, strict=True) if abs(row) <= box.height_mm / 2]
    right = min([other - NEXT_MM for other in same if other > x], default=right_mm - NEXT_MM)
    # What is written behind "other" is no mark beside its box.
    lines = [area.x_mm for area in written if area.y_mm < y < area.y_mm + area.height_mm and area.x_mm > x]
    right = min([right, *lines])
    top, bottom = y - min(above + SHARED_MM, ROW_MM), y + min(below + SHARED_MM, ROW_MM)
    edges = top, bottom, box.x_mm - LEFT_MM, right
    return tuple(max(0, pixels(edge)) for edge in edges)
