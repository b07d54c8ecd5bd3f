"""What is on its way in and not read yet, for whoever asks: `omr doctor`, the desks, `omr inbox`.

A program that watches a folder writes down the standing of every name in it, in
``inbox/.folders/``; so what a scanner left unfinished is seen also where nobody looks at the
terminal of that program.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr.files import make_folder, write_whole
from omr.messages import say
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.inbox.sights import Fate

_FOLDERS: Final = ".folders"
READER: Final = "reader-"  # claims of programs that read what waits
LATE_S: Final = 900.0  # what is unread so long, and not being read, is worth a look
MOST_NAMES: Final = 500  # of one folder that are written down; more of the same help nobody


@dataclass(frozen=True, slots=True)
class Name:
    """One name in a watched folder that is not read."""

    name: str
    standing: str  # see `sights.Standing`
    reason: str  # key of the catalogue `watch`
    detail: str
    since: str  # UTC


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder as the program that watches it last saw it."""

    folder: str
    at: str  # UTC
    trouble: str  # why it could not be looked into, or nothing taken
    names: tuple[Name, ...]
    watched: bool = True  # that program is running

    @property
    def unread(self) -> tuple[Name, ...]:
        """What should be read and is not."""
        return tuple(one for one in self.names if one.standing in (Fate.WAITING, Fate.BROKEN))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is not read yet."""

    waiting: tuple[Stack, ...]
    reading: tuple[Stack, ...]  # by a program that runs
    failed: tuple[Stack, ...]
    open: tuple[Stack, ...]  # their sender is not done
    folders: tuple[WatchedFolder, ...]
    attended: bool  # a program runs that reads what waits

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest file is here unread; None if nothing is."""
        stacks = [stack.made_at for stack in (*self.waiting, *self.reading, *self.failed)]
        names = [one.since for folder in self.folders for one in folder.unread]
        return min(map(datetime.fromisoformat, [*stacks, *names]), default=None)

    def age_s(self, now: datetime) -> float:
        """Return how long the oldest unread file has been here, in seconds; 0 if there is none."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0

    @property
    def names(self) -> list[Name]:
        """What lies unread in watched folders."""
        return [one for folder in self.folders for one in folder.unread]

    def is_well(self, now: datetime) -> bool:
        """Whether what is unread will be read by itself, and soon."""
        broken = any(one.standing == Fate.BROKEN for one in self.names)
        left = bool(self.waiting) and not self.attended
        late = self.age_s(now) > LATE_S and not self.reading
        troubled = any(folder.trouble and folder.watched for folder in self.folders)
        return not (self.failed or broken or left or late or troubled)

    def told(self, now: datetime) -> str:
        """Return one line for a person."""
        if self.oldest is None:
            return say("inbox.nothing")
        line = say(
            "inbox.outlook",
            waiting=len(self.waiting),
            reading=len(self.reading),
            failed=len(self.failed),
            names=len(self.names),
            age=age(self.age_s(now)),
        )
        return line if self.attended or not self.waiting else f"{line}; {say('inbox.nobody_reads')}"


def age(seconds: float) -> str:
    """Return how long something has been so, in the language in force.

    Examples
    --------
    >>> from omr.messages import choose_language
    >>> choose_language("en")
    >>> age(59), age(300), age(3 * 3600 + 65), age(50 * 3600)
    ('less than a minute', '5 min', '3 h 1 min', '2 days 2 h')
    """
    minutes = int(seconds // 60)
    if minutes < 1:
        return say("inbox.age_now")
    if minutes < 60:
        return say("inbox.age_minutes", minutes=minutes)
    if minutes < 24 * 60:
        return say("inbox.age_hours", hours=minutes // 60, minutes=minutes % 60)
    return say("inbox.age_days", days=minutes // (24 * 60), hours=minutes // 60 % 24)


def outlook(inbox: Inbox) -> Outlook:
    """Return what is not read yet; nothing is written."""
    by_state: dict[StackState, list[Stack]] = {state: [] for state in StackState}
    for stack in inbox.not_done():
        by_state[_standing(inbox, stack)].append(stack)
    return Outlook(
        waiting=tuple(by_state[StackState.WAITING]),
        reading=tuple(by_state[StackState.READING]),
        failed=tuple(by_state[StackState.FAILED]),
        open=tuple(by_state[StackState.OPEN]),
        folders=tuple(_folders(inbox)),
        attended=any(
            name.startswith(READER) and inbox.claims.is_owned(name) for name in inbox.claims.names()
        ),
    )


def _standing(inbox: Inbox, stack: Stack) -> StackState:
    """Return the state of a stack, of one that is read whether somebody still reads it."""
    while True:
        state, owned = inbox.state(stack), inbox.claims.is_owned(stack.name)
        if inbox.state(stack) is state:  # else its reader ended it between the two looks
            break
    if state in (StackState.READING, StackState.WAITING):  # whose reader was killed waits for the next one
        return StackState.READING if owned else StackState.WAITING
    return state


def claim_of(folder: Path) -> str:
    """Return the name under which a folder is claimed by the program that watches it."""
    return f"folder-{_key(str(folder))}"


def write_down(inbox: Inbox, folder: Path, trouble: str, names: Iterable[Name]) -> None:
    """Write down how a watched folder stands."""
    told = WatchedFolder(str(folder), datetime.now(UTC).isoformat(), trouble, tuple(names)[:MOST_NAMES])
    place = inbox.folder / _FOLDERS / f"{_key(told.folder)}.json"
    make_folder(place.parent)
    write_whole(place, json.dumps(asdict(told)))


def _folders(inbox: Inbox) -> Iterable[WatchedFolder]:
    for file in sorted((inbox.folder / _FOLDERS).glob("*.json")):
        told = json.loads(file.read_text("utf-8"))
        names = tuple(Name(**name) for name in told.pop("names"))
        watched = inbox.claims.is_owned(claim_of(Path(told["folder"])))
        yield WatchedFolder(**{**told, "names": names, "watched": watched})


def _key(folder: str) -> str:
    return hashlib.sha256(folder.encode("utf-8", "surrogateescape")).hexdigest()[:16]
