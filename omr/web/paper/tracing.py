"""The desk of paper that was not printed here: a form is traced from scans, then a person confirms it.

What was found stands numbered on the print; a person names questions and options, drops what is none,
joins what was parted, and only then pages are read by it. What is saved is the same file that the
command line writes and people may edit.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from omr import clock
from omr.errors import OmrError, TemplateError
from omr.files import MOST_FILE_BYTES, remove, remove_folder, write_whole
from omr.forms.loading import problems_of
from omr.forms.problems import refuse
from omr.forms.traced import FOLDER, TracedForm, load_traced, traced_files
from omr.forms.traced_file import confirmed_toml
from omr.messages import say
from omr.records.inbox.names import clean_name
from omr.web.frame.body import write_body
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit
from omr.web.work.errands import Came, Tell

SCANS: Final = "traced-scans"  # below the workspace, until they are traced
MOST_EDITED: Final = 300  # questions on one page; a longer form is mended in its file
_SATISFIED: Final = "*"
_DROPPED: Final = "-"
_OPTION: Final = re.compile(r"(?P<code>\S+)(?:\s+(?P<label>.*?))??(?P<satisfied>\s*\*)?")


async def take_file(visit: Visit) -> Response:
    """Take up scans of a form as they come; what is found in them is proposed behind the desk."""
    from omr.reading.proposal import form_name

    told, office = visit.request.query_params, visit.office
    name, form = clean_name(told.get("name", "")), form_name(told.get("form", ""))
    target = office.workspace.forms / FOLDER / f"{form.lower()}.toml"
    _may_be_made(target)
    folder = office.workspace.path / SCANS / secrets.token_hex(8)
    await run_in_threadpool(folder.mkdir, mode=0o700, parents=True)
    try:
        with (folder / name).open("wb") as file:
            if await write_body(visit, file, MOST_FILE_BYTES) is None:
                raise OmrError("inbox.too_large", most_gb=MOST_FILE_BYTES // 2**30)
    except (OmrError, ClientDisconnect, OSError) as error:
        await run_in_threadpool(remove_folder, folder)
        if isinstance(error, ClientDisconnect):
            raise OmrError("inbox.cut_off") from error
        raise
    title, filled = told.get("title", "").strip()[:200], told.get("sheets") == "filled"
    columns, by = bool(told.get("columns")), visit.me.name
    office.note(by, "form_traced", f"{form} {name}"[:120])

    def propose(tell: Tell) -> Came:
        from omr.reading.proposal import sheets_of, write_proposal
        from omr.reading.traced.trace import trace

        try:
            sheets = sheets_of([folder / name])
            draft = trace(sheets, filled=filled, columns=columns)
            _may_be_made(target)
            write_proposal(draft, form, target, revision=f"{clock.today():%Y-%m-%d}", title=title)
        finally:
            remove_folder(folder)
        return Came(f"/forms/traced/{form}")

    errand = office.errands.begin(say("tracing.under_way", form=form), by, "/forms", propose)
    return JSONResponse({"page": f"/errands/{errand.name}"})


def _may_be_made(target: Path) -> None:
    """Refuse to trace a form anew by which pages are read, in the words of the desk."""
    from omr.reading.proposal import may_be_made

    try:
        may_be_made(target)
    except OmrError as error:
        if error.key == "trace.is_confirmed":
            raise OmrError("tracing.take_back_first") from error
        raise


def show(visit: Visit) -> Response:
    """Show what was found, numbered on the print, to be named and confirmed."""
    return _show(visit, load_traced(_file(visit))[0])


def print_(visit: Visit) -> Response:
    """Show the print of a traced form."""
    foreign = load_traced(_file(visit))[1]
    return Response(foreign.print_png, media_type="image/png")


def save(visit: Visit) -> Response:
    """Save what was named, dropped and joined; confirmed where that was said."""
    file = _file(visit)
    told, _ = load_traced(file)
    fields = visit.form
    if fields.get("boxes", _boxes(told)) != _boxes(told):
        return _show(visit, told, problem=say("tracing.other_boxes"), typed={})
    if fields.get("do") == "drop":
        return _dropped(visit, file, told)
    try:
        said = _changed(told, fields) if len(told.question) <= MOST_EDITED else told
        said = said.model_copy(update={"confirmed": fields.get("do") == "confirm"})
        _write(file, said)
    except OmrError as error:
        return _show(visit, told, problem=str(error))
    visit.office.note(visit.me.name, "form_confirmed" if said.confirmed else "form_saved", said.form)
    return see_other(f"/forms/traced/{said.form}?saved=1")


def _dropped(visit: Visit, file: Path, told: TracedForm) -> Response:
    """Throw a proposal away that nobody confirmed."""
    if told.confirmed:
        return _show(visit, told, problem=say("tracing.take_back_first"))
    for one in (file, file.with_suffix(".png"), file.with_name(f"{file.stem}.numbered.png")):
        remove(one)
    visit.office.note(visit.me.name, "form_dropped", told.form)
    return see_other("/forms")


def _write(file: Path, said: TracedForm) -> None:
    """Write a form's file once the whole of it holds; until then the old one stands."""
    text = confirmed_toml(said).encode()
    trial = file.with_name(f".{secrets.token_hex(4)}.toml")
    try:
        write_whole(trial, text)
        load_traced(trial)
    except TemplateError as error:
        problems = error.values.get("problems")
        raise OmrError("tracing.does_not_hold", problems=problems or str(error)) from error
    finally:
        remove(trial)
    write_whole(file, text)


def _changed(told: TracedForm, fields: Mapping[str, str]) -> TracedForm:
    """Return a form as the page's fields say it.

    Raises
    ------
    OmrError
        Naming the question whose options do not fit its boxes, or everything that is no form.
    """
    questions: list[dict[str, Any]] = []
    for number, question in enumerate(told.question, 1):
        if fields.get(f"drop-{number}"):
            continue
        options = list(_options(question.key, question.option, fields.get(f"options-{number}")))
        if fields.get(f"join-{number}") and questions:
            questions[-1]["option"] += options
            continue
        if not options:
            continue
        overall = fields.get("overall", "") == str(number) if "overall" in fields else question.overall
        questions.append(
            {
                **question.model_dump(),
                "key": fields.get(f"key-{number}", question.key).strip(),
                "text": fields.get(f"text-{number}", question.text).strip(),
                "kind": fields.get(f"kind-{number}", question.kind),
                "overall": overall,
                "option": options,
            }
        )
    names = ("title", "field", "survey", "revision", "language", "identify")
    content = {
        **told.model_dump(),
        **{name: fields.get(name, getattr(told, name)).strip() for name in names},
        "question": questions,
    }
    try:
        return TracedForm.model_validate(_listed(content))
    except ValidationError as error:
        refuse(told.form, problems_of(content, error))
        raise


def _listed(content: dict[str, Any]) -> dict[str, Any]:
    return {
        **content,
        "question": tuple({**one, "option": tuple(one["option"])} for one in content["question"]),
    }


def _options(key: str, options: Any, typed: str | None) -> Iterator[dict[str, Any]]:
    """Yield the options of a question: a line for each of its boxes, ``-`` for a box that is none."""
    if typed is None:
        yield from (option.model_dump() for option in options)
        return
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if len(lines) != len(options):
        raise OmrError("tracing.other_count", question=key, boxes=len(options), lines=len(lines))
    for line, option in zip(lines, options, strict=True):
        if line == _DROPPED:
            continue
        said = _OPTION.fullmatch(line)
        if said is None:
            raise OmrError("tracing.no_option", question=key, line=line[:40])
        yield {
            "code": said["code"],
            "label": (said["label"] or "").strip(),
            "satisfied": bool(said["satisfied"]),
            "box": option.box,
        }


def _boxes(told: TracedForm) -> str:
    """Return a mark of a form's print and boxes: what is typed of one question must not come to another."""
    boxes = [[option.box for option in question.option] for question in told.question]
    return hashlib.sha256(json.dumps([told.sha256, boxes]).encode()).hexdigest()[:16]


def _show(
    visit: Visit, told: TracedForm, problem: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    fields = typed if typed is not None else visit.form if problem else {}
    return page(
        visit,
        "traced.html",
        status=400 if problem else 200,
        form=told,
        editable=len(told.question) <= MOST_EDITED,
        options=[
            fields.get(f"options-{number}", "\n".join(map(_line, question.option)))
            for number, question in enumerate(told.question, 1)
        ],
        told=fields,
        mark=_boxes(told),
        boxes=sum(len(question.option) for question in told.question),
        saved=bool(visit.query("saved")),
        problem=problem,
    )


def _line(option: Any) -> str:
    return " ".join(filter(None, (option.code, option.label, _SATISFIED if option.satisfied else "")))


def _file(visit: Visit) -> Path:
    file = traced_files(visit.office.workspace.forms).get(visit.parameter("form"))
    if file is None:
        raise NotFoundError
    return file
