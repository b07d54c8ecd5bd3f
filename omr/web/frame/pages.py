"""Templates and fixed files: what a handler returns."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from omr.clock import moment
from omr.errors import AccessError, OmrError, passes
from omr.forms.serial import as_printed
from omr.messages import form_label, language, month, say
from omr.tables_in import SUFFIXES
from omr.text import day, number, percent
from omr.web.frame.desks import SEARCH, desks_of
from omr.web.frame.visit import Visit

_HERE: Final = Path(__file__).parent.parent  # beside the rooms: pages and static
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def page(visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
    """Return a template as a response; what all pages need is added here."""
    text = _environment().get_template(template).render(visit=visit, user=visit.user, **values)
    return HTMLResponse(text, status_code=status)


def fragment(template: str, **values: object) -> str:
    """Return a part of a page as text."""
    return _environment().get_template(template).render(**values)


def see_other(path: str) -> Response:
    """Return the answer to a POST that worked: look there."""
    return RedirectResponse(path, status_code=303)


class NotFoundError(OmrError):
    """There is nothing at this address, or nothing that this person may know of."""

    def __init__(self) -> None:
        super().__init__("frame.not_here_about")


def missing(visit: Visit) -> Response:
    """Answer for every address that the table does not name."""
    raise NotFoundError


def refused(visit: Visit, error: OmrError) -> Response:
    """Return one line that says why, as a page or, for a script, as text."""
    status = 404 if isinstance(error, NotFoundError) else 403 if isinstance(error, AccessError) else 400
    if passes(error):  # the machine's fault, not the visitor's
        status = 503
    if _asks_for_a_line(visit.request):
        return Response(str(error), status, media_type="text/plain; charset=utf-8")
    return page(visit, "refused.html", status=status, title=_TITLES[status], reason=sentence(str(error)))


_TITLES: Final = {400: "web.refused", 403: "frame.not_allowed", 404: "frame.not_here", 503: "frame.busy"}


def broken(visit: Visit) -> Response:
    """Say that the fault is ours; what it was stands in the journal."""
    if _asks_for_a_line(visit.request):
        return Response(say("web.broken"), 500, media_type="text/plain; charset=utf-8")
    return page(visit, "refused.html", status=500, title="frame.broken", reason=say("frame.broken_about"))


def _asks_for_a_line(request: Request) -> bool:
    """Whether a script asks, which shows a line on the page where it is."""
    headers = request.headers
    return "hx-request" in headers or headers.get("accept", "").startswith("application/json")


def sentence(text: str) -> str:
    """Return a message that may be a part of a line as a sentence of its own; a file keeps its name.

    Examples
    --------
    >>> sentence("tệp chưa gửi xong: hãy gửi lại"), sentence("Đã xong."), sentence("a.csv: trống")
    ('Tệp chưa gửi xong: hãy gửi lại.', 'Đã xong.', 'a.csv: trống.')
    """
    first = text.partition(" ")[0].rstrip(".:,;")
    whole = text if "." in first or "/" in first else text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?", "…", ":")) else f"{whole}."


def favicon(visit: Visit) -> Response:
    """Lead browsers that look for the sign where they always did to where it is."""
    return RedirectResponse(static_url("mark.svg"), status_code=308)


def fixed_file(visit: Visit) -> Response:
    """Return a file of the static folder; only names found there at the start exist."""
    name = visit.parameter("name")
    content = _static().get(name)
    if content is None:
        raise NotFoundError
    caching = {"Cache-Control": "public, max-age=31536000, immutable"} if visit.query("v") else {}
    return Response(content, media_type=_KINDS[Path(name).suffix], headers=caching)


@cache
def _static() -> dict[str, bytes]:
    folder = _HERE / "static"
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in _KINDS
    }
    # what a style sheet names carries its hash, too: else 100 kB of fonts would come with every page
    return {
        name: _with_hashes(content, files) if name.endswith(".css") else content
        for name, content in files.items()
    }


def _with_hashes(css: bytes, files: Mapping[str, bytes]) -> bytes:
    def hashed(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        return f"url({name}?v={_hash(files[name])})".encode()

    return re.sub(rb"url\(([\w./-]+)\)", hashed, css)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the address of a fixed file, with its hash so that browsers may keep it for ever."""
    return f"/static/{name}?v={_hash(_static()[name])}"


def _printed(serial: object) -> str:
    """Return a serial, or a span of them, as they stand on the paper."""
    return "..".join(as_printed(one) for one in str(serial).split(".."))


def _for_each_reader(of: Callable[..., object]) -> Callable[..., object]:
    """Return a filter that is asked each time: of a constant Jinja would ask once, compiling a page."""

    @pass_context
    def filter_(_: Context, *values: object, **named: object) -> object:
        return of(*values, **named)

    return filter_


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(t=say, language=language, static=static_url, desks_of=desks_of, search=SEARCH)
    environment.globals["once"] = lambda: secrets.token_hex(8)  # of a form that must not be done twice
    environment.globals["suffixes"] = ",".join(SUFFIXES)  # of tables that are taken
    filters: dict[str, Callable[..., object]] = {
        "number": number,
        "percent": percent,
        "moment": moment,
        "month": month,
        "day": day,
    }
    filters |= {"sentence": sentence, "printed": _printed, "form": form_label}
    environment.filters.update({name: _for_each_reader(of) for name, of in filters.items()})
    return environment
