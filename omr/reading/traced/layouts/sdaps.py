"""Boxes as SDAPS writes them when it sets a questionnaire: the lines of ``questionnaire.sdaps``.

Places are TeX points from the lower left corner of the sheet; a box's is its upper left corner. Every
page has corner marks 10 and 12 mm from the paper's edges. LaTeX writes lines as pages are shipped out:
where they begin with a number in brackets, that is their order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from omr.errors import OmrError
from omr.reading.traced.find import Shape
from omr.reading.traced.layouts.stated import Field, Landmark, Layout, Place, corner

MOST_BYTES: Final = 8 * 2**20
MOST_BOXES: Final = 20_000
MM_PER_POINT: Final = 25.4 / 72.27
CORNER_X_MM: Final = 10.0
CORNER_Y_MM: Final = 12.0
LINE_MM: Final = 12.0  # of the 20 mm of a corner's lines: a sheet may lie askew
WIDTH_MM: Final = 0.35  # one point
STYLES: Final = ("classic", "code128", "qr")  # with corner marks; others have none
ASKED: Final = ("choice", "option", "mark", "range", "singlechoice", "multichoice")
SEVERAL: Final = ("choice", "multichoice")  # of these; of the others one answer is taken
_LINE: Final = re.compile(r"(?:\[(\d+)\])?\s*([\w-]+)(?:\[([\d.]+)\])?\s*=\s*(.*)")
_NUMBERED: Final = re.compile(r"((?:\d+\.)+)\s*(.*)")
_POINTS: Final = re.compile(r"(-?\d+(?:\.\d+)?)pt")


@dataclass(slots=True)
class _Object:
    """A question while its lines are read."""

    kind: str
    label: str
    answers: list[str] = field(default_factory=list)
    boxes: list[tuple[int, Place | None, str]] = field(default_factory=list)  # page, place, value


def is_sdaps(data: bytes) -> bool:
    """Whether a file looks like one."""
    return b"QObject-" in data[:MOST_BYTES] and b"Box" in data[:MOST_BYTES]


def layouts_of(data: bytes) -> list[Layout]:
    """Return the pages of a questionnaire that have boxes.

    Raises
    ------
    OmrError
        ``trace.bad_layout``, naming what is wrong.
    """
    if len(data) > MOST_BYTES:
        raise OmrError("trace.bad_layout", detail=f"> {MOST_BYTES} B")
    try:
        lines = sorted(_lines(data.decode("utf-8")), key=lambda line: line[0])
        return _pages(lines)
    except (KeyError, ValueError, IndexError) as error:
        raise OmrError("trace.bad_layout", detail=str(error)[:80]) from error


def _lines(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield order, name, index and value of every line."""
    for number, line in enumerate(text.splitlines()):
        if found := _LINE.fullmatch(line.strip()):
            order, name, index, value = found.groups()
            yield int(order) if order else number, name, index or "", value.strip()


def _pages(lines: list[tuple[int, str, str, str]]) -> list[Layout]:
    about = {name: value for _, name, index, value in lines if not index}
    width, height = (_points(part) for part in about["PageSize"].split(","))
    if about.get("Style", STYLES[0]).lower() not in STYLES:
        raise ValueError(f"Style {about['Style']}")
    objects = _objects(lines, height)
    asked = [one for one in objects if one.kind in ASKED]
    marks = _corners(width, height)
    layouts = []
    for page in sorted({page for one in asked for page, place, _ in one.boxes if place}):
        fields = [found for one in asked if (found := _field(one, page)).places]
        layouts.append(Layout(tuple(fields), marks, page))
    if not layouts or sum(len(one.boxes) for one in objects) > MOST_BOXES:
        raise ValueError("Box")
    return layouts


def _objects(lines: list[tuple[int, str, str, str]], height: float) -> list[_Object]:
    found: dict[str, _Object] = {}
    last = ""
    for order, name, index, value in lines:
        if name.startswith("QObject-"):
            numbered = _NUMBERED.fullmatch(value)
            last = numbered[1].rstrip(".") if numbered else f"#{order}"
            label = numbered[2] if numbered else value.removeprefix("XAUTO. ")
            found[last] = _Object(name.removeprefix("QObject-").lower(), _plain(label))
        elif name == "Answer" or name.startswith("Answer-"):
            found[index or last].answers.append(_plain(value))
        elif name == "Box":
            found[index or last].boxes.append(_box(value, height))
    return list(found.values())


def _box(value: str, height: float) -> tuple[int, Place | None, str]:
    kind, page, *rest = (part.strip() for part in value.split(","))
    left, top, wide, high = (_points(part) for part in rest[:4])
    top = height - top
    if kind != "Checkbox":
        return int(page), None, ""
    shape = Shape.OVAL if "ellipse" in rest[4:5] else Shape.RECTANGLE
    return int(page), Place(left, top, left + wide, top + high, shape), rest[-1] if len(rest) > 5 else ""


def _field(one: _Object, page: int) -> Field:
    """Return the boxes of a question that stand on a page, with their answers, or else their values."""
    of_boxes = one.answers if len(one.answers) == len(one.boxes) else [value for _, _, value in one.boxes]
    chosen = [
        (label or str(number), place)
        for number, (label, (on, place, _)) in enumerate(zip(of_boxes, one.boxes, strict=True), start=1)
        if on == page and place is not None
    ]
    labels, places = tuple(label for label, _ in chosen), tuple(place for _, place in chosen)
    return Field(one.label, labels, places, one.kind in SEVERAL)


def _points(text: str) -> float:
    """Return mm for TeX points.

    Examples
    --------
    >>> round(_points("72.27pt"), 3)
    25.4
    """
    found = _POINTS.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return float(found[1]) * MM_PER_POINT


def _plain(text: str) -> str:
    r"""Return a text without the commands of LaTeX that say how it looks.

    Examples
    --------
    >>> _plain(r"d \newline \textbf{e}")
    'd e'
    """
    bare = re.sub(r"\\[a-zA-Z]+\s*|[{}]", " ", text)
    return unicodedata.normalize("NFC", " ".join(bare.split()))


def _corners(width: float, height: float) -> tuple[Landmark, ...]:
    return tuple(
        corner(x, y, right, down, LINE_MM, WIDTH_MM)
        for y, down in ((CORNER_Y_MM, 1), (height - CORNER_Y_MM, -1))
        for x, right in ((CORNER_X_MM, 1), (width - CORNER_X_MM, -1))
    )
