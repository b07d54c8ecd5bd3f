"""The desk of forms: looked at with all their faults drawn where they are, begun, mended, saved.

What somebody writes lies in a drawer until it is saved as one of the office's own forms; only a file
without a fault is saved. What it replaces is kept beside it.
"""

from __future__ import annotations

import io
import re
import secrets
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pypdfium2
from starlette.responses import Response

from omr import clock
from omr.errors import OmrError, TemplateError
from omr.files import SCAN_SUFFIXES, make_folder, remove_folder, write_whole
from omr.forms.faults import Examined, examine
from omr.forms.first_file import Wanted, digit_taken, first_file, free_digits
from omr.forms.layout import file_of, find_form, form_names
from omr.forms.loading import MAX_BYTES
from omr.forms.printing.printing import print_specimen
from omr.forms.problems import Problem
from omr.forms.template import Form
from omr.forms.traced import traced_files
from omr.messages import language
from omr.text import whole_number
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.paper.printing import offered

DRAWER: Final = "form-drafts"  # below the workspace
REPLACED: Final = "replaced"  # below the office's own forms
_KEPT_S: Final = 90 * 24 * 3600.0  # a form is thought about for weeks
_TOKEN: Final = re.compile("[0-9a-f]{16}")
_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")
_SCALE: Final = 1.7  # 122 dpi: every letter can be read


def desk(visit: Visit) -> Response:
    """Show the office's forms and how one is begun."""
    return _desk(visit)


def _desk(visit: Visit, problem: str = "") -> Response:
    own = visit.office.workspace.forms
    forms = offered(own)
    return page(
        visit,
        "forms.html",
        status=400 if problem else 200,
        forms=forms,
        own={file.stem.upper() for file in own.glob("*.toml")},
        traced=list(traced_files(own)),
        scans=",".join(SCAN_SUFFIXES),
        digits=free_digits(one.form for one in forms if one.form),
        told=visit.form,
        saved=visit.query("saved") if visit.query("saved") in form_names(own) else "",
        problem=problem,
    )


def begin(visit: Visit) -> Response:
    """Put a first file, or a copy of a form that there is, into the drawer."""
    try:
        name, text = _first(visit)
    except NotFoundError:
        raise
    except OmrError as error:
        return _desk(visit, str(error))
    return see_other(f"/forms/drafts/{_put(visit, name, text.encode())}")


def _first(visit: Visit) -> tuple[str, str]:
    fields, own = visit.form, visit.office.workspace.forms
    copied = fields.get("copied", "")
    if copied:
        if copied not in form_names(own):
            raise NotFoundError
        return copied, file_of(copied, own).read_text("utf-8", "replace")
    name = _name(fields.get("name", ""))
    if name in form_names(own):
        raise OmrError("drafts.name_taken", form=name)
    digit = whole_number(fields.get("digit", ""))
    wanted = Wanted(
        form=name,
        title=fields.get("title", "").strip()[:80] or name,
        field=fields.get("field", "").strip()[:200] or name,
        agency=tuple(visit.office.workspace.settings.office.split(" / ")),
        digit=digit if digit is not None else 0,
        revision=f"{clock.today():%Y-%m}",
        language=fields.get("language", "") if fields.get("language") in ("vi", "en") else language(),
        paper="A4" if fields.get("paper") == "A4" else "A5",
        questions=min(20, max(1, whole_number(fields.get("questions", "")) or 5)),
        levels=3 if fields.get("levels") == "3" else 5,
    )
    return name, first_file(wanted)


def _name(text: str) -> str:
    name = text.strip().upper().replace("Đ", "D")
    if not _NAME.fullmatch(name):
        raise OmrError("trace.bad_name", name=text[:40])
    return name


def show(visit: Visit) -> Response:
    """Show a draft: its text, and its pages with every fault."""
    return _show(visit, _file(visit))


def look(visit: Visit) -> Response:
    """Keep what was changed and show it again; save it as a form where that was asked for."""
    file = _file(visit)
    data = visit.form.get("text", "").replace("\r\n", "\n").encode()
    if len(data) > MAX_BYTES:
        return _show(
            visit, file, problem=str(TemplateError("forms.too_long", file=file.name, limit=MAX_BYTES))
        )
    write_whole(file, data, mode=0o600)
    if not visit.form.get("save"):
        return see_other(f"/forms/drafts/{file.parent.name}")
    try:
        form = _save(visit, file)
    except OmrError as error:
        return _show(visit, file, problem=str(error))
    return see_other(f"/forms?saved={form}")


def _save(visit: Visit, file: Path) -> str:
    """Make a draft one of the office's own forms; what it replaces is kept."""
    seen = _examined(visit, file)
    if seen.form is None or seen.faults:
        raise OmrError("drafts.has_faults", count=len(seen.faults))
    own, name = visit.office.workspace.forms, _name(seen.form.form)
    target = own / f"{name.lower()}.toml"
    if name in form_names(own) and not visit.form.get("replace"):
        raise OmrError("drafts.replace_first", form=name)
    make_folder(own)
    if target.is_file():
        kept = own / REPLACED / f"{name.lower()}-{datetime.now(UTC):%Y%m%dT%H%M%S}.toml"
        make_folder(kept.parent)
        write_whole(kept, target.read_bytes())
    write_whole(target, file.read_bytes())
    visit.office.note(visit.me.name, "form_saved", f"{name} {seen.form.revision}")
    return name


def picture(visit: Visit) -> Response:
    """Show one page of a draft as it would be printed."""
    form, number = _examined(visit, _file(visit)).form, visit.parameter("page")
    if form is None or number not in {str(one) for one in range(1, form.pages + 1)}:
        raise NotFoundError
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "draft.pdf"
        print_specimen(form, file, electronic_url=visit.office.workspace.settings.electronic_form_url)
        with pypdfium2.PdfDocument(file) as document:
            drawn = document[int(number) - 1].render(scale=_SCALE).to_pil()
    content = io.BytesIO()
    drawn.save(content, "PNG")
    return Response(content.getvalue(), media_type="image/png")


def _show(visit: Visit, file: Path, problem: str = "") -> Response:
    seen = _examined(visit, file)
    text = visit.form.get("text") if problem else None
    own = visit.office.workspace.forms
    return page(
        visit,
        "form_draft.html",
        status=400 if problem else 200,
        draft=file.parent.name,
        name=file.stem.upper(),
        text=text if text is not None else file.read_text("utf-8", "replace"),
        form=seen.form,
        faults=seen.faults,
        replaces=seen.form is not None and seen.form.form in form_names(own),
        version=secrets.token_hex(4),  # the picture is made anew
        problem=problem,
    )


def _examined(visit: Visit, file: Path) -> Examined:
    """Look at a draft, also beside the other forms of the office."""
    data = file.read_bytes()
    seen = examine(data)
    if seen.form is None:
        return seen
    return examine(data, _beside_others(visit, seen.form))


def _beside_others(visit: Visit, form: Form) -> list[Problem]:
    own, others = visit.office.workspace.forms, []
    for name in form_names(own):
        with suppress(TemplateError):  # one that is broken is another file's trouble
            others.append(find_form(name, own))
    return digit_taken(form, others)


def _file(visit: Visit) -> Path:
    token = visit.parameter("draft")
    folder = visit.office.workspace.path / DRAWER / token
    if not (_TOKEN.fullmatch(token) and folder.is_dir()):
        raise NotFoundError
    return next(folder.iterdir())


def _put(visit: Visit, name: str, content: bytes) -> str:
    drawer = visit.office.workspace.path / DRAWER
    drawer.mkdir(mode=0o700, exist_ok=True)
    for old in drawer.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_S:
            with suppress(OSError):
                remove_folder(old)
    folder = drawer / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    write_whole(folder / f"{name.lower()}.toml", content, mode=0o600)
    return folder.name
