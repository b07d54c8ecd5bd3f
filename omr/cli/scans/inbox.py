"""``omr inbox``: what came in and is not read yet, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from omr.cli.common import Session, json_option, print_json
from omr.errors import OmrError
from omr.messages import say

if TYPE_CHECKING:
    from omr.records.inbox.inbox import Inbox, Stack
    from omr.records.inbox.outlook import Outlook


@click.command()
@click.option("--again", metavar="STACK")
@click.option("--drop", metavar="STACK")
@json_option
@click.pass_obj
def inbox(session: Session, again: str | None, drop: str | None, as_json: bool) -> int:
    """Show what is not read yet."""
    from datetime import UTC, datetime

    from omr.records.inbox.inbox import Inbox
    from omr.records.inbox.outlook import outlook

    stacks = Inbox(session.workspace())
    for name, act in ((again, stacks.again), (drop, stacks.drop)):
        if name is not None:
            stack = stacks.find(name)
            if stack is None:
                raise OmrError("inbox.no_stack", stack=name)
            act(stack)
    found, now = outlook(stacks), datetime.now(UTC)
    if as_json:
        print_json(_as_json(stacks, found, found.age_s(now)))
    else:
        click.echo(found.told(now))
        for line in _lines(stacks, found):
            click.echo("  " + line)
    return 0 if found.is_well(now) else 3


def _states(found: Outlook) -> list[tuple[str, Stack]]:
    groups = {"open": found.open, "waiting": found.waiting, "reading": found.reading, "failed": found.failed}
    return [(state, stack) for state, stacks in groups.items() for stack in stacks]


def _lines(stacks: Inbox, found: Outlook) -> list[str]:
    lines = []
    for state, stack in _states(found):
        failure = stacks.failure(stack)
        what = say(f"inbox.state_{state}") + (f": {failure}" if failure else "")
        count = len(stacks.files(stack))
        lines.append(say("inbox.line", stack=stack.name, by=stack.by, files=count, state=what))
    for folder in found.folders:
        key = "inbox.folder" if folder.watched else "inbox.folder_unwatched"
        lines.append(say(key, folder=folder.folder) + (f" {folder.trouble}" if folder.trouble else ""))
        lines += ["  " + say(f"watch.{one.reason}", file=one.name, detail=one.detail) for one in folder.names]
    return lines


def _as_json(stacks: Inbox, found: Outlook, age_s: float) -> dict[str, object]:
    return {
        "oldest_unread_s": round(age_s),
        "attended": found.attended,
        "stacks": [
            {
                "stack": stack.name,
                "state": state,
                "way": stack.way,
                "by": stack.by,
                "unit": stack.unit,
                "period": stack.period,
                "made_at": stack.made_at,
                "supersedes": stack.supersedes or None,
                "files": [file.name for file in stacks.files(stack)],
                "failure": str(stacks.failure(stack) or "") or None,
            }
            for state, stack in _states(found)
        ],
        "folders": [
            {
                "folder": folder.folder,
                "watched": folder.watched,
                "at": folder.at,
                "trouble": folder.trouble or None,
                "names": [
                    {"name": one.name, "standing": one.standing, "reason": one.reason, "since": one.since}
                    for one in folder.names
                ],
            }
            for folder in found.folders
        ],
    }
