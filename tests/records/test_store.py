"""The database refuses what it cannot keep safe, and what it keeps it keeps whole."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import waiting_for

from omr.errors import StoreError
from omr.records.store.act import Act, Row, digest_of, event_hash
from omr.records.store.schema import migrations
from omr.records.store.store import Store

UNIT: Row = {
    "entry": 1,
    "unit": "A",
    "name": "Đơn vị A",
    "kind": "commune",
    "parent": None,
    "successor": None,
    "valid_from": "2026-01-01",
    "valid_to": None,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "omr.sqlite"


def key_of(error: pytest.ExceptionInfo[StoreError]) -> str:
    return error.value.key


def add_unit(act: Act, entry: int = 1) -> None:
    act.add("unit_entries", {**UNIT, "entry": entry})


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE music (title TEXT)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(StoreError) as error:
        Store.open(path)
    assert key_of(error) == "records.not_ours"
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"phieu do luong" * 1000)
    with pytest.raises(StoreError) as error:
        Store.open(path)
    assert key_of(error) == "records.not_ours"


def test_a_database_of_a_newer_program_is_refused(path: Path) -> None:
    Store.open(path).close()
    with sqlite3.connect(path) as later:
        later.execute(
            """INSERT INTO _sqlite_migrations (migration_set, name, applied_at)
            VALUES ('omr', 'm999_later', '')"""
        )
    later.close()
    with pytest.raises(StoreError) as error:
        Store.open(path)
    assert key_of(error) == "records.newer"


def test_opening_again_changes_nothing(path: Path) -> None:
    Store.open(path).close()
    before = path.read_bytes()
    with Store.open(path) as store:
        assert len(list(store.rows("SELECT * FROM _sqlite_migrations WHERE migration_set = 'omr'"))) == len(
            migrations._migrations
        )
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(tmp_path / "absent" / "omr.sqlite")
    assert key_of(error) == "outside.gone"


def test_a_database_that_is_held_is_refused_after_waiting(path: Path) -> None:
    with waiting_for(0.05), Store.open(path) as store, Store.open(path) as other, store.act("hold", by="a"):
        with pytest.raises(StoreError) as error, other.act("wait", by="b"):
            pass
        assert key_of(error) == "records.locked"


def test_a_full_disk_is_said_and_nothing_is_stored(path: Path) -> None:
    with Store.open(path) as store:
        pages = store.value("PRAGMA page_count")
        store.value(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError) as error, store.act("units", by="a") as act:
            for entry in range(1, 2000):
                add_unit(act, entry)
        assert key_of(error) == "records.disk_full"
        assert store.value("SELECT count(*) FROM unit_entries") == 0
        assert store.value("SELECT count(*) FROM events") == 0


def test_writes_survive_a_power_cut_and_rows_have_parents(path: Path) -> None:
    with Store.open(path) as store:
        assert store.value("PRAGMA journal_mode") == "wal"
        assert store.value("PRAGMA synchronous") == 2
        assert store.value("PRAGMA foreign_keys") == 1


def test_all_tables_of_facts_are_strict_and_refuse_change(path: Path) -> None:
    with Store.open(path) as store:
        tables = {
            row["name"]: row["strict"]
            for row in store.rows("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")
            if not row["name"].startswith(("sqlite_", "_sqlite"))
        }
        with_event = {
            row["name"]
            for row in store.rows(
                "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c "
                "WHERE m.type = 'table' AND c.name = 'event'"
            )
        }
        assert {"readings", "answers", "decided_answers", "events"} <= with_event
        assert all(tables[name] for name in with_event)
        triggers = {
            row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
        assert {f"{name}_{verb}" for name in with_event for verb in ("update", "delete")} <= triggers


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE unit_entries SET name = 'B'",
        "DELETE FROM unit_entries",
        "INSERT OR REPLACE INTO unit_entries SELECT * FROM unit_entries",
        "UPDATE events SET by = 'b'",
        "DELETE FROM events",
    ],
)
def test_facts_are_never_changed_or_removed(path: Path, sql: str) -> None:
    with Store.open(path) as store:
        with store.act("units", by="a") as act:
            add_unit(act)
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            store.row(sql)
        assert store.value("SELECT name FROM unit_entries") == "Đơn vị A"


def test_an_act_is_stored_whole_or_not_at_all(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(KeyboardInterrupt), store.act("units", by="a") as act:
            add_unit(act)
            raise KeyboardInterrupt
        assert store.value("SELECT count(*) FROM unit_entries") == 0
        with store.act("nothing", by="a"):
            pass
        assert store.value("SELECT count(*) FROM events") == 0


def test_events_are_chained_and_name_their_rows(path: Path) -> None:
    with Store.open(path, clock=lambda: "2026-11-22T08:30:00Z") as store:
        for entry in (1, 2):
            with store.act("units", by="a", why="test") as act:
                add_unit(act, entry)
        events = [dict(row) for row in store.rows("SELECT * FROM events")]
        assert [event["previous"] for event in events] == ["", events[0]["hash"]]
        for event in events:
            assert event["hash"] == event_hash(event)
            rows = [
                dict(row) for row in store.rows("SELECT * FROM unit_entries WHERE event = ?", event["event"])
            ]
            assert event["digest"] == digest_of({"unit_entries": rows})


def test_two_writers_take_turns(path: Path) -> None:
    def write(first: int) -> None:
        with Store.open(path) as store:
            for _ in range(25):
                with store.act("units", by=str(first)) as act:
                    add_unit(act, act.next_id("unit_entries", "entry"))

    Store.open(path).close()
    threads = [threading.Thread(target=write, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(path) as store:
        assert store.value("SELECT count(*) FROM unit_entries") == 75
        previous = ""
        for row in store.rows("SELECT * FROM events ORDER BY event"):
            assert row["previous"] == previous
            previous = row["hash"]


VALUES = (
    st.none()
    | st.text()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary()
    | st.floats(allow_nan=False, allow_infinity=False)
)
ROWS = st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1).map(lambda row: {"id": 1, **row})


@given(ROWS, st.sampled_from("abc"), VALUES)
def test_a_digest_tells_every_change_of_a_value(
    row: Row, column: str, value: str | int | float | bytes | None
) -> None:
    changed = {**row, column: value}
    as_stored = [{k: (type(v), v) for k, v in r.items() if v is not None} for r in (row, changed)]
    assert (digest_of({"t": [row]}) == digest_of({"t": [changed]})) == (as_stored[0] == as_stored[1])
