"""``omr redecide``: decides again from stored measurements, or measures again from the kept originals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.anew.redecide import Changed
    from omr.records.counts.answers import Given


@click.command()
@click.option("--period")
@click.option("--calibration", "name")
@click.option("--measure", is_flag=True)
@click.option("--workers", type=click.IntRange(min=1))
@click.option("--dry-run", is_flag=True)
@json_option
@click.pass_obj
def redecide(
    session: Session,
    period: str | None,
    name: str | None,
    measure: bool,
    workers: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Decide again."""
    with session.office() as office:
        chosen = name or office.calibration.name
        if not measure:
            slips = office.redecide(period, name, keep=not dry_run)
            return _tell([change for slip in slips for change in slip.changed], chosen, dry_run, as_json)
        again = office.remeasure(period, name, keep=not dry_run, workers=workers)
    if as_json:
        kept = [{"serial": one.serial, "reason": one.reason} for one in again.kept]
        measured = {"slips": again.slips, "otherwise": again.otherwise, "kept": kept}
        print_json({"calibration": chosen, "changed": _as_json(again.changed), "measured": measured})
    else:
        _tell(again.changed, chosen, dry_run, as_json=False)
        click.echo(say("remeasure.done", slips=again.slips, otherwise=again.otherwise))
        for one in again.kept:
            click.echo(say("remeasure.kept", serial=one.serial, reason=one.reason), err=True)
    return 3 if again.kept else 0


def _tell(changed: Iterable[Changed], chosen: str, dry_run: bool, as_json: bool) -> int:
    changed = list(changed)
    if as_json:
        print_json({"calibration": chosen, "changed": _as_json(changed)})
        return 0
    for change in changed:
        click.echo(f"{change.serial}  {change.question}: {_said(change.before)} → {_said(change.after)}")
    key = "would_change" if dry_run else "redecided"
    click.echo(say(f"records.{key}", count=len(changed), calibration=chosen))
    return 0


def _said(answer: Given) -> str:
    return "+".join(answer.codes) or say(answer.state.label)


def _as_json(changed: Iterable[Changed]) -> list[dict[str, object]]:
    return [
        {
            "serial": change.serial,
            "question": change.question,
            "before": {"state": change.before.state, "codes": list(change.before.codes)},
            "after": {"state": change.after.state, "codes": list(change.after.codes)},
        }
        for change in changed
    ]
