"""Stacks that wait in the inbox, read by whichever program comes first."""

from __future__ import annotations

from contextlib import suppress

from omr import log
from omr.errors import OmrError, passes
from omr.means import MEANS, Means
from omr.office import Office
from omr.records.inbox.inbox import Inbox, StackState
from omr.records.intake.claims import OwnedError
from omr.workspace import Workspace


def read_waiting(workspace: Workspace, name: str, means: Means = MEANS) -> None:
    """Read one stack of the inbox, unless somebody else does or did; the inbox is told what is wrong.

    Raises
    ------
    OmrError
        If it is the machine that refuses: the stack is as it was, and can be read later.
    """
    inbox = Inbox(workspace)
    with suppress(OwnedError), inbox.claims.at_once(name):
        stack = inbox.find(name)
        if stack is None or inbox.state(stack) not in (StackState.WAITING, StackState.READING):
            return
        try:
            with Office.open(workspace, by=stack.by, means=means) as office:
                office.read_stack(stack)
        except OmrError as error:
            if passes(error):
                raise
            log.failure("stack_failed", error)
            inbox.fail(stack, error)


def read_all_waiting(workspace: Workspace, means: Means = MEANS) -> None:
    """Read what waits in the inbox, in this process; raises as `read_waiting`."""
    for stack in Inbox(workspace).unread():
        read_waiting(workspace, stack.name, means)
