"""The list of what waits: made beside the reviewers where all of it changed, mended where some of it did."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Timer, current_thread, main_thread

import pytest

from omr.errors import StoreError
from omr.records.review.second_reading import DoubtfulItem, Status
from omr.records.review.worklist import Wanted, Worklist
from omr.records.store.store import Store


def item(reading: int) -> DoubtfulItem:
    return DoubtfulItem(
        item=f"A{reading}-B1", reading=reading, question="B1", serial="", form="DL-01", fingerprint="",
        unit="PC06", period="2026-11", position=0, marked=(), doubts=(), why=(), leans=(), said=(),
        status=Status.OPEN, decides_validity=False, rank=4,
    )  # fmt: skip


class Register:
    """What waits, and a gate before a list that is made in another thread."""

    def __init__(self) -> None:
        self.readings = [1]
        self.gate = Event()
        self.asked: list[object] = []

    def look(
        self, store: Store, wants_second: object, *, readings: Collection[int] | None = None
    ) -> list[DoubtfulItem]:
        self.asked.append(readings)
        if current_thread() is not main_thread():
            assert self.gate.wait(60)
        return [item(one) for one in self.readings if readings is None or one in readings]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "omr.sqlite") as opened:
        yield opened


def taken(worklist: Worklist, store: Store) -> list[int]:
    return [one.reading for one in worklist.take(store, "lan", Wanted(), count=9)]


def act(store: Store, name: str) -> None:
    with store.act(name, by="test") as made:
        batch = f"B{store.last_event:06}"
        made.add("batches", {"batch": batch, "unit": None, "period": None, "expected": None})


def test_a_list_is_made_anew_while_reviewers_go_on_with_the_old_one(store: Store) -> None:
    register, now = Register(), [0.0]
    worklist = Worklist(
        b"key", clock=lambda: now[0], look=register.look, elsewhere=lambda: closing(Store.open(store.path))
    )
    act(store, "read")
    assert taken(worklist, store) == [1]  # the first who asks waits
    register.readings = [1, 2]
    act(store, "close_period")
    now[0] += 100
    assert taken(worklist, store) == [1]  # and others do not: the gate is shut
    register.gate.set()
    worklist.stop()
    assert taken(worklist, store) == [1, 2]


def test_who_must_see_it_at_once_waits(store: Store) -> None:
    register = Register()
    worklist = Worklist(b"key", look=register.look, elsewhere=lambda: closing(Store.open(store.path)))
    act(store, "read")
    taken(worklist, store)
    register.readings = []
    act(store, "withdraw_batch")
    worklist.forget()
    assert taken(worklist, store) == []


def test_what_concerns_no_doubt_leaves_the_list_alone(store: Store) -> None:
    register = Register()
    worklist = Worklist(b"key", look=register.look)
    act(store, "read")
    taken(worklist, store)
    act(store, "receive")
    worklist.forget()
    taken(worklist, store)
    assert register.asked == [None]


def test_a_list_that_cannot_be_made_fails_where_somebody_sees_it(store: Store) -> None:
    def broken(*_: object, **__: object) -> list[DoubtfulItem]:
        raise StoreError("records.locked", path=store.path)

    worklist = Worklist(b"key", look=broken, elsewhere=lambda: closing(Store.open(store.path)))
    act(store, "read")
    worklist.begin()
    worklist.stop()
    with pytest.raises(StoreError):
        taken(worklist, store)


def test_who_asks_while_the_first_list_is_made_gets_that_one_and_nobody_makes_another(store: Store) -> None:
    register = Register()
    worklist = Worklist(b"key", look=register.look, elsewhere=lambda: closing(Store.open(store.path)))
    act(store, "read")
    worklist.begin()
    opening = Timer(0.05, register.gate.set)
    opening.start()
    assert taken(worklist, store) == [1]
    opening.join()
    assert register.asked == [None]
