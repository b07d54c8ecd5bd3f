"""The parts of a page, each set on the sheet below the one before: head, instructions, sections, foot."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Final

from omr.forms import content
from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, width_mm
from omr.forms.layout_checks import SEAL
from omr.forms.problems import Problem
from omr.forms.sheet import (
    CAP,
    LEADING,
    RULE_MM,
    X_MIDDLE,
    Align,
    Sheet,
    box_at,
    rounded,
    serial_baseline,
)
from omr.forms.template import BOX_MM, OUTLINE_MM, Condition, Electronic, Kind, Option, Question, TextLine
from omr.geometry import Box

AFTER_BOX_MM: Final = 1.3  # box to its label
AFTER_COLUMN_MM: Final = 0.8  # least white after a label
PAGE_WORDS: Final = {"vi": "Trang", "en": "Page"}
FOOT_MM: Final = 0.6  # lower edge of the markers to the thanks below
DOT_MM: Final = 0.3
SEAL_INSET_MM: Final = 0.5  # of its dotted edge from the edge of its place
_CIRCLE: Final = tuple(2 * pi * step / 72 for step in range(72))
WRITING_MM: Final = 4.8  # height of a line behind "other": a little more than its box
LEAST_WRITING_MM: Final = 15.0  # of its length: a word
DOTS_MM: Final = (0.01, 0.89)  # as good as no length, with round ends: dots, 0.9 mm apart
PAGE_FULL: Final = "forms.page_full"


def set_head(sheet: Sheet, header: content.Header) -> None:
    """Agency over the stamp zone; beside it title, form code and number, field, introduction."""
    frame, sizes = sheet.frame, sheet.sizes
    body = sizes.body * MM_PER_PT
    sheet.where = "header.agency"
    middle = frame.stamp.centre_mm[0]
    y = frame.stamp.y_mm + CAP * body
    y = sheet.block(middle, y, [(line, "bold") for line in header.agency], sizes.body, "centre")
    y -= 0.55 * body
    sheet.stroke((middle - 7, y), (middle + 7, y), width=RULE_MM)

    if header.seal is not None:
        _seal(sheet, header.seal)

    left = frame.stamp.x_mm + frame.stamp.width_mm + 3.0
    room = sheet.right - left
    sheet.where = "header.title"
    y = frame.stamp.y_mm + CAP * sizes.title * MM_PER_PT
    y = sheet.block(left, y, [(line, "bold") for line in header.title], sizes.title)
    parts: list[tuple[str, content.Text, str, float]] = [("subtitle", header.subtitle, "regular", sizes.body)]
    if header.field is not None:
        parts.append(("field", (header.field,), "bold", sizes.field))
    for part, text, face, size in parts:
        sheet.where = f"header.{part}"
        y = max(y, frame.qr.y_mm + frame.qr.height_mm + ASCENT * body)
        y = sheet.block(left, y, sheet.lines(text, face, size, room), size) + 0.4

    y = serial_baseline(frame)
    sheet.where = "header.code"
    sheet.line(left, y, header.code, "bold", sizes.field)
    sheet.where = "header.number"
    sheet.line(frame.serial_text.x_mm - 0.5, y, header.number, "regular", sizes.body, "right")

    sheet.where = "header.intro"
    y = frame.serial_text.y_mm + frame.serial_text.height_mm + 1.0 + ASCENT * body
    y = sheet.block(left, y, sheet.lines(header.intro, "regular", sizes.body, room), sizes.body)
    sheet.y = max(frame.stamp.y_mm + frame.stamp.height_mm, y - body * (LEADING - DESCENT))


def _seal(sheet: Sheet, word: str) -> None:
    """Show where the seal goes: dots around its place, a word at its lower edge, as faint as print can be."""
    place = sheet.frame.stamp.grown(-SEAL_INSET_MM)
    sheet.where = SEAL
    x, y = place.centre_mm
    sheet.stroke(
        *((x + place.width_mm / 2 * cos(turn), y + place.width_mm / 2 * sin(turn)) for turn in _CIRCLE),
        width=0.12,
        closed=True,
        dash_mm=(0.01, 1.6),
    )
    sheet.line(x, y + place.width_mm / 2 - 3.0, word, "italic", sheet.sizes.body, "centre")


def set_further_head(sheet: Sheet, header: content.Header) -> None:
    """Set what stands above the second page and the next ones: code, title, the word before the serial."""
    frame, sizes = sheet.frame, sheet.sizes
    y = serial_baseline(frame)
    sheet.where = "header.code"
    sheet.line(sheet.left, y, header.code, "bold", sizes.field)
    sheet.where = "header.title"
    x = sheet.left + width_mm(header.code, "bold", sizes.field) + 3.0
    room = frame.serial_text.x_mm - 8.0 - x
    for line in header.title:
        if x == sheet.left or width_mm(line, "regular", sizes.body) <= room:
            sheet.line(x, y, line, "regular", sizes.body)
            step = width_mm(line, "regular", sizes.body) + 1.0
            x, room = x + step, room - step
    sheet.where = "header.number"
    sheet.line(frame.serial_text.x_mm - 0.5, y, header.number, "regular", sizes.body, "right")
    sheet.y = frame.serial_text.y_mm + frame.serial_text.height_mm + 1.5


def set_page_number(sheet: Sheet, number: int, pages: int, language: str) -> None:
    """Set which page of how many this is, at the foot, right."""
    em = sheet.sizes.body * MM_PER_PT
    fiducial = sheet.frame.fiducials[2].box
    words = " / ".join(PAGE_WORDS.get(one, "") for one in language.split("-") if one in PAGE_WORDS)
    sheet.where = "page"
    y = fiducial.y_mm + fiducial.height_mm + FOOT_MM + ASCENT * em
    sheet.line(fiducial.x_mm - 2.0, y, f"{words or '–'} {number}/{pages}", "bold", sheet.sizes.body, "right")


def set_instructions(sheet: Sheet, text: content.Instructions) -> None:
    """Draw a right mark and a correction, each beside its sentence."""
    sizes = sheet.sizes
    sheet.where = "instructions"
    sheet.y += text.space
    lines_in_row = max(len(text.mark), len(text.correct))
    height = max(BOX_MM + 1.6, lines_in_row * sizes.body * MM_PER_PT * LEADING + 1.6)
    sheet.rule(sheet.y)
    sheet.rule(sheet.y + height)
    middle = sheet.y + height / 2
    x = sheet.left
    for name, wording in (("mark", text.mark), ("correct", text.correct)):
        sheet.where = f"instructions.{name}"
        if name == "correct":
            _example(sheet, x, middle, struck=True)
            x += BOX_MM + 1.2
            sheet.stroke((x, middle), (x + 2.4, middle), width=0.2)
            sheet.stroke((x + 1.7, middle - 0.6), (x + 2.4, middle), (x + 1.7, middle + 0.6), width=0.2)
            x += 2.4 + 1.2
        _example(sheet, x, middle, struck=False)
        x += BOX_MM + AFTER_BOX_MM
        lines = [(wording[0], "regular"), *((other, "italic") for other in wording[1:])]
        sheet.middle_block(x, middle, lines, sizes.body)
        x += max(width_mm(line, face, sizes.body) for line, face in lines) + 4.0
    sheet.y += height


# A cross and a filled box as a pen makes them, in box widths: unequal, a little over the edge.
_CROSS: Final = (((0.10, 0.04), (0.52, 0.55), (0.93, 1.02)), ((0.97, -0.03), (0.48, 0.46), (0.02, 0.94)))
_FILL: Final = ((0.03, 0.02), (0.5, -0.04), (0.98, 0.03), (1.04, 0.55), (0.97, 1.01), (0.44, 1.03), (0, 0.97))


def _example(sheet: Sheet, x: float, middle: float, *, struck: bool) -> None:
    top, inset = middle - BOX_MM / 2, OUTLINE_MM / 2
    a, b = x + inset, x + BOX_MM - inset
    c, d = top + inset, top + BOX_MM - inset
    sheet.stroke((a, c), (b, c), (b, d), (a, d), width=OUTLINE_MM, closed=True)
    if struck:
        shape = ((x + u * BOX_MM, top + v * BOX_MM) for u, v in _FILL)
        sheet.stroke(*shape, width=0.1, closed=True, filled=True)
        return
    for arm in _CROSS:
        sheet.stroke(*((x + u * BOX_MM, top + v * BOX_MM) for u, v in arm), width=0.5)


def set_choices(sheet: Sheet, section: content.Choices) -> list[Question]:
    """Set questions in rows: label, then options on the grid; ``beside`` goes on in the same row."""
    base, pitch = sheet.where, section.row_pitch
    grid = sheet.left + section.label_width
    column = (sheet.right - grid) / section.columns
    questions = []
    at, top = 0, sheet.y - pitch  # next free column and upper edge of the row that is being filled
    for number, question in enumerate(section.question, 1):
        start = at + question.beside if question.beside else 0
        if not question.beside:
            top += pitch
        first, at = top, start
        options = []
        written: list[Question] = []
        for place, choice in enumerate(question.options, 1):
            sheet.where = f"{base}.question[{number}].options[{place}]"
            span = choice.span or question.span
            if at + span > section.columns:
                at, top = start, top + pitch
            box = box_at(grid + at * column, top + pitch / 2)
            end = grid + (at + span) * column - (AFTER_COLUMN_MM if at + span < section.columns else 0)
            label_end = _choice_label(sheet, choice.label, box, end, pitch)
            applies = not choice.not_applicable
            options.append(Option(choice.code, as_text(*choice.label), choice.satisfied, box, applies))
            if choice.write:
                written.append(_writing_line(sheet, question, choice, label_end, end, box))
            at += span
        sheet.where = f"{base}.question[{number}].label"
        label = question.label or question.text
        if question.beside:
            end = grid + start * column - 2 * AFTER_BOX_MM
            _question_label(sheet, label, end, question.beside * column, first, 1, pitch, "right")
        else:
            rows = round((top - first) / pitch) + 1
            room = section.label_width - AFTER_COLUMN_MM
            _question_label(sheet, label, sheet.left, room, first, rows, pitch, "left")
        questions += [asked(question, Kind(question.kind), options), *written]
    sheet.y = top + pitch
    return questions


def _writing_line(
    sheet: Sheet,
    question: content.ChoiceQuestion,
    choice: content.Choice,
    start: float,
    end: float,
    box: Box,
) -> Question:
    """Draw the dotted line behind "other", and return what is written on it as a question of its own."""
    start, middle = start + AFTER_COLUMN_MM, box.centre_mm[1]
    if end - start < LEAST_WRITING_MM:
        values = {"lines": 1, "limit": 1, "width": LEAST_WRITING_MM, "room": end - start, "text": "……"}
        sheet.problems.append(Problem(sheet.where, "forms.no_room", values))
    y = middle + X_MIDDLE * sheet.sizes.body * MM_PER_PT
    sheet.stroke((start, y), (end, y), width=DOT_MM, dash_mm=DOTS_MM)
    area = Box(rounded(start), rounded(middle - WRITING_MM / 2), rounded(end - start), WRITING_MM)
    text = f"{as_text(*question.text)}: {as_text(*choice.label)}"
    return Question(
        content.writing_key(question.key, choice.code), Kind.TEXT, text, "", False, False, (), area
    )


def _question_label(
    sheet: Sheet,
    label: content.Text,
    x: float,
    room: float,
    top: float,
    rows: int,
    pitch: float,
    align: Align,
) -> None:
    """Set a question's label: in the middle of its only row, else down from the first row."""
    size = sheet.sizes.label
    em = size * MM_PER_PT
    lines = sheet.lines(label, "bold", size, room, int(rows * pitch / (em * LEADING)))
    if rows == 1:
        sheet.middle_block(x, top + pitch / 2, lines, size, align)
    else:
        sheet.block(x, top + pitch / 2 + X_MIDDLE * em, lines, size, align)


def _choice_label(sheet: Sheet, label: content.Text, box: Box, end: float, height: float) -> float:
    """Set an option's label, and return where it ends; a translation goes on in the same line if it fits."""
    size, middle = sheet.sizes.body, box.centre_mm[1]
    x = box.x_mm + BOX_MM + AFTER_BOX_MM
    if len(label) == 2:
        first, other = f"{label[0]} / ", label[1]
        width = width_mm(first, "regular", size)
        if x + width + width_mm(other, "italic", size) <= end:
            sheet.middle_block(x, middle, [(first.rstrip(), "regular")], size)
            sheet.middle_block(x + width, middle, [(other, "italic")], size)
            return x + width + width_mm(other, "italic", size)
    limit = int(height / (size * MM_PER_PT * LEADING))
    lines = sheet.lines(label, "regular", size, end - x, limit)
    sheet.middle_block(x, middle, lines, size)
    return x + max(width_mm(line, face, size) for line, face in lines)


def set_comment(sheet: Sheet, section: content.Comment) -> tuple[Question, Electronic | None]:
    """Set the heading of the comment, its dotted lines, and the room for the electronic form's code."""
    sizes, base = sheet.sizes, sheet.where
    em = sizes.body * MM_PER_PT
    heads = max(len(section.text), len(section.note))
    top = sheet.y + (ASCENT + DESCENT + (heads - 1) * LEADING) * em
    bottom = top + section.lines * section.line_pitch
    left, right = sheet.between_markers(bottom)
    code = None
    if (electronic := section.electronic) is not None:
        side = electronic.size
        box = Box(rounded(right - side), rounded(bottom - side), side, side)
        x = box.centre_mm[0] - width_mm(electronic.caption, "regular", sizes.body) / 2
        y = bottom + FOOT_MM + ASCENT * em
        code = Electronic(box, (TextLine(rounded(x), rounded(y), electronic.caption, "regular", sizes.body),))
        right -= side + 2.0
    sheet.where = f"{base}.text"
    for place, (bold, plain) in enumerate((("bold", "regular"), ("italic", "italic"))[:heads]):
        x, y = sheet.left, sheet.y + (ASCENT + place * LEADING) * em
        for text, face in ((section.text, bold), (section.note, plain)):
            if place < len(text):
                sheet.line(x, y, text[place], face, sizes.body)
                x += width_mm(text[place], face, sizes.body) + 0.3 * em
    for number in range(1, section.lines + 1):
        y = bottom - (section.lines - number) * section.line_pitch
        sheet.stroke((left, y), (right, y), width=DOT_MM, dash_mm=DOTS_MM)
    sheet.y = bottom
    area = Box(rounded(left), rounded(top), rounded(right - left), rounded(bottom - top))
    question = Question(section.key, Kind.TEXT, as_text(*section.text), "", False, False, (), area)
    return question, code


def set_foot(sheet: Sheet, footer: content.Footer | None, page: int = 1) -> None:
    """Set the thanks at the foot of the last page, below the lower edge of the markers."""
    em = sheet.sizes.body * MM_PER_PT
    fiducial = sheet.frame.fiducials[2].box
    edge = fiducial.y_mm + fiducial.height_mm
    left, _ = sheet.between_markers(edge)
    if sheet.y > edge:
        sheet.problems.append(Problem("section", PAGE_FULL, {"over": sheet.y - edge, "page": page}))
    for text, face in zip(footer.thanks if footer else (), ("regular", "italic"), strict=False):
        sheet.line(left, edge + FOOT_MM + ASCENT * em, text, face, sheet.sizes.body)
        left += width_mm(text, face, sheet.sizes.body) + em


def asked(
    question: content.ChoiceQuestion | content.MatrixQuestion | content.ScaleQuestion,
    kind: Kind,
    options: list[Option],
) -> Question:
    """Return a question of the file with its boxes."""
    rated = None if isinstance(question, content.ScaleQuestion) else question
    only_if = question.only_if
    return Question(
        key=question.key,
        kind=kind,
        text=as_text(*question.text),
        factor=question.factor,
        core=rated is not None and rated.core,
        overall=rated is not None and rated.overall,
        options=tuple(options),
        area=None,
        only_if=Condition(only_if.question, only_if.codes) if only_if else None,
    )


def as_text(*texts: str) -> str:
    """Join a text and its translation for lists and reports: there, lines break elsewhere."""
    return " / ".join(texts).replace("\u00a0", " ")
