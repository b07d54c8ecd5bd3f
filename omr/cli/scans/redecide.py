"""``omr redecide``: decides again from stored measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.counts.answers import Given
    from omr.records.intake.redecide import Changed


@click.command()
@click.option("--period")
@click.option("--calibration", "name")
@click.option("--dry-run", is_flag=True)
@json_option
@click.pass_obj
def redecide(session: Session, period: str | None, name: str | None, dry_run: bool, as_json: bool) -> None:
    """Decide again."""
    with session.office() as office:
        slips = office.redecide(period, name, keep=not dry_run)
        chosen = name or office.calibration.name
    changed = [change for slip in slips for change in slip.changed]
    if as_json:
        return print_json({"calibration": chosen, "changed": [_as_json(change) for change in changed]})
    for change in changed:
        click.echo(f"{change.serial}  {change.question}: {_said(change.before)} → {_said(change.after)}")
    key = "would_change" if dry_run else "redecided"
    click.echo(say(f"records.{key}", count=len(changed), calibration=chosen))


def _said(answer: Given) -> str:
    return "+".join(answer.codes) or say(answer.state.label)


def _as_json(change: Changed) -> dict[str, object]:
    return {
        "serial": change.serial,
        "question": change.question,
        "before": {"state": change.before.state, "codes": list(change.before.codes)},
        "after": {"state": change.after.state, "codes": list(change.after.codes)},
    }
