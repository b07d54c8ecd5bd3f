"""What an earlier version wrote: it opens, migrates with a copy kept, and gives the same answers.

``tests/golden/make.py`` says how the workspaces were made, and with which version.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omr.records.store.schema import migrations
from omr.records.store.store import Store

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.tar.xz"))

# Files of the report that a later version writes otherwise on purpose, and why; their figures are held
# to be the same all the same, by the test of figures.
CHANGED_ON_PURPOSE: dict[str, str] = {}


@dataclass(frozen=True)
class Earlier:
    """A workspace of an earlier version, and what that version said about it."""

    workspace: Path
    said: Any
    run: Callable[..., Any]

    def json(self, *words: object) -> Any:
        return self.run("--workspace", self.workspace, *words, "--json").json


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "office"


@pytest.fixture(params=GOLDEN, ids=lambda file: file.name.partition(".")[0])
def earlier(request: pytest.FixtureRequest, tmp_path: Path, omr: Callable[..., Any]) -> Earlier:
    workspace = unpack(request.param, tmp_path)
    return Earlier(workspace, json.loads((tmp_path / "answers.json").read_text("utf-8")), omr)


def at_least(said: Any, before: Any) -> bool:
    """Return whether all that was said before is said now; a later version may say more."""
    if isinstance(before, dict):
        return isinstance(said, dict) and all(
            key in said and at_least(said[key], value) for key, value in before.items()
        )
    if isinstance(before, list):
        return len(said) == len(before) and all(map(at_least, said, before))
    return bool(said == before)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def dump(database: Path) -> list[str]:
    """Return a database as the statements that make it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        return list(raw.iterdump())


def test_it_migrates_and_keeps_a_copy_that_is_as_it_was(earlier: Earlier) -> None:
    database = earlier.workspace / "omr.sqlite"
    before = dump(database)
    with Store.open(database) as store:
        applied = list(store.rows("SELECT name FROM _sqlite_migrations WHERE migration_set = 'omr'"))
    assert len(applied) == len(migrations._migrations)
    (copy,) = earlier.workspace.glob("omr.after-*.sqlite")
    assert dump(copy) == before
    assert dump(database) != before


def test_the_chain_of_events_holds_and_ends_where_it_ended(earlier: Earlier) -> None:
    assert at_least(earlier.json("audit", "verify"), earlier.said["head"])


def test_every_answer_is_what_it_was(earlier: Earlier) -> None:
    assert earlier.said["answers"]
    assert at_least(earlier.json("answers"), earlier.said["answers"])


def test_what_waited_waits(earlier: Earlier) -> None:
    assert earlier.said["waiting"]
    assert at_least(earlier.json("review", "list"), earlier.said["waiting"])


def test_the_register_balances_as_it_did(earlier: Earlier) -> None:
    for period, before in earlier.said["reconciled"].items():
        assert at_least(earlier.json("register", "reconcile", "--period", period), before), period


def test_every_figure_is_what_it_was(earlier: Earlier, tmp_path: Path) -> None:
    for period, before in earlier.said["reports"].items():
        words = ("--period", period, "--format", "csv", "-o", tmp_path / period)
        made = earlier.json("report", *words)
        assert at_least(made["figures"], before["figures"]), period
        written = {Path(file).name: Path(file).read_text("utf-8-sig") for file in made["files"]}
        for name, text in before["csv"].items():
            assert at_least(rows(written[name]), rows(text)), name


def test_a_report_is_the_same_byte_for_byte(earlier: Earlier, tmp_path: Path) -> None:
    """Of the closed month, and of one that is open."""
    for period in ("2025-01", "2025-02"):
        made = earlier.json("report", "--period", period, "-o", tmp_path / period)
        now = {Path(f).name: hashlib.sha256(Path(f).read_bytes()).hexdigest() for f in made["files"]}
        before = earlier.said["reports"][period]["files"]
        differing = [name for name in before if now.get(name) != before[name]]
        assert [name for name in differing if name.partition("-")[0] not in CHANGED_ON_PURPOSE] == []
