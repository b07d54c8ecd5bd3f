"""What a layout must hold before anyone prints it: free places stay free, nothing touches.

Each rule gives problems with the place in the form's file and the millimetres: found and wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from omr.forms.content import LEAST_CHOICE_ROW_MM, LEAST_COLUMN_MM
from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, missing_letters, width_mm
from omr.forms.problems import Problem
from omr.forms.symbols import FIDUCIAL_MODULES
from omr.forms.template import Form, Stroke, TextLine
from omr.geometry import Box, PageFrame

EDGE_MM: Final = 5.0  # office printers leave 4.2 to 4.5 mm white
BOX_CLEAR_MM: Final = 0.6  # white around a box: past the misfit of 0.5 mm that alignment accepts
ROUNDING_MM: Final = 0.002  # places are rounded to thousandths
OVER_AGENCY: Final = "header.agency"  # the seal is set over the agency's name, by custom
SEAL: Final = "header.seal"  # what shows its place lies there, too

Placed = tuple[str, Box]  # where in the file, and what it covers on the page


def find_problems(
    form: Form, art: Sequence[tuple[TextLine | Stroke, str]], *, upper_part: bool = False
) -> list[Problem]:
    """Return everything that is wrong with a form that was laid out.

    Parameters
    ----------
    form : Form
    art : sequence of (TextLine or Stroke, str)
        The form's art with the place in the file of each piece.
    upper_part : bool
        Look above the lower markers only: on a page that is too full whatever is below them is wrong.
    """
    end = form.frame.fiducials[2].box.y_mm if upper_part else math.inf

    def looked_at(box: Box) -> bool:
        return box.y_mm + box.height_mm <= end

    boxes, rooms = ([one for one in some if looked_at(one[1])] for some in (_boxes(form), _rooms(form)))
    code = []
    if form.electronic is not None:
        art = [*art, *((line, "electronic.caption") for line in form.electronic.caption)]
        code.append(("electronic", form.electronic.box))
    art = [piece for piece in art if looked_at(covered(piece[0]))]
    code = [one for one in code if looked_at(one[1])]
    drawn = [(where, covered(piece)) for piece, where in art]
    problems = [
        *_letters(art),
        *_inside(form.frame, drawn + boxes + rooms + code),
        *_frame_touched(form, drawn + boxes + rooms + code),
        *_boxes_too_near(boxes),
        *_too_near(boxes + code, drawn),
        *_too_near(boxes + code, rooms),
        *_texts_overlap(art),
    ]
    once = {(p.where, p.key, p.values.get("place"), p.values.get("other")): p for p in reversed(problems)}
    return list(reversed(once.values()))


def _boxes(form: Form) -> list[Placed]:
    return [(f"{q.key}/{option.code}", option.box) for q in form.questions for option in q.options]


def _rooms(form: Form) -> list[Placed]:
    return [(question.key, question.area) for question in form.questions if question.area is not None]


def placed(form: Form) -> Iterator[Placed]:
    """Yield what a page has besides print: boxes, room to write, a code, and what must stay free."""
    yield from _boxes(form)
    yield from _rooms(form)
    if form.electronic is not None:
        yield "electronic", form.electronic.box
    yield from kept_free(form.frame, form.number)


def covered(piece: TextLine | Stroke) -> Box:
    """Return the rectangle that a piece of art covers, the highest and lowest signs included."""
    if isinstance(piece, TextLine):
        em = piece.size_pt * MM_PER_PT
        width = width_mm(piece.text, piece.font, piece.size_pt)
        return Box(piece.x_mm, piece.y_mm - ASCENT * em, width, (ASCENT + DESCENT) * em)
    xs, ys = [x for x, _ in piece.points], [y for _, y in piece.points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).grown(piece.width_mm / 2)


def clear_mm(a: Box, b: Box) -> float:
    """Return the white between two boxes; negative where they overlap.

    Examples
    --------
    >>> clear_mm(Box(0, 0, 2, 2), Box(5, 1, 2, 2))
    3
    """
    across = max(b.x_mm - (a.x_mm + a.width_mm), a.x_mm - (b.x_mm + b.width_mm))
    down = max(b.y_mm - (a.y_mm + a.height_mm), a.y_mm - (b.y_mm + b.height_mm))
    return max(across, down)


def kept_free(frame: PageFrame, page: int = 1) -> Iterator[Placed]:
    """Yield the places of the page frame that nothing else may touch; the seal's are on the first page."""
    for fiducial in frame.fiducials:
        yield "fiducial", fiducial.box.grown(fiducial.box.width_mm / FIDUCIAL_MODULES)
    yield from ((carrier.value, box) for carrier, box in frame.codes_on(page).items())
    yield "serial_text", frame.serial_text
    if page == 1:
        yield "stamp", frame.stamp


def _letters(art: Iterable[tuple[TextLine | Stroke, str]]) -> Iterator[Problem]:
    for piece, where in art:
        if isinstance(piece, TextLine) and (letters := missing_letters(piece.text, piece.font)):
            yield Problem(where, "forms.no_letter", {"letters": letters})


def _inside(frame: PageFrame, placed: Iterable[Placed]) -> Iterator[Problem]:
    for where, box in placed:
        edges = (box.x_mm, box.y_mm, frame.width_mm - box.x_mm - box.width_mm)
        edge = min(*edges, frame.height_mm - box.y_mm - box.height_mm)
        if edge < EDGE_MM:
            yield Problem(where, "forms.off_page", {"edge": edge, "least": EDGE_MM})


def _frame_touched(form: Form, placed: Iterable[Placed]) -> Iterator[Problem]:
    free = list(kept_free(form.frame, form.number))
    for where, box in placed:
        for name, place in free:
            if clear_mm(box, place) < 0 and not (name == "stamp" and where in (OVER_AGENCY, SEAL)):
                values = {"place": name, "over": -clear_mm(box, place)}
                yield Problem(where, "forms.frame_touched", values)


def _boxes_too_near(boxes: Iterable[Placed]) -> Iterator[Problem]:
    for (one, a), (other, b) in combinations(boxes, 2):
        (ax, ay), (bx, by) = a.centre_mm, b.centre_mm
        across, down = abs(ax - bx), abs(ay - by)
        if across < LEAST_COLUMN_MM - ROUNDING_MM and down < LEAST_CHOICE_ROW_MM - ROUNDING_MM:
            limits = {"least_across": LEAST_COLUMN_MM, "least_down": LEAST_CHOICE_ROW_MM}
            values = {"other": other, "across": across, "down": down, **limits}
            yield Problem(one, "forms.boxes_near", values)


def _too_near(boxes: Iterable[Placed], others: Sequence[Placed]) -> Iterator[Problem]:
    for one, box in boxes:
        for where, other in others:
            if clear_mm(box, other) < BOX_CLEAR_MM - ROUNDING_MM:
                values = {"other": one, "clear": clear_mm(box, other), "least": BOX_CLEAR_MM}
                yield Problem(where, "forms.too_near", values)


def _texts_overlap(art: Iterable[tuple[TextLine | Stroke, str]]) -> Iterator[Problem]:
    lines = [(piece, where) for piece, where in art if isinstance(piece, TextLine)]
    for (one, a), (other, b) in combinations(lines, 2):
        if clear_mm(_letters_of(one), _letters_of(other)) < 0:
            yield Problem(
                b, "forms.texts_overlap", {"text": other.text[:40], "other": f"{a}: {one.text[:40]}"}
            )


def _letters_of(line: TextLine) -> Box:
    """Return what the plain letters of a line cover: signs may reach into the line above."""
    em = line.size_pt * MM_PER_PT
    width = width_mm(line.text, line.font, line.size_pt)
    return Box(line.x_mm, line.y_mm - 0.72 * em, width, (0.72 + 0.22) * em)
