"""A month printed by plan, handed over with a paper to sign, stamped, laid out at counters; closing."""

from __future__ import annotations

from pathlib import Path

import docx
from offices import Office
from scanned import slip

from omr.steps import told_to


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), "utf-8-sig")
    return path


def test_a_plan_is_printed_handed_over_and_signed_for(office: Office, tmp_path: Path) -> None:
    plan = write(
        tmp_path / "ke-hoach.csv", "đơn vị,mẫu,số phiếu", "PC06,DL-01,12", "PC06,DL-04,5", "PC08,DL-01,7"
    )
    out = tmp_path / "in"
    words = ("register", "plan", plan, "--period", "2026-11", "-o", out, "--by", "lan")
    assert office.json(*words, "--dry-run")["runs"] == [] and not out.exists()
    heard: list[tuple[str, int, int]] = []
    with told_to(lambda *told: heard.append(told)):
        made = office.json(*words)
    printed = [(done, whole) for what, done, whole in heard if what == "printing"]
    assert printed == sorted(printed) and (printed[0], printed[-1]) == (
        (0, 24),
        (24, 24),
    )  # of the whole plan
    assert [(run["unit"], run["form"], run["count"]) for run in made["runs"]] == [
        ("PC06", "DL-01", 12),
        ("PC06", "DL-04", 5),
        ("PC08", "DL-01", 7),
    ]
    assert sorted(file.name for file in out.iterdir()) == [
        "PC06-DL-01.pdf",
        "PC06-DL-04.pdf",
        "PC08-DL-01.pdf",
        "bien-ban-2026-11-PC06.docx",
        "bien-ban-2026-11-PC06.pdf",
        "bien-ban-2026-11-PC08.docx",
        "bien-ban-2026-11-PC08.pdf",
    ]
    paper = docx.Document(str(out / "bien-ban-2026-11-PC06.docx"))
    text = "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert "BIÊN BẢN GIAO NHẬN" in text and "giao và nhận 17 phiếu" in text
    cells = [cell.text for row in paper.tables[0].rows for cell in row.cells]
    first = office.runs()[made["runs"][0]["run"]]
    assert first.serial(first.first).printed in cells and first.serial(first.last).printed in cells
    books = {
        (line["unit"], line["form"]): line
        for line in office.json("register", "reconcile", "--period", "2026-11")
    }
    assert books["PC06", "DL-04"]["received"] == 5
    # Interrupted and started again, it prints what is not printed yet.
    (out / "PC08-DL-01.pdf").unlink()
    again = office.json(*words)
    assert (again["known"], [run["unit"] for run in again["runs"]]) == (2, ["PC08"])


def test_of_a_wrong_plan_nothing_is_printed(office: Office, tmp_path: Path) -> None:
    plan = write(
        tmp_path / "a.csv", "đơn vị,mẫu,số phiếu", "PC06,DL-01,12", "Không có,DL-01,5", "PC08,DL-01,x"
    )
    words = ("register", "plan", plan, "--period", "2026-11", "-o", tmp_path / "in", "--by", "lan")
    told = office(*words, code=1).err
    assert "dòng 3" in told and "dòng 4" in told
    assert office.runs() == {}
    twice = write(tmp_path / "b.csv", "đơn vị,mẫu,số phiếu", "PC06,DL-01,12", "pc06,DL-01,5")
    assert "PC06-DL-01" in office("register", "plan", twice, *words[3:], code=1).err


def test_a_run_may_be_named_instead_of_its_serials(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    assert office.json("register", "receive", run.run, "--unit", "PC08", "--by", "lan") == {"received": 10}
    assert office.json("register", "stamp", run.run, "--by", "lan")["stamped"] == 10
    assert office.json("register", "stamp", run.run, "--by", "lan")["stamped"] == 0  # known already
    part = f"{run.serial(run.first)}..{run.serial(run.first + 1)}"
    assert office.json("register", "stamp", part, "--undo", "--by", "lan")["unstamped"] == 2
    assert office.json("register", "stamp", run.run, "--by", "lan")["stamped"] == 2
    where = ("--unit", "PC08", "--form", "DL-01", "--period", "2026-11", "--by", "lan")
    office("register", "count", *where, "--in-stock", run.run)
    (line,) = (
        one for one in office.json("register", "reconcile", "--period", "2026-11") if one["unit"] == "PC08"
    )
    assert (line["received"], line["in_stock"], line["balanced"]) == (10, 10, True)


def test_counters_have_boards_and_figures(office: Office, tmp_path: Path) -> None:
    head = "mã,đơn vị,địa điểm,điện thoại,cán bộ hướng dẫn,có bảng"
    lines = ("Q1,PC06,Quầy 1,0225 1,Lan,có", "Q2,PC06,Quầy 2,0225 2,Minh,không")
    listed = write(tmp_path / "dia-diem.csv", head, *lines)
    assert office.json("register", "counters", "import", listed) == {"imported": 2}
    assert office.json("register", "counters", "import", listed) == {"imported": 0}
    run = office.issue("PC06", 8, "2026-11")
    half = f"{run.serial(run.first)}..{run.serial(run.first + 3)}"
    office("register", "counters", "give", "q1", run.run, "--by", "lan")
    office("register", "counters", "give", "Q2", half, "--by", "lan")  # the later record counts
    office("read", office.scan(*(slip(run, run.first + n, B10="15"[n % 2]) for n in range(6))))
    rows = {
        row["counter"]: row
        for row in office.json("register", "counters", "list", "--period", "2026-11", code=3)
    }
    assert (rows["Q2"]["returned"], rows["Q2"]["satisfied"], rows["Q2"]["answered"]) == (4, 2, 4)
    assert (rows["Q1"]["returned"], rows["Q1"]["phone"], rows["Q1"]["board"]) == (2, "0225 1", True)
    told = office("register", "counters", "list", code=3).out
    assert "CHƯA CÓ BẢNG" in told and "1/2 địa điểm" in told
    bad = write(tmp_path / "sai.csv", head, "Q3,PC06,Quầy 3,,,chưa biết")
    assert "dòng 2" in office("register", "counters", "import", bad, code=1).err
    telephones = ("9.12E+08", "9,12E+8", "912345678", "912 345 678")  # what spreadsheets make of them
    head = "mã,đơn vị,tên,bảng,điện thoại,từ ngày"
    lines = [f'Q{at},PC06,Quầy {at},có,"{phone}",' for at, phone in enumerate(telephones, 3)]
    refused = office("register", "counters", "import", write(tmp_path / "e.csv", head, *lines), code=1).err
    assert refused.count("số 0 đầu") == len(telephones)
    lines = ["Q3,PC06,Quầy 3,✓,0912 345 678,01/12/2026", "Q4,PC06,Quầy 4,-,19001234,2026-12-01"]
    kept = write(tmp_path / "f.csv", head, *lines, "Q5,PC06,Quầy 5,1.0,+84 912 345 678,")
    office("register", "counters", "import", kept)
    boards = {row["counter"]: row["board"] for row in office.json("register", "counters", "list", code=3)}
    assert [boards[counter] for counter in ("Q3", "Q4", "Q5")] == [True, False, True]
    odd = write(tmp_path / "g.csv", head, "Q6,PC06,Quầy 6,★,,", "Q7,PC06,Quầy 7,có,,13/13/2026")
    told = office("register", "counters", "import", odd, code=1).err
    assert "★" in told and "01/11/2026" in told  # a sign that is neither yes nor no is not "no"
    assert "Q9" in office("register", "counters", "give", "Q9", run.run, "--by", "lan", code=1).err


def test_closing_says_what_lacks_and_closes(office: Office) -> None:
    run = office.issue("PC06", 4, "2025-06")
    office.issue("PC08", 4, "2025-06")
    office("read", office.scan(slip(run, run.first)))
    closed = office.json("period", "close", "2025-06", "--by", "lan")
    warned = {one["warning"]: one["units"] for one in closed["warnings"]}
    assert warned["returned"] == ["PC08"] and set(warned["visits"]) == {"PC06", "PC08"}
    assert set(warned["in_stock"]) == {"PC06", "PC08"}
    assert closed["state"] == "closed"
    future = office("period", "close", "2099-01", "--by", "lan")
    assert "chưa bắt đầu" in future.err and "không có đơn vị nào" in future.err


def test_statements_and_quotations_stand_in_the_report(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 6, "2026-10")
    office("read", office.scan(*(slip(run, run.first + n) for n in range(6))))
    said = ("period", "state", "2026-10", "--by", "hung", "--about")
    office(*said, "solutions", "--unit", "PC06", "--text", "Bố trí thêm 02 quầy.")
    office(*said, "strengths", "--file", write(tmp_path / "uu-diem.txt", "Trả kết quả đúng hẹn."))
    office(*said, "causes", "--text", "nháp")
    office(*said, "causes", "--text", "")  # taken back
    made = office.json("report", "--period", "2026-10", "-o", tmp_path / "out", "--format", "docx")
    text = "\n".join(p.text for p in docx.Document(made["files"][0]).paragraphs)
    assert ": Bố trí thêm 02 quầy." in text and "Trả kết quả đúng hẹn." in text and "nháp" not in text
    assert "……" in text  # what nobody wrote stays dotted

    # From Notepad in its other encodings; what is no text is refused, nothing is taken back by it.
    file = tmp_path / "uu-diem.txt"
    for encoding in ("utf-8-sig", "utf-16"):
        file.write_bytes("Tiếp dân\r\nđúng hẹn.".encode(encoding))
        assert "toàn thành phố" in office(*said, "strengths", "--file", file).out
    file.write_bytes(b"PK\x03\x04\x00\x01")
    assert "Plain Text" in office(*said, "strengths", "--file", file, code=1).err
    office("report", "--period", "2026-10", "-o", tmp_path / "lai")
    written = docx.Document(str(tmp_path / "lai" / "bao-cao-2026-10.docx"))
    assert "Tiếp dân\nđúng hẹn." in "\n".join(paragraph.text for paragraph in written.paragraphs)
    file.write_bytes(b"")
    assert "không còn nội dung" in office(*said, "strengths", "--file", file).out
