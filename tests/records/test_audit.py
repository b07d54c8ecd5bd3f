"""Nothing changes without a trace: whatever is tampered with is found, and where."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing as shutting
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned import BLANK, FORM, Scanner, rejected, slip

from omr.errors import StoreError
from omr.forms.serial import Issue
from omr.forms.template import fingerprint
from omr.records.month.closing import adjust, close
from omr.records.offices.periods import parse_period
from omr.records.proof.chain import Verdict, fact_tables, merkle_root, verify
from omr.records.register.register import archive_form
from omr.records.register.stock import count, receive, spoil
from omr.records.review.decide import decide
from omr.records.store.store import Store
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
# More of both for the figures in docs/register.md.
TAMPERINGS = int(os.environ.get("TAMPERINGS", "80"))
FLIPS = int(os.environ.get("FLIPS", "60"))


@pytest.fixture
def office(scanner: Scanner, store: Store, issued_run: Issuing) -> Workspace:
    """A workspace in which every kind of fact has happened."""
    run, other = issued_run(12), issued_run(3, unit="PC08")
    scanner.take_in(
        scanner.scan(
            "a.tif", slip(run, 1), slip(run, 2, B1="?"), BLANK, rejected("serial_unreadable"), slip(run, 1)
        ),
        unit="PC06",
    )
    scanner.take_in(
        scanner.scan("b.tif", slip(run, 3, B10=""), slip(other, other.first)), unit="PC06", expected=2
    )
    for item, answer in [
        ("A2-B1", "4"),
        ("P3", "not_a_slip"),
        ("P4", str(run.serial(4))),
        ("H3", "refused"),
        ("S1", "KHL4"),
        ("S1", "counts"),
    ]:
        decide(store, item, [answer], by="lan", why="đã xem", read=lambda item, serial: slip(run, 4))
    receive(store, [str(other.serial(other.first))], unit="PC06", by="lan")
    spoil(store, [str(run.serial(6))], why="rách", by="lan")
    count(store, [f"{run.serial(8)}..{run.serial(9)}"], unit="PC06", form="DL-01", period="2026-11", by="lan")
    beside_paper(store)
    november = parse_period("2026-11")
    close(store, november, by="lan")
    adjust(store, november, by="lan", why="lô nộp muộn")
    return scanner.workspace


def beside_paper(store: Store) -> None:
    """Add a row of every other kind of fact: the chain does not care who made it."""
    mark = store.value("SELECT fingerprint FROM forms")
    said = {"question": "B10", "state": "answered", "codes": "5"}
    words = {"question": "C", "text": "tốt", "folded": "tot"}
    serial = {"draw": 1, "serial": "x", "said": "{}"}
    sent = {"response": 1, "form": "DL-01", "fingerprint": mark, "name": "r1", "digest": "0" * 64}
    totals = {"points": "5/2", "satisfied": 1, "answered": 1, "slips": 1, "population": "0" * 64}
    with store.act("test", by="lan") as act:
        act.add("doubts", {"reading": 1, "reason": "no_stamp"})
        act.add("comments", {"reading": 1, "question": "C", "ink_mm2": 9.5, "corners_px": "[]"})
        signs = {"first": "47", "second": "47", "confidence": 0.99}
        act.add("handwriting", {"reading": 1, "question": "N1", **signs})
        act.add("transcripts", {"transcript": 1, "reading": 1, "topic": "other", **words})
        act.add("visit_counts", {"visit_count": 1, "unit": "PC06", "period": "2026-11", "visits": 40})
        act.add("electronic_slips", sent | {"unit": "PC06", "period": "2026-11", "day": "", "file": "e.csv"})
        act.add("electronic_answers", {"response": 1, **said})
        act.add("withdrawn_imports", {"imported": 1})
        act.add("form_surveys", {"form_survey": 1, "form": "DL-01", "survey": "khac"})
        act.add("comment_topics", {"comment_topic": 1, "response": 1, "question": "C", "topic": "other"})
        act.add("quotations", {"quotation": 1, "channel": "paper", "number": 1, "question": "C", "chosen": 1})
        solution = {"unit": "PC06", "period": "2026-11", "about": "solutions", "text": "thêm quầy"}
        act.add("statements", {"statement": 1, **solution})
        numbers = {"run": "R26-0001", "first": 1, "last": 2}
        act.add("stampings", {"stamping": 1, **numbers, "stamped": 1})
        counter = {"counter": "Q1", "unit": "PC06", "name": "Quầy 1", "phone": "", "officer": "", "board": 1}
        act.add("counter_entries", {"counter_entry": 1, **counter, "valid_from": "2026-11-01"})
        act.add("counter_ranges", {"counter_range": 1, "counter": "Q1", **numbers})
        act.add("electronic_comments", {"response": 1, **words})
        act.add("audit_draws", {"draw": 1, "period": "2026-11", "seed": "1", **totals})
        act.add("draw_surveys", {"draw": 1, "survey": "tthc"})
        act.add("drawn_slips", {"position": 1, "fingerprint": mark, "valid": 1, **serial})
        act.add("restorations", {"restoration": 1, "backup_at": "2026-11-01T00:00:00Z", "head": "0" * 64})
        act.add("skipped_numbers", {"restoration": 1, "digit": 9, "year": 26, "last": 100_000})
        act.add("left_out", {"batch": "B000001", "path": "a.zip", "reason": "archive", "files": 1})
        act.add("batch_corrections", {"correction": 1, "batch": "B000002", "expected": 2, "unit": "PC06"})
        act.add("batch_withdrawals", {"withdrawal": 1, "batch": "B000001", "withdrawn": 1})
        act.add("batch_withdrawals", {"withdrawal": 2, "batch": "B000001", "withdrawn": 0})
        act.add("restandings", {"restanding": 1, "reading": 1, "reason": "none"})
        word = {"reading": 1, "question": "B1", "state": "answered", "codes": "5"}
        act.add("corrected_answers", {"correction": 1, **word})
        act.add("measurings", {"measuring": 1, "reading": 1, "marks": b"ink"})
        act.add("rescans", {"rescan": 1, "page": 1, "reading": 1})
        mark = store.value("SELECT fingerprint FROM forms LIMIT 1")
        act.add("page_marks", {"page": 1, "fingerprint": mark, "marks": b"ink", "seal": "unknown"})
        longer = replace(FORM, revision="2099-01")  # of its own: what it says changes no slip of the others
        archive_form(store, act, longer)
        act.add("form_pages", {"fingerprint": fingerprint(longer), "pages": 2, "duplex": 1})
        asked_if = {"question": "B2", "before": "B1", "codes": "5"}
        act.add("form_conditions", {"fingerprint": fingerprint(longer), **asked_if})
        act.add("withdrawn_visit_counts", {"visit_count": 1})
        act.add("withdrawn_stock_counts", {"stock_count": 1})
        act.add("rekeyed_slips", {"rekeyed": 1, "paper": "ok", **serial})


def verdict(folder: Path) -> Verdict:
    with Store.open(folder / "omr.sqlite", examine=True) as store:
        return verify(store, folder)


def test_an_untouched_workspace_is_intact(office: Workspace, store: Store) -> None:
    found = verify(store, office.path)
    assert found.ok, str(found.problem)
    assert found.events == store.value("SELECT count(*) FROM events")
    assert found.head == store.value("SELECT hash FROM events ORDER BY event DESC LIMIT 1")
    filled = {table for table in fact_tables(store) if store.value(f"SELECT count(*) FROM {table}")}
    assert filled == set(fact_tables(store))  # tampering with an empty table proves nothing


def tamper(path: Path, folder: Path, chance: random.Random) -> tuple[str, int]:
    """Change a byte or row of the database or of an original; return what, and the first event it breaks."""
    if chance.random() < 0.1:
        with sqlite3.connect(path) as raw:
            kept = raw.execute("SELECT event, path FROM originals ORDER BY event").fetchall()
        raw.close()
        event, name = chance.choice(kept)
        file = folder / name
        data = bytearray(file.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.chmod(0o600)
        file.write_bytes(data)
        return f"original {file.name}", event
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("BEGIN")
    triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        raw.execute(f"DROP TRIGGER {name}")
    done = None
    while done is None:
        raw.execute("SAVEPOINT change")
        done = change_a_row(raw, chance)
        raw.execute("RELEASE change" if done else "ROLLBACK TO change")
    for _, sql in triggers:
        raw.execute(sql)
    raw.execute("COMMIT")
    raw.close()
    return done


def change_a_row(raw: sqlite3.Connection, chance: random.Random) -> tuple[str, int] | None:
    tables = [
        name
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        )
        if raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    ]
    table = chance.choice(tables)
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    if "event" not in columns:
        return None
    rows = raw.execute(f"SELECT * FROM {table}").fetchall()
    row = chance.choice(rows)
    where = " AND ".join(f"{column} IS ?" for column in columns)
    number = columns.index("event")
    event = row[number]
    try:
        match chance.choice(["cell", "cell", "cell", "remove", "copy", "swap"]):
            case "remove":
                raw.execute(f"DELETE FROM {table} WHERE {where}", row)
                return f"removed from {table}", event
            case "copy":
                copy = list(row)
                at = chance.randrange(len(copy))
                copy[at] = other_value(copy[at], chance)
                if tuple(copy) == row:
                    return None
                raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", copy)
                return f"inserted into {table}", first_of(copy[number])
            case "swap":
                second, column = chance.choice(rows), chance.choice(columns)
                at = columns.index(column)
                if second[at] == row[at] or second == row:
                    return None
                raw.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [second[at], *row])
                raw.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [row[at], *second])
                return f"swapped {column} in {table}", first_of(event, second[number])
            case _:
                at = chance.randrange(len(row))
                changed = other_value(row[at], chance)
                raw.execute(f"UPDATE {table} SET {columns[at]} = ? WHERE {where}", [changed, *row])
                now = raw.execute(f"SELECT * FROM {table}").fetchall()
                broken = first_of(event, changed) if at == number else event
                return (f"changed {columns[at]} in {table}", broken) if now != rows else None
    except sqlite3.IntegrityError:  # a rule of the table refused: nothing was changed
        return None


def first_of(*events: object) -> int:
    """Return the first of the events that a row left or came to; before the first there is none."""
    return max(1, min(event for event in events if isinstance(event, int)))


def other_value(value: object, chance: random.Random) -> object:
    """Return a value that differs in one bit or character."""
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(4))
    if isinstance(value, float):
        return value * (1 + 2**-52) or 1e-300
    if isinstance(value, bytes):
        changed = bytearray(value)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)
    if isinstance(value, str) and value:
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return "x"


def test_every_tampering_is_found(office: Workspace, tmp_path: Path) -> None:
    """Time and again one byte or one row, of anything that was recorded."""
    chance = random.Random(20261122)
    with sqlite3.connect(office.database) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole.close()
    sound = office.database.read_bytes()
    scans = {file: file.read_bytes() for file in office.scans.rglob("*.tif")}
    copy = tmp_path / "copy"
    shutil.copytree(office.scans, copy / "scans")
    path = copy / "omr.sqlite"
    missed = []
    for _ in range(TAMPERINGS):
        for leftover in copy.glob("omr.sqlite-*"):
            leftover.unlink()
        path.write_bytes(sound)
        what, event = tamper(path, copy, chance)
        problem = verdict(copy).problem
        if problem is None or problem.event != event:
            missed.append((what, event, str(problem)))
        if what.startswith("original"):
            for file, data in scans.items():
                kept = copy / "scans" / file.relative_to(office.scans)
                kept.chmod(0o600)
                kept.write_bytes(data)
    assert missed == []


def contents(path: Path) -> object:
    """Return all rows of a database, read from the tables alone; None where that is not possible."""
    with shutting(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as raw:
        raw.text_factory = bytes
        try:
            tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            # When a migration was applied is the library's own note, and no fact.
            names = [name.decode() for (name,) in tables if name != b"_sqlite_migrations"]
            return {name: raw.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall() for name in names}
        except (sqlite3.Error, UnicodeDecodeError):  # the latter of a message that quotes the file
            return None


def test_a_byte_of_the_file_is_found_or_says_nothing(office: Workspace, store: Store, tmp_path: Path) -> None:
    """Also where it makes text no text, breaks an index, or leaves a file that is no database."""
    chance = random.Random(7)
    store.close()
    with shutting(sqlite3.connect(office.database)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound, copy = office.database.read_bytes(), tmp_path / "copy"
    shutil.copytree(office.scans, copy / "scans")
    path = copy / "omr.sqlite"
    path.write_bytes(sound)
    rows = contents(path)
    for _ in range(FLIPS):
        for leftover in copy.glob("omr.sqlite*"):
            leftover.unlink()
        changed = bytearray(sound)
        at = chance.randrange(len(changed))
        changed[at] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        harmless = contents(path) == rows  # it fell on room that holds nothing
        try:
            assert not verdict(copy).ok or harmless, at
        except StoreError as error:
            assert error.key in ("records.damaged", "records.not_ours", "records.newer"), at


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TRIGGER answers_update",
        "CREATE TRIGGER more AFTER INSERT ON answers BEGIN SELECT 1; END",
        "DROP VIEW current_answers; CREATE VIEW current_answers AS SELECT * FROM answers",
        "DELETE FROM sqlite_sequence",
    ],
)
def test_rules_and_views_that_were_changed_are_found(office: Workspace, store: Store, sql: str) -> None:
    store.close()
    with sqlite3.connect(office.database) as raw:
        raw.executescript(sql)
    raw.close()
    assert not verdict(office.path).ok


def test_a_tail_that_was_cut_off_is_found(office: Workspace, store: Store) -> None:
    last = store.value("SELECT max(event) FROM events")
    tables = [*fact_tables(store), "events"]
    store.close()
    with sqlite3.connect(office.database) as raw:
        rules = [
            row[0]
            for table in tables
            for row in raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", (f"{table}_delete",))
        ]
        for table in tables:
            raw.execute(f"DROP TRIGGER {table}_delete")
            raw.execute(f"DELETE FROM {table} WHERE event = ?", (last,))
        for rule in rules:
            raw.execute(rule)
    raw.close()
    problem = verdict(office.path).problem
    assert problem is not None
    assert (problem.event, problem.key) == (last, "audit.no_event")


def test_an_original_that_is_gone_is_found_with_its_event(office: Workspace, store: Store) -> None:
    row = store.row("SELECT event, path FROM originals ORDER BY event DESC LIMIT 1")
    assert row is not None
    (office.path / row["path"]).unlink()
    found = verify(store, office.path)
    assert found.problem is not None
    assert (found.problem.event, found.problem.key) == (row["event"], "audit.original_gone")


LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=9)


@given(LEAVES, st.data())
def test_a_root_tells_every_leaf_and_its_place(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:at], leaves[at] + b"x", *leaves[at + 1 :]]
    assert merkle_root(changed) != merkle_root(leaves)
    assert merkle_root([*leaves, b""]) != merkle_root(leaves)
    if leaves != leaves[::-1]:
        assert merkle_root(leaves[::-1]) != merkle_root(leaves)


def test_what_is_written_meanwhile_is_no_tampering(office: Workspace, store: Store) -> None:
    done = threading.Event()

    def scan_on() -> None:
        with Store.open(office.database) as other:
            while not done.is_set():
                with other.act("test", by="minh") as act:
                    number = act.next_id("visit_counts", "visit_count")
                    counted = {"unit": "PC07", "period": "2026-12", "visits": number}
                    act.add("visit_counts", {"visit_count": number, **counted})

    scanning = threading.Thread(target=scan_on)
    scanning.start()
    try:
        found = [verify(store, office.path) for _ in range(8)]
    finally:
        done.set()
        scanning.join()
    assert all(one.ok for one in found), [str(one.problem) for one in found]
    assert found[0].events < found[-1].events  # there was something to stumble over


def test_the_form_of_the_tests_is_archived_whole(office: Workspace, store: Store) -> None:
    assert next(iter(store.forms.values())) == FORM
