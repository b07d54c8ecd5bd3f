"""From the draw to the statement, and from the register to a signal, at the command line."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest
from offices import Office
from scanned import slip

PERIOD = "2026-11"
KEYS = ("A1", "B1", "B2", "B3", "B10")


@pytest.fixture
def month(office: Office) -> Office:
    """Thirty slips of one unit: most satisfied, one not, one with two marks, one empty."""
    run = office.issue("PC06", 30, PERIOD)
    said = [
        {"B10": "54"[number % 2], "B1": "5432"[number % 4], "A1": "12"[number % 2]} for number in range(27)
    ]
    said += [{"B10": "1"}, {"B10": "5 4"}, dict.fromkeys(KEYS, "")]
    pages = [slip(run, run.first + number, **answers) for number, answers in enumerate(said)]
    office("read", office.scan(*pages))
    return office


def drawn(office: Office, *, seed: str = "83914", points: str = "5") -> tuple[dict[str, Any], Path]:
    file = office.folder / "list.csv"
    words = ("--period", PERIOD, "--seed", seed, "--points", points, "-o", file)
    return office.json("audit", "sample", *words), file


def counted(office: Office) -> dict[str, dict[str, Any]]:
    return {one["serial"]: one["answers"] for one in office.json("answers", "--period", PERIOD)}


def satisfied(office: Office) -> list[str]:
    return [serial for serial, said in counted(office).items() if said["B10"]["codes"] == ["5"]]


def keyed(office: Office, file: Path, **changes: dict[str, str]) -> Path:
    """Fill in the list as the paper says, which is what was read but for the changes."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    answers = counted(office)
    for row in rows:
        given = {key: answers[row["serial"]][key] for key in KEYS}
        row |= {key: "+".join(one["codes"]) or "-" for key, one in given.items()}
        row |= {key: "4+5" for key, one in given.items() if one["state"] == "multiple"}
        empty = all(one["state"] == "no_answer" for one in given.values())
        row["paper"] = "invalid" if empty else "OK"
        row |= changes.get(row["serial"], {})
    target = file.with_name("keyed.csv")
    with target.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return target


def test_anybody_can_draw_again_from_seed_and_serials(month: Office) -> None:
    made, file = drawn(month)
    tickets = sorted(
        (hashlib.sha256(f"83914,{serial}".encode()).hexdigest(), serial) for serial in counted(month)
    )
    assert [(one["ticket"], one["serial"]) for one in made["tickets"]] == tickets[: made["drawn"]]
    assert (made["slips"], made["satisfied"], made["answered"]) == (30, 27, 28)
    lines = file.read_text("utf-8-sig").splitlines()
    assert lines[0] == "no,serial,form,paper,A1,B1,B2,B3,B10"
    assert lines[1] == f"1,{tickets[0][1]},DL-01,,,,,,"
    assert drawn(month)[0]["draw"] == made["draw"]  # the same draw again is no new one
    assert drawn(month, seed="83915")[0]["draw"] == made["draw"] + 1


def test_paper_that_agrees_proves_the_share(month: Office) -> None:
    _, file = drawn(month)
    shown = month.json("audit", "enter", keyed(month, file), "--period", PERIOD, "--by", "lan")
    assert (shown["keyed"], shown["differing_answers"], shown["differing_slips"]) == (30, 0, 0)
    assert shown["proven"] and shown["risk"] <= 0.05
    again = month.json("audit", "enter", keyed(month, file), "--period", PERIOD, "--by", "lan")
    assert (again["entered"], again["keyed"]) == (0, 30)


def test_differences_are_counted_and_overstated_slips_prove_nothing(month: Office) -> None:
    _, file = drawn(month)
    first, second, third = satisfied(month)[:3]
    filled = keyed(
        month, file, **{first: {"B10": "1"}, second: {"B10": "2", "B1": "-"}, third: {"paper": "missing"}}
    )
    shown = month.json("audit", "enter", filled, "--period", PERIOD, "--by", "lan", code=3)
    assert (shown["differing_answers"], shown["differing_slips"], shown["not_found"]) == (3, 3, 1)
    assert (shown["overstated"], shown["proven"]) == (3, False)


def test_a_slip_that_is_corrected_after_the_draw_still_differs(month: Office) -> None:
    _, file = drawn(month)
    serial = satisfied(month)[0]
    filled = keyed(month, file, **{serial: {"B10": "1"}})
    reading = list(counted(month)).index(serial) + 1
    words = ("--answer", "1", "--by", "x", "--why", "giấy ghi 1")
    month("review", "decide", f"A{reading}-B10", *words)
    shown = month.json("audit", "enter", filled, "--period", PERIOD, "--by", "lan", code=3)
    assert (shown["differing_slips"], shown["changed"], shown["proven"]) == (1, True, False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"B10": "6"}, "B10"),
        ({"B10": "=1+1"}, "B10"),
        ({"B10": ""}, "B10"),
        ({"paper": "yes"}, "paper"),
        ({"paper": ""}, "paper"),
        ({"serial": "1 26 9999999 AAA AA"}, "line"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(
    month: Office, change: dict[str, str], told: str
) -> None:
    made, file = drawn(month)
    filled = keyed(month, file, **{made["tickets"][0]["serial"]: change})
    ran = month("--lang", "en", "audit", "enter", filled, "--period", PERIOD, "--by", "lan", code=1)
    assert told in ran.err and "line 2" in ran.err
    rest = file.with_name("rest.csv")
    rest.write_text("serial,paper\n", encoding="utf-8")
    shown = month.json("audit", "enter", rest, "--period", PERIOD, "--by", "lan", code=3)
    assert shown["keyed"] == 0


def test_without_a_draw_nothing_can_be_entered(month: Office, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"\xff\xfe\x00")
    assert "audit sample" in month("audit", "enter", file, "--period", PERIOD, "--by", "lan", code=1).err
    drawn(month)
    assert "CSV" in month("audit", "enter", file, "--period", PERIOD, "--by", "lan", code=1).err


def test_a_row_of_equal_slips_is_a_signal_and_changes_no_figure(office: Office) -> None:
    run = office.issue("PC06", 150, PERIOD)
    codes = ("5", "4", "3", "2")
    said = [
        {key: codes[(number * step) % 7 % 4] for step, key in enumerate(("B1", "B2", "B3", "B10"), 3)}
        | {"A1": "12"[number % 2]}
        for number in range(140)
    ]
    said[60:60] = [{"A1": "2", "B1": "5", "B2": "4", "B3": "5", "B10": "5"}] * 10
    office("read", office.scan(*(slip(run, run.first + n, **answers) for n, answers in enumerate(said))))
    before = office.json("answers")
    found = office.json("register", "signals", "--period", PERIOD, code=3)
    (signal,) = found["signals"]
    assert (signal["unit"], signal["kind"]) == ("PC06", "run")
    assert signal["serials"] == [str(run.serial(run.first + n)) for n in range(60, 70)]
    assert signal["chance"] <= signal["corrected"] < 0.01
    said_text = office("register", "signals", "--period", PERIOD, code=3).out
    assert "nghi vấn – đề nghị kiểm tra" in said_text and str(run.serial(run.first + 60)) in said_text
    assert office.json("answers") == before


def test_a_quiet_month_has_no_signals(month: Office) -> None:
    found = month.json("register", "signals", "--period", PERIOD)
    assert (found["units"], found["signals"]) == (1, [])


def test_more_slips_than_visits_are_a_signal(month: Office) -> None:
    file = month.folder / "visits.csv"
    file.write_text("unit,period,visits\nPC06,2026-11,29\n", encoding="utf-8")
    month("visits", "import", file)
    (signal,) = month.json("register", "signals", "--period", PERIOD, code=3)["signals"]
    assert (signal["kind"], signal["values"]) == ("participation", {"returned": 30, "visits": 29})
