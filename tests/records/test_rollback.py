"""A register that is an old copy, was cut, emptied or taken away is never called intact.

Each named test is one such loss; the last one tries them at random (``ROLLBACKS=1000``, or
``make rollbacks``).
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from scanned import FORM, Scanner, slip
from test_audit import contents

from omr.errors import RegisterError, StoreError
from omr.forms.serial import Issue
from omr.records.proof.chain import Verdict, verify
from omr.records.register.register import issue
from omr.records.store.mark import Mark
from omr.records.store.store import Store
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
ROLLBACKS = int(os.environ.get("ROLLBACKS", "60"))


def checked(folder: Path, known: str = "") -> Verdict:
    """What `omr audit verify` finds."""
    with Store.open(folder / "omr.sqlite", examine=True) as store:
        return verify(store, folder, known)


def refused(folder: Path) -> str:
    """The reason why the register of a folder is not worked on, empty when it is."""
    try:
        Store.open(folder / "omr.sqlite").close()
    except StoreError as error:
        return error.key
    return ""


def saved(workspace: Workspace) -> bytes:
    """The database as one file, as a copy of last night would be."""
    with closing(sqlite3.connect(workspace.database)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return workspace.database.read_bytes()


def put_back(workspace: Workspace, data: bytes) -> None:
    for companion in ("-wal", "-shm"):
        workspace.database.with_name(f"omr.sqlite{companion}").unlink(missing_ok=True)
    workspace.database.write_bytes(data)


def test_yesterdays_register_put_back_is_told_and_prints_nothing(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner, tmp_path: Path
) -> None:
    run = issued_run(20)
    yesterday = saved(workspace)
    lost = issued_run(20)
    scanner.take_in(scanner.scan("a.tif", slip(run, 1), slip(lost, lost.first)))
    head = str(store.value("SELECT hash FROM events ORDER BY event DESC LIMIT 1"))
    store.close()
    put_back(workspace, yesterday)

    assert refused(workspace.path) == "records.behind"
    found = checked(workspace.path)
    assert not found.ok
    assert found.problem is not None and found.problem.key == "audit.behind"
    assert [path.split("/")[0] for path in found.unread] == ["scans"]  # to be read again
    with Store.open(workspace.database, examine=True) as old, pytest.raises(StoreError) as error:
        target = tmp_path / "twice.pdf"
        issue(old, FORM, unit="PC06", period="2026-11", count=5, target=target, by="a")
    assert error.value.key == "records.behind"
    assert not (tmp_path / "twice.pdf").exists()
    assert checked(workspace.path, head[:12]).problem is not None


def test_a_program_that_runs_on_writes_into_no_register_that_was_put_away(
    store: Store, workspace: Workspace, issued_run: Issuing, tmp_path: Path
) -> None:
    """Its connection stays with the old file: what it wrote there would be gone when it ends."""
    old = saved(workspace)
    issued_run(5)
    assert not store.replaced
    wal = workspace.database.with_name("omr.sqlite-wal")
    events = store.last_event
    for somebody, harms in (
        (lambda: wal.rename(tmp_path / "away-wal"), True),  # as where a copy is written over the file itself
        (lambda: (tmp_path / "away-wal").rename(wal), False),
        (lambda: workspace.database.rename(tmp_path / "away.sqlite"), True),  # nothing lies there
        (lambda: workspace.database.write_bytes(old), True),  # another file does
    ):
        somebody()
        assert store.replaced == harms
        if harms:
            with pytest.raises(StoreError) as error, store.act("import_visits", by="lan") as act:
                act.add("visit_counts", {"visit_count": 1, "unit": "PC06", "period": "2026-11", "visits": 1})
            assert (error.value.key, store.last_event) == ("records.replaced", events)


def test_numbers_that_the_mark_has_seen_are_not_issued_again(
    store: Store, workspace: Workspace, issued_run: Issuing
) -> None:
    """Also where the mark alone knows of them, whatever the chain says."""
    last = issued_run(20).last
    event = store.row("SELECT event, hash, at FROM events ORDER BY event DESC LIMIT 1")
    assert event is not None
    Mark(workspace.path / "omr.mark").add(event["event"], event["hash"], event["at"], [(1, 26, last + 30)])
    with pytest.raises(RegisterError) as error:
        issued_run(5)
    assert error.value.key == "records.issued_before"


@pytest.mark.parametrize("left", [None, b""], ids=["deleted", "empty"])
def test_a_register_that_is_gone_is_not_made_anew(
    store: Store, workspace: Workspace, issued_run: Issuing, left: bytes | None
) -> None:
    issued_run(5)
    store.close()
    for file in workspace.path.glob("omr.sqlite*"):
        file.unlink()
    if left is not None:
        workspace.database.write_bytes(left)
    assert refused(workspace.path) == "records.gone"
    Workspace.create(workspace.path)  # `omr init` makes none in its place either
    assert refused(workspace.path) == "records.gone"
    assert workspace.database.exists() == (left is not None)


def test_a_fresh_register_in_its_place_is_refused(
    store: Store, workspace: Workspace, issued_run: Issuing, tmp_path: Path
) -> None:
    issued_run(5)
    store.close()
    Store.open(tmp_path / "fresh.sqlite").close()
    put_back(workspace, (tmp_path / "fresh.sqlite").read_bytes())
    assert refused(workspace.path) == "records.behind"


def test_another_workspaces_register_is_refused(
    store: Store, workspace: Workspace, issued_run: Issuing, tmp_path: Path
) -> None:
    issued_run(5)
    store.close()
    other = Workspace.create(tmp_path / "other")
    with Store.open(other.database, clock=lambda: "2026-01-01T00:00:00Z") as theirs:
        for number in range(1, 40):
            with theirs.act("test", by="a") as act:
                act.add(
                    "visit_counts", {"visit_count": number, "unit": "A", "period": "2026-11", "visits": 1}
                )
    put_back(workspace, saved(other))
    assert refused(workspace.path) == "records.foreign"


def test_a_lost_write_ahead_file_is_told(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner, tmp_path: Path
) -> None:
    """After a kill the last pages stand in it alone."""
    run = issued_run(50)
    with closing(sqlite3.connect(workspace.database)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    scanner.take_in(scanner.scan("a.tif", *(slip(run, number) for number in range(1, 51))))
    killed = Workspace.open(shutil.copytree(workspace.path, tmp_path / "killed"))
    for file in killed.path.glob("omr.sqlite-*"):
        file.unlink()
    assert refused(killed.path) == "records.behind"
    found = checked(killed.path)
    assert not found.ok
    assert len(found.unread) == 1


def test_the_newest_events_cut_off_with_their_count_are_told(
    store: Store, workspace: Workspace, issued_run: Issuing
) -> None:
    issued_run(5)
    store.close()
    cut(workspace.database, 2)
    assert refused(workspace.path) == "records.behind"
    assert not checked(workspace.path).ok


def cut(database: Path, events: int) -> None:
    """Remove the newest events with their rows, and from where SQLite counts them, leaving every rule."""
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        raw.execute("BEGIN")
        rules = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in rules:
            raw.execute(f"DROP TRIGGER {name}")
        (last,) = raw.execute("SELECT max(event) FROM events").fetchone()
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
            if "event" in columns:
                raw.execute(f"DELETE FROM {table} WHERE event > ?", (last - events,))
        raw.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", (last - events,))
        for _, rule in rules:
            raw.execute(rule)
        raw.execute("COMMIT")


def test_a_mark_that_was_taken_away_is_told(store: Store, workspace: Workspace, issued_run: Issuing) -> None:
    issued_run(5)
    store.close()
    (workspace.path / "omr.mark").unlink()
    assert refused(workspace.path) == "records.mark_gone"


def test_a_torn_last_line_of_the_mark_changes_nothing(
    store: Store, workspace: Workspace, issued_run: Issuing
) -> None:
    """A power cut while the mark was written: the act is stored, and the next one goes on."""
    issued_run(5)
    with (workspace.path / "omr.mark").open("ab") as file:
        file.write(b'\n{"event":99,"he')
    issued_run(5)
    assert refused(workspace.path) == ""
    assert verify(store, workspace.path).ok


def test_a_workspace_of_the_version_before_gets_its_mark_when_it_is_opened(
    store: Store, workspace: Workspace, issued_run: Issuing
) -> None:
    issued_run(20)
    store.close()
    (workspace.path / "omr.mark").unlink()
    with closing(sqlite3.connect(workspace.database)) as raw:
        raw.execute("PRAGMA user_version = 0")  # as that version left it
    yesterday = saved(workspace)
    with Store.open(workspace.database) as opened:
        assert Mark(workspace.path / "omr.mark").issued() == {(1, 26): 20}
        with opened.act("test", by="a") as act:
            act.add("visit_counts", {"visit_count": 1, "unit": "A", "period": "2026-11", "visits": 1})
    put_back(workspace, yesterday)
    assert refused(workspace.path) == "records.behind"


def test_a_settings_file_without_register_is_no_workspace_to_begin_in(tmp_path: Path) -> None:
    """A workspace of the version before whose database was deleted looks like this."""
    (tmp_path / "omr.toml").write_text("")
    assert refused(tmp_path) == "records.gone"
    assert not (tmp_path / "omr.sqlite").exists()


def test_reading_the_true_file_again_heals_an_original_of_the_same_size(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner
) -> None:
    file = scanner.scan("a.tif", slip(issued_run(5), 1))
    scanner.take_in(file)
    (kept,) = workspace.scans.glob("*/*")
    whole = kept.read_bytes()
    kept.chmod(0o600)
    kept.write_bytes(whole[:-1] + b"?")
    found = verify(store, workspace.path)
    assert (found.ok, found.lost) == (False, ("a.tif",))
    scanner.take_in(file)
    assert kept.read_bytes() == whole
    assert verify(store, workspace.path).ok


def test_a_stack_that_was_refused_leaves_no_original_behind(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner
) -> None:
    file = scanner.scan("a.tif", slip(issued_run(5), 1))
    with pytest.raises(RegisterError):
        scanner.take_in(file, unit="nơi nào đó")
    assert verify(store, workspace.path).ok


def test_every_loss_at_random_is_told_apart_from_intact(
    store: Store, workspace: Workspace, issued_run: Issuing, scanner: Scanner, tmp_path: Path
) -> None:
    """Rollbacks, deletions and cuts of database, write-ahead file, mark and originals."""
    chance = random.Random(20261129)
    past: list[Path] = []  # the workspace as it stood, while it was open
    for day in range(6):
        run = issued_run(10)
        numbers = chance.sample(range(run.first, run.last + 1), 3)
        scanner.take_in(scanner.scan(f"{day}.tif", *(slip(run, number) for number in numbers)))
        past.append(Path(shutil.copytree(workspace.path, tmp_path / f"day-{day}")))
        if chance.random() < 0.5:
            saved(workspace)
    head = str(store.value("SELECT hash FROM events ORDER BY event DESC LIMIT 1"))
    whole = tmp_path / "whole.sqlite"
    with closing(sqlite3.connect(workspace.database)) as live, closing(sqlite3.connect(whole)) as copy:
        live.backup(copy)
    truth = contents(whole)
    missed = []
    for turn in range(ROLLBACKS):
        folder = tmp_path / "harmed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(workspace.path, folder)
        what = harm(folder, past, chance)
        try:
            found = checked(folder, head if what.endswith("whole folder") else "")
        except StoreError:
            continue
        if found.ok and not same_rows(folder, truth, tmp_path):
            missed.append((turn, what))
    assert missed == []


def same_rows(folder: Path, truth: object, tmp_path: Path) -> bool:
    """Whether what was cut held nothing: every row and every original is still there."""
    whole = tmp_path / "same.sqlite"
    whole.unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "omr.sqlite")) as live, closing(sqlite3.connect(whole)) as copy:
        live.backup(copy)
    return contents(whole) == truth


def harm(folder: Path, past: list[Path], chance: random.Random) -> str:
    """Harm a workspace as disks, kills and people do; return what was done."""
    database, ahead = folder / "omr.sqlite", folder / "omr.sqlite-wal"
    originals = sorted(folder.glob("scans/*/*"))
    day = chance.choice(past[:-1])
    kinds = [
        "old database",
        "old database with its write-ahead file",
        "old database and mark",
        "old whole folder",
        "no database",
        "empty database",
        "cut database",
        "no write-ahead file",
        "cut write-ahead file",
        "cut events",
        "no mark",
        "no original",
        "cut original",
        "changed original",
    ]
    kind = chance.choice(kinds)
    match kind:
        case "old database" | "old database with its write-ahead file" | "old database and mark":
            for file in folder.glob("omr.sqlite*"):
                file.unlink()
            shutil.copy(day / "omr.sqlite", database)
            if kind != "old database" and (day / "omr.sqlite-wal").exists():
                shutil.copy(day / "omr.sqlite-wal", ahead)
            if kind.endswith("mark"):
                shutil.copy(day / "omr.mark", folder / "omr.mark")
        case "old whole folder":
            shutil.rmtree(folder)
            shutil.copytree(day, folder)
        case "no database":
            database.unlink()
        case "empty database":
            database.write_bytes(b"")
        case "cut database":
            os.truncate(database, chance.randrange(database.stat().st_size))
        case "no write-ahead file":
            ahead.unlink(missing_ok=True)
        case "cut write-ahead file":
            if ahead.exists() and ahead.stat().st_size:
                os.truncate(ahead, chance.randrange(ahead.stat().st_size))
        case "cut events":
            cut(database, chance.randint(1, 9))
        case "no mark":
            (folder / "omr.mark").unlink()
        case "no original":
            chance.choice(originals).unlink()
        case _:
            original = chance.choice(originals)
            original.chmod(0o600)
            data = bytearray(original.read_bytes())
            at = chance.randrange(len(data))
            data[at] ^= 1 << chance.randrange(8)
            original.write_bytes(data[:at] if kind == "cut original" else data)
    return kind
