"""Queries need no write access, and what they answer is what stands in the register."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from omr.errors import StoreError
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store import opening
from omr.records.store.asking import Asked, Connect, connect_to_ask, connected
from omr.records.store.store import Store

HOW_MANY = "SELECT count(*) FROM units"


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A register with units, closed: everything stands in the one file."""
    path = tmp_path / "omr.sqlite"
    with Store.open(path) as store:
        import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")
    return path


def units_in(path: Path, connect: Connect = connected) -> int:
    asked = connect_to_ask(path, connect=connect)
    try:
        return int(asked.execute(HOW_MANY).fetchone()[0])
    finally:
        asked.close()


def test_a_closed_register_is_read_without_a_log(register: Path) -> None:
    with Store.open(register) as store:
        expected = store.value(HOW_MANY)
    assert units_in(register, without_shared_file) == expected != 0
    assert sorted(file.name for file in register.parent.iterdir()) == ["omr.sqlite"]


def without_shared_file(address: str, *, any_thread: bool) -> Asked:
    """Connect as on a disk where SQLite cannot make the shared file that reading needs."""
    if address.endswith("mode=ro"):
        raise sqlite3.OperationalError("unable to open database file")
    return connected(address, any_thread=any_thread)


LEAVES_A_LOG = """
import os, sys
from pathlib import Path
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store.store import Store
store = Store.open(Path(sys.argv[1]))
import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")
os._exit(9)
"""


def test_what_a_killed_program_left_in_the_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "omr.sqlite"
    subprocess.run([sys.executable, "-c", LEAVES_A_LOG, str(path)], check=False)
    log = path.with_name("omr.sqlite-wal")
    assert log.stat().st_size > 0
    path.with_name("omr.sqlite-shm").unlink()
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path, whole, ignore=shutil.ignore_patterns("whole"))
    with Store.open(whole / "omr.sqlite") as store:
        expected = store.value(HOW_MANY)
    assert units_in(path, without_shared_file) == expected
    assert log.stat().st_size > 0  # nothing of it was touched


def unwritable(key: str = "records.read_only", **ways: object) -> Callable[..., object]:
    """Return what opens a database on a disk where nothing can be written."""

    def refuse(*_: object) -> None:
        raise StoreError(key, path="omr.sqlite")

    return partial(opening.connected, prepare=refuse, **ways)


def test_acts_say_why_nothing_can_be_written(register: Path) -> None:
    with Store.open(register, connect=unwritable("records.disk_full")) as store:
        assert store.value(HOW_MANY)
        with pytest.raises(StoreError) as caught, store.act("test", by="test"):
            pass
    assert caught.value.key == "records.disk_full"


def test_who_locks_a_register_out_of_reach_is_not_read_past(register: Path) -> None:
    with pytest.raises(StoreError):
        Store.open(register, connect=unwritable("records.locked"))


def test_a_register_that_was_written_while_it_was_read_without_locks_is_told(register: Path) -> None:
    ask = partial(connect_to_ask, connect=without_shared_file)
    store = Store.open(register, connect=unwritable(ask=ask))
    assert store.value(HOW_MANY)
    os.utime(register, (0, 0))
    with pytest.raises(StoreError) as caught:
        store.close()
    assert caught.value.key == "records.changed_meanwhile"


def test_a_strangers_database_is_not_asked_either(tmp_path: Path) -> None:
    path = tmp_path / "omr.sqlite"
    stranger = sqlite3.connect(path)
    stranger.execute("CREATE TABLE secrets (secret)")
    stranger.close()
    with pytest.raises(StoreError) as caught:
        Store.open(path, connect=unwritable())
    assert caught.value.key == "records.not_ours"
