"""``omr redecide``: decides again from stored measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, operator, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.intake.redecide import Changed


@click.command()
@click.option("--period")
@click.option("--calibration", "name")
@click.option("--dry-run", is_flag=True)
@json_option
@click.pass_obj
def redecide(session: Session, period: str | None, name: str | None, dry_run: bool, as_json: bool) -> None:
    """Decide again."""
    from omr.reading.marks.calibrate import DEFAULT, load_calibration
    from omr.records.intake.redecide import keep, redecided
    from omr.records.register.periods import parse_period, refuse_closed

    workspace = session.workspace()
    calibration = load_calibration(name or DEFAULT, workspace.calibration)
    when = parse_period(period).name if period else None
    with session.store() as store:
        if when is not None and not dry_run:
            refuse_closed(store, when)
        slips = list(redecided(store, calibration, when))
        changed = [change for slip in slips for change in slip.changed]
        if not as_json:
            for change in changed:
                click.echo(
                    f"{change.serial}  {change.question}: {_said(change.before)} → {_said(change.after)}"
                )
        if not dry_run:
            keep(store, slips, calibration, by=operator())
    if as_json:
        return print_json(
            {"calibration": calibration.name, "changed": [_as_json(change) for change in changed]}
        )
    key = "would_change" if dry_run else "redecided"
    click.echo(say(f"records.{key}", count=len(changed), calibration=calibration.name))


def _said(answer: tuple[str, tuple[str, ...]]) -> str:
    state, codes = answer
    return "+".join(codes) if codes else say(f"records.{state}")


def _as_json(change: Changed) -> dict[str, object]:
    return {
        "serial": change.serial,
        "question": change.question,
        "before": {"state": change.before[0], "codes": list(change.before[1])},
        "after": {"state": change.after[0], "codes": list(change.after[1])},
    }
