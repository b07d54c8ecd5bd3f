"""Template -> Form: every line of text, rule and box gets its place on the page, in mm.

The page is set from top to bottom: head beside the stamp zone, instructions, sections,
comment, thanks. What does not fit or comes too near something else is not squeezed: it
is an error with the place in the file and the millimetres (`layout_checks`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from omr.errors import OmrError
from omr.forms import content
from omr.forms.content import Problem, Template, load_template, refuse
from omr.forms.fonts import ASCENT, DESCENT, MM_PER_PT, broken, width_mm
from omr.forms.layout_checks import FIDUCIAL_MODULES, find_problems
from omr.forms.template import BOX_MM, OUTLINE_MM, Electronic, Form, Kind, Option, Question, Stroke, TextLine
from omr.geometry import FRAMES, Box, PageFrame
from omr.workspace import shipped

LEADING: Final = 1.2  # line to line, in type sizes
CAP: Final = 0.714  # height of capitals, in type sizes
X_MIDDLE: Final = 0.27  # baseline to the middle of small letters, in type sizes
AFTER_BOX_MM: Final = 1.3  # box to its label
AFTER_COLUMN_MM: Final = 0.8  # least white after a label
FOOT_MM: Final = 0.6  # lower edge of the markers to the thanks below
HAIRLINE_MM: Final = 0.12
RULE_MM: Final = 0.3
DOTS_MM: Final = (0.25, 0.75)

Align = Literal["left", "centre", "right"]


def lay_out(template: Template, file: object = "") -> Form:
    """Place everything on the page.

    Parameters
    ----------
    template : Template
    file : object
        Named in the error.

    Raises
    ------
    TemplateError
        With every text that does not fit, every box too near another, and everything
        that touches what must stay free.
    """
    sheet = _Sheet(FRAMES[template.paper], template.sizes)
    _head(sheet, template.header)
    _instructions(sheet, template.instructions)
    questions: list[Question] = []
    electronic: Electronic | None = None
    for number, section in enumerate(template.section, 1):
        sheet.where = f"section[{number}]"
        sheet.y += section.space
        if isinstance(section, content.Choices):
            questions += _choices(sheet, section)
        elif isinstance(section, content.Matrix):
            questions += _matrix(sheet, section)
        else:
            question, electronic = _comment(sheet, section, template.electronic)
            questions.append(question)
    sheet.where = "footer.thanks"
    _foot(sheet, template.footer)
    form = Form(
        form=template.form,
        digit=template.digit,
        revision=template.revision,
        title=template.title,
        field=template.field,
        paper=template.paper,
        language=template.language,
        questions=tuple(questions),
        art=tuple(art for art, _ in sheet.art),
        electronic=electronic,
    )
    refuse(file, sheet.problems + find_problems(form, sheet.art))
    return form


def _mm(length: float) -> float:
    """Round to a thousandth of a millimetre: what is archived is exactly what is printed."""
    return round(float(length), 3)


@dataclass(slots=True)
class _Sheet:
    """The page while it is being filled: everything drawn so far, and how far down it goes."""

    frame: PageFrame
    sizes: content.Sizes
    y: float = 0.0  # mm from the top; what comes next starts here
    where: str = ""  # the place in the file that is being set
    art: list[tuple[TextLine | Stroke, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def left(self) -> float:
        return self.frame.fiducials[0].box.x_mm

    @property
    def right(self) -> float:
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
        self.art.append((TextLine(_mm(start), _mm(y), text, face, size), self.where))

    def stroke(self, *points: tuple[float, float], width: float, **style: object) -> None:
        """Draw a line, or a shape with ``closed`` and ``filled``."""
        placed = tuple((_mm(x), _mm(y)) for x, y in points)
        self.art.append((Stroke(placed, width, **style), self.where))  # type: ignore[arg-type]

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


def _box(x: float, middle: float) -> Box:
    return Box(_mm(x), _mm(middle - BOX_MM / 2), BOX_MM, BOX_MM)


def _head(sheet: _Sheet, header: content.Header) -> None:
    """Agency over the stamp zone; beside it title, form code and number, field, introduction."""
    frame, sizes = sheet.frame, sheet.sizes
    body = sizes.body * MM_PER_PT
    sheet.where = "header.agency"
    middle = frame.stamp.centre_mm[0]
    y = frame.stamp.y_mm + CAP * body
    y = sheet.block(middle, y, [(line, "bold") for line in header.agency], sizes.body, "centre")
    y -= 0.55 * body
    sheet.stroke((middle - 7, y), (middle + 7, y), width=RULE_MM)

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


def serial_baseline(frame: PageFrame) -> float:
    """Return the baseline of the printed serial: its capitals stand in the middle of their place."""
    return frame.serial_text.y_mm + (frame.serial_text.height_mm + 0.729 * SERIAL_PT * MM_PER_PT) / 2


SERIAL_PT: Final = 11.0  # 44.4 mm of the 46 mm of its place; capitals 2.8 mm high for Tesseract


def _instructions(sheet: _Sheet, text: content.Instructions) -> None:
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
_FILL: Final = (
    (0.03, 0.02),
    (0.50, -0.04),
    (0.98, 0.03),
    (1.04, 0.55),
    (0.97, 1.01),
    (0.44, 1.03),
    (0.0, 0.97),
)


def _example(sheet: _Sheet, x: float, middle: float, *, struck: bool) -> None:
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


def _choices(sheet: _Sheet, section: content.Choices) -> list[Question]:
    """Set questions in rows: label, then options on the grid; ``beside`` goes on in the same row."""
    sizes = sheet.sizes
    grid = sheet.left + section.label_width
    column = (sheet.right - grid) / section.columns
    questions = []
    base, at = sheet.where, section.columns  # the first free column of the row
    top = sheet.y - section.row_pitch  # of the row that is being filled
    for number, question in enumerate(section.question, 1):
        sheet.where = f"{base}.question[{number}]"
        label = question.label or question.text
        if question.beside:
            start = at + question.beside
            x, room = grid + at * column, question.beside * column - AFTER_COLUMN_MM
        else:
            start, top = 0, top + section.row_pitch
            x, room = sheet.left, section.label_width - AFTER_COLUMN_MM
        label_top, at = top, start
        options = []
        for place, choice in enumerate(question.options, 1):
            span = choice.span or question.span
            if at + span > section.columns:
                at, top = start if question.beside else 0, top + section.row_pitch
            middle = top + section.row_pitch / 2
            box = _box(grid + at * column, middle)
            options.append(Option(choice.code, " / ".join(choice.label), choice.satisfied, box))
            sheet.where = f"{base}.question[{number}].options[{place}]"
            after = box.x_mm + BOX_MM + AFTER_BOX_MM
            last = at + span == section.columns
            width = grid + (at + span) * column - after - (0 if last else AFTER_COLUMN_MM)
            _choice_label(sheet, choice.label, after, middle, width, section.row_pitch)
            at += span
        sheet.where = f"{base}.question[{number}].label"
        rows = round((top - label_top) / section.row_pitch) + 1
        limit = int(rows * section.row_pitch / (sizes.label * MM_PER_PT * LEADING))
        lines = sheet.lines(label, "bold", sizes.label, room, limit)
        if question.beside:
            x = grid + start * column - 2 * AFTER_BOX_MM
            sheet.middle_block(x, label_top + section.row_pitch / 2, lines, sizes.label, "right")
        elif rows == 1:
            sheet.middle_block(x, label_top + section.row_pitch / 2, lines, sizes.label)
        else:
            sheet.block(
                x, label_top + section.row_pitch / 2 + X_MIDDLE * sizes.label * MM_PER_PT, lines, sizes.label
            )
        questions.append(_question(question, Kind(question.kind), options))
    sheet.y = top + section.row_pitch
    return questions


def _choice_label(
    sheet: _Sheet, label: content.Text, x: float, middle: float, room: float, height: float
) -> None:
    """Set an option's label; a translation goes on in the same line where there is room for it."""
    size = sheet.sizes.body
    if len(label) == 2:
        first, other = f"{label[0]} / ", label[1]
        width = width_mm(first, "regular", size)
        if width + width_mm(other, "italic", size) <= room:
            sheet.middle_block(x, middle, [(first.rstrip(), "regular")], size)
            sheet.middle_block(x + width, middle, [(other, "italic")], size)
            return
    limit = int(height / (size * MM_PER_PT * LEADING))
    sheet.middle_block(x, middle, sheet.lines(label, "regular", size, room, limit), size)


def _matrix(sheet: _Sheet, section: content.Matrix) -> list[Question]:
    """Set a matrix: heads over their columns, a numbered row a question, hairlines between."""
    sizes, base = sheet.sizes, sheet.where
    em = sizes.body * MM_PER_PT
    pitch = section.column_pitch
    grid = sheet.right - pitch * len(section.levels)
    most = max(len(level.label) + len(level.other or ()) for level in section.levels)
    head = most * em * LEADING + 1.6
    sheet.rule(sheet.y, RULE_MM)
    sheet.where = f"{base}.title"
    lines = sheet.lines(section.title, "bold", sizes.field, grid - sheet.left - 2.0)
    sheet.middle_block(sheet.left, sheet.y + head / 2, lines, sizes.field)
    for place, level in enumerate(section.levels):
        sheet.where = f"{base}.levels[{place + 1}]"
        words = [(line, "regular") for line in level.label]
        words += [(line, "italic") for line in level.other or ()]
        for word, face in words:
            width = width_mm(word, face, sizes.body)
            if width > pitch:
                values = {"lines": 1, "limit": 1, "width": width, "room": pitch, "text": word}
                sheet.problems.append(Problem(sheet.where, "forms.no_room", values))
        sheet.middle_block(grid + (place + 0.5) * pitch, sheet.y + head / 2, words, sizes.body, "centre")
    sheet.y += head
    sheet.rule(sheet.y, RULE_MM)
    questions = []
    indent = width_mm("10", "bold", sizes.body) + 1.6
    for number, question in enumerate(section.question, 1):
        sheet.where = f"{base}.question[{number}].text"
        middle = sheet.y + section.row_pitch / 2
        face = "bold" if question.overall else "regular"
        room = grid - sheet.left - indent - AFTER_COLUMN_MM
        lines = sheet.lines(question.text, face, sizes.body, room, int(section.row_pitch / (em * 1.1)))
        sheet.line(
            sheet.left + indent - 1.6, middle + X_MIDDLE * em, str(number), "bold", sizes.body, "right"
        )
        sheet.middle_block(sheet.left + indent, middle, lines, sizes.body)
        options = [
            Option(
                level.code,
                " / ".join(" ".join(words) for words in (level.label, level.other) if words),
                level.satisfied,
                _box(grid + (place + 0.5) * pitch - BOX_MM / 2, middle),
            )
            for place, level in enumerate(section.levels)
        ]
        questions.append(_question(question, Kind.LIKERT, options))
        sheet.y += section.row_pitch
        following = section.question[number : number + 1]
        apart = not following or following[0].overall
        sheet.rule(sheet.y, RULE_MM if apart else HAIRLINE_MM)
    return questions


def _comment(
    sheet: _Sheet, section: content.Comment, electronic: content.Electronic | None
) -> tuple[Question, Electronic | None]:
    """Set the heading of the comment, its dotted lines, and the room for the electronic form's code."""
    sizes, base = sheet.sizes, sheet.where
    em = sizes.body * MM_PER_PT
    heads = max(len(section.text), len(section.note))
    top = sheet.y + (ASCENT + DESCENT + (heads - 1) * LEADING) * em
    bottom = top + section.lines * section.line_pitch
    left, right = sheet.between_markers(bottom)
    code = None
    if electronic is not None:
        side = electronic.size
        box = Box(_mm(right - side), _mm(bottom - side), side, side)
        x = box.centre_mm[0] - width_mm(electronic.caption, "regular", sizes.body) / 2
        y = bottom + FOOT_MM + ASCENT * em
        code = Electronic(box, (TextLine(_mm(x), _mm(y), electronic.caption, "regular", sizes.body),))
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
        sheet.stroke((left, y), (right, y), width=0.2, dash_mm=DOTS_MM)
    sheet.y = bottom
    area = Box(_mm(left), _mm(top), _mm(right - left), _mm(bottom - top))
    question = Question(section.key, Kind.TEXT, " / ".join(section.text), "", False, False, (), area)
    return question, code


def _foot(sheet: _Sheet, footer: content.Footer) -> None:
    """Set the thanks at the foot of the page, below the lower edge of the markers."""
    em = sheet.sizes.body * MM_PER_PT
    fiducial = sheet.frame.fiducials[2].box
    edge = fiducial.y_mm + fiducial.height_mm
    left, _ = sheet.between_markers(edge)
    if sheet.y > edge:
        sheet.problems.append(Problem("section", "forms.page_full", {"over": sheet.y - edge}))
    for text, face in zip(footer.thanks, ("regular", "italic"), strict=False):
        sheet.line(left, edge + FOOT_MM + ASCENT * em, text, face, sheet.sizes.body)
        left += width_mm(text, face, sheet.sizes.body) + em


def _question(
    question: content.ChoiceQuestion | content.MatrixQuestion, kind: Kind, options: list[Option]
) -> Question:
    return Question(
        key=question.key,
        kind=kind,
        text=" / ".join(question.text),
        factor=question.factor,
        core=question.core,
        overall=question.overall,
        options=tuple(options),
        area=None,
    )


def find_form(name: str, own: Path | None) -> Form:
    """Return the form of that name, the office's own before the built-in ones.

    Parameters
    ----------
    name : str
        ``"DL-01"``, ``"ĐL-01"``, ``"đl-01"``: all the same form, of the file ``dl-01.toml``.
    own : Path, optional
        The office's own folder of forms.

    Raises
    ------
    OmrError
        If there is no such form, or (TemplateError) its file is wrong.
    """
    files = _form_files(own)
    file = files.get(_form_name(name))
    if file is None:
        raise OmrError("forms.no_such_form", name=name[:40], known=", ".join(files))
    return _form_of(file)


def list_forms(own: Path | None) -> list[Form]:
    """Return all forms in the order of their names; an own form hides the built-in of its name."""
    return [_form_of(file) for file in _form_files(own).values()]


def _form_files(own: Path | None) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in (shipped("templates"), own):
        if folder is not None:
            files |= {_form_name(file.stem): file for file in folder.glob("*.toml") if file.is_file()}
    return dict(sorted(files.items()))


def _form_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().upper().replace("Đ", "D")


def _form_of(file: Path) -> Form:
    template = load_template(file)
    if template.form != _form_name(file.stem):
        values: dict[str, object] = {"value": template.form, "wanted": _form_name(file.stem)}
        refuse(file, [Problem("form", "forms.other_name", values)])
    return lay_out(template, file)
