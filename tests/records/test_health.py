"""The doctor: names what is absent and how to mend it, and never falls over itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from omr.messages import choose_language
from omr.records.safekeeping.health import Check, examine
from omr.records.store.store import Store


def looked(workspace: Path, name: str, **how: int) -> Check:
    return next(check for check in examine(workspace, **how) if check.name == name)


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
