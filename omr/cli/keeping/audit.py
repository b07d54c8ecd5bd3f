"""``omr audit``: proof that nothing was changed, and that the figures are what the paper says."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from omr.cli.common import Session, json_option, print_json
from omr.cli.keeping.sample import enter, sample
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.proof.chain import Damage

FILES_SHOWN: Final = 20  # with --json all
_HEAD: Final = re.compile(r"[0-9a-f]{8,64}")


@click.group()
def audit() -> None:
    """Prove the figures."""


audit.add_command(sample)
audit.add_command(enter)


@audit.command("verify")
@click.option("--head", metavar="HASH", default="")
@json_option
@click.pass_obj
def verify_(session: Session, head: str, as_json: bool) -> int:
    """Verify the chain."""
    from omr.records.proof.chain import verify

    known = head.strip().lower()
    if known and not _HEAD.fullmatch(known):
        raise OmrError("audit.bad_head", head=head[:80])
    workspace = session.workspace()
    with session.store(examine=True) as store:
        verdict = verify(store, workspace.path, known)
    if as_json:
        files = {"read_again": verdict.unread, "lost": verdict.lost}
        print_json({**_found(verdict.problem), "events": verdict.events, "head": verdict.head, **files})
    elif verdict.ok:
        click.echo(say("audit.intact", events=verdict.events, head=verdict.head))
    else:
        click.echo(say("audit.broken", problem=verdict.problem), err=True)
        _list(say("audit.read_again"), verdict.unread)
        _list(say("audit.scan_again"), verdict.lost)
    return 0 if verdict.ok else 1


def _list(title: str, files: tuple[str, ...]) -> None:
    if not files:
        return
    click.echo(title, err=True)
    for file in files[:FILES_SHOWN]:
        click.echo(f"  {file}", err=True)
    if len(files) > FILES_SHOWN:
        click.echo("  " + say("audit.more", count=len(files) - FILES_SHOWN), err=True)


def _found(problem: Damage | None) -> dict[str, object]:
    return {
        "ok": problem is None,
        "problem": None if problem is None else str(problem),
        "event": None if problem is None else problem.event,
    }


@audit.command("export")
@click.option("--period", required=True)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def export_(session: Session, period: str, output: Path, as_json: bool) -> None:
    """Sign an export."""
    from omr.records.offices.periods import parse_period
    from omr.trust.export import export

    workspace = session.workspace()
    when = parse_period(period)
    with session.store() as store:
        made = export(store, workspace.path, when, output)
    if as_json:
        return print_json({**_found(None), **asdict(made), "file": str(output.absolute())})
    click.echo(say("audit.exported", file=output, period=made.period, head=made.head, signer=made.signer))
    click.echo(say("parquet.every_slip"))


@audit.command("check")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key")
@json_option
def check_(file: Path, key: str | None, as_json: bool) -> int:
    """Check an export."""
    from omr.trust.check import check

    checked = check(file, key)
    if as_json:
        head = {"events": checked.events, "head": checked.head, "signer": checked.signer}
        print_json({**_found(checked.problem), **head, "period": checked.period})
    elif checked.ok:
        values = {"events": checked.events, "head": checked.head, "signer": checked.signer}
        click.echo(say("audit.checked", period=checked.period, **values))
    else:
        click.echo(say("audit.unproven", problem=checked.problem), err=True)
    return 0 if checked.ok else 1
