"""Results that are kept: counted once for all who ask, and nothing is left behind of what was asked once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from omr.records.store.store import Store
from omr.web.work.kept import Kept
from omr.workspace import Workspace


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store.open(workspace.database, any_thread=True) as opened:
        yield opened


def test_addresses_that_were_typed_once_leave_nothing_behind(store: Store) -> None:
    """A server runs for years, and everybody may type a page's address."""
    kept = Kept()
    for number in range(2_000):
        assert kept.get(store, ("slips", number), lambda number=number: number) == number
    assert len(kept._making) < 500
    assert len(kept._entries) < 500


def test_what_many_ask_for_at_once_is_counted_once(store: Store) -> None:
    kept, made, waits = Kept(), [], threading.Event()

    def count() -> int:
        made.append(threading.get_ident())
        waits.wait(60)
        return 7

    found: list[int] = []
    askers = [
        threading.Thread(target=lambda: found.append(kept.get(store, "month", count))) for _ in range(4)
    ]
    for one in askers:
        one.start()
    waits.set()
    for one in askers:
        one.join()
    assert (found, len(made)) == ([7] * 4, 1)
