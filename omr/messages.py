"""What people see, in Vietnamese or English: catalogues of messages by key.

A key is ``"<area>.<name>"``; the area is a TOML file of `omr/catalogues/<language>/`.
Vietnamese is the default; ``OMR_LANG=en`` or ``--lang en`` switches. JSON keys and
stored words never pass through here: they are English always.
"""

from __future__ import annotations

import os
import re
import string
import tomllib
import unicodedata
from contextvars import ContextVar
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Final

from omr.clock import is_stored, moment

LANGUAGES: Final = ("vi", "en")
# What stands in a number of each language where Python writes a comma and a point: 1.234,5 and 1,234.5.
NUMBER_SIGNS: Final[dict[str, dict[int, int]]] = {"vi": str.maketrans(",.", ".,"), "en": {}}
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_JOINERS: Final = "\u200c\u200d"

_chosen: ContextVar[str | None] = ContextVar("language", default=None)
_at_desk: ContextVar[bool] = ContextVar("at_desk", default=False)


def language() -> str:
    """Return the language in force: the chosen one, else ``OMR_LANG``, else Vietnamese."""
    wanted = _chosen.get() or os.environ.get("OMR_LANG", "vi")
    return wanted if wanted in LANGUAGES else "vi"


def choose_language(code: str) -> None:
    """Choose the language for what follows in this context.

    Raises
    ------
    ValueError
        If `code` is not one of `LANGUAGES`.
    """
    if code not in LANGUAGES:
        raise ValueError(f"language {code!r}: expected one of {', '.join(LANGUAGES)}")
    _chosen.set(code)


def speak_at_the_desk() -> None:
    """Speak to somebody at a browser in what follows in this context: no message names a command."""
    _at_desk.set(True)


@cache
def catalogue(code: str, area: str) -> dict[str, str]:
    """Return all messages of one area in one language."""
    text = resources.files("omr").joinpath("catalogues", code, f"{area}.toml").read_text("utf-8")
    return {key: str(value) for key, value in tomllib.loads(text).items()}


def shown(text: str | PurePath) -> str:
    r"""Return a name from outside so that it can stand in a line, a table or a document.

    What would end the line, drive a terminal or turn the writing round is written as an escape;
    bytes that are no UTF-8 become the replacement sign.

    Examples
    --------
    >>> print(shown("scan\n12 pages read\x1b[2K.pdf"))
    scan\n12 pages read\x1b[2K.pdf
    """
    return "".join(_character(one) for one in str(text))


def _character(one: str) -> str:
    kind = unicodedata.category(one)
    if kind == "Cs":  # how Python keeps a byte of a name that it cannot decode
        return "\N{REPLACEMENT CHARACTER}"
    # Controls, marks of direction, ends of lines and paragraphs. Of the rest of Cf, joiners are letters' own.
    if kind in ("Cc", "Zl", "Zp") or (kind == "Cf" and one not in _JOINERS):
        return one.encode("unicode_escape").decode("ascii")
    return one


def form_label(form: str) -> str:
    """Return a form's name as it is printed on the form.

    Examples
    --------
    >>> form_label("DL-01")
    'ĐL-01'
    """
    return f"Đ{form[1:]}" if form.startswith("DL-") else form


def month(period: str) -> str:
    """Return a period as people write it; what is no month stays.

    Examples
    --------
    >>> month("2026-11"), month("pilot-2026")
    ('11/2026', 'pilot-2026')
    """
    found = _MONTH.fullmatch(period)
    return f"{found[2]}/{found[1]}" if found else period


def _safe(name: str, value: object) -> object:
    if name == "period" and _at_desk.get():
        return shown(month(str(value)))
    if not (isinstance(value, PurePath) or type(value) is str):
        return value
    if type(value) is str and is_stored(value):
        return moment(value)
    return shown(form_label(str(value)) if name == "form" else value)


def say(key: str, **values: object) -> str:
    """Return the message `key` in the language in force, with its values filled in.

    Values that come from outside cannot drive a terminal; file names are `shown`, forms called what is
    printed on them; a stored moment, which is UTC, is told in the office's time; at the desks a month is
    written as people write it.

    Examples
    --------
    >>> choose_language("en")
    >>> say("errors.missing_tool", tool="tesseract", package="tesseract-ocr")
    'tesseract is missing: install the package tesseract-ocr (Windows: see `omr doctor`)'
    >>> say("cases.done", count=1), say("cases.done", count=2)
    ('1 slip recorded.', '2 slips recorded.')
    """
    text = _at_the_desk(key) if _at_desk.get() else None
    if text is None:
        area, _, name = key.partition(".")
        text = catalogue(language(), area)[name]
    return _WORDING.format(text, **{name: _safe(name, value) for name, value in values.items()})


class _Wording(string.Formatter):
    """Fills values in: decimals with the language's sign; of two words behind a count the one that fits it.

    ``{count:slip|slips}`` are such words.
    """

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, more = format_spec.partition("|")
        if bar:
            return one if str(value) == "1" else more
        text = str(super().format_field(value, format_spec))
        return text.translate(NUMBER_SIGNS[language()]) if format_spec.endswith(("f", "%")) else text


_WORDING: Final = _Wording()


def _at_the_desk(key: str) -> str | None:
    """Return what a message is at a browser, None where it is the same everywhere."""
    area, _, name = f"at_desk.{key.replace('.', '_')}".partition(".")
    return catalogue(language(), area).get(name)
