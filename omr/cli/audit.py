"""``omr audit``: proof that nothing was changed, and that the figures are what the paper says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.sample import enter, sample
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.audit import Verdict


@click.group()
def audit() -> None:
    """Prove the figures."""


audit.add_command(sample)
audit.add_command(enter)


@audit.command("verify")
@json_option
@click.pass_obj
def verify_(session: Session, as_json: bool) -> int:
    """Verify the chain."""
    from omr.records.audit import verify

    workspace = session.workspace()
    with session.store() as store:
        verdict = verify(store, workspace.path)
    if as_json:
        print_json(_as_json(verdict))
    elif verdict.ok:
        click.echo(say("audit.intact", events=verdict.events, head=verdict.head))
    else:
        click.echo(say("audit.broken", problem=verdict.problem), err=True)
    return 0 if verdict.ok else 1


def _as_json(verdict: Verdict) -> dict[str, object]:
    problem = str(verdict.problem) if verdict.problem else None
    event = verdict.problem.event if verdict.problem else None
    return {
        "ok": verdict.ok,
        "events": verdict.events,
        "problem": problem,
        "event": event,
        "head": verdict.head,
    }
