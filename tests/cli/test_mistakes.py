"""A journey through one month with every mistake in it: each has its way back, and the month ends right.

The print file read instead of the scans, a wrong import of the electronic form, a stack told of the
wrong month, a wrong count of visits, and yesterday's register put back on the machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from offices import Office
from scanned import slip

EMPTY = {key: "" for key in ("A1", "B1", "B2", "B3", "B10")}
WHO = ("--by", "minh", "--why", "nhầm", "--yes")


def month(office: Office) -> dict[str, int]:
    """What the month's books and answers say."""
    (line,) = office.json("register", "reconcile", "--period", "2026-11", code=0)
    answers = office.json("answers", "--period", "2026-11")
    return {
        "returned": line["returned"],
        "valid": sum(one["valid"] for one in answers),
    }


def test_every_mistake_of_a_month_has_its_way_back(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 12, "2026-11")
    printed = next(office.folder.glob("*.pdf"))

    # The print file instead of the scans: refused by its contents, under any name.
    renamed = office.folder / "scan-0001.pdf"
    shutil.copy(printed, renamed)
    told = office("read", renamed, code=1)
    assert run.run in told.err and "--print-file" in told.err

    # An old scanner's rendering of it came in all the same: empty slips, then the true ones are held.
    mistaken = office.json("read", office.scan(*(slip(run, n, **EMPTY) for n in range(1, 7))), code=None)
    true = office.json("read", office.scan(*(slip(run, n) for n in range(1, 7))), code=None)
    assert true["to_review"] == 6
    would = office.json("batch", "withdraw", mistaken["batch"], "--by", "minh", "--why", "x", "--dry-run")
    assert (would["done"], would["waiting_after"]) == (False, 0)
    assert "--yes" in office("batch", "withdraw", mistaken["batch"], "--by", "m", "--why", "x", code=1).err
    office("batch", "withdraw", mistaken["batch"], *WHO)
    assert month(office)["valid"] == 6

    # A stack told of the wrong month: all held, until it is told otherwise.
    wrong = office.json("read", office.scan(slip(run, 7), slip(run, 8)), "--period", "2026-12", code=None)
    assert wrong["to_review"] == 2
    office("batch", "correct", wrong["batch"], "--period", "2026-11", "--count", 2, *WHO)
    assert month(office)["valid"] == 8
    (line, *_) = office.json("batch", "list")
    assert (line["period"], line["expected"], line["withdrawn"]) == ("2026-11", 2, False)

    # A wrong import of the electronic form, and a wrong count of visits.
    sheet = tmp_path / "phan-hoi.csv"
    sheet.write_text("Dấu thời gian,Đơn vị,B1,B2,B3,B10\n16/11/2026 08:20,PC06,5,5,5,5\n", "utf-8")
    office("electronic", "import", sheet, "--form", "DL-01")
    (imported,) = office.json("electronic", "list")
    office("electronic", "withdraw", imported["number"], *WHO[:-1], "--yes")
    assert office.json("electronic", "list")[0]["withdrawn"] == "nhầm"
    visits = tmp_path / "luot.csv"
    for number in (40, 400):
        visits.write_text(f"Đơn vị,Tháng,Số lượt\nPC06,2026-11,{number}\n", "utf-8")
        office("visits", "import", visits)
    told = office.json("visits", "withdraw", "--unit", "PC06", "--period", "2026-11", *WHO)
    assert (told["before"], told["after"], told["done"]) == (400, 40, True)

    # The stock at the end of the month, once counted with a serial that then came back.
    stock = ("--unit", "PC06", "--form", "DL-01", "--period", "2026-11")
    counted = f"{run.serial(9)}..{run.serial(12)}"
    office("register", "count", *stock, "--in-stock", counted, "--by", "lan")
    office.json("read", office.scan(slip(run, 9)), "--period", "2026-11", code=None)
    office("register", "withdraw-count", *stock, *WHO)
    office("register", "count", *stock, "--in-stock", f"{run.serial(10)}..{run.serial(12)}", "--by", "lan")
    right = month(office)
    assert (right["returned"], right["valid"]) == (9, 9)
    head = office.json("audit", "verify")["head"]
    office("backup", tmp_path / "backup")

    # Yesterday's register comes back over today's: nothing works on it, nothing is printed again.
    yesterday = shutil.copytree(tmp_path / "backup", tmp_path / "yesterday")
    more = office.issue("PC06", 5, "2026-11")
    for file in office.workspace.path.glob("omr.sqlite*"):
        file.unlink()
    (register,) = (yesterday / "registers").glob("*.sqlite")
    shutil.copy(register, office.workspace.database)
    words = ("--unit", "PC06", "--count", 5, "--period", "2026-11", "-o", tmp_path / "twice.pdf")
    assert "omr restore" in office("issue", "DL-01", *words, code=1).err
    assert not (tmp_path / "twice.pdf").exists()
    assert office.json("audit", "verify", code=1)["ok"] is False
    assert office("doctor", code=3)

    # Restored into a new folder: the month is right, and the next number has never been printed.
    old = office.workspace.path
    office("restore", tmp_path / "backup", tmp_path / "new", "--old", old, code=3)
    office.workspace = type(office.workspace).open(tmp_path / "new")
    assert office("audit", "verify", "--head", head[:12])
    assert month(office) == right
    assert office.issue("PC06", 5, "2026-11").first == more.last + 1
    office("period", "close", "2026-11", "--by", "minh")
    assert office("batch", "withdraw", true["batch"], *WHO, code=1).err  # closed: an adjustment first
