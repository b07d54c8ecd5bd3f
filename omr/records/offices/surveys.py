"""Which survey each archived form belongs to; what an office declares for forms that are printed already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from omr.errors import RegisterError
from omr.forms.surveys import PROGRAMME, surveys
from omr.forms.template import Form
from omr.records.store.store import Store

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

Prints = Mapping[str, Form]  # forms by fingerprint


def surveys_of(store: Store) -> dict[str, dict[str, Form]]:
    """Return all surveys with their forms, the main one first."""
    told = {row["form"]: row["survey"] for row in store.rows("SELECT form, survey FROM current_form_surveys")}
    return surveys(store.forms, told)


def surveys_at(store: Store, event: int) -> list[dict[str, Form]]:
    """Return how the forms were parted into surveys when an event of the register took place."""
    rows = store.rows(
        "SELECT form, survey FROM form_surveys WHERE event <= ? ORDER BY form_survey",
        event,
    )
    told = {row["form"]: row["survey"] for row in rows}
    return list(surveys(store.forms, {form: survey for form, survey in told.items() if survey}).values())


def main_survey(store: Store) -> tuple[str, Prints]:
    """Return the survey that is meant where none is named: the programme, else the first by name."""
    return next(iter(surveys_of(store).items()), (PROGRAMME, {}))


def find_survey(store: Store, name: str | None) -> tuple[str, Prints]:
    """Return a survey by its name, without one the main one.

    Raises
    ------
    RegisterError
        If there is none of that name.
    """
    if name is None:
        return main_survey(store)
    known = surveys_of(store)
    if name not in known:
        raise RegisterError("register.no_survey", survey=name[:60], known=", ".join(known) or "–")
    return name, known[name]


def declare_survey(store: Store, form: str, survey: str, *, by: str) -> None:
    """Say which survey a form belongs to; "" gives it back to what the form itself says.

    Raises
    ------
    RegisterError
        If no such form was printed, or the name is none.
    """
    if survey and not _NAME.fullmatch(survey):
        raise RegisterError("register.bad_survey", survey=survey[:60])
    if form not in {archived.form for archived in store.forms.values()}:
        raise RegisterError("register.no_form", form=form[:40])
    with store.act("declare_survey", by=by) as act:
        number = act.next_id("form_surveys", "form_survey")
        act.add("form_surveys", {"form_survey": number, "form": form, "survey": survey})
