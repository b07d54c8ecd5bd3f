"""Which survey a form belongs to: forms are counted together only within one, and on one scale.

An internal survey or a course evaluation beside the citizens' slips must not move their
figure. A form's author says its survey in the template, an office may say it in its settings
for forms that are printed already; else forms of the programme's four fields belong to the
programme, and every other field is a survey of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from omr.forms.template import Form, Question
from omr.text import unaccented

PROGRAMME: Final = "tthc"  # citizens and organisations on administrative procedures
FIELDS: Final = (
    "Quản lý hành chính về trật tự xã hội",
    "Phòng cháy, chữa cháy",
    "Xuất, nhập cảnh",
    "Giao thông đường bộ",
)

Scale = frozenset[tuple[str, str, bool]]  # code, words, whether it counts as satisfied


def overall_question(form: Form) -> Question | None:
    """Return the question of the overall satisfied share."""
    return next((question for question in form.questions if question.overall), None)


def in_vietnamese(form: Form, text: str) -> str:
    """Return the Vietnamese part of a form's text; bilingual forms have "Nam / Male"."""
    return text if form.language == "vi" else text.partition(" / ")[0]


def plain(text: str) -> str:
    """Return words for comparing: no capitals, stops and blanks; tones tell words apart and stay.

    Examples
    --------
    >>> plain("Thời gian chờ, làm việc.") == plain("thời gian  chờ - làm việc")
    True
    """
    normal = unicodedata.normalize("NFC", text).casefold()
    return "".join(sign for sign in normal if sign.isalnum())


_FIELDS: Final = frozenset(map(plain, FIELDS))


def scale_of(form: Form, question: Question) -> Scale:
    """Return what a question may be answered with; levels are the same in whichever order they stand."""
    return frozenset(
        (option.code, plain(in_vietnamese(form, option.label)), option.satisfied)
        for option in question.options
    )


def declared_survey(form: Form, told: Mapping[str, str] | None = None) -> str:
    """Return the survey that a form belongs to.

    Parameters
    ----------
    told : mapping, optional
        Form's name to survey, from the office's settings.
    """
    if told and form.form in told:
        return told[form.form]
    if form.survey:
        return form.survey
    return PROGRAMME if of_programme(form.field) else _slug(form.field)


def of_programme(field: str) -> bool:
    """Whether a field of work is one of the programme's four."""
    return plain(field) in _FIELDS


def _slug(text: str) -> str:
    """Return a name for the command line and for files.

    Examples
    --------
    >>> _slug("Hậu cần, kỹ thuật")
    'hau-can-ky-thuat'
    """
    return "-".join(re.findall(r"[a-z0-9]+", unaccented(text)))[:40] or "-"


def surveys(forms: Mapping[str, Form], told: Mapping[str, str] | None = None) -> dict[str, dict[str, Form]]:
    """Part forms, by fingerprint, into surveys; the programme first.

    Within a survey the forms whose overall question has the scale of most of its forms keep the
    survey's name. Others cannot be added to them and stand as a survey of their own:
    ``tthc:DL-07``.
    """
    declared: dict[str, dict[str, Form]] = {}
    for fingerprint, form in sorted(forms.items(), key=lambda entry: (entry[1].form, entry[1].revision)):
        declared.setdefault(declared_survey(form, told), {})[fingerprint] = form
    found: dict[str, dict[str, Form]] = {}
    for name in sorted(declared, key=lambda name: (name != PROGRAMME, name)):
        first, *others = _by_scale(declared[name])
        found[name] = first
        for other in others:
            found[f"{name}:{_names(other.values())}"] = other
    return found


def _by_scale(forms: Mapping[str, Form]) -> list[dict[str, Form]]:
    """Part forms by the scale of their overall question, most forms first; without one, with the first."""
    scales: dict[Scale | None, dict[str, Form]] = {}
    for fingerprint, form in forms.items():
        question = overall_question(form)
        scale = scale_of(form, question) if question else None
        scales.setdefault(scale, {})[fingerprint] = form
    without = scales.pop(None, {})
    ordered = sorted(
        scales.values(), key=lambda of: (-len({form.form for form in of.values()}), _names(of.values()))
    )
    if not ordered:
        return [without]
    ordered[0] |= without
    return ordered


def _names(forms: Iterable[Form]) -> str:
    return "+".join(sorted({form.form for form in forms}))
