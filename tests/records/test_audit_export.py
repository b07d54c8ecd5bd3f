"""The signed export: whoever checks it, by this program or without it, comes to the same figures."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from alone import VERIFIER, verified
from scanned import BLANK, FORM, Scanner, rejected, slip

from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.records.batches.withdrawal import correct_batch, withdraw_batch
from omr.records.exchange.electronic import import_electronic
from omr.records.intake.orders import Orders
from omr.records.month.closing import close, figures_of
from omr.records.offices.periods import parse_period
from omr.records.offices.visits import import_visits, withdraw_visits
from omr.records.proof.signing import public_hex, signing_key
from omr.records.register.stock import count, receive, spoil, withdraw_count
from omr.records.review.decide import decide
from omr.records.store.act import canonical, digest_of, event_hash
from omr.records.store.store import Store
from omr.trust.check import check
from omr.trust.export import export
from omr.workspace import Workspace

Issuing = Callable[..., Issue]
DAMAGED = int(os.environ.get("DAMAGED", "40"))
PERIODS = ("2026-10", "2026-11", "2026-12")


def beside_paper(store: Store, folder: Path) -> None:
    """Visits, and electronic answers: the first import archives the form that paper uses later."""
    days = {"2026-10": "2026-10-05", "2026-11": "16/11/2026"}
    for period, day in days.items():
        answers = folder / f"e-{period}.csv"
        rows = [f"{day} 08:20,PC06,5,5,5,5", f"{day} 09:20,PC07,4,,,1", f"{day} 10:20,PC06,,,5,"]
        answers.write_text("\n".join(["Dấu thời gian,Đơn vị,B1,B2,B3,B10", *rows]), "utf-8")
        made = import_electronic(store, answers, lambda name: FORM, by="lan", form="DL-01")
        assert made.new == 3
        visits = folder / f"v-{period}.csv"
        visits.write_text(f"Đơn vị,Tháng,Số lượt\nPC06,{period},40\nPC08,{period},0", "utf-8")
        import_visits(store, visits, by="lan", today=date(2026, 11, 30))


@pytest.fixture
def office(scanner: Scanner, store: Store, issued_run: Issuing, tmp_path: Path) -> Workspace:
    """Three months with everything that moves a figure."""
    beside_paper(store, tmp_path)
    old, run, other = issued_run(4, period="2026-10"), issued_run(16), issued_run(4, unit="PC08")
    scanner.take_in(scanner.scan("o.tif", slip(old, 1), slip(old, 2, B1="3", B10="2")), period="2026-10")
    count(store, [str(old.serial(4))], unit="PC06", form="DL-01", period="2026-10", by="lan")
    scanner.take_in(scanner.scan("p.tif", slip(old, 4)), period="2026-11")
    stack = [slip(run, 5), slip(run, 6, B1="?"), BLANK, rejected("serial_unreadable"), slip(run, 5, B10="1")]
    scanner.take_in(scanner.scan("a.tif", *stack), unit="PC06")
    empty = slip(run, 7, B1="", B2="5 4", B3="", B10="")
    scanner.take_in(
        scanner.scan("b.tif", empty, slip(other, other.first), slip(run, 8, B10="?")), unit="PC06"
    )
    readings = {
        row["serial"]: row["reading"]
        for row in store.rows("SELECT serial, reading FROM slips ORDER BY reading DESC")
    }
    six, eight = readings[str(run.serial(6))], readings[str(run.serial(8))]
    held = next(
        row["reading"]
        for row in store.rows("SELECT reading FROM slips WHERE set_aside = 'duplicate_other_image'")
    )
    page = next(row["page"] for row in store.rows("SELECT page FROM pages WHERE outcome = 'rejected'"))
    decisions = [
        (f"A{six}-B1", "4"),
        (f"A{eight}-B10", "undecidable"),
        (f"P{page}", str(run.serial(9))),
        (f"H{held}", "counts"),
    ]
    for item, answer in decisions:
        decide(store, item, [answer], by="lan", why="đã xem", read=lambda item, serial: slip(run, 9, B2="1"))
    # What one person says alone is in the export, and in no figure.
    said = {"by": "lan", "why": "đã xem", "two_persons": True}
    assert not decide(store, f"S{eight}", ["KHL6"], read=lambda item, serial: slip(run, 9), **said)
    receive(store, [str(other.serial(other.first))], unit="PC06", by="lan")
    spoil(store, [f"{run.serial(10)}..{run.serial(11)}"], why="rách", by="lan")
    count(
        store, [f"{run.serial(12)}..{run.serial(14)}"], unit="PC06", form="DL-01", period="2026-11", by="lan"
    )
    scanner.take_in(
        scanner.scan("c.tif", slip(run, 12), rejected("serial_unknown", serial="?")), period="2026-12"
    )
    taken_back(store, scanner, run, tmp_path)
    close(store, parse_period("2026-10"), by="lan")
    scanner.take_in(scanner.scan("late.tif", slip(old, 3)))  # waits for an adjustment
    return scanner.workspace


def taken_back(store: Store, scanner: Scanner, run: Issue, folder: Path) -> None:
    """Withdraw and correct one of everything: what is left counts."""
    said = {"by": "minh", "why": "nhầm"}
    wrong = scanner.take_in(scanner.scan("wrong.tif", slip(run, 17, B1="1", B10="1")))
    scanner.take_in(scanner.scan("true.tif", slip(run, 17)))  # held until the wrong one is withdrawn
    withdraw_batch(store, wrong.batch.name, **said)
    gone = scanner.take_in(scanner.scan("gone.tif", slip(run, 18, B1="2")))
    withdraw_batch(store, gone.batch.name, **said)
    other_month = scanner.take_in(scanner.scan("month.tif", slip(run, 19)), period="2026-12")
    correct_batch(store, other_month.batch.name, Orders(period="2026-11"), **said)
    visits = folder / "v-wrong.csv"
    visits.write_text("Đơn vị,Tháng,Số lượt\nPC06,2026-11,400", "utf-8")
    import_visits(store, visits, by="lan", today=date(2026, 11, 30))
    withdraw_visits(store, "PC06", parse_period("2026-11"), **said)
    told = {"unit": "PC06", "form": "DL-01", "period": "2026-11"}
    count(store, [str(run.serial(16))], by="lan", **told)
    withdraw_count(store, **told, **said)


def exported(store: Store, office: Workspace, period: str, target: Path) -> Path:
    export(store, office.path, parse_period(period), target)
    return target


@pytest.mark.parametrize("period", PERIODS)
def test_both_checks_come_to_the_figures_of_the_office(
    office: Workspace, store: Store, tmp_path: Path, period: str
) -> None:
    file = exported(store, office, period, tmp_path / "export.zip")
    found = check(file)
    assert found.ok, str(found.problem)
    assert found.signer == public_hex(signing_key(office.path))
    with zipfile.ZipFile(file) as archive:
        stated = json.loads(archive.read("figures.json"))
    assert stated == figures_of(store, parse_period(period))
    assert sum(value for name, value in stated.items() if name.endswith("/valid")) > 0
    if period != "2026-12":  # of three electronic slips one says nothing
        assert (stated["PC06/visits"], stated["PC08/visits"]) == (40, 0)
        assert stated["PC07/DL-01/1/B10/answered/1"] == 1
    alone = verified(file)
    assert (alone.returncode, alone.stdout[:3]) == (0, "OK:"), alone.stderr
    assert verified(file, found.signer).returncode == 0
    assert verified(file, "0" * 64).returncode == 1


def test_the_same_database_gives_the_same_bytes(office: Workspace, store: Store, tmp_path: Path) -> None:
    one, two = (exported(store, office, "2026-11", tmp_path / name) for name in ("1.zip", "2.zip"))
    assert one.read_bytes() == two.read_bytes()


def test_nothing_secret_leaves_the_house(office: Workspace, store: Store, tmp_path: Path) -> None:
    file = exported(store, office, "2026-11", tmp_path / "export.zip")
    with zipfile.ZipFile(file) as archive:
        said = b"".join(archive.read(name) for name in archive.namelist())
    for row in store.rows("SELECT key FROM runs"):
        assert row["key"].hex().encode() not in said
        assert hashlib.sha256(row["key"]).hexdigest().encode() in said
    assert (office.path / "audit.key").stat().st_mode & 0o077 == 0


def test_a_broken_chain_is_not_signed(office: Workspace, store: Store, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(office.database) as raw:
        (rule,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'readings_update'").fetchone()
        raw.execute("DROP TRIGGER readings_update")
        raw.execute("UPDATE readings SET unit = 'PC07' WHERE reading = 1")
        raw.execute(rule)
    raw.close()
    with pytest.raises(OmrError) as error:
        exported(store, office, "2026-11", tmp_path / "export.zip")
    assert error.value.key == "audit.broken"
    assert list(tmp_path.glob("*export.zip*")) == []


def test_every_changed_byte_is_found(office: Workspace, store: Store, tmp_path: Path) -> None:
    file = exported(store, office, "2026-10", tmp_path / "export.zip")
    sound, chance = file.read_bytes(), random.Random(5)
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    for turn in range(120):
        if turn % 2:
            data = bytearray(sound)
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            changed.write_bytes(data)
        else:
            name = chance.choice(list(parts))
            part = bytearray(parts[name])
            part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
            write_zip(changed, {**parts, name: bytes(part)})
        try:
            found = check(changed)
        except OmrError as error:
            assert error.key == "audit.no_export"
            continue
        # A byte of the archive that holds none of the content, such as a time, changes nothing.
        with zipfile.ZipFile(changed) as archive:
            same = {entry.filename: archive.read(entry) for entry in archive.infolist()} == parts
        assert found.ok == same, turn


def write_zip(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


Parts = dict[str, bytes]


def lines(part: bytes) -> list[Any]:
    return [json.loads(line) for line in part.splitlines()]


def joined(values: list[Any]) -> bytes:
    return b"".join(canonical(value) + b"\n" for value in values)


def resigned(parts: Parts, key_of: Path) -> Parts:
    """Sign again what was changed, as somebody with the key could."""
    key = signing_key(key_of)
    manifest = json.loads(parts["manifest.json"])
    manifest["files"] = {name: hashlib.sha256(parts[name]).hexdigest() for name in manifest["files"]}
    events = lines(parts["events.jsonl"])
    manifest |= {"events": len(events), "head": events[-1]["hash"], "public_key": public_hex(key)}
    content = canonical(manifest)
    return parts | {"manifest.json": content, "signature": key.sign(content).hex().encode()}


def better_figures(parts: Parts) -> Parts:
    figures = json.loads(parts["figures.json"])
    name = next(name for name in sorted(figures) if "/B10/answered/" in name)
    return parts | {"figures.json": canonical({**figures, name: figures[name] + 1}) + b"\n"}


def fewer_figures(parts: Parts) -> Parts:
    figures = json.loads(parts["figures.json"])
    figures.pop(next(name for name in sorted(figures) if "/B10/answered/" in name))
    return parts | {"figures.json": canonical(figures) + b"\n"}


def another_answer(parts: Parts) -> Parts:
    rows = lines(parts["rows.jsonl"])
    row = next(row for row in rows if row["table"] == "answers" and row["row"]["codes"] == "5")
    row["row"]["codes"] = "1"
    return parts | {"rows.jsonl": joined(rows)}


def worse_answer(parts: Parts) -> Parts:
    """Change an answer, and the figures with it."""
    rows, figures = lines(parts["rows.jsonl"]), json.loads(parts["figures.json"])
    answers = (one["row"] for one in rows if one["table"] == "answers")
    row = next(row for row in answers if (row["question"], row["codes"]) == ("B2", "5"))
    row["codes"] = "1"
    figures["PC06/DL-01/1/B2/answered/5"] -= 1
    figures["PC06/DL-01/1/B2/answered/1"] += 1
    return parts | {"rows.jsonl": joined(rows), "figures.json": canonical(figures) + b"\n"}


def row_left_out(parts: Parts) -> Parts:
    rows = lines(parts["rows.jsonl"])
    return parts | {"rows.jsonl": joined([row for row in rows if row["table"] != "decided_answers"])}


def spoiling_left_out(parts: Parts) -> Parts:
    """Leave out a whole event, and say the figures that follow without it."""
    rows = [row for row in lines(parts["rows.jsonl"]) if row["table"] != "spoilings"]
    figures = json.loads(parts["figures.json"])
    figures["PC06/DL-01/missing"] += figures["PC06/DL-01/spoiled"]
    figures["PC06/DL-01/spoiled"] = 0
    return parts | {"rows.jsonl": joined(rows), "figures.json": canonical(figures) + b"\n"}


def event_left_out(parts: Parts) -> Parts:
    return parts | {"events.jsonl": joined(lines(parts["events.jsonl"])[:-1])}


def events_swapped(parts: Parts) -> Parts:
    events = lines(parts["events.jsonl"])
    events[3], events[4] = events[4], events[3]
    return parts | {"events.jsonl": joined(events)}


@pytest.mark.parametrize(
    "forgery",
    [
        *(better_figures, fewer_figures, another_answer, row_left_out),
        *(spoiling_left_out, events_swapped, event_left_out),
    ],
)
def test_not_even_the_owner_of_the_key_can_sign_other_figures(
    office: Workspace, store: Store, tmp_path: Path, forgery: Callable[[Parts], Parts]
) -> None:
    file = exported(store, office, "2026-11", tmp_path / "export.zip")
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    forged = tmp_path / "forged.zip"
    write_zip(forged, forgery(parts))
    assert not check(forged).ok
    write_zip(forged, resigned(forgery(parts), office.path))
    if forgery is event_left_out:  # an older state, honestly signed: told by comparing with a later head
        return
    assert not check(forged).ok
    assert verified(forged).returncode == 1


def history_rewritten(parts: Parts) -> Parts:
    """Make the chain anew over rows that were changed, as somebody could who has everything."""
    events, rows = lines(parts["events.jsonl"]), lines(parts["rows.jsonl"])
    previous = ""
    for event in events:
        added: dict[str, list[Any]] = {}
        for row in rows:
            if row["row"].get("event") == event["event"]:
                added.setdefault(row["table"], []).append(row["row"])
        if added:
            event["digest"] = digest_of(added)
        event["previous"] = previous
        event["hash"] = previous = event_hash({key: event[key] for key in event if key != "hash"})
    return parts | {"events.jsonl": joined(events)}


def test_a_rewritten_history_fits_itself_but_not_the_head_that_others_know(
    office: Workspace, store: Store, tmp_path: Path
) -> None:
    """What hashing cannot do: only a head that is known elsewhere, as on a receipt, tells."""
    file = exported(store, office, "2026-11", tmp_path / "export.zip")
    known = check(file).head
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    parts = history_rewritten(worse_answer(parts))
    forged = tmp_path / "forged.zip"
    write_zip(forged, resigned(parts, office.path))
    told = check(forged)
    assert told.ok and told.head != known
    assert verified(forged).returncode == 0  # nor can the other check tell


def test_an_export_by_other_rules_is_not_judged_by_ours(
    office: Workspace, store: Store, tmp_path: Path
) -> None:
    file = exported(store, office, "2026-11", tmp_path / "export.zip")
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    manifest = json.loads(parts["manifest.json"]) | {"rules": "2031-01"}
    write_zip(file, resigned(parts | {"manifest.json": canonical(manifest)}, office.path))
    problem = check(file).problem
    assert problem is not None
    assert problem.key == "audit.other_rules"


def test_what_a_reason_to_set_aside_means_is_signed_with_the_figures(
    office: Workspace, store: Store, tmp_path: Path
) -> None:
    """The check without the program takes it from there; exports that do not say it are checked as ever."""
    file = exported(store, office, "2026-10", tmp_path / "export.zip")  # has a slip that came too late
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    manifest = json.loads(parts["manifest.json"])
    for aside, fits in (({}, True), ({"aside": {"again": [], "not_returned": []}}, False)):
        said = {name: value for name, value in manifest.items() if name != "aside"} | aside
        write_zip(file, resigned(parts | {"manifest.json": canonical(said)}, office.path))
        assert (verified(file).returncode == 0) is fits


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"%PDF-1.7"])
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    with pytest.raises(OmrError) as error:
        check(file)
    assert error.value.key == "audit.no_export"


def parts_of(archived: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archived)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_verifier_says_one_line_about_a_damaged_file(
    office: Workspace, store: Store, tmp_path: Path
) -> None:
    """Cut, flipped, another file, JSON of another shape: never a traceback."""
    chance, whole = random.Random(5), exported(store, office, "2026-11", tmp_path / "x.zip").read_bytes()
    damaged = [b"", b"PK", b"%PDF-1.7", whole[: len(whole) // 2], whole[:-30], whole[40:]]
    for _ in range(4):
        changed = bytearray(whole)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(changed))
    for content in (b"[]", b"{}", b"null", b'"' + b"[" * 5000, b"\xff"):
        file = tmp_path / "odd.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("manifest.json", content)
        damaged.append(file.read_bytes())
    for number, content in enumerate(damaged):
        file = tmp_path / "damaged.zip"
        file.write_bytes(content)
        said = verified(file)
        if said.returncode == 0:  # a bit of a date in the archive's own list: every file in it is as it was
            assert parts_of(content) == parts_of(whole), number
            continue
        assert said.returncode == 1, number
        assert said.stderr.startswith("BROKEN: ") and said.stderr.count("\n") == 1, said.stderr
    assert verified(tmp_path / "absent.zip").stderr.count("\n") == 1


# What the interpreter does with a program that ends or fails, many times in one process.
MANY: Final = """
import contextlib, io, json, runpy, sys
verifier, *files = sys.argv[1:]
for file in files:
    sys.argv, said, code = [verifier, file], io.StringIO(), 0
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            runpy.run_path(verifier, run_name="__main__")
        except SystemExit as ended:
            print(ended.code, file=sys.stderr)
            code = 1
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            code = 1
    print(json.dumps([code, said.getvalue()]))
"""


def damaged_at_random(whole: bytes, key_of: Path, chance: random.Random) -> bytes:
    """Cut, overwrite, leave out, exchange: the file, one of its parts, rows that are signed again."""
    parts = parts_of(whole)
    at, name = chance.randrange(len(whole)), chance.choice(sorted(parts))
    match chance.randrange(8):
        case 0:
            return whole[:at]
        case 1:
            return whole[:at] + chance.randbytes(chance.randint(1, 40)) + whole[at + 40 :]
        case 2:
            changed = bytearray(whole)
            for _ in range(chance.randint(1, 8)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            return bytes(changed)
        case 3:
            del parts[name]
        case 4:
            parts[name] = parts[name][: chance.randrange(len(parts[name]) + 1)]
        case 5:
            other = chance.choice(sorted(parts))
            parts[name], parts[other] = parts[other], parts[name]
        case 6:  # a whole table is missing, and whoever left it out has the key
            rows = lines(parts["rows.jsonl"])
            gone = chance.choice(sorted({row["table"] for row in rows}))
            parts["rows.jsonl"] = joined([row for row in rows if row["table"] != gone])
            parts = resigned(history_rewritten(parts), key_of)
        case _:  # a column is missing or another thing than it should be
            rows = lines(parts["rows.jsonl"])
            table = chance.choice(sorted({row["table"] for row in rows}))
            mine = [row["row"] for row in rows if row["table"] == table]
            column = chance.choice([one for one in sorted(mine[0]) if one != "event"])
            for row in mine:
                row.pop(column, None)
                if chance.random() < 0.5:
                    row[column] = chance.choice(["", "x", -1, 10**9, 0.5, [], {}, None, True])
            parts["rows.jsonl"] = joined(rows)
            parts = resigned(history_rewritten(parts), key_of)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return target.getvalue()


def test_the_verifier_says_one_line_whatever_happened_to_the_file(
    office: Workspace, store: Store, tmp_path: Path
) -> None:
    """More of them for docs/export.md: ``DAMAGED=200``."""
    chance = random.Random(11)
    whole = exported(store, office, "2026-11", tmp_path / "x.zip").read_bytes()
    files = []
    for number in range(DAMAGED):
        files.append(tmp_path / f"{number}.zip")
        files[-1].write_bytes(damaged_at_random(whole, office.path, chance))
    ran = subprocess.run(
        [sys.executable, "-I", "-c", MANY, VERIFIER, *files], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(said) == DAMAGED
    for code, line in said:
        assert line.startswith("BROKEN: " if code else "OK: ") and line.count("\n") == 1, line
    assert sum(code for code, _ in said) > 0.6 * DAMAGED  # the others lost nothing that a figure rests on


def test_the_verifier_stands_alone_and_is_short() -> None:
    source = VERIFIER.read_text("utf-8")
    assert len(source.splitlines()) < 240  # an evening's reading, with questions that not all are asked
    imported = {
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
