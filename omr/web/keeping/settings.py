"""The settings page: what an office sets, each value checked, who changed what on the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.messages import say
from omr.records.offices.units import find_unit, list_units
from omr.text import whole_number
from omr.web.frame.pages import page, see_other, sentence
from omr.web.frame.visit import Visit
from omr.web.keeping.settings_file import Document, put, put_rows, put_table, take_table, version_of, write
from omr.web.scanning.sane import Device, devices, is_there
from omr.words import Role
from omr.workspace import Settings

_TEXT, _LINES, _NUMBER, _BOOL = "text", "lines", "number", "bool"
_ADMIN: Final = frozenset({Role.ADMIN})
_BOTH: Final = frozenset({Role.ADMIN, Role.LEAD})
LONGEST: Final = 2_000  # signs of one value


@dataclass(frozen=True, slots=True)
class Field:
    """One setting; its messages are ``settings.key_<name>`` and ``settings.about_<name>``."""

    key: str
    kind: str
    roles: frozenset[Role] = _BOTH

    @property
    def name(self) -> str:
        """The key as part of a message's key and of a form."""
        return self.key.replace(".", "_")


FIELDS: Final = (
    Field("office", _TEXT),
    Field("electronic_form_url", _TEXT),
    Field("report.issuer_above", _TEXT),
    Field("report.issuer", _TEXT),
    Field("report.issuer_name", _TEXT),
    Field("report.symbol", _TEXT),
    Field("report.place", _TEXT),
    Field("report.addressee", _TEXT),
    Field("report.basis", _TEXT),
    Field("report.signer", _TEXT),
    Field("report.recipients", _LINES),
    Field("report.target_low", _NUMBER),
    Field("report.target_high", _NUMBER),
    Field("report.target_satisfied", _NUMBER),
    Field("report.ranked_from", _NUMBER),
    Field("report.smallest_cell", _NUMBER),
    Field("access.own_unit", _BOOL, _ADMIN),
    Field("backup.to", _TEXT, _ADMIN),
    Field("backup.every_hours", _NUMBER, _ADMIN),
)


def desk(visit: Visit) -> Response:
    """Show the settings as they are in force."""
    return _show(visit)


def change(visit: Visit) -> Response:
    """Write the values that were changed; all of them or none."""
    shown = visit.office.workspace.settings
    changed: dict[str, Any] = {}
    try:
        for field in FIELDS:
            if not field.roles & visit.me.roles:
                continue
            value = _read(field, visit.form)
            if value != _value(shown, field):
                changed[field.key] = value
        if changed:
            _write(visit, lambda document: _put_all(document, changed))
    except OmrError as error:
        return _show(visit, str(error))
    for key, value in changed.items():
        before = _said(_value(shown, next(field for field in FIELDS if field.key == key)))
        visit.office.note(visit.me.name, "setting_changed", f"{key}: {before} → {_said(value)}")
    return see_other("/settings?saved=1" if changed else "/settings")


def add_scanner(visit: Visit) -> Response:
    """Add a scanner, or change the one of this name."""
    form = visit.form
    name = " ".join(form.get("name", "").split())[:40]
    units = form.get("units", "").replace(",", " ").split()
    profile: dict[str, Any] = {
        "device": form.get("device", "").strip() or form.get("found", "").strip(),
        "dpi": whole_number(form.get("dpi", "")) or 0,
        "colour": form.get("colour") == "1",
        "feeder": form.get("feeder") == "1",
        "duplex": form.get("duplex") == "1",
    }
    try:
        if not name:
            raise OmrError("settings.name_wanted")
        with visit.office.store() as store:
            profile["units"] = [find_unit(store, unit).unit for unit in units]
        _write(visit, lambda document: put_table(document, "scanners", name, profile, "options"))
    except OmrError as error:
        return _show(visit, str(error))
    visit.office.note(visit.me.name, "setting_changed", f"scanners.{name}: {profile['device']}")
    return see_other("/settings?saved=1#scanners")


def remove_scanner(visit: Visit) -> Response:
    """Forget a scanner."""
    name = visit.form.get("name", "")
    try:
        _write(visit, lambda document: take_table(document, "scanners", name))
    except OmrError as error:
        return _show(visit, str(error))
    visit.office.note(visit.me.name, "setting_changed", f"scanners.{name}: –")
    return see_other("/settings?saved=1#scanners")


def add_folder(visit: Visit) -> Response:
    """Watch one more folder."""
    folder, unit = visit.form.get("folder", "").strip(), visit.form.get("unit", "")

    rows = [*_rows(visit), {"folder": folder, "unit": unit}]
    try:
        if not (visit.office.workspace.path / folder).is_dir():
            raise OmrError("settings.no_folder", folder=folder)
        _write(visit, lambda document: put_rows(document, "watch", rows))
    except OmrError as error:
        return _show(visit, str(error))
    visit.office.note(visit.me.name, "setting_changed", f"watch: {folder} {unit}".strip())
    return see_other("/settings?saved=1#folders")


def remove_folder(visit: Visit) -> Response:
    """Watch a folder no more."""
    folder = visit.form.get("folder", "")

    rows = [one for one in _rows(visit) if one["folder"] != folder]
    try:
        _write(visit, lambda document: put_rows(document, "watch", rows))
    except OmrError as error:
        return _show(visit, str(error))
    visit.office.note(visit.me.name, "setting_changed", f"watch: – {folder}")
    return see_other("/settings?saved=1#folders")


def _rows(visit: Visit) -> list[dict[str, str]]:
    return [{"folder": one.folder, "unit": one.unit} for one in visit.office.workspace.settings.watch]


def _put_all(document: Document, changed: Mapping[str, Any]) -> None:
    for key, value in changed.items():
        put(document, key, value)


def _write(visit: Visit, change_: Callable[[Document], None]) -> None:
    write(visit.office.workspace, visit.form.get("seen", ""), change_)
    visit.office.take_settings()


def _show(visit: Visit, problem: str = "") -> Response:
    workspace = visit.office.workspace
    mine = [field for field in FIELDS if field.roles & visit.me.roles]
    found, no_scanner = _found(visit) if visit.query("find") else ([], "")
    with visit.office.store() as store:
        units = [unit for unit in list_units(store) if unit.valid_to is None]
    values = {field.name: _value(workspace.settings, field) for field in mine}
    if problem:  # what was typed stays
        values |= {name: visit.form[name] for name in values if name in visit.form}
    return page(
        visit,
        "settings.html",
        status=400 if problem else 200,
        fields=mine,
        values=values,
        seen=version_of(workspace),
        settings=workspace.settings,
        admin=Role.ADMIN in visit.me.roles,
        can_scan=is_there(),
        found=found,
        no_scanner=no_scanner,
        units=units,
        acts=visit.office.accounts.journal.acts(20, what="setting_changed"),
        saved=bool(visit.query("saved")) and not problem,
        problem=sentence(problem) if problem else "",
    )


def _found(visit: Visit) -> tuple[list[Device], str]:
    try:
        listed = devices()
    except OmrError as error:
        return [], str(error)
    return listed, "" if listed else say("settings.none_found")


def _value(settings: Settings, field: Field) -> Any:
    value: Any = settings
    for part in field.key.split("."):
        value = getattr(value, part)
    return list(value) if field.kind == _LINES else value


def _read(field: Field, form: Mapping[str, str]) -> Any:
    """Return a value as it was typed; an empty number is none, which only some settings may be."""
    text = form.get(field.name, "").strip()
    if len(text) > LONGEST:
        raise OmrError("settings.too_long", most=LONGEST)
    if field.kind == _BOOL:
        return text == "1"
    if field.kind == _LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind == _NUMBER:
        number = whole_number(text) if text else None
        if text and number is None:
            raise OmrError("settings.no_number", name=say(f"settings.key_{field.name}"), text=text[:40])
        return number
    return " ".join(text.split())


def _said(value: Any) -> str:
    return "–" if value in (None, "", []) else str(value)[:120]
