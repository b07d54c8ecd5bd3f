"""Template -> Form: every line of text, rule and box gets its place on the page, in mm.

The page is set from top to bottom (`parts`). What does not fit or comes too near
something else is not squeezed: it is an error with the place in the file and the
millimetres (`layout_checks`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from omr.errors import OmrError
from omr.forms import content
from omr.forms.content import Template
from omr.forms.layout_checks import Placed, covered, find_problems, placed
from omr.forms.loading import load_template
from omr.forms.numbered import set_digits, set_scale
from omr.forms.parts import (
    PAGE_FULL,
    set_choices,
    set_comment,
    set_foot,
    set_further_head,
    set_head,
    set_instructions,
    set_page_number,
)
from omr.forms.problems import Problem, refuse
from omr.forms.rows import set_matrix, set_ranking
from omr.forms.sheet import Sheet
from omr.forms.template import Electronic, Form, Question
from omr.geometry import FRAMES
from omr.messages import form_label
from omr.workspace import shipped


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A form with everything in its place, and what is wrong with it there."""

    form: Form
    problems: tuple[Problem, ...]
    places: tuple[tuple[Placed, ...], ...]  # of each page: where in the file, what it covers on paper


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
    laid = set_out(template)
    refuse(file, list(laid.problems))
    return laid.form


def set_out(template: Template) -> LaidOut:
    """Place everything on the page, also what does not fit there: to be looked at."""
    sheets = [Sheet(FRAMES[template.paper], template.sizes)]
    set_head(sheets[0], template.header)
    set_instructions(sheets[0], template.instructions)
    questions: list[Question] = []
    electronic: Electronic | None = None
    electronic_page = 1
    for number, section in enumerate(template.section, 1):
        sheet = sheets[-1]
        sheet.where = f"section[{number}]"
        if isinstance(section, content.PageBreak):
            sheets.append(Sheet(FRAMES[template.paper], template.sizes))
            set_further_head(sheets[-1], template.header)
            set_instructions(sheets[-1], template.instructions)  # solid print, too, to know how dark print is
            continue
        sheet.y += section.space
        set_, code = _set(sheet, section, template.language)
        questions += [replace(question, page=len(sheets)) for question in set_]
        if code is not None:
            electronic, electronic_page = code, len(sheets)
    for number, sheet in enumerate(sheets, 1):
        sheet.where = "footer.thanks"
        set_foot(sheet, template.footer if number == len(sheets) else None, number)
        if len(sheets) > 1:
            set_page_number(sheet, number, len(sheets), template.language)
    art = [tuple(art for art, _ in sheet.art) for sheet in sheets]
    form = Form(
        form=template.form,
        digit=template.digit,
        revision=template.revision,
        title=template.title,
        field=template.field,
        paper=template.paper,
        language=template.language,
        questions=tuple(questions),
        art=art[0],
        electronic=electronic,
        survey=template.survey or "",
        further=tuple(art[1:]),
        duplex=template.duplex,
        electronic_page=electronic_page,
    )
    problems: list[Problem] = []
    places: list[tuple[Placed, ...]] = []
    for number, sheet in enumerate(sheets, 1):
        # What does not fit its own place is over everything else as well: said once is enough.
        without_room = {problem.where for problem in sheet.problems}
        fitting = [(piece, where) for piece, where in sheet.art if where not in without_room]
        page = form.page(number)
        full = any(problem.key == PAGE_FULL for problem in sheet.problems)
        problems += sheet.problems + find_problems(page, fitting, upper_part=full)
        if form.pages > 1 and not any(question.options for question in page.questions):
            problems.append(Problem("section", "forms.page_without_boxes", {"page": number}))
        places.append((*((where, covered(piece)) for piece, where in sheet.art), *placed(page)))
    return LaidOut(form, tuple(problems), tuple(places))


def _set(sheet: Sheet, section: content.Section, language: str) -> tuple[list[Question], Electronic | None]:
    """Set one section below what is there."""
    match section:
        case content.Choices():
            return set_choices(sheet, section), None
        case content.Matrix():
            return set_matrix(sheet, section), None
        case content.Ranking():
            return set_ranking(sheet, section), None
        case content.Scale():
            return set_scale(sheet, section), None
        case content.Digits():
            return set_digits(sheet, section, language), None
        case content.Comment():
            question, code = set_comment(sheet, section)
            return [question], code
        case content.PageBreak():
            return [], None


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
        raise OmrError("forms.no_such_form", name=name[:40], known=", ".join(map(form_label, files)))
    return _form_of(file)


def list_forms(own: Path | None) -> list[Form]:
    """Return all forms in the order of their names; an own form hides the built-in of its name."""
    return [_form_of(file) for file in _form_files(own).values()]


def form_names(own: Path | None) -> list[str]:
    """Return the names of all forms, also of those whose file is wrong."""
    return list(_form_files(own))


def file_of(name: str, own: Path | None) -> Path:
    """Return the file of a form by its exact name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return _form_files(own)[name]


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
