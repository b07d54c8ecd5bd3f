"""The schema: views declared once and made anew when they change, tables migrated with a copy kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from omr.records.proof.chain import row_problem
from omr.records.store.schema import VIEWS_HASH, VIEWS_SET, bring_up, migrations
from omr.records.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "omr.sqlite"


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def view(path: Path, name: str) -> str:
    with closing(sqlite3.connect(path)) as raw:
        (sql,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
    return str(sql)


def test_views_of_another_program_are_made_anew(path: Path) -> None:
    Store.open(path).close()
    ours = view(path, "visits")
    change(
        path,
        "DROP VIEW visits",
        "CREATE VIEW visits AS SELECT 'PC06' AS unit, '2026-11' AS period, 1 AS visits",
        f"UPDATE _sqlite_migrations SET name = 'another' WHERE migration_set = '{VIEWS_SET}'",
    )
    Store.open(path).close()
    assert view(path, "visits") == ours
    with Store.open(path) as store:
        rows = store.rows("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", VIEWS_SET)
        assert [row["name"] for row in rows] == [VIEWS_HASH]


def test_a_view_that_somebody_changed_stays_for_the_audit_to_find(path: Path) -> None:
    Store.open(path).close()
    change(path, "DROP VIEW visits", "CREATE VIEW visits AS SELECT 'PC06' AS unit, '2026-11' AS period")
    with Store.open(path) as store:
        problem = row_problem(store)
        assert problem is not None
        assert problem.values == {"name": "visits"}


def test_every_table_of_facts_refuses_changes() -> None:
    db = Database(memory=True)
    bring_up(db)
    tables = [
        table.name for table in db.tables if "event" in table.columns_dict and table.name != "sqlite_sequence"
    ]
    assert len(tables) > 30
    for table in tables:
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE tbl_name = ?", [table])}
        assert {f"{table}_update", f"{table}_delete"} <= names, table


def test_migrations_are_in_order_and_each_says_what_it_adds() -> None:
    names = [migration.name for migration in migrations.pending(Database(memory=True))]
    assert names == sorted(names)
    assert [name[1:4] for name in names] == [f"{at:03}" for at in range(1, len(names) + 1)]


def test_before_a_migration_a_copy_is_kept(path: Path) -> None:
    """A database as of an earlier program: here one whose last table was never there."""
    older = Database(path)
    migrations.apply(older, stop_before="m012_restorations")
    older.execute("PRAGMA application_id = 0x4F4D5253")
    older.close()
    with Store.open(path) as store:
        assert store.value("SELECT count(*) FROM used_numbers") == 0
    (copy,) = path.parent.glob("omr.after-m011_withdrawn_imports.*.sqlite")
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'restorations'").fetchone() == (
            0,
        )
    assert copy.stat().st_mode & 0o077 == 0  # it holds the keys of the guard letters
    Store.open(path).close()
    assert len(list(path.parent.glob("*.after-*"))) == 1
