"""The kinds of tables that PV01 sends: what each asks besides, what is seen in it, what taking it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.responses import Response

from omr import clock
from omr.errors import OmrError
from omr.handing_out import hand_out, to_print
from omr.messages import form_label, month, say
from omr.records.exchange.electronic import Imported, import_electronic
from omr.records.exchange.moments import Order
from omr.records.offices.periods import Period, parse_period
from omr.records.offices.surveys import surveys_of
from omr.records.offices.units import import_units, list_units, read_units
from omr.records.offices.visits import import_visits, look_at_visits
from omr.records.register.counters import counters, import_counters
from omr.records.register.plan import read_plan
from omr.records.store.store import Store
from omr.tables_in import read_sheet
from omr.text import day, number
from omr.trust import rekeying
from omr.web.frame.errands import begun
from omr.web.frame.pages import see_other
from omr.web.frame.visit import Visit
from omr.web.paper.mapping import FIELD, Ask, asks, chosen_map
from omr.web.work.errands import Came, Tell

PRINTS: Final = "prints"  # below the workspace: what was printed, to be printed again
LINES_SHOWN: Final = 200

Told = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What would be taken of a table."""

    says: tuple[str, ...]  # sentences, the most important first
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    warns: tuple[str, ...] = ()
    to_take: bool = True  # there is something new in it
    more: int = 0  # rows that are not shown


@dataclass(frozen=True, slots=True)
class SheetKind:
    """One kind of table."""

    name: str
    back: str  # the desk that it belongs to
    look: Callable[[Visit, Path, Told], Seen]
    take: Callable[[Visit, Path, Told], Response]
    asks: tuple[str, ...] = field(default=())
    columns: Callable[[Visit, Path, Told], list[Ask]] | None = None  # what its columns are, to be chosen

    def choices(self, visit: Visit, name: str) -> list[tuple[str, str]]:
        """Return what may be chosen for what is asked, as value and label; [] where it is written."""
        if name == "of_form":
            return [("", "–"), *((form, form_label(form)) for form in _forms(visit))]
        if name == "survey":
            with visit.office.store() as store:
                return [("", "–"), *((survey, survey) for survey in surveys_of(store))]
        if name == "days":
            return [("", "–"), *((order.value, say(f"paper.days_{order.value}")) for order in Order)]
        return []


def _seen(
    says: Sequence[str], heads: Sequence[str], rows: Sequence[tuple[str, ...]], to_take: bool = True
) -> Seen:
    return Seen(
        tuple(says),
        tuple(heads),
        tuple(rows[:LINES_SHOWN]),
        to_take=to_take,
        more=max(0, len(rows) - LINES_SHOWN),
    )


def _forms(visit: Visit) -> list[str]:
    from omr.forms.layout import form_names

    return form_names(visit.office.workspace.forms)


def _must(told: Told) -> Period:
    if not told["period"]:
        raise OmrError("paper.say_the_month")
    return parse_period(told["period"])


# --- a plan of issuing


def _look_at_plan(visit: Visit, file: Path, told: Told) -> Seen:
    when = _must(told)
    with visit.office.store() as store:
        hall = visit.office.hall(store, visit.me.name)
        lines = read_plan(store, file, when, hall.form)
        left = {id(line) for line in to_print(hall, lines, when, _plan_folder(visit, file))}
    slips, units = sum(line.count for line in lines), len({line.unit for line in lines})
    known = len(lines) - len(left)
    says = [say("paper.plan_seen", slips=slips, units=units, runs=len(lines), period=month(when.name))]
    if known:
        says.append(say("paper.plan_known", known=known))
    rows = [
        (
            line.unit,
            form_label(line.form.form),
            number(line.count),
            say("paper.to_print") if id(line) in left else say("paper.printed"),
        )
        for line in lines
    ]
    heads = (say("web.unit"), say("web.form"), say("printing.count"), say("web.state"))
    return _seen(says, heads, rows, to_take=bool(left))


def _take_plan(visit: Visit, file: Path, told: Told) -> Response:
    when, office, by = _must(told), visit.office, visit.me.name
    folder = _plan_folder(visit, file)
    with office.store() as store:  # what is wrong with it is said at once, not by the errand
        read_plan(store, file, when, office.hall(store, by).form)
    office.note(by, "plan_begun", folder.name)

    def print_all(tell: Tell) -> Came:
        with office.store() as store:
            hall = office.hall(store, by)
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            hand_out(hall, read_plan(store, file, when, hall.form), when, folder, tell)
        return Came(f"/print/plans/{folder.name}")

    what = say("paper.plan_printing", period=month(when.name))
    return begun(office.errands.begin(what, by, "/print", print_all))


def _plan_folder(visit: Visit, file: Path) -> Path:
    return visit.office.workspace.path / PRINTS / f"plan-{file.parent.name}"


# --- visits


def _look_at_visits(visit: Visit, file: Path, told: Told) -> Seen:
    when = parse_period(told["period"]) if told["period"] else None
    with visit.office.store() as store:
        counts = look_at_visits(store, file, today=clock.today(), period=when)
    new = sum(before is None for _, before in counts)
    changed = sum(before not in (None, one.visits) for one, before in counts)
    says = [say("paper.visits_seen", rows=len(counts), new=new, changed=changed)]
    months = sorted({one.period for one, _ in counts})
    says.append(say("paper.of_months", months=", ".join(month(name) for name in months)))
    rows = [
        (one.unit, month(one.period), "–" if before is None else number(before), number(one.visits))
        for one, before in counts
    ]
    heads = (say("web.unit"), say("web.period"), say("paper.before"), say("board.visits"))
    return _seen(says, heads, rows, to_take=bool(new or changed))


def _take_visits(visit: Visit, file: Path, told: Told) -> Response:
    when = parse_period(told["period"]) if told["period"] else None
    with visit.office.store() as store:
        counts = look_at_visits(store, file, today=clock.today(), period=when)
        import_visits(store, file, by=visit.me.name, today=clock.today(), period=when)
    months = {one.period for one, _ in counts}
    return see_other(f"/month/{max(months)}" if months else "/month")


# --- answers of the electronic form


def _electronic(store: Store, visit: Visit, file: Path, told: Told, *, dry: bool) -> Imported:
    find = visit.office.hall(store, visit.me.name).form
    chosen = told["of_form"] and any(FIELD.fullmatch(name) for name in told)
    return import_electronic(
        store,
        file,
        find,
        columns=chosen_map(find(told["of_form"]), read_sheet(file), told) if chosen else None,
        by=visit.me.name,
        form=told["of_form"],
        period=parse_period(told["period"]) if told["period"] else None,
        order=Order(told["days"]) if told["days"] in {order.value for order in Order} else None,
        today=clock.today(),
        dry=dry,
    )


def _columns_of_electronic(visit: Visit, file: Path, told: Told) -> list[Ask]:
    """Return what may be said of the columns, once it is said which form it is."""
    if not told["of_form"]:
        return []
    with visit.office.store() as store:
        form = visit.office.hall(store, visit.me.name).form(told["of_form"])
        return asks(form, read_sheet(file), told, list_units(store))


def _look_at_electronic(visit: Visit, file: Path, told: Told) -> Seen:
    with visit.office.store() as store:
        found = _electronic(store, visit, file, told, dry=True)
    says = [say("paper.electronic_seen", rows=found.rows, new=found.new, known=found.known)]
    warns = [say("electronic.overlap", file=name, count=count) for name, count in found.overlaps.items()]
    if found.unasked:
        warns.append(say("electronic.unasked", questions=", ".join(found.unasked)))
    if found.refused:
        lines = [say("electronic.refused_line", line=at, day=text) for at, text in found.refused_lines]
        if len(lines) > 10:
            lines = [*lines[:10], say("electronic.more", count=len(lines) - 10)]
        warns.append(
            say(
                "electronic.refused",
                count=found.refused,
                period=month(told["period"]) if told["period"] else "–",
                lines=", ".join(lines),
            )
        )
    rows = [(month(name), number(count)) for name, count in found.months.items()]
    rows += [(name, number(count)) for name, count in found.units.items()]
    heads = (say("paper.month_or_unit"), say("paper.new_ones"))
    return Seen(tuple(says), heads, tuple(rows), tuple(warns), to_take=found.new > 0)


def _take_electronic(visit: Visit, file: Path, told: Told) -> Response:
    with visit.office.store() as store:
        _electronic(store, visit, file, told, dry=False)
    return see_other("/imports")


# --- units and counters


def _look_at_units(visit: Visit, file: Path, told: Told) -> Seen:
    units = read_units(file.read_bytes(), file.name)
    with visit.office.store() as store:
        before = set(list_units(store))
        with store.trial():
            import_units(store, units, by=visit.me.name)
            after = list_units(store)
    new = [unit for unit in after if unit not in before]
    rows = [
        (unit.unit, unit.name, day(unit.valid_from), day(unit.valid_to) if unit.valid_to else "–")
        for unit in new
    ]
    heads = (say("web.unit"), say("paper.name"), say("paper.valid_from"), say("paper.valid_to"))
    return _seen([say("paper.units_seen", rows=len(units), new=len(new))], heads, rows, to_take=bool(new))


def _take_units(visit: Visit, file: Path, told: Told) -> Response:
    with visit.office.store() as store:
        import_units(store, read_units(file.read_bytes(), file.name), by=visit.me.name)
    return see_other("/units")


def _look_at_counters(visit: Visit, file: Path, told: Told) -> Seen:
    with visit.office.store() as store:
        before = set(counters(store))
        with store.trial():
            import_counters(store, file, by=visit.me.name)
            after = counters(store)
    new = [one for one in after if one not in before]
    rows = [
        (
            one.counter,
            one.unit,
            one.name,
            one.phone,
            one.officer,
            say("paper.yes" if one.board else "paper.no"),
        )
        for one in new
    ]
    heads = tuple(
        say(key)
        for key in ("paper.counter", "web.unit", "paper.name", "paper.phone", "paper.officer", "paper.board")
    )
    return _seen([say("paper.counters_seen", new=len(new))], heads, rows, to_take=bool(new))


def _take_counters(visit: Visit, file: Path, told: Told) -> Response:
    with visit.office.store() as store:
        import_counters(store, file, by=visit.me.name)
    return see_other("/counters")


# --- what was keyed from paper for the audit by hand


def _draw(store: Store, when: Period, told: Told) -> rekeying.Draw:
    made = rekeying.latest_draw(store, when, told["survey"] or None)
    if made is None:
        raise OmrError("paper.no_draw", period=month(when.name))
    return made


def _look_at_keyed(visit: Visit, file: Path, told: Told) -> Seen:
    when = _must(told)
    with visit.office.store() as store:
        made = _draw(store, when, told)
        keyed = rekeying.read_entries(file, store, made)
        with store.trial():
            entered = rekeying.enter(store, made, keyed, by=visit.me.name)
    says = [say("paper.keyed_seen", lines=len(keyed), drawn=len(made.serials), new=entered)]
    return Seen(tuple(says), to_take=entered > 0)


def _take_keyed(visit: Visit, file: Path, told: Told) -> Response:
    when = _must(told)
    with visit.office.store() as store:
        made = _draw(store, when, told)
        rekeying.enter(store, made, rekeying.read_entries(file, store, made), by=visit.me.name)
    return see_other(f"/month/{when.name}/proof?survey={made.survey}")


KINDS: Final = {
    kind.name: kind
    for kind in (
        SheetKind("plan", "/print", _look_at_plan, _take_plan, ("period",)),
        SheetKind("visits", "/month", _look_at_visits, _take_visits, ("period",)),
        SheetKind(
            "electronic",
            "/imports",
            _look_at_electronic,
            _take_electronic,
            ("of_form", "period", "days"),
            _columns_of_electronic,
        ),
        SheetKind("units", "/units", _look_at_units, _take_units),
        SheetKind("counters", "/counters", _look_at_counters, _take_counters),
        SheetKind("keyed", "/month", _look_at_keyed, _take_keyed, ("period", "survey")),
    )
}
