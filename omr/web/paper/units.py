"""The desk of the units: who takes part, found by name, mended one by one or taken in as a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.records.offices.units import (
    Unit,
    UnitKind,
    import_units,
    list_units,
    read_units,
    shipped_lists,
    shipped_units,
    unit_of,
)
from omr.text import unaccented
from omr.web.frame.pages import NotFoundError, page, see_other
from omr.web.frame.visit import Visit

_SHOWN: Final = 150


def desk(visit: Visit) -> Response:
    """Show the units that are, or all that ever were, as far as they fit what is looked for."""
    return _show(visit)


def save(visit: Visit) -> Response:
    """Record one entry: a new unit, or what changed of one that is known."""
    try:
        with visit.office.store() as store:
            made = _told(visit, list_units(store))
            import_units(store, [made], by=visit.me.name)
    except OmrError as error:
        return _show(visit, str(error))
    return see_other(f"/units?q={made.unit}")


def take_list(visit: Visit) -> Response:
    """Take in one of the lists that come with the program."""
    name = visit.form.get("list", "")
    file = shipped_units(name)
    if file is None:
        raise NotFoundError
    with visit.office.store() as store:
        import_units(store, read_units(file.read_bytes(), file.name), by=visit.me.name)
    return see_other("/units")


def _told(visit: Visit, known: list[Unit]) -> Unit:
    fields = {name: visit.form.get(name, "").strip()[:200] for name in _FIELDS}
    made = unit_of(fields)
    before = next(
        (unit for unit in known if (unit.unit, unit.valid_from) == (made.unit, made.valid_from)), None
    )
    return replace(made, parent=made.parent or before.parent) if before else made


_FIELDS: Final = ("unit", "name", "kind", "parent", "valid_from", "valid_to", "successor")


def _show(visit: Visit, problem: str = "") -> Response:
    text, ended = visit.query("q").strip(), bool(visit.query("ended"))
    with visit.office.store() as store:
        units = list_units(store)
    words = unaccented(text).split()
    found = [
        unit
        for unit in units
        if (ended or unit.valid_to is None or text)
        and all(word in unaccented(f"{unit.unit} {unit.name}") for word in words)
    ]
    edited = next(
        (
            unit
            for unit in units
            if (unit.unit, unit.valid_from.isoformat()) == (visit.query("unit"), visit.query("from"))
        ),
        None,
    )
    return page(
        visit,
        "units.html",
        status=400 if problem else 200,
        text=text,
        ended=ended,
        found=found[:_SHOWN],
        more=max(0, len(found) - _SHOWN),
        total=len(units),
        edited=edited,
        kinds=list(UnitKind),
        lists=shipped_lists(),
        told=visit.form,
        problem=problem,
    )
