"""Questions that are answered with numbers: scales with a row of boxes, values sign by sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from omr.forms import content
from omr.forms.entries import box_code
from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, broken, width_mm
from omr.forms.parts import AFTER_BOX_MM, as_text, asked
from omr.forms.problems import Problem
from omr.forms.sheet import LEADING, RULE_MM, Sheet, box_at, rounded
from omr.forms.template import BOX_MM, Condition, Entry, Kind, Option, Question
from omr.forms.values import entry_asked
from omr.geometry import Box


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


BETWEEN_MM: Final = 9.0  # two grids beside one another
BETWEEN_LABELS_MM: Final = 3.0  # where the label is wider than its grid
LABEL_MM: Final = 30.0  # least room of a label
SIGN_MM: Final = 3.6  # the sign left of its box
CELL_MM: Final = (7.0, 8.5)  # width and height of a cell to write one sign in
BETWEEN_CELLS_MM: Final = 1.2  # white between two cells: a sign that runs over stays its own
PART_MM: Final = 2.2  # more of it between day, month and year, and at the comma
CELL_LINE_MM: Final = 0.2


def set_digits(sheet: Sheet, section: content.Digits, language: str) -> list[Question]:
    """Set grids from left to right, then in a further band: label, words, a column a place."""
    base, left, band = sheet.where, sheet.left, sheet.y
    bottom, size = band, sheet.sizes.label
    # All grids of a section begin at one height, below the longest label.
    rooms = [_room(sheet, section, entry_asked(question)) for question in section.question]
    labels = zip(section.question, rooms, strict=True)
    rows = max(len(broken(text, "bold", size, room)) for q, room in labels for text in q.text)
    below = rows * max(len(question.text) for question in section.question)
    questions = []
    for number, (question, room) in enumerate(zip(section.question, rooms, strict=True), 1):
        sheet.where = f"{base}.question[{number}]"
        entry = entry_asked(question)
        wide = _wide(section, entry)
        if left > sheet.left and left + wide > sheet.right:
            left, band = sheet.left, bottom + section.space
        sheet.y = band
        set_ = _cells if section.fill == "hand" else _grid
        questions.append(set_(sheet, section, question, entry, left, below, language))
        bottom = max(bottom, sheet.y)
        label = max(
            width_mm(line, "bold", size)
            for text in question.text
            for line in broken(text, "bold", size, room)
        )
        left += max(wide + BETWEEN_MM, label + BETWEEN_LABELS_MM)
    sheet.y = bottom
    return questions


def _room(sheet: Sheet, section: content.Digits, entry: Entry) -> float:
    """Return how wide a value's label may be."""
    return max(_wide(section, entry), LABEL_MM)


def _wide(section: content.Digits, entry: Entry) -> float:
    if section.fill == "hand":
        return _lefts(entry)[-1] + CELL_MM[0]
    return section.column_pitch * (len(entry.places) - 1) + BOX_MM + SIGN_MM


def _lefts(entry: Entry) -> list[float]:
    """Return where each cell begins, counted from the first."""
    apart = {len(entry.places) - entry.decimals} if entry.decimals else set()
    at = 0
    for part in entry.shape.split("/")[:-1]:
        at += len(part)
        apart.add(at)
    step = CELL_MM[0] + BETWEEN_CELLS_MM
    return [
        place * step + PART_MM * sum(1 for one in apart if one <= place) for place in range(len(entry.places))
    ]


def _grid(
    sheet: Sheet,
    section: content.Digits,
    question: content.NumberQuestion | content.DateQuestion | content.CodeQuestion,
    entry: Entry,
    left: float,
    below: int,
    language: str,
) -> Question:
    size, pitch = sheet.sizes.body, section.column_pitch
    em = size * MM_PER_PT
    room = min(_room(sheet, section, entry), sheet.right - left)
    lines = sheet.lines(question.text, "bold", sheet.sizes.label, room)
    top = sheet.y + ASCENT * em
    sheet.block(left, top, lines, sheet.sizes.label)
    y = top + below * sheet.sizes.label * MM_PER_PT * LEADING
    first = left + SIGN_MM + BOX_MM / 2  # middle of the first column
    for words, at in _words(entry, language):
        sheet.line(first + at * pitch, y, words, "italic", size, "centre")
    top = y + 0.3 * em + 0.6
    options = []
    for place, signs in enumerate(entry.places, 1):
        for row, sign in enumerate(signs):
            box = box_at(first + (place - 1) * pitch - BOX_MM / 2, top + (row + 0.5) * section.row_pitch)
            middle = box.centre_mm[1]
            sheet.middle_block(box.x_mm - AFTER_BOX_MM, middle, [(sign, "regular")], size, "right")
            options.append(Option(box_code(place, sign), sign, False, box))
    sheet.y = top + max(len(signs) for signs in entry.places) * section.row_pitch
    return _question(question, entry, tuple(options))


def _cells(
    sheet: Sheet,
    section: content.Digits,
    question: content.NumberQuestion | content.DateQuestion | content.CodeQuestion,
    entry: Entry,
    left: float,
    below: int,
    language: str,
) -> Question:
    """Set a value that is written by hand: its label, the words of its parts, a cell a place."""
    size = sheet.sizes.body
    em = size * MM_PER_PT
    room = min(_room(sheet, section, entry), sheet.right - left)
    lines = sheet.lines(question.text, "bold", sheet.sizes.label, room)
    y = sheet.y + ASCENT * em
    sheet.block(left, y, lines, sheet.sizes.label)
    y += below * sheet.sizes.label * MM_PER_PT * LEADING
    lefts = _lefts(entry)
    middles = [left + at + CELL_MM[0] / 2 for at in lefts]
    top = y - ASCENT * em + 0.6
    # All cells of a section stand at one height, below the words of a date's parts.
    if any(entry_asked(one).shape for one in section.question):
        top = y + 0.3 * em + 0.8
    if entry.shape:
        for words, at in _words(entry, language):
            middle = (middles[int(at)] + middles[-int(-at // 1)]) / 2  # between two cells where `at` is
            sheet.line(middle, y, words, "italic", size, "centre")
    cells = []
    for at in lefts:
        cell = Box(rounded(left + at), rounded(top), *CELL_MM)
        cells.append(cell)
        x, right, bottom = cell.x_mm, cell.x_mm + cell.width_mm, cell.y_mm + cell.height_mm
        sheet.stroke((x, top), (right, top), (right, bottom), (x, bottom), width=CELL_LINE_MM, closed=True)
    if entry.decimals:
        comma = lefts[-entry.decimals] - (PART_MM + BETWEEN_CELLS_MM) / 2
        sheet.line(left + comma, top + CELL_MM[1], ",", "bold", sheet.sizes.field, "centre")
    sheet.y = top + CELL_MM[1] + 1.0
    area = Box(cells[0].x_mm, cells[0].y_mm, rounded(lefts[-1] + CELL_MM[0]), CELL_MM[1])
    return replace(_question(question, entry, ()), area=area, cells=tuple(cells))


def _question(
    question: content.NumberQuestion | content.DateQuestion | content.CodeQuestion,
    entry: Entry,
    options: tuple[Option, ...],
) -> Question:
    only_if = question.only_if
    return Question(
        key=question.key,
        kind=Kind(question.kind),
        text=as_text(*question.text),
        factor="",
        core=False,
        overall=False,
        options=options,
        area=None,
        only_if=Condition(only_if.question, only_if.codes) if only_if else None,
        entry=entry,
    )


DATE_WORDS: Final = {
    "vi": {"dd": "ngày", "mm": "tháng", "yyyy": "năm"},
    "en": {"dd": "day", "mm": "month", "yyyy": "year"},
}


def _words(entry: Entry, language: str) -> list[tuple[str, float]]:
    """Return what stands over the places, and over which place its middle is: their parts, the comma."""
    if entry.shape:
        parts, at = [], 0
        for part in entry.shape.split("/"):
            words = (DATE_WORDS[one][part] for one in language.split("-") if one in DATE_WORDS)
            parts.append((" / ".join(words) or part, at + (len(part) - 1) / 2))
            at += len(part)
        return parts
    if entry.decimals:
        return [(",", len(entry.places) - entry.decimals - 0.5)]
    return []
