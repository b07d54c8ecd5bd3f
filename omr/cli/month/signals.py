"""``omr register signals``: patterns of units that are worth a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.messages import say

if TYPE_CHECKING:
    from omr.trust.signals import Signal

WAITING = 3
SHOWN = 30  # serials of one signal; with --json all


@click.command("signals")
@click.option("--period", required=True)
@click.option("--survey")
@json_option
@click.pass_obj
def signals(session: Session, period: str, survey: str | None, as_json: bool) -> int:
    """Look for patterns."""
    from omr.records.offices.periods import parse_period
    from omr.trust.signals import find_signals
    from omr.trust.unit_months import unit_months

    when = parse_period(period)
    with session.store() as store:
        months = unit_months(store, when, survey=survey)
    tested = find_signals(months)
    found = [signal for signal in tested if signal.striking]
    if as_json:
        head = {"period": when.name, "units": len(months), "tests": len(tested)}
        print_json({**head, "signals": [_as_json(signal) for signal in found]})
    else:
        click.echo(say("signals.head", period=when, units=len(months), tests=len(tested), found=len(found)))
        for place, signal in enumerate(found, 1):
            _show(place, signal)
        if found:
            click.echo("\n" + say("signals.foot"))
    return WAITING if found else 0


def _as_json(signal: Signal) -> dict[str, object]:
    return {
        "unit": signal.unit,
        "kind": signal.kind.value,
        "values": dict(signal.values),
        "chance": signal.chance,
        "corrected": signal.corrected,
        "null_model": say(f"signals.{signal.kind}_null"),
        "innocent": say(f"signals.{signal.kind}_innocent"),
        "serials": list(signal.serials),
    }


def _show(place: int, signal: Signal) -> None:
    values = {**signal.values}
    if "questions" in values:
        values["questions"] = say(f"signals.{values['questions']}")
    click.echo(f"\n{place}. {signal.unit}: {say(f'signals.{signal.kind}', **values)}")
    chances = {"chance": _written(signal.chance), "corrected": _written(signal.corrected)}
    click.echo(f"   {say('signals.chance', **chances)}")
    click.echo(f"   {say('signals.null', text=say(f'signals.{signal.kind}_null'))}")
    click.echo(f"   {say('signals.innocent', text=say(f'signals.{signal.kind}_innocent'))}")
    if signal.serials:
        shown = ", ".join(signal.serials[:SHOWN])
        more = len(signal.serials) - SHOWN
        tail = f" {say('signals.more', more=more)}" if more > 0 else ""
        click.echo(f"   {say('signals.serials', serials=shown)}{tail}")


def _written(chance: float) -> str:
    return "0" if chance == 0 else "< 0.000001" if chance < 1e-6 else f"{chance:.2g}"
