"""Which responses of a file were taken in before: told by what they say, not by how the file is written.

Two responses are one where the tool's id and the moment are the same; without an id, where
moment, unit, answers and comment are. Moments are compared as exactly as both are written: a
spreadsheet drops seconds, a column may hold days only. Where many people say the same within
one minute, they are counted: a file with three of them holds one that is new, if two are known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from omr.errors import OmrError
from omr.records.exchange.moments import Moment
from omr.records.exchange.responses import Response
from omr.records.store.store import Store
from omr.tables_in import SheetError

# Two of 5,000 people of one unit and month answer in the same second twenty times; a file that was
# read by another map says something else in all its lines.
REREAD_FROM: Final = 3
REREAD_SHARE: Final = 0.2
# The same ids with the same answers at other times, by chance: two forms of one unit and month.
RETIMED_FROM: Final = 5
RETIMED_SHARE: Final = 0.8
# The same answers half hours apart: among 100 people an hour who say the same, five to the second hardly
# ever, ten of twelve to the minute as seldom.
MOVED_FROM: Final = 5
MOVED_TO_MINUTES: Final = 10
HALF_HOUR: Final = timedelta(minutes=30)
ZONES: Final = tuple(HALF_HOUR * n for n in range(-28, 29) if n)  # all that two time zones can differ by


@dataclass(frozen=True, slots=True)
class Known:
    """One response as it was taken in."""

    id: str  # hash of the form tool's own; "" where it gave none
    digest: str
    unit: str
    moment: Moment | None
    file: str


@dataclass(slots=True)
class Sorted:
    """The responses of a file by what has to be done with them."""

    new: list[Response] = field(default_factory=list)
    known: int = 0
    files: Counter[str] = field(default_factory=Counter)  # earlier file -> how many of this one it had


def known_responses(store: Store, form: str) -> list[Known]:
    """Return what counts today of the electronic slips of a form."""
    return [
        Known(
            # Before ids and moments were kept apart, a row without an id was named "<hash>-<n>".
            "" if "-" in row["name"] else row["name"],
            row["digest"],
            row["unit"],
            _moment(row["moment"] or row["day"]),
            row["file"],
        )
        for row in store.rows("SELECT * FROM current_responses WHERE form = ? ORDER BY response", form)
    ]


def _moment(text: str) -> Moment | None:
    return Moment.parse(text) if text else None


def sort_out(known: Sequence[Known], responses: Iterable[tuple[int, Response]]) -> Sorted:
    """Part a file's responses into those that are new and those that were taken in before.

    Raises
    ------
    OmrError
        If a response of the same id and moment said something else, or the file seems to be an
        earlier one read in another way.
    """
    result = Sorted()
    left = _Left(known)
    wrong: list[OmrError] = []
    unknown: list[Response] = []
    for line, response in responses:
        there = left.by_id(response)
        if there is not None and there.digest != response.digest:
            wrong.append(OmrError("sheet.line", line=line, detail=OmrError("electronic.changed")))
        there = there or left.by_content(response)
        if there is None:
            unknown.append(response)
        else:
            result.known += 1
            result.files[there.file] += 1
    if wrong:
        raise SheetError(wrong)
    again = [there for response in unknown if (there := left.same_second(response)) is not None]
    if len(again) >= max(REREAD_FROM, REREAD_SHARE * len(unknown)):
        raise OmrError("electronic.reread", count=len(again), file=again[0].file)
    if retimed := _same_ids(known, unknown) or _moved(known, unknown):
        raise OmrError("electronic.retimed", count=len(retimed), file=retimed[0].file)
    result.new = unknown
    return result


def _same_ids(known: Sequence[Known], unknown: Sequence[Response]) -> list[Known]:
    """Return the known responses if nearly all unknown ones say the same under the same ids, at other times.

    Ids begin again with every form of a tool, and many people say the same: two forms of one month agree in
    some ids by chance, but hardly in nearly all.
    """
    there = {(one.id, one.digest): one for one in known if one.id}
    found = [one for response in unknown if (one := there.get((response.id, response.digest)))]
    return found if len(found) >= max(RETIMED_FROM, RETIMED_SHARE * len(unknown)) else []


def _moved(known: Sequence[Known], unknown: Sequence[Response]) -> list[Known]:
    """Return the known responses that unknown ones say again a number of half hours apart.

    To the second a few are proof; to the minute, where many people say the same, nearly all have to.
    """
    said = {one.digest for one in known}
    dated = [(one.digest, one.moment) for one in unknown if one.moment and one.moment.places]
    there_are = [(one.digest, one.moment, one) for one in known if one.moment and one.moment.places]
    exact = all(moment.places == 2 for _, moment in dated) and all(at.places == 2 for _, at, _ in there_are)
    least, share = (MOVED_FROM, REREAD_SHARE) if exact else (MOVED_TO_MINUTES, RETIMED_SHARE)
    there = {(digest, _cut(moment, exact)): one for digest, moment, one in there_are}
    again = [(digest, _cut(moment, exact)) for digest, moment in dated if digest in said]
    best: list[Known] = []
    for zone in ZONES if len(again) >= least else ():
        found = [one for digest, at in again if (one := there.get((digest, at - zone)))]
        best = max(best, found, key=len)
    return best if len(best) >= max(least, share * len(unknown)) else []


def _cut(moment: Moment, exact: bool) -> datetime:
    return moment.at if exact else moment.at.replace(second=0)


class _Left:
    """The known responses that no line of the file stood for yet."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._ids: defaultdict[str, list[Known]] = defaultdict(list)
        self._contents: defaultdict[tuple[str, str], list[Known]] = defaultdict(list)  # by digest and day
        self._digests: defaultdict[str, list[Known]] = defaultdict(list)
        self._seconds: defaultdict[tuple[str, str], list[Known]] = defaultdict(list)
        self._taken: set[int] = set()
        for one in known:
            if one.id:
                self._ids[one.id].append(one)
            self._contents[one.digest, _day(one.moment)].append(one)
            self._digests[one.digest].append(one)
            if one.moment is not None and one.moment.places == 2:
                self._seconds[one.unit, str(one.moment)].append(one)

    def _take(self, found: Iterable[Known]) -> Known | None:
        one = next((one for one in found if id(one) not in self._taken), None)
        if one is not None:
            self._taken.add(id(one))
        return one

    def by_id(self, response: Response) -> Known | None:
        """Return the response of the same id and moment; tools give the same ids to another form again."""
        same = self._ids.get(response.id, ()) if response.id else ()
        return self._take(one for one in same if _same_time(one.moment, response.moment))

    def by_content(self, response: Response) -> Known | None:
        """Return one that says the same at the same time, unless both have ids of their own."""
        if response.moment is None:
            stack = self._digests.get(response.digest, [])
            while stack and id(stack[-1]) in self._taken:
                stack.pop()
            same = list(stack[-1:]) if not response.id else [one for one in stack if not one.id]
            return self._take(same)
        days = (_day(response.moment), "")
        same = [one for day in days for one in self._contents.get((response.digest, day), ())]
        return self._take(
            one for one in same if not (one.id and response.id) and _same_time(one.moment, response.moment)
        )

    def same_second(self, response: Response) -> Known | None:
        """Return one of the same unit and second that says something else."""
        if response.moment is None or response.moment.places < 2:
            return None
        return self._take(self._seconds.get((response.unit, str(response.moment)), ()))


def _day(moment: Moment | None) -> str:
    return moment.to(0) if moment else ""


def _same_time(one: Moment | None, other: Moment | None) -> bool:
    if one is None or other is None:
        return True  # nobody knows; what it says has to tell
    places = min(one.places, other.places)
    return one.to(places) == other.to(places)
