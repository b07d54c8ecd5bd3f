"""Queries need no write access, and what they answer is what stands in the register."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from omr.errors import StoreError
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store import asking, opening
from omr.records.store.asking import connect_to_ask
from omr.records.store.store import Store

HOW_MANY = "SELECT count(*) FROM units"


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A register with units, closed: everything stands in the one file."""
    path = tmp_path / "omr.sqlite"
    with Store.open(path) as store:
        import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")
    return path


def units_in(path: Path) -> int:
    asked = connect_to_ask(path)
    try:
        return int(asked.execute(HOW_MANY).fetchone()[0])
    finally:
        asked.close()


def test_a_closed_register_is_read_without_a_log(register: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(register) as store:
        expected = store.value(HOW_MANY)
    monkeypatch.setattr(asking, "_connected", refusing_the_plain_way(asking._connected))
    assert units_in(register) == expected != 0
    assert sorted(file.name for file in register.parent.iterdir()) == ["omr.sqlite"]


def refusing_the_plain_way(real):
    """Return what connects as on a disk where SQLite cannot make the shared file that reading needs."""

    def connected(address: str, *, any_thread: bool) -> asking.Asked:
        if address.endswith("mode=ro"):
            raise sqlite3.OperationalError("unable to open database file")
        return real(address, any_thread=any_thread)

    return connected


LEAVES_A_LOG = """
import os, sys
from pathlib import Path
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store.store import Store
store = Store.open(Path(sys.argv[1]))
import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")
os._exit(9)
"""


def test_what_a_killed_program_left_in_the_log_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "omr.sqlite"
    subprocess.run([sys.executable, "-c", LEAVES_A_LOG, str(path)], check=False)
    log = path.with_name("omr.sqlite-wal")
    assert log.stat().st_size > 0
    path.with_name("omr.sqlite-shm").unlink()
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path, whole, ignore=shutil.ignore_patterns("whole"))
    with Store.open(whole / "omr.sqlite") as store:
        expected = store.value(HOW_MANY)
    monkeypatch.setattr(asking, "_connected", refusing_the_plain_way(asking._connected))
    assert units_in(path) == expected
    assert log.stat().st_size > 0  # nothing of it was touched


def unwritable(monkeypatch: pytest.MonkeyPatch, key: str = "records.read_only") -> None:
    def refuse(*_: object) -> None:
        raise StoreError(key, path="omr.sqlite")

    monkeypatch.setattr(opening, "_prepare", refuse)


def test_acts_say_why_nothing_can_be_written(register: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unwritable(monkeypatch, "records.disk_full")
    with Store.open(register) as store:
        assert store.value(HOW_MANY)
        with pytest.raises(StoreError) as caught, store.act("test", by="test"):
            pass
    assert caught.value.key == "records.disk_full"


def test_who_locks_a_register_out_of_reach_is_not_read_past(
    register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritable(monkeypatch, "records.locked")
    with pytest.raises(StoreError):
        Store.open(register)


def test_a_register_that_was_written_while_it_was_read_without_locks_is_told(
    register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritable(monkeypatch)
    monkeypatch.setattr(asking, "_connected", refusing_the_plain_way(asking._connected))
    store = Store.open(register)
    assert store.value(HOW_MANY)
    os.utime(register, (0, 0))
    with pytest.raises(StoreError) as caught:
        store.close()
    assert caught.value.key == "records.changed_meanwhile"


def test_a_strangers_database_is_not_asked_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "omr.sqlite"
    stranger = sqlite3.connect(path)
    stranger.execute("CREATE TABLE secrets (secret)")
    stranger.close()
    unwritable(monkeypatch)
    with pytest.raises(StoreError) as caught:
        Store.open(path)
    assert caught.value.key == "records.not_ours"
