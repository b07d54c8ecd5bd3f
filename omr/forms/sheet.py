"""The page while it is being filled: lines of text, rules, boxes, and how far down it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from omr.forms import content
from omr.forms.fonts import MM_PER_PT, broken, width_mm
from omr.forms.problems import Problem
from omr.forms.symbols import FIDUCIAL_MODULES
from omr.forms.template import BOX_MM, Stroke, TextLine
from omr.geometry import Box, PageFrame

LEADING: Final = 1.2  # line to line, in type sizes
CAP: Final = 0.714  # height of capitals, in type sizes
X_MIDDLE: Final = 0.27  # baseline to the middle of small letters, in type sizes
HAIRLINE_MM: Final = 0.12
RULE_MM: Final = 0.3
SERIAL_PT: Final = 11.0  # 44.4 mm of the 46 mm of its place; capitals 2.8 mm high for Tesseract

Align = Literal["left", "centre", "right"]


def rounded(length: float) -> float:
    """Round to a thousandth of a millimetre: what is archived is exactly what is printed."""
    return round(float(length), 3)


def box_at(x: float, middle: float) -> Box:
    """Return a box to tick with its left edge at `x`."""
    return Box(rounded(x), rounded(middle - BOX_MM / 2), BOX_MM, BOX_MM)


def serial_baseline(frame: PageFrame) -> float:
    """Return the baseline of the printed serial: its capitals stand in the middle of their place."""
    return frame.serial_text.y_mm + (frame.serial_text.height_mm + 0.729 * SERIAL_PT * MM_PER_PT) / 2


@dataclass(slots=True)
class Sheet:
    """The page while it is being filled: everything drawn so far, and how far down it goes."""

    frame: PageFrame
    sizes: content.Sizes
    y: float = 0.0  # mm from the top; what comes next starts here
    where: str = ""  # the place in the file that is being set
    art: list[tuple[TextLine | Stroke, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Left edge of the content: that of the markers, so that everything stands in one line."""
        return self.frame.fiducials[0].box.x_mm

    @property
    def right(self) -> float:
        """Right edge of the content."""
        box = self.frame.fiducials[1].box
        return box.x_mm + box.width_mm

    def between_markers(self, lowest: float) -> tuple[float, float]:
        """Return left and right edge for what reaches down to `lowest`: inside the markers' white."""
        box = self.frame.fiducials[3].box
        if lowest < box.y_mm - box.height_mm / FIDUCIAL_MODULES:
            return self.left, self.right
        return box.x_mm + box.width_mm + 2.0, self.frame.fiducials[2].box.x_mm - 2.0

    def line(self, x: float, y: float, text: str, face: str, size: float, align: Align = "left") -> None:
        """Set one line; `x` is its start, middle or end."""
        width = width_mm(text, face, size)
        start = x - {"left": 0.0, "centre": width / 2, "right": width}[align]
        self.art.append((TextLine(rounded(start), rounded(y), text, face, size), self.where))

    def stroke(
        self,
        *points: tuple[float, float],
        width: float,
        closed: bool = False,
        filled: bool = False,
        dash_mm: tuple[float, ...] = (),
    ) -> None:
        """Draw a line, or a shape with ``closed`` and ``filled``."""
        placed = tuple((rounded(x), rounded(y)) for x, y in points)
        self.art.append((Stroke(placed, width, closed, filled, dash_mm), self.where))

    def rule(self, y: float, width: float = HAIRLINE_MM, x: float | None = None) -> None:
        """Draw a rule to the right edge, from `x` or the left edge."""
        self.stroke((self.left if x is None else x, y), (self.right, y), width=width)

    def lines(
        self, text: content.Text, face: str, size: float, room: float, limit: int = 99
    ) -> list[tuple[str, str]]:
        """Break a text and its translation into lines of (text, face); the translation is italic."""
        both = [(line, face) for line in broken(text[0], face, size, room)]
        for other in text[1:]:
            both += [(line, "italic") for line in broken(other, "italic", size, room)]
        widest = max(width_mm(line, of, size) for line, of in both)
        if widest > room or len(both) > limit:
            values = {"lines": len(both), "limit": limit, "width": widest, "room": room, "text": text[0][:40]}
            self.problems.append(Problem(self.where, "forms.no_room", values))
        return both

    def block(
        self, x: float, y: float, lines: list[tuple[str, str]], size: float, align: Align = "left"
    ) -> float:
        """Set lines with the first baseline at `y`; return the baseline that would follow."""
        for text, face in lines:
            self.line(x, y, text, face, size, align)
            y += size * MM_PER_PT * LEADING
        return y

    def middle_block(
        self, x: float, middle: float, lines: list[tuple[str, str]], size: float, align: Align = "left"
    ) -> None:
        """Set lines so that their small letters stand evenly around `middle`."""
        em = size * MM_PER_PT
        self.block(x, middle + X_MIDDLE * em - (len(lines) - 1) * em * LEADING / 2, lines, size, align)
