"""What `verify` says of each thing that can be wrong: of which event, in which words, what comes first."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned import Scanner, rejected, slip

from omr.forms.serial import Issue
from omr.messages import choose_language
from omr.records.proof.chain import (
    Damage,
    Verdict,
    batch_root,
    fact_tables,
    merkle_root,
    row_problem,
    verify,
)
from omr.records.store.act import canonical, digest_of, event_hash, fact
from omr.records.store.store import Store
from omr.steps import told_to
from omr.workspace import Workspace

Issuing = Callable[..., Issue]


@pytest.fixture
def office(store: Store, scanner: Scanner, issued_run: Issuing) -> Iterator[Workspace]:
    """Two stacks were read and a doubtful answer was decided."""
    run = issued_run(6)
    scanner.take_in(scanner.scan("z.tif", slip(run, 1), slip(run, 2, B1="?"), rejected("serial_unknown")))
    scanner.take_in(scanner.scan("b.tif", slip(run, 3)))
    with store.act("decide_answer", by="lan", why="đã xem") as act:
        said = {"reading": 2, "question": "B1", "state": "answered", "codes": "4"}
        act.add("decided_answers", {"decision": 1, **said})
    with store.act("import_visits", by="lan") as act:
        counted = {"unit": "PC06", "period": "2026-11", "visits": 40}
        act.add("visit_counts", {"visit_count": 1, **counted})
    store.close()
    yield scanner.workspace


def tampered(workspace: Workspace, *acts: str | Callable[[sqlite3.Connection], object]) -> None:
    """Somebody with a tool for databases is at the register, whom no rule of it holds up."""
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as raw:
        raw.row_factory = sqlite3.Row
        raw.execute("BEGIN")
        rules = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in rules:
            raw.execute(f"DROP TRIGGER {name}")
        for act in acts:
            raw.execute(act) if isinstance(act, str) else act(raw)
        for _, again in rules:
            raw.execute(again)
        raw.execute("COMMIT")


def found(workspace: Workspace, known: str = "") -> Verdict:
    with Store.open(workspace.database, examine=True) as store:
        return verify(store, workspace.path, known)


def in_rows(workspace: Workspace) -> Damage | None:
    with Store.open(workspace.database, examine=True) as store:
        return row_problem(store)


def value(workspace: Workspace, sql: str) -> Any:
    with closing(sqlite3.connect(workspace.database)) as raw:
        return raw.execute(sql).fetchone()[0]


def hashed_again(raw: sqlite3.Connection, first: int = 1) -> None:
    """Rewrite the chain from an event on, as somebody would who knows how it is made."""
    tables = [
        name
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if name != "events" and "event" in [row[1] for row in raw.execute(f"PRAGMA table_info({name})")]
    ]
    previous = ""
    for event in [dict(row) for row in raw.execute("SELECT * FROM events ORDER BY event")]:
        if event["event"] >= first:
            added = {
                table: [
                    dict(row)
                    for row in raw.execute(f"SELECT * FROM {table} WHERE event = ?", [event["event"]])
                ]
                for table in tables
            }
            event |= {"digest": digest_of(added), "previous": previous}
            event["hash"] = event_hash(event)
            raw.execute(
                "UPDATE events SET digest = ?, previous = ?, hash = ? WHERE event = ?",
                [event["digest"], event["previous"], event["hash"], event["event"]],
            )
        previous = event["hash"]


def test_all_that_is_said_of_a_register_that_is_whole(office: Workspace) -> None:
    events = value(office, "SELECT count(*) FROM events")
    head = value(office, "SELECT hash FROM events ORDER BY event DESC LIMIT 1")
    assert found(office) == Verdict(events, head, None, (), ())
    assert found(office).ok and in_rows(office) is None
    with Store.open(office.database) as store:
        tables = fact_tables(store)
        assert tables == sorted(tables) and {"answers", "pages", "batch_ends"} < set(tables)
        assert not {"events", "sqlite_sequence", "slips"} & set(tables)


# --- rows and events -------------------------------------------------------------------------------

READ: Final = "(SELECT event FROM readings WHERE reading = 1)"
VISITS: Final = "(SELECT event FROM visit_counts)"
LAST: Final = "(SELECT max(event) FROM events)"
ONE_ROW: Final = "INSERT INTO visit_counts SELECT {event}, 2, unit, period, 7 FROM visit_counts"
# What is done, at which event that shows, and in which words.
TAMPERINGS: Final = [
    (["UPDATE events SET by = 'x' WHERE event = 3"], "3", "event_changed"),
    (["UPDATE events SET at = '2026-01-01T00:00:00Z' WHERE event = 1"], "1", "event_changed"),
    (["UPDATE events SET hash = lower(hex(randomblob(32))) WHERE event = 2"], "2", "event_changed"),
    ([f"UPDATE answers SET codes = '1' WHERE question = 'B10' AND event = {READ}"], READ, "rows_changed"),
    ([f"DELETE FROM answers WHERE question = 'B10' AND event = {READ}"], READ, "rows_changed"),
    ([f"UPDATE visit_counts SET event = event - 1 WHERE event = {VISITS}"], f"{LAST} - 1", "rows_changed"),
    ([ONE_ROW.format(event="event")], VISITS, "rows_changed"),
    ([ONE_ROW.format(event="0")], "1", "rows_changed"),
    ([ONE_ROW.format(event="-5")], "1", "rows_changed"),
    ([ONE_ROW.format(event="3")], "3", "rows_changed"),
    ([ONE_ROW.format(event="event + 1")], f"{LAST} + 1", "rows_without_event"),
    (["DELETE FROM events WHERE event = 3"], "3", "no_event"),
    (["DELETE FROM events WHERE event = 1"], "1", "no_event"),
    (["UPDATE events SET event = event + 100 WHERE event = 4"], "4", "no_event"),
    ([f"DELETE FROM visit_counts; DELETE FROM events WHERE event = {LAST}"], f"{LAST}", "no_event"),
    (["DELETE FROM sqlite_sequence WHERE name = 'events'"], f"{LAST} + 1", "no_event"),
    (["UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'events'"], f"{LAST} + 1", "no_event"),
    # Both are wrong: the first is named.
    (["UPDATE events SET by = 'x' WHERE event IN (4, 2)"], "2", "event_changed"),
]


@pytest.mark.parametrize(("acts", "event", "key"), TAMPERINGS)
def test_the_first_event_that_does_not_fit_is_named(
    office: Workspace, acts: list[str], event: str, key: str
) -> None:
    at = value(office, f"SELECT {event}")
    row: Any = {}
    with closing(sqlite3.connect(office.database)) as raw:
        raw.row_factory = sqlite3.Row
        row = raw.execute("SELECT act, at FROM events WHERE event = ?", [at]).fetchone()
    tampered(office, *(one for act in acts for one in act.split("; ")))
    problem = in_rows(office)
    assert problem is not None and (problem.event, problem.key) == (at, f"audit.{key}")
    if key in ("event_changed", "rows_changed"):
        assert problem.values["act"] == row["act"] and len(str(problem.values["at"])) == 20
    elif key == "no_event":
        assert problem.values == {}
    else:
        assert problem.values == {"table": "visit_counts"}
    whole = found(office).problem
    assert whole is not None
    assert whole == problem or whole.key == "audit.behind"  # the mark is looked at first


def test_an_event_that_was_rewritten_shows_in_the_next_one(office: Workspace) -> None:
    def rewrite(raw: sqlite3.Connection) -> None:
        event = dict(raw.execute("SELECT * FROM events WHERE event = 3").fetchone()) | {"by": "x"}
        raw.execute("UPDATE events SET by = 'x', hash = ? WHERE event = 3", [event_hash(event)])

    tampered(office, rewrite)
    problem = in_rows(office)
    assert problem is not None and (problem.event, problem.key) == (4, "audit.event_changed")


def test_rows_of_several_tables_that_belong_to_no_event_are_named_in_order(office: Workspace) -> None:
    more = "INSERT INTO withdrawn_visit_counts VALUES (900, 1)"
    tampered(office, ONE_ROW.format(event="901"), more)
    problem, last = in_rows(office), value(office, f"SELECT {LAST}")
    tables = "visit_counts, withdrawn_visit_counts"
    assert problem == Damage(last + 1, "audit.rows_without_event", {"table": tables})


def test_what_no_act_ever_wrote_is_no_crash(office: Workspace) -> None:
    """Infinity has no spelling; the rows do not fit, and that is said."""
    tampered(office, f"INSERT INTO comments VALUES ({VISITS}, 1, 'C', 9e999, '[]')")
    problem = in_rows(office)
    assert problem is not None and problem.key == "audit.rows_changed"
    assert problem.event == value(office, f"SELECT {VISITS}")


def test_a_row_of_an_event_that_is_no_number_is_no_crash(office: Workspace) -> None:
    """Tables hold numbers there; who rewrites the schema first gets round it."""
    named = "WHERE name = 'visit_counts'"
    strict = value(office, f"SELECT sql FROM sqlite_master {named}")
    with Store.open(office.database) as store, store.act("decide_answer", by="lan") as act:
        said = {"reading": 2, "question": "B1", "state": "answered", "codes": "3"}
        act.add("decided_answers", {"decision": 2, **said})  # an event behind that of the table's rows
    with closing(sqlite3.connect(office.database)) as raw:
        loose = f"UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') {named}"
        raw.executescript(f"PRAGMA writable_schema = ON; {loose}")
    tampered(office, ONE_ROW.format(event="'none'"))
    with closing(sqlite3.connect(office.database)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(f"UPDATE sqlite_master SET sql = ? {named}", [strict])
        raw.commit()
    problem = in_rows(office)
    assert problem is not None and problem.key == "audit.rows_changed"
    assert problem.event == value(office, f"SELECT {LAST}")


def test_events_that_were_cut_off_without_a_trace_are_missed_by_the_mark(office: Workspace) -> None:
    last = value(office, f"SELECT {LAST}")
    at = value(office, f"SELECT at FROM events WHERE event = {last}")
    tampered(
        office,
        f"DELETE FROM visit_counts WHERE event = {last}",
        f"DELETE FROM events WHERE event = {last}",
        "UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'events'",
    )
    gone = {"first": last, "last": last, "at": at, "foreign": False}
    assert in_rows(office) is None  # what is left is a chain
    assert found(office).problem == Damage(last, "audit.behind", gone)


def test_how_far_it_is_is_said(office: Workspace) -> None:
    said: list[tuple[str, int, int]] = []
    with told_to(lambda *one: said.append(one)):
        found(office)
    steps = [("events", value(office, f"SELECT {LAST}")), ("batches", 2), ("originals_checked", 2)]
    assert said == [(step, done, whole) for step, whole in steps for done in range(whole + 1)]


# --- what hangs on rows: roots of batches, forms, originals ----------------------------------------


NO_HASH: Final = f"'{'0' * 64}'"
SECOND: Final = {"batch": "B000002"}


def test_a_root_is_of_what_was_read_and_of_nothing_later(office: Workspace) -> None:
    with Store.open(office.database) as store:
        batch, root, ended = store.row("SELECT batch, root, event FROM batch_ends LIMIT 1") or ("", "", 0)
        assert batch_root(store, batch, ended) == root
        rows = {
            table: [fact(dict(row)) for row in store.rows(f"SELECT * FROM {table} ORDER BY event")]
            for table in ("pages", "readings", "answers", "decidings")
        }
        leaves = []
        for page in rows["pages"]:
            if page["batch"] != batch:
                continue
            read = [one for one in rows["readings"] if one["page"] == page["page"]]
            decided = [
                one["deciding"] for one in rows["decidings"] if read and one["reading"] == read[0]["reading"]
            ]
            said = [one for one in rows["answers"] if one["deciding"] in decided]
            said.sort(key=lambda one: (one["deciding"], one["question"]))
            said = [one | {"page": page["page"]} for one in said]
            leaves.append(canonical([page, read[0] if read else {}, said]))
        assert len(leaves) == 3 and b"{},[]" in leaves[2]  # of a page that was not read
        assert merkle_root(leaves) == root
        with store.act("decide_again", by="lan") as act:
            number = act.next_id("decidings", "deciding")
            first = fact(dict(store.row("SELECT * FROM decidings WHERE reading = 1") or {}))
            act.add("decidings", {**first, "event": act.event, "deciding": number})
            given = {"question": "B1", "state": "answered", "codes": "1", "confidence": 0.9}
            act.add("answers", {"deciding": number, **given})
        assert batch_root(store, batch, ended) == root != batch_root(store, batch, store.last_event)


@pytest.mark.parametrize(
    ("sql", "table", "key", "values"),
    [
        (f"UPDATE batch_ends SET root = {NO_HASH} WHERE batch = 'B000002'", "batch_ends", "root", SECOND),
        ("UPDATE answers SET codes = '3' WHERE deciding = 3", "batch_ends", "root", SECOND),
        ("UPDATE forms SET canonical = canonical || ' '", "forms", "form", {"form": "DL-01"}),
    ],
)
def test_a_chain_that_was_made_anew_shows_where_other_hashes_do_not_fit(
    office: Workspace, sql: str, table: str, key: str, values: dict[str, str]
) -> None:
    tampered(office, sql, hashed_again)
    event = value(office, f"SELECT max(event) FROM {table}")
    assert in_rows(office) == Damage(event, f"audit.{key}", values)
    # The mark beside it remembers the true chain; what is wrong first is named.
    problem = found(office).problem
    assert problem is not None and problem.key in ("audit.behind", f"audit.{key}")
    assert problem.event is not None and problem.event <= event


def test_behind_the_first_broken_event_nothing_is_looked_at(office: Workspace) -> None:
    tampered(office, f"UPDATE batch_ends SET root = {NO_HASH}", "UPDATE events SET by = 'x' WHERE event = 1")
    for file in office.scans.rglob("*.tif"):
        file.chmod(0o600)
        file.unlink()
    told = found(office)
    assert told.problem is not None and told.problem.event == 1
    assert (told.lost, told.unread) == ((), ())


def test_of_two_hashes_that_do_not_fit_the_earlier_event_is_named(office: Workspace) -> None:
    form = "UPDATE forms SET canonical = canonical || ' '"
    tampered(office, f"UPDATE batch_ends SET root = {NO_HASH} WHERE batch = 'B000001'", form, hashed_again)
    assert in_rows(office) == Damage(2, "audit.form", {"form": "DL-01"})


def test_originals_are_looked_at_up_to_the_first_broken_event(office: Workspace) -> None:
    first, second = (
        value(office, f"SELECT event FROM originals ORDER BY event LIMIT 1 OFFSET {n}") for n in (0, 1)
    )
    for path in paths(office):
        (office.path / path).unlink()
    tampered(office, f"UPDATE events SET by = 'x' WHERE event = {second}")
    assert found(office).lost == ("z.tif",)
    tampered(office, f"UPDATE events SET by = 'x' WHERE event = {first + 1}")
    assert found(office).lost == ("z.tif",)
    tampered(office, f"UPDATE events SET by = 'x' WHERE event = {first}")
    assert found(office).lost == ()
    tampered(office, f"UPDATE events SET by = 'x' WHERE event = {first - 1}")
    assert found(office).lost == ()


def paths(workspace: Workspace) -> list[str]:
    with closing(sqlite3.connect(workspace.database)) as raw:
        return [path for (path,) in raw.execute("SELECT path FROM originals ORDER BY event")]


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_originals_are_named_with_the_file_that_heals_them(office: Workspace, how: str) -> None:
    for path, event in [*zip(paths(office), ("z.tif", "b.tif"), strict=True)][::-1]:
        file = office.path / path
        file.chmod(0o600)
        file.write_bytes(file.read_bytes()[:-1] + b"!") if how == "changed" else file.unlink()
        told = found(office)
        number = value(office, f"SELECT event FROM originals WHERE path = '{path}'")
        assert told.problem == Damage(number, f"audit.original_{how}", {"path": path})
        assert told.lost[0] == event
    assert told.lost == ("z.tif", "b.tif")
    assert told.problem is not None  # the first of both


def test_an_original_that_came_under_two_names_or_none_is_named_all_the_same(office: Workspace) -> None:
    first, second = paths(office)
    again = "INSERT INTO batch_files SELECT event, 'B000002', original, 9, 'a.tif' FROM batch_files LIMIT 1"
    tampered(office, again, "DELETE FROM batch_files WHERE file = 'b.tif'", hashed_again)
    for path in (first, second):
        (office.path / path).unlink()
    assert found(office).lost == ("a.tif", second)


def test_originals_without_a_row_are_told_last_and_all(office: Workspace) -> None:
    strange = [office.scans / "zz" / "1.tif", office.scans / "aa" / "2.tif", office.scans / "aa" / ".part"]
    for file in strange:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    told = found(office)
    assert told.unread == ("scans/aa/2.tif", "scans/zz/1.tif")
    assert told.problem == Damage(None, "audit.original_unread", {"count": 2})
    assert in_rows(office) is None  # rows alone know nothing of it
    tampered(office, "DROP VIEW current_answers")
    worse = found(office).problem
    assert worse is not None and worse.key == "audit.schema"
    head = found(office, "0" * 64).problem
    assert head == Damage(None, "audit.unknown_head", {"head": "0" * 64})


def test_heads_that_were_kept_elsewhere_are_looked_for_whole_or_in_part(office: Workspace) -> None:
    heads = [value(office, f"SELECT hash FROM events WHERE event = {n}") for n in (1, 4)]
    roots = [value(office, "SELECT root FROM batch_ends LIMIT 1")]
    for head in (*heads, *roots):
        for known in (head, head[:8]):
            assert found(office, known).ok
        for unknown in (head[1:9], "x" + head, head + "0"):
            told = found(office, unknown)
            assert told.problem == Damage(None, "audit.unknown_head", {"head": unknown})


# --- rules and views -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("DROP TRIGGER answers_update", "answers_update"),
        ("DROP INDEX decided_slips_reading_decision", "decided_slips_reading_decision"),
        (
            "DROP VIEW current_answers; CREATE VIEW current_answers AS SELECT * FROM answers",
            "current_answers",
        ),
        ("CREATE TRIGGER more AFTER INSERT ON answers BEGIN SELECT 1; END", "more"),
    ],
)
def test_what_changes_figures_without_a_row_is_named(office: Workspace, sql: str, name: str) -> None:
    with closing(sqlite3.connect(office.database)) as raw:
        raw.executescript(sql)
    assert found(office).problem == in_rows(office) == Damage(None, "audit.schema", {"name": name})


def test_an_index_that_lost_its_rows_is_told_as_the_database_tells_it(office: Workspace) -> None:
    index = "visit_counts_period_unit_visit_count"
    page = value(office, f"SELECT rootpage FROM sqlite_master WHERE name = '{index}'")
    size = value(office, "PRAGMA page_size")
    nothing = bytes([0x0A, 0, 0, 0, 0]) + size.to_bytes(2, "big")  # a leaf without a row
    with office.database.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(nothing.ljust(size, b"\0"))
    detail = {"detail": f"row 1 missing from index {index}"}
    assert found(office).problem == in_rows(office) == Damage(None, "audit.damaged", detail)


def test_what_this_sqlite_says_wrongly_of_a_table_is_no_damage(office: Workspace) -> None:
    with Store.open(office.database) as store, store.act("decide_answer", by="lan") as act:
        act.add("doubts", {"reading": 1, "reason": "two_fiducials"})
    assert found(office).ok


def test_what_says_nothing_else_is_no_change(office: Workspace) -> None:
    """A comment, blanks, a table and a rule of one's own beside ours."""
    with closing(sqlite3.connect(office.database)) as raw:
        raw.executescript(
            """CREATE TABLE own (a TEXT);
            CREATE TRIGGER own_rule AFTER INSERT ON own BEGIN SELECT 1; END;
            PRAGMA writable_schema = ON;
            UPDATE sqlite_master
            SET sql = replace(sql, 'event INTEGER', 'event -- whose'||char(10)||'  INTEGER')
            WHERE name = 'visit_counts'"""
        )
    assert found(office).ok


# --- words and trees -------------------------------------------------------------------------------


def test_damage_says_where_and_what() -> None:
    choose_language("en")
    where = {"path": "scans/a"}
    assert str(Damage(7, "audit.original_gone", where)) == "event 7: original scans/a is gone"
    assert str(Damage(None, "audit.original_gone", where)) == "original scans/a is gone"


def tree(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=40))
def test_a_root_is_that_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == tree(leaves).hex()


def test_a_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


def test_an_empty_register_is_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.sqlite") as store:
        assert verify(store, tmp_path) == Verdict(0, "", None, (), ())
