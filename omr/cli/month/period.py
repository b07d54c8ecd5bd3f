"""``omr period``: closes a month, and changes it afterwards only with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.messages import form_label, say

if TYPE_CHECKING:
    from omr.forms.template import Form
    from omr.records.month.closing import PeriodStatus
    from omr.records.offices.periods import Period
    from omr.records.store.store import Store


@click.group()
def period() -> None:
    """Periods."""


@period.command("close")
@click.argument("name", metavar="P")
@click.option("--by", required=True)
@json_option
@click.pass_obj
def close_(session: Session, name: str, by: str, as_json: bool) -> None:
    """Close a period."""
    from omr.cli.person import office_of
    from omr.records.offices.periods import parse_period
    from omr.words import Role

    period = parse_period(name)
    with office_of(session, by, Role.LEAD, refused="register.only_lead") as office:
        warned = _warnings(office.store, period)
        made = office.close_period(period)
        forms = office.store.forms
    _show(made, forms, as_json, warned)


def _warnings(store: Store, period: Period) -> list[tuple[str, list[str]]]:
    """Return what somebody should look at before a period is closed: a word, and the units that it is of."""
    from omr.records.month.board import LACKS, month_board

    found: list[tuple[str, list[str]]] = []
    today = clock.today()
    if today < period.day_after:
        found.append(("future" if today < period.first_day else "unfinished", []))
    lines = month_board(store, period)
    if not lines:
        found.append(("empty", []))
    for lack in LACKS:
        if units := [line.unit for line in lines if lack in line.lacks]:
            found.append((lack, units))
    return found


@period.command("adjust")
@click.argument("name", metavar="P")
@click.option("--by", required=True)
@click.option("--why", required=True)
@json_option
@click.pass_obj
def adjust_(session: Session, name: str, by: str, why: str, as_json: bool) -> None:
    """Reopen a closed period for a reason."""
    from omr.cli.person import office_of
    from omr.records.month.closing import adjust
    from omr.records.offices.periods import parse_period
    from omr.words import Role

    with office_of(session, by, Role.LEAD, refused="register.only_lead") as office:
        made = adjust(office.store, parse_period(name), by=office.by, why=why)
        forms = office.store.forms
    _show(made, forms, as_json)


@period.command("status")
@click.argument("name", metavar="P")
@json_option
@click.pass_obj
def status_(session: Session, name: str, as_json: bool) -> None:
    """Show a period."""
    from omr.records.month.closing import status
    from omr.records.offices.periods import parse_period

    with session.store() as store:
        made = status(store, parse_period(name))
        forms = store.forms
    _show(made, forms, as_json)


@period.command("state")
@click.argument("name", metavar="P")
@click.option(
    "--about",
    type=click.Choice(["strengths", "shortcomings", "causes", "solutions", "participation"]),
    required=True,
)
@click.option("--text")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--unit")
@click.option("--by", required=True)
@json_option
@click.pass_obj
def state_(
    session: Session,
    name: str,
    about: str,
    text: str | None,
    file: Path | None,
    unit: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Keep what a head or an officer writes for the report."""
    from omr.cli.person import store_of
    from omr.records.offices.periods import parse_period
    from omr.records.offices.statements import Subject, read_text, state

    if (text is None) == (file is None):
        raise click.UsageError(say("register.text_or_file"))
    said = text if text is not None else read_text(file) if file is not None else ""
    with store_of(session, by) as store:
        code = state(store, parse_period(name), Subject(about), said, unit=unit, by=by)
    if as_json:
        return print_json({"period": name, "unit": code, "about": about})
    whose = code or say("register.whole_city")
    done = "register.stated" if said.strip() else "register.unstated"  # an empty text takes back
    click.echo(say(done, period=name, unit=whose, about=say(f"register.about_{about}")))


def _show(
    made: PeriodStatus,
    forms: Mapping[str, Form],
    as_json: bool,
    warned: Sequence[tuple[str, list[str]]] = (),
) -> None:
    if as_json:
        from omr.records.month.closing import of_nobody

        warnings = [{"warning": word, "units": units} for word, units in warned]
        closings = [
            asdict(once)
            | {
                "figures": of_nobody(once.figures, forms),
                "difference": of_nobody(once.difference, forms),
            }
            for once in made.closings
        ]
        return print_json({**asdict(made), "closings": closings, "warnings": warnings})
    for word, units in warned:
        click.echo(say(f"register.closing_{word}", units=", ".join(units)), err=True)
    click.echo(say("register.period", period=made.period, state=say(f"register.is_{made.state}")))
    if made.waiting:
        click.echo(say("register.period_waiting", count=made.waiting, period=made.period))
    from omr.clock import moment

    for once in made.closings:
        click.echo(say("register.closing", at=moment(once.at), by=once.by, why=once.why))
        click.echo("  " + say("register.closing_root", root=once.root))
        for line in _differences(once.difference):
            click.echo(f"  {line}")


def _differences(found: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return what an adjustment changed: the books of each unit and form; of answers how many moved."""
    from omr.records.month.closing import changes_of

    figures, answers = changes_of(found)
    lines = [
        f"{_where(one.unit, one.form)} {say(f'register.figure_{one.figure}')}: {one.before} → {one.after}"
        for one in figures
    ]
    return lines + [
        say("register.answers_changed", where=_where(unit, form), count=count)
        for (unit, form), count in answers.items()
    ]


def _where(unit: str, form: str) -> str:
    return f"{unit} {form_label(form)}" if form else unit
