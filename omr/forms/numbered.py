"""Questions that are answered with numbers: scales from 0 to 10, each with its row of boxes."""

from __future__ import annotations

from omr.forms import content
from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, width_mm
from omr.forms.parts import AFTER_BOX_MM, as_text, asked
from omr.forms.problems import Problem
from omr.forms.sheet import LEADING, RULE_MM, Sheet, box_at, rounded
from omr.forms.template import BOX_MM, Kind, Option, Question


def set_scale(sheet: Sheet, section: content.Scale) -> list[Question]:
    """Set each question over its row of boxes, the numbers above them, the ends' words left and right."""
    base, em = sheet.where, sheet.sizes.body * MM_PER_PT
    numbers = range(section.first, section.last + 1)
    wide = section.column_pitch * (len(numbers) - 1) + BOX_MM
    room = sheet.right - sheet.left
    ends = max(
        max(width_mm(line, "regular", sheet.sizes.body) for line in text)
        for text in (section.low, section.high)
    )
    if wide + 2 * (ends + AFTER_BOX_MM) > room:  # the words of the ends stand in the line of the numbers
        sheet.where = f"{base}.column_pitch"
        values = {
            "lines": 1,
            "limit": 1,
            "width": wide + 2 * (ends + AFTER_BOX_MM),
            "room": room,
            "text": section.low[0],
        }
        sheet.problems.append(Problem(sheet.where, "forms.no_room", values))
    start = sheet.left + (room - wide) / 2
    questions = []
    for number, question in enumerate(section.question, 1):
        sheet.where = f"{base}.question[{number}].text"
        lines = sheet.lines(question.text, "regular", sheet.sizes.body, room)
        y = sheet.block(sheet.left, sheet.y + ASCENT * em, lines, sheet.sizes.body)
        y += 0.3 * em
        middle = y + DESCENT * em + 0.6 + BOX_MM / 2
        options = []
        sheet.where = f"{base}.question[{number}]"
        for place, value in enumerate(numbers):
            box = box_at(rounded(start + place * section.column_pitch), middle)
            sheet.line(box.centre_mm[0], y, str(value), "bold", sheet.sizes.body, "centre")
            options.append(Option(str(value), _label(section, value), False, box))
        sheet.where = f"{base}.low"
        _end(sheet, section.low, start - AFTER_BOX_MM, middle, right=False)
        sheet.where = f"{base}.high"
        _end(sheet, section.high, start + wide + AFTER_BOX_MM, middle, right=True)
        sheet.y = middle + BOX_MM / 2 + 1.4
        sheet.rule(sheet.y, RULE_MM if number == len(section.question) else 0.12)
        sheet.y += 0.2 * em * LEADING
        questions.append(asked(question, Kind.LIKERT, options))
    return questions


def _end(sheet: Sheet, text: content.Text, x: float, middle: float, *, right: bool) -> None:
    lines = [(line, face) for line, face in zip(text, ("regular", "italic"), strict=False)]
    sheet.middle_block(x, middle, lines, sheet.sizes.body, "left" if right else "right")


def _label(section: content.Scale, value: int) -> str:
    if value == section.first:
        return f"{value} ({as_text(*section.low)})"
    if value == section.last:
        return f"{value} ({as_text(*section.high)})"
    return str(value)
