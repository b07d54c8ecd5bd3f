"""Questions in rows with the same boxes: matrices, in one column or in two, and rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from omr.forms import content
from omr.forms.fonts import MM_PER_PT, width_mm
from omr.forms.parts import AFTER_COLUMN_MM, as_text, asked
from omr.forms.problems import Problem
from omr.forms.sheet import HAIRLINE_MM, LEADING, RULE_MM, X_MIDDLE, Sheet, box_at
from omr.forms.template import BOX_MM, Kind, Option, Question

BETWEEN_MM: Final = 6.0  # the two halves of a matrix in two columns
AFTER_NUMBER_MM: Final = 1.6


def set_matrix(sheet: Sheet, section: content.Matrix) -> list[Question]:
    """Set a matrix: heads over their columns, a numbered row a question, hairlines between."""
    wide = (sheet.right - sheet.left - BETWEEN_MM * (section.columns - 1)) / section.columns
    in_each = -(-len(section.question) // section.columns)
    base, top, lowest = sheet.where, sheet.y, sheet.y
    heads = [f"{base}.levels[{at}]" for at in range(1, len(section.levels) + 1)]
    place = f"{base}.question[{{}}].text"
    questions: list[Question] = []
    for column in range(section.columns):
        first = column * in_each
        rows = section.question[first : first + in_each]
        if not rows:
            break
        left = sheet.left + column * (wide + BETWEEN_MM)
        sheet.y, sheet.where = top, base
        block = _Block(sheet, section, left, left + wide, heads, place)
        block.head(section.title if column == 0 else None)
        questions += [block.row(question, number) for number, question in enumerate(rows, first + 1)]
        lowest = max(lowest, sheet.y)
    sheet.y, sheet.where = lowest, base
    return questions


def set_ranking(sheet: Sheet, section: content.Ranking) -> list[Question]:
    """Set a ranking: a row for each thing that is ranked, a column for each rank."""
    ranks = section.ranks or len(section.options)
    words = {1: section.first, ranks: section.last}
    levels = [
        content.Level(code=str(rank), label=(str(rank), *(words.get(rank) or ())), satisfied=False)
        for rank in range(1, ranks + 1)
    ]
    things = [
        # Its key is made, not written: it may be longer than what authors write.
        content.MatrixQuestion.model_construct(
            key=content.writing_key(section.key, thing.code),
            text=thing.label,
            core=False,
            only_if=section.only_if,
        )
        for thing in section.options
    ]
    rows = content.Matrix(
        kind="matrix",
        title=section.text,
        column_pitch=section.column_pitch,
        row_pitch=section.row_pitch,
        numbers="none",
        levels=tuple(levels),
        question=tuple(things),
    )
    base = sheet.where
    heads = [f"{base}.{'last' if level.code == str(ranks) else 'first'}" for level in levels]
    block = _Block(sheet, rows, sheet.left, sheet.right, heads, f"{base}.options[{{}}].label")
    block.head(section.text)
    set_ = [block.row(thing, number) for number, thing in enumerate(things, 1)]
    sheet.where = base
    title = as_text(*section.text)
    return [replace(row, kind=Kind.RANK, ranking=section.key, text=f"{title}: {row.text}") for row in set_]


class _Block:
    """One column of rows under its heads."""

    def __init__(
        self,
        sheet: Sheet,
        section: content.Matrix,
        left: float,
        right: float,
        heads: Sequence[str],
        place: str,
    ) -> None:
        self.sheet, self.section, self.base = sheet, section, sheet.where
        self.heads = heads  # where in the file each level stands
        self.place = place  # the same of a row's text, its number to be filled in
        self.left, self.right = left, right
        self.grid = right - section.column_pitch * len(section.levels)  # left edge of the first column
        marks: tuple[str, ...] = ("10",)
        if section.numbers != "rows":
            marks = tuple(self._mark(question, 0) for question in section.question)
        widest = max(width_mm(mark, "bold", sheet.sizes.body) for mark in marks)
        self.indent = widest + AFTER_NUMBER_MM if widest else 0.0

    def head(self, title: content.Text | None) -> None:
        """Set the title, and the levels over their columns."""
        sheet, section, size = self.sheet, self.section, self.sheet.sizes.body
        em, pitch = size * MM_PER_PT, section.column_pitch
        most = max(len(level.label) + len(level.other or ()) for level in section.levels)
        height = most * em * LEADING + 1.6
        self._rule(RULE_MM)
        if title is not None:
            sheet.where = f"{self.base}.title"
            lines = sheet.lines(title, "bold", sheet.sizes.field, self.grid - self.left - 2.0)
            # As high as its lines: two lines of a title need more than one line of heads.
            height = max(height, len(lines) * sheet.sizes.field * MM_PER_PT * LEADING + 1.0)
            sheet.middle_block(self.left, sheet.y + height / 2, lines, sheet.sizes.field)
        for place, level in enumerate(section.levels):
            sheet.where = self.heads[place]
            words = [(line, "regular") for line in level.label]
            words += [(line, "italic") for line in level.other or ()]
            for word, face in words:
                width = width_mm(word, face, size)
                if width > pitch:
                    values = {"lines": 1, "limit": 1, "width": width, "room": pitch, "text": word}
                    sheet.problems.append(Problem(sheet.where, "forms.no_room", values))
            sheet.middle_block(self.grid + (place + 0.5) * pitch, sheet.y + height / 2, words, size, "centre")
        sheet.y += height
        self._rule(RULE_MM)

    def row(self, question: content.MatrixQuestion, number: int) -> Question:
        """Set one question; `number` is its place in the section."""
        sheet, section, size = self.sheet, self.section, self.sheet.sizes.body
        em = size * MM_PER_PT
        sheet.where = self.place.format(number)
        middle = sheet.y + section.row_pitch / 2
        face = "bold" if question.overall else "regular"
        room = self.grid - self.left - self.indent - AFTER_COLUMN_MM
        lines = sheet.lines(question.text, face, size, room, int(section.row_pitch / (em * 1.1)))
        if mark := self._mark(question, number):
            at = self.left + self.indent - AFTER_NUMBER_MM
            sheet.line(at, middle + X_MIDDLE * em, mark, "bold", size, "right")
        sheet.middle_block(self.left + self.indent, middle, lines, size)
        boxes = [
            Option(
                level.code,
                as_text(*(" ".join(words) for words in (level.label, level.other) if words)),
                level.satisfied,
                box_at(self.grid + (place + 0.5) * section.column_pitch - BOX_MM / 2, middle),
                not level.not_applicable,
            )
            for place, level in enumerate(section.levels)
            # The overall question has to be answered: of "not applicable" there is no overall share.
            if not (level.not_applicable and question.overall)
        ]
        sheet.y += section.row_pitch
        following = section.question[number : number + 1]
        self._rule(RULE_MM if not following or following[0].overall else HAIRLINE_MM)
        return asked(question, Kind.LIKERT, boxes)

    def _mark(self, question: content.MatrixQuestion, number: int) -> str:
        match self.section.numbers:
            case "rows":
                return str(number)
            case "keys":
                return question.key
            case _:
                return ""

    def _rule(self, width: float) -> None:
        self.sheet.stroke((self.left, self.sheet.y), (self.right, self.sheet.y), width=width)
