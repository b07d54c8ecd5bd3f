"""A folder is watched: what is complete goes into the inbox, and every name gets its line.

The loop only looks and takes; reading goes on beside it, so a long stack delays nobody's line. It
ends by being interrupted, by nothing else: what the folder or the machine refuses is told
once, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omr.errors import outside
from omr.messages import say
from omr.records.inbox.hot_folder import HotFolder
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.inbox.outlook import Name, write_down
from omr.records.inbox.sights import Sight
from omr.records.intake.orders import Orders

TRY_AGAIN_S: Final = 20.0  # after the machine refused to take what is there
# Said of names that are on their way as they should be; they get a line when that takes long.
_ON_THEIR_WAY: Final = ("changing", "unfinished", "open", "complete")


class Watching:
    """The watching of one folder.

    Parameters
    ----------
    tell : callable
        Gets each line for the person at the terminal.
    show : callable
        Shows what came of a stack that was read.
    taken : callable, optional
        Called when a stack was put into the inbox.
    """

    def __init__(
        self,
        hot: HotFolder,
        inbox: Inbox,
        orders: Orders,
        by: str,
        *,
        tell: Callable[[str], None],
        show: Callable[[Stack], None],
        taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._hot = hot
        self._inbox = inbox
        self._orders = orders
        self._by = by
        self._tell = tell
        self._show = show
        self._taken = taken
        self._said: dict[Path, str] = {}
        self._trouble = ""
        self._refused_s: float | None = None
        self._written: tuple[str, list[tuple[str, str]]] | None = None
        self.reading: list[Stack] = inbox.unread()  # in the order in which they came

    def step(self, now_s: float, wall_s: float) -> bool:
        """Look, take what is complete, tell what is new; return whether something is still on its way."""
        hot = self._hot
        sights = hot.look(now_s)
        for moved in hot.put_aside():
            self._tell(say("watch.stranger", file=moved.path))
        if self._refused_s is None or now_s - self._refused_s >= TRY_AGAIN_S:
            self._refused_s = None
            for files in hot.ready(now_s):
                self._take(files)
                if hot.trouble is not None:
                    self._refused_s = now_s
                    break
        self._note_trouble()
        self._say(sights)
        self._write_down(sights, now_s, wall_s)
        self._tell_ended()
        return hot.away is not None or any(one.told.reason in _ON_THEIR_WAY for one in sights)

    def _take(self, files: list[Sight]) -> None:
        orders = self._orders
        stack = self._hot.take(files, unit=orders.unit, period=orders.period, by=self._by)
        if stack is None:
            return
        key = "watch.newer" if stack.supersedes else "watch.taken"
        names = ", ".join(str(one.path) for one in files[:3])
        more = len(files) - 3
        self._tell(say(key, count=len(files), files=names + (" …" if more > 0 else ""), stack=stack.name))
        self.reading.append(stack)
        self._taken()

    def _note_trouble(self) -> None:
        """Tell once why nothing is taken, and once that it is over."""
        trouble = self._hot.away or self._hot.trouble
        text = str(trouble) if trouble else ""
        if text and text != self._trouble:
            self._tell(say("watch.away" if self._hot.away else "watch.refused", detail=text))
        elif self._trouble and not text:
            self._tell(say("watch.again", folder=self._hot.folder))
        self._trouble = text

    def _say(self, sights: list[Sight]) -> None:
        """Tell what a name is once that is more than on its way."""
        for sight in sights:
            if sight.told.reason in (*_ON_THEIR_WAY, "not_a_scan", "hidden"):
                self._said.pop(sight.path, None)
                continue
            line = say(f"watch.{sight.told.reason}", file=sight.path, detail=sight.told.detail)
            if self._said.get(sight.path) != line:
                self._said[sight.path] = line
                self._tell(line)

    def _write_down(self, sights: Iterable[Sight], now_s: float, wall_s: float) -> None:
        names = [
            Name(
                str(sight.path),
                sight.told.standing.value,
                sight.told.reason,
                sight.told.detail,
                _utc(wall_s - (now_s - sight.born_s)),
            )
            for sight in sights
        ]
        plain = self._trouble, [(one.name, one.reason) for one in names]
        if plain == self._written:
            return
        try:
            write_down(self._inbox, self._hot.folder, self._trouble, names)
            self._written = plain
        except OSError as error:
            self._trouble = self._trouble or str(outside(error, self._inbox.folder))

    def _tell_ended(self) -> None:
        """Give the receipt of each stack that was read, and the reason of each that could not be."""
        for stack in list(self.reading):
            state = self._inbox.state(stack)
            if state is StackState.DONE:
                self._show(stack)
            elif state is StackState.FAILED:
                self._tell(say("watch.failed", stack=stack.name, detail=self._inbox.failure(stack)))
            elif self._inbox.find(stack.name) is not None:
                continue
            self.reading.remove(stack)


def _utc(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="seconds")
