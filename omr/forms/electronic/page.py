"""A form as one HTML file that needs no server: answers are kept in the browser and saved as a file, or sent.

Everything is in the file: it opens from a disk, without a network, and asks for nothing outside but, where an
office has set one, the address that answers are sent to.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from omr.forms.entries import Shape
from omr.forms.template import Form, Kind, Question, fingerprint
from omr.messages import choose_language, language, say

LANGUAGES: Final = ("vi", "en")
_WORDS: Final = (
    *(
        "unit",
        "choose",
        "finish",
        "required",
        "thanks",
        "kept",
        "save",
        "saved",
        "cleared",
        "sent",
        "not_sent",
    ),
    *("multiple", "no_script", "offline", "wrong", "each_once"),
)


def page(form: Form, units: Sequence[tuple[str, str]] = (), *, send_to: str = "") -> str:
    """Return the file.

    Parameters
    ----------
    units : sequence of (str, str)
        Codes and names of the units to choose from; without any, the unit is typed in.
    send_to : str
        Address that each answer is posted to as JSON; empty: answers are saved as a file.
    """
    languages = form.language.split("-")
    questions = [_question(form, question) for question in form.questions]
    words = _words(languages)
    told = {
        "form": form.form,
        "revision": form.revision,
        "fingerprint": fingerprint(form),
        "send_to": send_to,
        "questions": questions,
        "words": words,
    }
    script = _part("form.js")
    style = _part("form.css")
    made: str = _template().render(
        language=languages[0],
        title=form.title,
        questions=questions,
        units=units,
        words=words,
        style=style,
        script=script,
        told=_inside_script(told),
        script_hash=_hash(script),
        style_hash=_hash(style),
        send_to=_origin(send_to),
    )
    return made


def _question(form: Form, question: Question) -> dict[str, Any]:
    entry = question.entry
    kind = "one"
    if question.kind is Kind.MULTIPLE:
        kind = "several"
    elif question.kind is Kind.TEXT:
        kind = "text"
    elif question.kind is Kind.NUMBER:
        kind = "number"
    elif question.kind is Kind.DATE:
        kind = "date" if entry is not None and entry.shape == Shape.DAY else "month"
    elif question.kind is Kind.CODE:
        kind = "code"
    return {
        "key": question.key,
        "kind": kind,
        "text": _lines(form, question.text),
        "options": [{"code": o.code, "label": _lines(form, o.label)} for o in question.options]
        if kind in ("one", "several")
        else [],
        "only_if": {"question": question.only_if.question, "codes": question.only_if.codes}
        if question.only_if
        else None,
        "ranking": question.ranking,
        "least": entry.least if entry else None,
        "most": entry.most if entry else None,
        "step": f"{10.0**-entry.decimals:g}" if entry else None,
        "length": len(entry.places) if entry else None,
        "earliest": entry.earliest if entry else "",
        "latest": entry.latest if entry else "",
        "pattern": "".join(f"[{signs}]" for signs in entry.places) if entry else "",
    }


def _lines(form: Form, text: str) -> list[str]:
    """Return a text in each of the form's languages: bilingual forms have "Nam / Male"."""
    text = text.replace("\u00a0", " ")
    first, stroke, second = text.partition(" / ")
    return [first, second] if "-" in form.language and stroke else [text]


def _words(languages: Sequence[str]) -> dict[str, str]:
    """Return what the page itself says, in the form's languages."""
    before = language()
    said: dict[str, list[str]] = {word: [] for word in _WORDS}
    try:
        for code in (code for code in languages if code in LANGUAGES):
            choose_language(code)
            for word in _WORDS:
                said[word].append(say(f"webform.{word}"))
    finally:
        choose_language(before)
    return {word: " / ".join(dict.fromkeys(texts)) for word, texts in said.items()}


def _inside_script(value: object) -> str:
    """Return JSON that ends no script element, whatever it holds."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(text: str) -> str:
    """Return what a Content Security Policy lets run: this very text and nothing else."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if address else "'none'"


def _part(name: str) -> str:
    return resources.files("omr.forms.electronic").joinpath(name).read_text("utf-8")


@cache
def _template() -> Any:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        _part("form.html")
    )
