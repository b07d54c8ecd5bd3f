"""The list of cases: heaps of one kind in one stack, decided together with one word, or one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from omr.errors import OmrError
from omr.records.cases.cases import Case
from omr.records.review.corrections import waiting_corrections
from omr.records.store.store import Store
from omr.web.cases.cases import decide_one, label, offered, waiting
from omr.web.frame.pages import page
from omr.web.frame.visit import Visit
from omr.web.work.journal import Done

AT_ONCE: Final = 200  # cases on one page: more than the largest stack of a wrong unit that was seen, 120


@dataclass(frozen=True, slots=True)
class Heap:
    """Cases of one kind in one stack: what may be decided with one word."""

    label: str
    batch: str
    unit: str  # as the slips say, empty where they are of several
    came: str
    cases: tuple[Case, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the cases somebody wants to see; empty: all."""

    label: str = ""
    unit: str = ""
    batch: str = ""
    oldest_first: bool = False

    def holds(self, case: Case) -> bool:
        """Whether a case is of the chosen ones."""
        return (
            self.label in ("", label(case.item))
            and self.unit in ("", case.item.unit)
            and self.batch in ("", case.item.batch)
        )


def desk(visit: Visit) -> Response:
    """List the cases by kind and stack, what decides most first or the oldest first."""
    with visit.office.store() as store:
        return _desk(visit, store)


def decide_many(visit: Visit) -> Response:
    """Record one word on several cases of one kind; each is decided and confirmed as if it were alone."""
    word, why = visit.form.get("word", ""), visit.form.get("why", "").strip()[:300]
    keys = visit.form.get("item", "").split()[:AT_ONCE]
    done, refused = list[str](), Counter[str]()
    with visit.office.store() as store:
        here = {case.item.item: case.item for case in waiting(visit, store)}
        for key in keys:
            try:
                item = here.get(key)
                if item is None:
                    raise OmrError("cases.taken")
                if word not in offered(item):
                    raise OmrError("cases.not_offered")
                decide_one(visit, store, item, word, why or f"case desk: {word}")
                done.append(key)
            except OmrError as error:
                refused[str(error).removeprefix(f"{key}: ")] += 1
        visit.office.worklist.forget()
        visit.office.journal.add(visit.secret, Done(tuple(done), "/cases"))
        return _desk(visit, store, done=len(done), refused=refused, nothing=not keys)


def _desk(
    visit: Visit,
    store: Store,
    *,
    done: int = 0,
    refused: Counter[str] | None = None,
    nothing: bool = False,
) -> Response:
    chosen = _chosen(visit)
    every = waiting(visit, store)
    fitting = [case for case in every if chosen.holds(case)]
    return page(
        visit,
        "cases.html",
        heaps=_heaps(fitting[:AT_ONCE], oldest_first=chosen.oldest_first),
        all=len(every),
        fitting=len(fitting),
        shown=min(len(fitting), AT_ONCE),
        chosen=chosen,
        labels=Counter(label(case.item) for case in every).most_common(),
        units=sorted({case.item.unit for case in every if case.item.unit}),
        batches=sorted({case.item.batch for case in every}),
        corrections=[one for one in waiting_corrections(store) if not one.spoke(visit.me.name)],
        done=done,
        refused=refused or {},
        nothing=nothing,
    )


def _chosen(visit: Visit) -> Chosen:
    def said(name: str) -> str:
        return visit.form.get(f"of_{name}") or visit.query(name)

    return Chosen(said("reason"), said("unit"), said("batch"), said("sort") == "oldest")


def _heaps(cases: Iterable[Case], *, oldest_first: bool) -> list[Heap]:
    heaps: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        heaps.setdefault((label(case.item), case.item.batch), []).append(case)
    made = [_heap(kind, batch, some) for (kind, batch), some in heaps.items()]
    return sorted(made, key=lambda heap: heap.came) if oldest_first else made


def _heap(kind: str, batch: str, cases: list[Case]) -> Heap:
    units = {case.item.unit for case in cases if case.item.unit}
    unit = units.pop() if len(units) == 1 else ""
    return Heap(kind, batch, unit, cases[0].came, tuple(cases), offered(cases[0].item))
