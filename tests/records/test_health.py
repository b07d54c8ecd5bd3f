"""The doctor: names what is absent and how to mend it, and never falls over itself."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omr.messages import choose_language
from omr.records.safekeeping.health import CLOCK_SLACK, Check, examine
from omr.records.store.store import Store


def looked(workspace: Path, name: str, *, least_free: int = 0, at: datetime | None = None) -> Check:
    checks = examine(workspace, least_free=least_free, at=at)
    return next(check for check in checks if check.name == name)


def test_a_sound_workspace_is_sound(tmp_path: Path) -> None:
    Store.open(tmp_path / "omr.sqlite").close()
    assert looked(tmp_path, "database").ok
    assert looked(tmp_path, "fonts").ok
    assert looked(tmp_path, "disk").detail


def test_absent_programs_are_named_with_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_language("en")
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, package in [
        ("tesseract", "tesseract-ocr"),
        ("tesseract_vie", "tesseract-ocr-vie"),
        ("poppler", "poppler-utils"),
    ]:
        check = looked(tmp_path, name)
        assert not check.ok
        assert check.mend.endswith(f"apt-get install {package}")


def test_an_absent_library_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzbar.pyzbar", None)  # as where libzbar cannot be loaded
    check = looked(tmp_path, "zbar")
    assert not check.ok
    assert "libzbar0" in check.mend


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "omr.sqlite"
    with Store.open(path) as store:
        pages = int(str(store.value("PRAGMA page_count")))
        store.value("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    size = len(data) // pages
    data[size * 2 : size * 3] = b"\xff" * size  # a page of a table
    path.write_bytes(data)
    check = looked(tmp_path, "database")
    assert not check.ok
    assert check.mend


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    check = looked(tmp_path, "disk", least_free=10**18)
    assert (check.ok, bool(check.mend)) == (False, True)


def test_a_clock_that_was_set_back_or_forgot_the_time_is_told(tmp_path: Path) -> None:
    with Store.open(tmp_path / "omr.sqlite") as store, store.act("begin_batch", by="lan") as act:
        act.add("batches", {"batch": "B1", "unit": None, "period": None, "expected": None})
    now = datetime.now(UTC)
    for at, right in [
        (now, True),
        (now + timedelta(days=400), True),  # that nothing was entered for a year is no fault of the clock
        (now - CLOCK_SLACK / 2, True),
        (now - CLOCK_SLACK * 2, False),
        (datetime(2016, 1, 1, tzinfo=UTC), False),
    ]:
        check = looked(tmp_path, "clock", at=at)
        assert (check.ok, bool(check.mend)) == (right, not right), at
