"""Files given at the command line are put into the inbox, like all others that come in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

from omr.errors import outside
from omr.files import begin_file, hashed_copy, sha256_of
from omr.records.inbox.inbox import Inbox, Stack, StackState, Way
from omr.records.intake.orders import Orders


@contextmanager
def brought(
    inbox: Inbox,
    orders: Orders,
    files: Sequence[Path],
    *,
    by: str,
    names: Mapping[Path, str] = MappingProxyType({}),
    waits: Callable[[str], None] = lambda what: None,
) -> Iterator[Stack]:
    """Put files into the inbox as one stack, and own it while the block runs.

    Where the same files were given before and their reading was interrupted, it is that stack;
    where another program reads it now, this waits for the end of that.

    Parameters
    ----------
    names : mapping, optional
        What files are called that lay in folders.

    Raises
    ------
    OutsideError
        If a file cannot be read or kept; the inbox is then as it was.
    """
    left = _left(inbox, orders, files)
    if left is not None:
        with inbox.claims.held(left.name, told=partial(waits, left.name)):
            yield left
        return
    stack = inbox.begin(orders.unit, orders.period, orders.expected, by, way=Way.READ)
    with inbox.claims.at_once(stack.name):
        try:
            digests = [
                _copied(file, inbox.folder, inbox.place_of(stack, number, names.get(file, file.name)))
                for number, file in enumerate(files, start=1)
            ]
            inbox.send(stack, contents=_contents(digests))
        finally:
            if inbox.state(stack) is StackState.OPEN:
                inbox.drop(stack)
        yield stack


def _left(inbox: Inbox, orders: Orders, files: Sequence[Path]) -> Stack | None:
    """Return the stack of the same files that is not read yet."""
    unread = [one for one in inbox.unread() if one.way == Way.READ and one.orders == orders]
    if not unread:
        return None
    contents = _contents(map(_digest, files))
    return next((one for one in unread if inbox.contents(one) == contents), None)


def _contents(digests: Iterable[str]) -> str:
    """Return what tells this pile of files from any other, in whatever order they are given."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _digest(file: Path) -> str:
    try:
        return sha256_of(file)
    except OSError as error:
        raise outside(error, file) from error


def _copied(file: Path, inbox: Path, target: Path) -> str:
    """Copy a file and return its SHA-256; it need not outlive a power cut, the person has it."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise outside(error, file) from error
    try:
        target.parent.mkdir(mode=0o700)
        begin_file(target)
        with source, target.open("wb") as copy:
            return hashed_copy(source, copy)[0]
    except OSError as error:
        raise outside(error, inbox) from error
