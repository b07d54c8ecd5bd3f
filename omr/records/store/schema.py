"""The tables as migrations, and the views over them: SQL files, put into a database by this module.

Every row of a fact table belongs to one event: the act that added it, with who, when and
why (`store.Store.act`). A migration that stands in a released version is never changed; a
new one is a file ``migrations/013_what.sql`` that begins with a comment saying what it adds.
Each table with a column ``event`` holds facts: triggers that refuse UPDATE and DELETE are
made for it here. Views are not migrated: ``views.sql`` declares them once; what follows
from stored words (`omr.words`) is filled in.
docs/database.md explains every table and view.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib import resources
from string import Template
from typing import Final

from sqlite_utils import Database, Migrations

from omr.words import RULE_OF_REFUSED, Aside, Standing

APPLICATION_ID: Final = 0x4F4D5253  # "OMRS", in the file's header: this database is ours

_HERE: Final = resources.files("omr.records.store")


def _made_of_words() -> dict[str, str]:
    """Return what ``views.sql`` leaves open: what follows from the words that slips are set aside with."""

    def listed(chosen: Iterable[Aside]) -> str:
        return ", ".join(f"'{word}'" for word in chosen)

    rules = [f"WHEN '{word}' THEN '{word.meanwhile.rule}'" for word in Aside]
    return {
        "surely_again": listed(w for w in Aside if w.meanwhile.standing is Standing.DUPLICATE),
        "not_returned": listed(w for w in Aside if not w.meanwhile.returned),
        "rules_while_aside": " ".join([*rules, f"ELSE '{RULE_OF_REFUSED}'"]),
    }


_VIEWS: Final = Template(_HERE.joinpath("views.sql").read_text("utf-8")).substitute(_made_of_words())
# Which views a database was given: beside its migrations, under a name of their own. What stands in
# the views themselves is not asked: one that somebody changed by hand is for the audit to find.
VIEWS_SET: Final = "omr-views"
VIEWS_HASH: Final = hashlib.sha256(_VIEWS.encode()).hexdigest()

migrations: Final = Migrations("omr")


def statements(sql: str) -> Iterator[str]:
    r"""Yield the statements of an SQL file, each without its semicolon and the comments before it.

    Examples
    --------
    >>> list(statements("-- why\n\nSELECT 1; -- one\nSELECT ';';\n"))
    ['SELECT 1', "SELECT ';'"]
    """
    waiting = ""
    for piece in sql.split(";")[:-1]:
        waiting += piece + ";"
        if sqlite3.complete_statement(waiting):
            lines = waiting[:-1].strip().splitlines()
            while lines and (lines[0].startswith("--") or not lines[0].strip()):
                del lines[0]
            yield "\n".join(lines)
            waiting = ""


def _refuse_changes(db: Database) -> None:
    """Make every table of facts one to which rows are only added."""
    had = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()}
    tables = db.execute(
        """SELECT DISTINCT tables.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND columns.name = 'event'"""
    ).fetchall()
    for (table,) in tables:
        for verb in ("UPDATE", "DELETE"):
            if f"{table}_{verb.lower()}" not in had:  # asked here: SQLite is asked 3,000 times for a new one
                db.execute(
                    f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table}: facts are added, never changed or removed'); END"
                )


def _migration(sql: str) -> Callable[[Database], None]:
    def run(db: Database) -> None:
        for statement in statements(sql):
            db.execute(statement)

    return run


for _file in sorted(_HERE.joinpath("migrations").iterdir(), key=lambda file: file.name):
    migrations(name=f"m{_file.name.removesuffix('.sql')}")(_migration(_file.read_text("utf-8")))


def is_current(db: Database) -> bool:
    """Whether a database has all tables and the views of this program."""
    return not migrations.pending(db) and _given_views(db) == VIEWS_HASH


def bring_up(db: Database) -> None:
    """Give a database the tables and views of this program; the caller holds a transaction."""
    # A table that a view reads cannot be renamed or rebuilt: the views make way first.
    for (view,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        db.execute(f'DROP VIEW "{view}"')
    migrations.apply(db)
    _refuse_changes(db)
    for statement in statements(_VIEWS):
        db.execute(statement)
    table = migrations.migrations_table
    db.execute(f"DELETE FROM {table} WHERE migration_set = ?", [VIEWS_SET])
    given = [VIEWS_SET, VIEWS_HASH, str(datetime.now(UTC))]
    db.execute(f"INSERT INTO {table} (migration_set, name, applied_at) VALUES (?, ?, ?)", given)


def _given_views(db: Database) -> str | None:
    sql = f"SELECT name FROM {migrations.migrations_table} WHERE migration_set = ?"
    found = db.execute(sql, [VIEWS_SET]).fetchone()
    return None if found is None else str(found[0])
