"""The daily commands: what they print is what other programs rely on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from offices import Office
from scanned import BLANK, rejected, slip

from omr.records.counts.validity import rules


def test_init_makes_a_workspace_and_leaves_one_alone(omr: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "sổ liệu"
    assert omr("init", folder, "--json").json == {"workspace": str(folder)}
    (folder / "omr.toml").write_text('office = "Công an tỉnh Thử"\n', encoding="utf-8")
    assert omr("init", folder).code == 0
    assert "Thử" in (folder / "omr.toml").read_text("utf-8")
    assert omr("--workspace", folder, "answers", "--json").json == []


def test_without_a_workspace_the_way_to_one_is_named(omr: Callable[..., Any], tmp_path: Path) -> None:
    ran = omr("--workspace", tmp_path, "--lang", "en", "answers")
    assert ran.code == 1
    assert "omr init" in ran.err
    assert ran.out == ""


def test_doctor_names_every_check(omr: Callable[..., Any], tmp_path: Path) -> None:
    checks = omr("--workspace", tmp_path, "doctor", "--json").json["checks"]
    assert all(set(check) == {"name", "ok", "detail", "mend", "lost"} for check in checks)
    assert {"tesseract", "tesseract_vie", "poppler", "zbar", "fonts", "disk", "database"} <= {
        c["name"] for c in checks
    }
    assert all(check["mend"] for check in checks if not check["ok"])


def test_doctor_ends_with_3_when_something_is_to_mend(
    omr: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = omr("--workspace", tmp_path, "--lang", "en", "doctor")
    assert ran.code == 3
    assert "apt-get install tesseract-ocr" in ran.out


def test_units_are_listed_with_their_dates(office: Office) -> None:
    listed = office.json("units", "list")
    assert {"unit", "name", "kind", "parent", "valid_from", "valid_to"} <= set(listed[0])
    (department,) = (unit for unit in listed if unit["unit"] == "PC07")
    assert department["name"] == "Phòng Cảnh sát phòng cháy, chữa cháy và cứu nạn, cứu hộ"
    assert (department["kind"], department["parent"], department["valid_to"]) == ("department", "CATP", None)
    assert {unit["valid_to"] for unit in listed if unit["unit"] == "HONGBANG"} == {"2025-03-01"}


def test_a_wrong_list_of_units_names_its_lines(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text(
        "unit,name,kind,valid_from\nA,Một,làng,2025-07-01\nB,Hai,commune,hôm qua\n", encoding="utf-8"
    )
    ran = office("--lang", "en", "units", "import", file, code=1)
    assert "line 2" in ran.err and "line 3" in ran.err
    assert ran.out == ""
    assert office("units", "import", "ha-noi", code=1).err


def test_issue_registers_and_prints(office: Office, tmp_path: Path) -> None:
    target = tmp_path / "phiếu.pdf"
    words = ("issue", "DL-01", "--unit", "pc06", "--count", 3, "--period", "2026-11", "-o", target)
    made = office.json(*words)
    assert made == {
        "run": "R26-0001",
        "form": "DL-01",
        "unit": "PC06",
        "period": "2026-11",
        "first": made["serials"][0],
        "last": made["serials"][2],
        "count": 3,
        "pdf": str(target),
        "serials": made["serials"],
    }
    assert len(set(made["serials"])) == 3
    assert target.is_file()
    assert office(*words, code=1).err  # the file is there already
    assert office(
        "issue", "DL-01", "--unit", "PC99", "--count", 3, "--period", "2026-11", "-o", tmp_path / "b", code=1
    )
    assert office(
        "issue", "DL-01", "--unit", "PC06", "--count", 0, "--period", "2026-11", "-o", tmp_path / "b", code=2
    )


def test_seeded_serials_come_again_and_are_warned_of(
    office: Office, omr: Callable[..., Any], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    omr("init", other)
    omr("--workspace", other, "units", "import", "hai-phong-2023")
    words = (
        "issue",
        "DL-01",
        "--unit",
        "PC06",
        "--count",
        3,
        "--period",
        "2026-11",
        "--seed",
        5,
        "--json",
        "-o",
    )
    here = office(*words, tmp_path / "a.pdf")
    there = omr("--workspace", other, *words, tmp_path / "b.pdf")
    assert here.json["serials"] == there.json["serials"]
    assert "--seed" in here.err


def test_read_prints_the_receipt_and_ends_with_3_while_somebody_is_needed(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    plain = office.scan(slip(run, 1), BLANK)
    made = office.json("read", plain, "--expect", 1)
    assert made["rejected"] == {} and made["problems"] == []
    figures = {
        key: made[key]
        for key in ("batch", "files", "pages", "sheets", "read", "blank_backs", "duplicates", "to_review")
    }
    assert figures == {
        "batch": "B000001",
        "files": 1,
        "pages": 2,
        "sheets": 1,
        "read": 1,
        "blank_backs": 1,
        "duplicates": 0,
        "to_review": 0,
    }
    assert made["seconds"] > 0 and made["pages_per_second"] > 0
    doubtful = office.scan(slip(run, 2, B1="?"), rejected("serial_unreadable"))
    made = office.json("read", doubtful, code=3)
    assert (made["to_review"], made["rejected"]) == (1, {"serial_unreadable": 1})
    (problem,) = made["problems"]
    assert set(problem) == {"file", "page", "reason", "detail"}
    assert (problem["page"], problem["reason"]) == (2, "serial_unreadable")
    assert office("read", office.scan(slip(run, 3)), "--expect", 2, code=3).out


def test_the_receipt_is_vietnamese_and_has_an_english_switch(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    file = office.scan(slip(run, 1))
    assert "BIÊN NHẬN LÔ PHIẾU B000001" in office("read", file).out
    assert "RECEIPT OF BATCH B000001" in office("read", file, "--lang", "en").out


def test_read_without_scans_fails_with_one_line(office: Office, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert len(office("read", empty, code=1).err.splitlines()) == 1
    assert len(office("read", tmp_path / "absent.pdf", code=1).err.splitlines()) == 1


def test_answers_are_what_counts_today(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1, B1="?", B2="5 4")), code=3)
    (answer,) = office.json("answers")
    assert (answer["serial"], answer["form"], answer["unit"], answer["period"]) == (
        str(run.serial(1)),
        "DL-01",
        "PC06",
        "2026-11",
    )
    assert (answer["valid"], answer["reason"]) == (True, None)
    assert answer["answers"]["B3"] == {
        "state": "answered",
        "codes": ["5"],
        "confidence": 0.99,
        "by": "machine",
    }
    assert answer["answers"]["B1"]["state"] == "doubtful"
    assert answer["answers"]["B2"]["state"] == "multiple"
    assert list(answer["answers"]) == ["A1", "B1", "B2", "B3", "B10"]
    (item,) = office.json("review", "list", code=3)
    office("review", "decide", item["item"], "--answer", "4", "--by", "lan")
    (answer,) = office.json("answers", "--period", "2026-11", "--batch", "B000001")
    assert answer["answers"]["B1"] == {"state": "answered", "codes": ["4"], "confidence": 1.0, "by": "lan"}
    assert office.json("answers", "--period", "2026-10") == []
    assert office("answers", "--batch", "B9", code=1).err
    assert "lan" not in office("answers").out


def test_review_shows_what_can_be_answered(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    file = office.scan(slip(run, 1, B1="?"), slip(run, 1, B1="1"), rejected("serial_unreadable"))
    office("read", file, code=3)
    items = {item["kind"]: item["item"] for item in office.json("review", "list", code=3)}
    words = {
        "answer": ["5", "4", "3", "2", "1", "none", "multiple", "undecidable", "withdraw"],
        "held": ["counts", "refused", *(f"KHL{at}" for at in range(1, 8)), "withdraw"],
        "page": ["not_a_slip", "rescanned", *(f"KHL{at}" for at in range(1, 8)), "withdraw"],
    }
    for kind, expected in words.items():
        shown = office.json("review", "show", items[kind])
        assert [choice["word"] for choice in shown["choices"]] == expected
        assert Path(shown["picture"]).is_file()
        assert shown["file"] == file.name
        told = office("review", "show", items[kind]).out
        assert told and "(None)" not in told
        assert ("chưa chắc, cần người xem (0.60)" in told) == (kind == "answer")
    office("review", "decide", items["held"], "--answer", "refused", "--by", "lan", "--why", "bản photo")
    office("review", "decide", items["page"], "--answer", "rescanned", "--by", "lan", "--why", "đã quét lại")
    office("review", "decide", items["answer"], "--answer", "none", "--by", "lan")
    assert office.json("review", "list") == []
    assert office("review", "decide", "A9-B1", "--answer", "5", "--by", "lan", code=1).err
    assert office("review", "decide", items["answer"], "--answer", "5", code=2).err


def test_where_a_serial_is_and_how_it_came_there(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    serial = [str(run.serial(number)) for number in range(11)[1:]]
    office(
        "register", "receive", f"{serial[0]}..{serial[7]}", "--unit", "PC08", "--by", "lan", "--why", "sổ 12"
    )
    office("register", "spoil", serial[3], serial[4], "--why", "rách", "--by", "minh")
    office("read", office.scan(slip(run, 1), slip(run, 2)))
    count = ("register", "count", "--unit", "PC08", "--form", "ĐL-01", "--period", "2026-11", "--by", "lan")
    office(*count, "--in-stock", f"{serial[5]}..{serial[6]}")
    states = [office.json("register", "status", one)["state"] for one in serial]
    assert states == [
        "returned",
        "returned",
        "missing",
        "spoiled",
        "spoiled",
        "in_stock",
        "in_stock",
        "missing",
        "issued",
        "issued",
    ]
    life = office.json("register", "status", run.serial(4).printed)
    assert [(step["act"], step["by"], step["why"]) for step in life["steps"]][1:] == [
        ("receive", "lan", "sổ 12"),
        ("spoil", "minh", "rách"),
    ]
    assert (life["unit"], life["period"], life["run"]) == ("PC08", "2026-11", run.run)
    (line,) = office.json("register", "status")["runs"]
    assert (line["count"], line["returned"], line["spoiled"], line["first"]) == (10, 2, 2, serial[0])
    unknown = serial[0].replace("1260000001", "1260000099")
    assert office("register", "status", unknown, code=1).err  # its check characters are wrong
    assert office("register", "status").out and office("register", "status", serial[3]).out


def test_reconcile_prints_the_books(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    office("read", office.scan(*(slip(run, number) for number in (1, 2, 5))))
    (line,) = office.json("register", "reconcile", "--period", "2026-11")
    assert {
        key: line[key] for key in ("unit", "form", "opening", "received", "returned", "valid", "invalid")
    } == {
        "unit": "PC06",
        "form": "DL-01",
        "opening": 0,
        "received": 10,
        "returned": 3,
        "valid": 3,
        "invalid": 0,
    }
    assert (line["spoiled"], line["in_stock"], line["missing"], line["unknown"], line["balanced"]) == (
        0,
        0,
        7,
        0,
        True,
    )
    assert line["missing_serials"] == [
        f"{run.serial(3)}..{run.serial(4)}",
        f"{run.serial(6)}..{run.serial(10)}",
    ]
    words = (
        "--unit",
        "PC06",
        "--form",
        "DL-01",
        "--period",
        "2026-11",
        "--by",
        "lan",
        "--in-stock",
        run.serial(5),
    )
    told = office.json("register", "count", *words, code=3)
    assert told["returned_too"] == [run.serial(5).printed]
    (line,) = office.json("register", "reconcile", "--period", "2026-11", code=3)
    assert (line["balanced"], line["difference"], line["contradictions"]) == (False, 1, [str(run.serial(5))])
    assert str(run.serial(5)) in office("register", "reconcile", "--period", "2026-11", code=3).out


def test_a_period_is_closed_once_nothing_waits_and_changed_only_for_a_reason(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    office("read", office.scan(slip(run, 1, B1="?"), rejected("serial_unreadable")), code=3)
    assert "2" in office("period", "close", "2026-11", "--by", "lan", code=1).err
    office("review", "decide", "A1-B1", "--answer", "1", "--by", "lan")
    office("review", "decide", "P2", "--answer", "not_a_slip", "--by", "lan", "--why", "tờ bìa")
    closed = office.json("period", "close", "2026-11", "--by", "lan")
    assert (closed["state"], closed["waiting"], len(closed["closings"])) == ("closed", 0, 1)

    # Now nothing changes its figures any more …
    assert office("period", "close", "2026-11", "--by", "lan", code=1).err
    assert office("review", "decide", "A1-B1", "--answer", "5", "--by", "lan", code=1).err
    assert office("register", "spoil", run.serial(3), "--why", "rách", "--by", "lan", code=1).err
    assert office("register", "receive", run.serial(3), "--unit", "PC08", "--by", "lan", code=1).err
    issuing = ("--unit", "PC06", "--count", 1, "--period", "2026-11", "-o", office.folder / "late.pdf")
    assert office("issue", "DL-01", *issuing, code=1).err
    late = office.json("read", office.scan(slip(run, 2, B10="1")), code=3)
    assert [problem["reason"] for problem in late["problems"]] == ["period_closed"]
    assert [answer["valid"] for answer in office.json("answers", "--period", "2026-11")] == [True, False]

    # … but an adjustment, with its reason and its difference.
    assert office("period", "adjust", "2026-11", "--by", "lan", code=2).err
    office("period", "adjust", "2026-11", "--by", "truongphong", "--why", "lô nộp muộn")
    assert office.json("period", "status", "2026-11")["state"] == "adjusting"
    again = office.json("period", "close", "2026-11", "--by", "truongphong")
    difference = again["closings"][1]["difference"]
    assert (again["closings"][1]["why"], again["closings"][1]["rules"]) == ("lô nộp muộn", rules().version)
    assert difference["PC06/DL-01/valid"] == [1, 2]
    assert difference["PC06/DL-01/1/B10/answered/1"] == [0, 1]
    assert "PC06/DL-01/1/B10/answered/5" not in difference
    assert "lô nộp muộn" in office("period", "status", "2026-11").out


def test_where_there_are_accounts_only_a_lead_closes_and_adjusts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.issue("PC06", 2, "2026-11")
    office("users", "add", "lan", "--role", "reviewer")
    office("users", "add", "quantri", "--role", "admin")
    office("users", "add", "minh", "--role", "lead")
    for name in ("lan", "ai đó", "truongphong"):
        assert office("period", "close", "2026-11", "--by", name, code=1).err
    monkeypatch.setenv("OMR_TOKEN", office.json("users", "token", "minh")["token"])
    office("period", "close", "2026-11", "--by", "Minh")
    why = ("--why", "lô nộp muộn")
    assert "lan" in office("period", "adjust", "2026-11", "--by", "lan", *why, code=1).err
    assert office.json("period", "status", "2026-11")["state"] == "closed"
    office("period", "adjust", "2026-11", "--by", "minh", *why)
    office("users", "close", "minh")
    assert office("period", "close", "2026-11", "--by", "minh", code=1).err


def test_a_database_of_another_program_is_one_clear_line(
    office: Office, omr: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "foreign"
    omr("init", folder)
    (folder / "omr.sqlite").unlink()
    with sqlite3.connect(folder / "omr.sqlite") as foreign:
        foreign.execute("CREATE TABLE music (title TEXT)")
    foreign.close()
    ran = omr("--workspace", folder, "answers")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)


def test_audit_verify_names_what_was_changed(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1)))
    verdict = office.json("audit", "verify")
    assert (verdict["ok"], verdict["problem"]) == (True, None)
    assert verdict["events"] > 3 and len(verdict["head"]) == 64
    (original,) = office.workspace.scans.rglob("*.tif")
    original.chmod(0o600)
    original.write_bytes(original.read_bytes() + b"x")
    verdict = office.json("audit", "verify", code=1)
    assert (verdict["ok"], "đã bị sửa" in verdict["problem"]) == (False, True)
    assert original.name in office("--lang", "en", "audit", "verify", code=1).err


def test_a_period_is_exported_and_checked_elsewhere(
    office: Office, omr: Callable[..., Any], tmp_path: Path
) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1), slip(run, 2)))
    office("period", "close", "2026-11", "--by", "lan")
    file = tmp_path / "2026-11.zip"
    made = office.json("audit", "export", "--period", "2026-11", "-o", file)
    assert (made["period"], made["file"]) == ("2026-11", str(file))
    assert (made["ok"], made["problem"]) == (True, None)
    checked = omr("audit", "check", file, "--json").json  # without any workspace
    assert (checked["ok"], checked["problem"], checked["period"]) == (True, None, "2026-11")
    assert (checked["events"], checked["head"]) == (made["events"], made["head"])
    assert omr("audit", "check", file, "--key", made["signer"]).code == 0
    assert omr("audit", "check", file, "--key", "0" * 64).code == 1
    file.write_bytes(file.read_bytes()[:-40])
    assert omr("audit", "check", file).code == 1
