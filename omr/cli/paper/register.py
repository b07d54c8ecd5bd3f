"""``omr register``: where every serial is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from omr import clock
from omr.cli.common import Session, json_option, print_json
from omr.cli.completing import form_names
from omr.cli.confirm import agreed, change_options
from omr.cli.month.signals import signals
from omr.cli.paper.paper import counters, plan, stamp
from omr.messages import form_label, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omr.forms.serial import Issue
    from omr.records.counts.questionnaires import Lacking
    from omr.records.month.reconcile import Line

RANGES_SHOWN = 20  # of one unit and form; with --json all


@click.group()
def register() -> None:
    """Where every serial is."""


register.add_command(signals)
for _command in (plan, stamp, counters):
    register.add_command(_command)


@register.command()
@click.argument("serial", required=False)
@json_option
@click.pass_obj
def status(session: Session, serial: str | None, as_json: bool) -> None:
    """Show one serial, or all print runs."""
    if serial is None:
        _status_of_runs(session, as_json)
    else:
        _status_of_serial(session, serial, as_json)


def _status_of_serial(session: Session, text: str, as_json: bool) -> None:
    from omr.clock import moment
    from omr.forms.serial import parse_serial
    from omr.records.register.history import life_of

    serial = parse_serial(text)
    with session.store() as store:
        life = life_of(store, serial)
    if as_json:
        return print_json({**asdict(life), "steps": [asdict(step) for step in life.steps]})
    where = " · ".join(part for part in (life.form, life.unit, life.period, life.run) if part)
    click.echo(f"{serial.printed}: {say(f'register.state_{life.state}')}  {where}".rstrip())
    for step in life.steps:
        act = say(f"acts.{step.act}")
        click.echo(f"  {moment(step.at)}  {step.by:<12} {act:<24} {step.told}  {step.why}".rstrip())


def _status_of_runs(session: Session, as_json: bool) -> None:
    from omr.records.register.history import run_lines
    from omr.records.register.register import issued

    with session.store() as store:
        runs = {issue.run: issue for issue in issued(store)}
        lines = [{**asdict(line), **_ends(runs.get(line.run))} for line in run_lines(store)]
    if as_json:
        return print_json({"runs": lines})
    for line in lines:
        click.echo(say("register.run_line", **{**line, "state": say(f"register.run_{line['state']}")}))


def _ends(run: Issue | None) -> dict[str, Any]:
    """Return first and last serial and the count of a run; a void one has no serials."""
    if run is None:
        return {"first": None, "last": None, "count": 0}
    return {"first": str(run.serial(run.first)), "last": str(run.serial(run.last)), "count": run.count}


@register.command()
@click.argument("serials", metavar="SERIAL..SERIAL", nargs=-1, required=True)
@click.option("--unit", required=True)
@click.option("--by", required=True)
@click.option("--period")
@click.option("--why", default="")
@click.option("--late", is_flag=True)
@json_option
@click.pass_obj
def receive(
    session: Session,
    serials: tuple[str, ...],
    unit: str,
    by: str,
    period: str | None,
    why: str,
    late: bool,
    as_json: bool,
) -> None:
    """Record a hand-over."""
    from omr.cli.person import store_of
    from omr.records.register import stock

    with store_of(session, by) as store:
        spans = stock.receive(
            store, serials, unit=unit, by=by, period=period, why=why, late=late, today=clock.today()
        )
    _told("received", sum(len(span.ranges) for span in spans), as_json)


@register.command()
@click.argument("serials", metavar="SERIAL...", nargs=-1, required=True)
@click.option("--why", required=True)
@click.option("--by", required=True)
@json_option
@click.pass_obj
def spoil(session: Session, serials: tuple[str, ...], why: str, by: str, as_json: bool) -> None:
    """Record spoiled serials."""
    from omr.cli.person import store_of
    from omr.records.register import stock

    with store_of(session, by) as store:
        spans = stock.spoil(store, serials, why=why, by=by)
    _told("spoiled", sum(len(span.ranges) for span in spans), as_json)


def _told(what: str, count: int, as_json: bool) -> None:
    if as_json:
        print_json({what: count})
    else:
        click.echo(say(f"register.{what}", count=count))


@register.command("count")
@click.option("--unit", required=True)
@click.option("--form", required=True, shell_complete=form_names)
@click.option("--period", required=True)
@click.option("--in-stock", metavar="SERIAL..SERIAL", multiple=True)
@click.option("--by", required=True)
@click.option("--why", default="")
@click.option("--late", is_flag=True)
@json_option
@click.pass_obj
def count_(
    session: Session,
    unit: str,
    form: str,
    period: str,
    in_stock: tuple[str, ...],
    by: str,
    why: str,
    late: bool,
    as_json: bool,
) -> int:
    """Record the stock at the end of a period."""
    from omr.cli.person import store_of
    from omr.records.register import stock
    from omr.records.register.custody import written

    with store_of(session, by) as store:
        told = {"unit": unit, "form": form, "period": period, "by": by, "why": why}
        twice = stock.count(store, in_stock, **told, late=late, today=clock.today())
        serials = written(store, twice)
    if as_json:
        print_json({"counted": True, "returned_too": serials.split(", ") if serials else []})
    else:
        click.echo(say("register.counted"))
        if serials:
            click.echo(say("register.returned_too", serials=serials))
    return 3 if twice else 0


@register.command("withdraw-count")
@click.option("--unit", required=True)
@click.option("--form", required=True, shell_complete=form_names)
@click.option("--period", required=True)
@change_options
@click.pass_obj
def withdraw_count_(
    session: Session,
    unit: str,
    form: str,
    period: str,
    by: str,
    why: str,
    dry: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take back a stock count."""
    from omr.cli.person import office_of
    from omr.records.register.stock import withdraw_count
    from omr.records.review.queue import queue
    from omr.words import Role

    count = {"unit": unit, "form": form, "period": period, "by": by, "why": why}
    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        before = sum(1 for _ in queue(office.store))
        with office.store.trial():
            serials = withdraw_count(office.store, **count)
            after = sum(1 for _ in queue(office.store))
        if not as_json:
            click.echo(say("register.would_withdraw", serials=serials, before=before, after=after))
        done = agreed(dry=dry, yes=yes)
        if done:
            withdraw_count(office.store, **count)
    if as_json:
        found = {"serials": serials, "waiting_before": before, "waiting_after": after}
        return print_json({**found, "done": done})
    click.echo(say("register.count_withdrawn" if done else "cli.nothing_done"))


@register.command("reconcile")
@click.option("--period", required=True)
@json_option
@click.pass_obj
def reconcile_(session: Session, period: str, as_json: bool) -> int:
    """Balance the books of a period."""
    from omr.records.counts.questionnaires import lacking
    from omr.records.month.reconcile import reconcile
    from omr.records.offices.periods import parse_period
    from omr.records.register.register import issued

    when = parse_period(period)
    with session.store() as store:
        runs = {issue.run: issue for issue in issued(store)}
        lines = reconcile(store, when)
        partly = lacking(store, period=when.name)
    of_line: dict[tuple[str | None, str | None], list[Lacking]]
    of_line = {(line.unit, line.form): [] for line in lines}
    for one in partly:
        of_line.setdefault((one.unit, one.form), []).append(one)
    if as_json:
        print_json([_line_as_json(line, runs, of_line[line.unit, line.form]) for line in lines])
    else:
        click.echo(say("register.books", period=when))
        for line in lines:
            _show(line, runs)
            for one in of_line[line.unit, line.form]:
                click.echo("  " + say("register.missing_pages", serial=one.serial, pages=one.said))
    return 0 if all(line.balanced for line in lines) else 3


def _figures(line: Line) -> dict[str, object]:
    checks: dict[str, object] = {
        "balanced": line.balanced,
        "difference": line.difference,
        "counted": line.counted,
    }
    return {**line.books, **checks}


def _line_as_json(line: Line, runs: Mapping[str, Issue], partly: Sequence[Lacking]) -> dict[str, object]:
    from omr.records.month.reconcile import spans

    return {
        "unit": line.unit,
        "form": line.form,
        **_figures(line),
        "missing_serials": list(spans(line.missing_numbers, runs)),
        "contradictions": list(spans(line.contradictions, runs)),
        "missing_pages": {one.serial: list(one.pages) for one in partly},
    }


def _show(line: Line, runs: Mapping[str, Issue]) -> None:
    from omr.records.month.reconcile import spans

    click.echo(say("register.line", unit=line.unit or "?", form=line.form or "?", **_figures(line)))
    if not line.counted:
        click.echo("  " + say("register.not_counted"))
    for key, numbers in (("missing_serials", line.missing_numbers), ("contradictions", line.contradictions)):
        ranges = list(spans(numbers, runs))
        if ranges:
            click.echo("  " + say(f"register.{key}", serials=", ".join(ranges[:RANGES_SHOWN])))
        if len(ranges) > RANGES_SHOWN:
            click.echo("  " + say("register.more", count=len(ranges) - RANGES_SHOWN))


@register.command()
@json_option
@click.pass_obj
def surveys(session: Session, as_json: bool) -> None:
    """List the surveys."""
    from omr.records.offices.surveys import surveys_of

    with session.store() as store:
        found = {name: sorted({form.form for form in of.values()}) for name, of in surveys_of(store).items()}
    if as_json:
        return print_json([{"survey": name, "forms": forms} for name, forms in found.items()])
    for name, forms in found.items():
        click.echo(say("register.survey", survey=name, forms=", ".join(map(form_label, forms))))


@register.command()
@click.argument("form", shell_complete=form_names)
@click.argument("name", metavar="SURVEY")
@click.option("--by", required=True)
@json_option
@click.pass_obj
def survey(session: Session, form: str, name: str, by: str, as_json: bool) -> None:
    """Say which survey a form belongs to."""
    from omr.cli.person import store_of
    from omr.records.offices.surveys import declare_survey
    from omr.records.register.stock import known_form

    with store_of(session, by) as store:
        printed = known_form(store, form)
        declare_survey(store, printed, name, by=by)
    if as_json:
        return print_json({"form": printed, "survey": name})
    click.echo(say("register.surveyed", form=printed, survey=name or "–"))
