"""``omr register plan``, ``stamp``, ``counters``: printing for all units at once, stamps, counters."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.messages import say


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--period", required=True)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--by", required=True)
@click.option("--dry-run", "dry", is_flag=True)
@json_option
@click.pass_obj
def plan(session: Session, file: Path, period: str, output: Path, by: str, dry: bool, as_json: bool) -> None:
    """Issue and hand over a whole plan."""
    from omr.cli.person import office_of
    from omr.handing_out import hand_out, to_print
    from omr.records.offices.periods import parse_period
    from omr.records.register.plan import read_plan
    from omr.words import Role

    when = parse_period(period)
    with office_of(session, by, Role.REVIEWER, Role.LEAD) as office:
        lines = read_plan(office.store, file, when, office.form)
        left = to_print(office, lines, when, output)
        done = None if dry else hand_out(office, lines, when, output)
    known = len(lines) - len(left)
    if as_json:
        printed = done.runs if done else ()
        runs = [{"run": run.run, "unit": run.unit, "form": run.form, "count": run.count} for run in printed]
        files = [str(paper) for paper in done.papers] if done else []
        return print_json(
            {"planned": len(lines), "known": known, "dry_run": dry, "runs": runs, "papers": files}
        )
    total = sum(line.count for line in left)
    units = len({line.unit for line in left})
    key = "register.would_plan" if dry else "register.planned"
    click.echo(say(key, runs=len(left), units=units, slips=total, known=known))
    for paper in done.papers if done else ():
        click.echo(f"  {paper}")


@click.command()
@click.argument("serials", metavar="RUN|SERIAL..SERIAL", nargs=-1, required=True)
@click.option("--by", required=True)
@click.option("--undo", is_flag=True)
@json_option
@click.pass_obj
def stamp(session: Session, serials: tuple[str, ...], by: str, undo: bool, as_json: bool) -> None:
    """Record which slips are stamped."""
    from omr.cli.person import store_of
    from omr.records.register import stamping

    with store_of(session, by) as store:
        changed = stamping.stamp(store, serials, by=by, stamped=not undo)
    count = sum(len(span.ranges) for span in changed)
    if as_json:
        return print_json({"stamped": 0 if undo else count, "unstamped": count if undo else 0})
    click.echo(say("register.unstamped" if undo else "register.stamped", count=count))


@click.group()
def counters() -> None:
    """Counters."""


@counters.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def import_(session: Session, file: Path, as_json: bool) -> None:
    """Import the list of counters."""
    from omr.records.register.counters import import_counters

    with session.store() as store:
        count = import_counters(store, file, by=operator())
    if as_json:
        return print_json({"imported": count})
    click.echo(say("register.counters_imported", count=count))


@counters.command("list")
@click.option("--period")
@json_option
@click.pass_obj
def list_(session: Session, period: str | None, as_json: bool) -> int:
    """List the counters, with their figures in a period."""
    from omr.records.month.counters import counter_figures
    from omr.records.offices.periods import parse_period
    from omr.records.register.counters import counters as found

    when = parse_period(period) if period else None
    with session.store() as store:
        listed = found(store, when)
        figures = counter_figures(store, when) if when else {}
    without = [one for one in listed if not one.board]
    if as_json:
        rows = [
            {**asdict(one), **(asdict(figures[one.counter]) if one.counter in figures else {})}
            for one in listed
        ]
        print_json(rows)
    else:
        for one in listed:
            board = say("register.with_board" if one.board else "register.without_board")
            line = f"{one.counter:<12} {one.unit:<10} {one.name}  {one.phone}  {one.officer}  {board}"
            if one.counter in figures:
                line += "  " + say("register.counter_figures", **asdict(figures[one.counter]))
            click.echo(line)
        click.echo(say("register.boards", done=len(listed) - len(without), count=len(listed)))
    return 3 if without else 0


@counters.command()
@click.argument("counter")
@click.argument("serials", metavar="RUN|SERIAL..SERIAL", nargs=-1, required=True)
@click.option("--by", required=True)
@json_option
@click.pass_obj
def give(session: Session, counter: str, serials: tuple[str, ...], by: str, as_json: bool) -> None:
    """Record which slips lie at a counter."""
    from omr.cli.person import store_of
    from omr.records.register.counters import give_serials

    with store_of(session, by) as store:
        spans = give_serials(store, counter, serials, by=by)
    count = sum(len(span.ranges) for span in spans)
    if as_json:
        return print_json({"counter": counter.upper(), "slips": count})
    click.echo(say("register.given", counter=counter.upper(), count=count))
