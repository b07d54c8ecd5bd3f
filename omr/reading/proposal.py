"""A traced form as it is proposed: sheets opened, boxes found, the file written for a person to confirm."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

import cv2

from omr.errors import OmrError, ScanError, TemplateError, why
from omr.files import make_folder, move, write_whole
from omr.forms.traced import load_traced
from omr.forms.traced_file import ProposedForm, toml_of
from omr.messages import language
from omr.reading.apart import Apart, scans_of
from omr.reading.files.find import find_files
from omr.reading.limits import USUAL, Limits
from omr.reading.scan.backs import is_blank
from omr.reading.scan.pages import ScannedPage
from omr.reading.traced.trace import Draft, numbered
from omr.steps import each

REPLACED: Final = "replaced"  # beside the file of a form: what an earlier trace of it wrote
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")


@dataclass(frozen=True, slots=True)
class Files:
    """What was written for a form."""

    file: Path
    print_: Path
    picture: Path  # the print with every box numbered
    replaced: Path | None = None  # the folder to which what was there before was moved


def files_of(file: Path) -> Files:
    """Return the names of what belongs to a form's file."""
    return Files(file, file.with_suffix(".png"), file.with_name(f"{file.stem}.numbered.png"))


def may_be_made(file: Path, *, told: bool = False) -> None:
    """Refuse to make a form anew that a person has confirmed, unless that was asked for.

    Raises
    ------
    OmrError
        ``trace.is_confirmed``; ``trace.not_understood``: somebody may be writing the file.
    """
    if told or not file.exists():
        return
    try:
        there, _ = load_traced(file)
    except TemplateError as error:
        raise OmrError("trace.not_understood", file=file) from error
    if there.confirmed:
        raise OmrError("trace.is_confirmed", file=file)


def _set_aside(files: Files) -> Path | None:
    """Move what an earlier trace wrote, and somebody may have worked on, into a folder of its own."""
    if not files.file.exists():
        return None
    above = files.file.parent / REPLACED
    folder = next(path for number in count(1) if not (path := above / f"{files.file.stem}-{number}").exists())
    folder.mkdir(parents=True)
    for one in (files.file, files.print_, files.picture):
        if one.exists():
            move(one, folder / one.name)
    return folder


def form_name(text: str) -> str:
    """Return a form's name as its file bears it.

    Raises
    ------
    OmrError
        ``trace.bad_name``.
    """
    name = text.strip().upper()
    if not _NAME.fullmatch(name):
        raise OmrError("trace.bad_name", name=text[:40])
    return name


def sheets_of(paths: Sequence[Path], page: int | None = None, limits: Limits = USUAL) -> list[ScannedPage]:
    """Open the scans: of each file one page, or all; blank backs say nothing of a form.

    Raises
    ------
    OmrError
        If one cannot be opened, or there is none.
    """
    sheets = []
    with Apart(limits) as apart:
        for file in each("sheets", find_files(paths).files):
            try:
                for number, scan in enumerate(apart.stream(scans_of, file), start=1):
                    if page in (None, number) and not is_blank(scan):
                        sheets.append(scan)
            except ScanError as error:
                raise OmrError("trace.no_scan", file=file, detail=error) from error
    if not sheets:
        raise OmrError("records.no_scans", paths=", ".join(map(str, paths)))
    return sheets


def write_proposal(
    draft: Draft, form: str, file: Path, *, revision: str, title: str = "", survey: str = ""
) -> Files:
    """Write what is proposed for a form, its print, and the numbered picture to confirm it by.

    What was there before is moved aside (see `may_be_made`).

    Raises
    ------
    OmrError
        If it cannot be written.
    """
    files = files_of(file)
    png = cv2.imencode(".png", draft.print_)[1].tobytes()
    seen = cv2.imencode(".png", cv2.cvtColor(numbered(draft), cv2.COLOR_RGB2BGR))[1].tobytes()
    text = _toml(draft, form, (title, survey, revision), files, hashlib.sha256(png).hexdigest())
    try:
        make_folder(file.parent)
        files = replace(files, replaced=_set_aside(files))
        write_whole(files.print_, png)
        write_whole(files.picture, seen)
        write_whole(file, text.encode())  # last: with it the form is there
    except OSError as error:
        raise OmrError("forms.unwritable", file=file, detail=why(error)) from error
    return files


def _toml(draft: Draft, form: str, told: tuple[str, str, str], files: Files, sha256: str) -> str:
    title, survey, revision = told
    height, width = draft.print_.shape
    questions = [
        [(draft.boxes[at].kind, _sides(draft, at, width, height)) for at in question]
        for question in draft.questions
    ]
    return toml_of(
        ProposedForm(
            form=form,
            title=title or form,
            field=title or form,
            survey=survey or form.lower(),
            language=language(),
            revision=revision,
            print=files.print_.name,
            sha256=sha256,
            learned=draft.learned,
            identify=draft.identify,
            dpi=draft.dpi,
            size=(width, height),
            questions=questions,
            texts=draft.labels,
            labels=draft.codes,
            several=draft.several,
        ),
        picture=files.picture.name,
    )


def _sides(draft: Draft, at: int, width: int, height: int) -> tuple[float, float, float, float]:
    box = draft.boxes[at]
    return max(0.0, box.left), max(0.0, box.top), min(float(width), box.right), min(float(height), box.bottom)
