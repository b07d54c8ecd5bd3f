"""The month through the command line: report, visits, electronic form, board; and three months in a row."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from offices import Office
from scanned import slip

from omr.reports.prose import sections as prose


def rows_of(path: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(path).read_bytes().decode("utf-8-sig"))))


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def figures(office: Office, period: str, *more: object) -> Any:
    return office.json("report", "--period", period, "-o", office.folder / "out", "--format", "csv", *more)


def test_the_report_says_what_was_counted(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    answers = [{"B10": "5"}, {"B10": "4"}, {"B10": "1"}, {"B10": "5 4"}, {"B10": "", "B1": "2"}]
    office("read", office.scan(*(slip(run, n + 1, **said) for n, said in enumerate(answers))))
    made = figures(office, "2026-11")
    assert set(made) == {"files", "figures"}
    told = made["figures"]
    assert told["slips"] == {"issued": 10, "returned": 5, "valid": 5, "invalid": 0, "held": 0}
    assert told["overall"] == {"satisfied": 2, "answered": 3}
    assert told["questions"]["DL-01/B10"] == {
        "counts": {"5": 1, "4": 1, "3": 0, "2": 0, "1": 1},
        "satisfied": 2,
        "answered": 3,
    }
    assert told["questions"]["DL-01/A1"]["satisfied"] is None
    assert all(Path(file).is_file() for file in made["files"])
    counts = next(file for file in made["files"] if "so-lieu" in file)
    marked = {row["option"]: int(row["slips"]) for row in rows_of(counts) if row["question"] == "B10"}
    assert marked == {"5": 1, "4": 1, "3": 0, "2": 0, "1": 1, "": 1}
    assert "2/3 (66,67%)" in office("report", "--period", "2026-11", "-o", office.folder / "out").out


def test_the_same_month_twice_is_the_same_files(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(*(slip(run, n) for n in range(1, 6))))
    first = office.json("report", "--period", "2026-11", "-o", office.folder / "a")["files"]
    again = office.json("report", "--period", "2026-11", "-o", office.folder / "b")["files"]
    assert len(first) == 5
    assert [Path(file).read_bytes() for file in first] == [Path(file).read_bytes() for file in again]


def test_a_closed_months_report_is_what_the_signed_export_comes_to(office: Office) -> None:
    import docx

    run = office.issue("PC06", 9, "2026-11")
    said = [{"B10": "5"}, {"B10": "1"}, {"B10": ""}, {"B10": "5 4"}, {"B1": "2"}, {}, {}]
    office("read", office.scan(*(slip(run, n, **one) for n, one in enumerate(said, start=1))))
    office("period", "close", "2026-11", "--by", "lan")
    made = office.json("report", "--period", "2026-11", "-o", office.folder / "out")
    export = office.folder / "2026-11.zip"
    office("audit", "export", "--period", "2026-11", "-o", export)
    checked = office.json("audit", "check", export)
    assert checked["ok"]

    (document,) = (file for file in made["files"] if file.endswith(".docx"))
    text = "\n".join(paragraph.text for paragraph in docx.Document(document).paragraphs)
    assert "số liệu đã chốt" in text and f"mã gốc của nhật ký: {checked['head']}" in text
    with zipfile.ZipFile(export) as archive:
        proven = json.loads(archive.read("figures.json"))
    answers = "PC06/DL-01/1"  # the revision of the form
    assert proven["PC06/DL-01/valid"] == made["figures"]["slips"]["valid"] == 7
    for name, told in made["figures"]["questions"].items():
        key = name.partition("/")[2]
        assert proven.get(f"{answers}/{key}/answered", 0) == told["answered"]
        for code, count in told["counts"].items():
            assert proven.get(f"{answers}/{key}/answered/{code}", 0) == count


def test_visits_give_the_participation(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    office("read", office.scan(*(slip(run, n) for n in range(1, 8))))
    file = write(office.folder / "luot.csv", "Đơn vị;Kỳ;Số lượt", "PC06;2026-11;10")
    assert office.json("visits", "import", file) == {"imported": 1}
    assert office.json("visits", "import", file) == {"imported": 0}
    files = figures(office, "2026-11")["files"]
    shares = rows_of(next(file for file in files if "chi-tieu" in file))
    rates = [row for row in shares if row["measure"] == "participation"]
    assert [(row["unit"], row["n"], row["N"], row["percent"]) for row in rates] == [
        ("", "7", "10", "70.00"),
        ("PC06", "7", "10", "70.00"),
    ]


def test_the_electronic_channel_stands_apart_and_together(office: Office) -> None:
    run = office.issue("PC06", 10, "2026-11")
    office("read", office.scan(slip(run, 1), slip(run, 2, B10="1")))
    head = "Ngày,Đơn vị,B1,B2,B3,B10"
    file = write(office.folder / "phieu.csv", head, "25/11/2026,PC06,5,5,5,5", "26/11/2026,PC06,1,1,1,1")
    wanted = ("electronic", "import", file, "--form", "DL-01")
    counts = {"rows": 2, "new": 2, "known": 0, "refused": 0}
    assert office.json(*wanted, "--dry-run").items() >= {**counts, "dry_run": True}.items()
    assert office.json(*wanted).items() >= counts.items()
    assert office.json(*wanted).items() >= {**counts, "new": 0, "known": 2}.items()
    told = figures(office, "2026-11")["figures"]
    assert told["slips"]["valid"] == 2 and told["electronic"] == {"received": 2}
    assert told["overall"] == {"satisfied": 2, "answered": 4}
    rows = office.json("report", "--period", "2026-11", "--by", "channel")["rows"]
    assert rows == [
        {"channel": "electronic", "satisfied": 1, "answered": 2},
        {"channel": "paper", "satisfied": 1, "answered": 2},
    ]


def test_three_months_with_a_reorganised_a_silent_and_an_empty_one(office: Office) -> None:
    hong_bang = office.issue("HONGBANG", 20, "2025-02")
    february = office.issue("PC06", 40, "2025-02")
    office("read", office.scan(*(slip(hong_bang, n) for n in range(1, 16))))
    office("read", office.scan(*(slip(february, february.first + n) for n in range(30))))
    march = office.issue("PC06", 40, "2025-03")
    office.issue("PC08", 10, "2025-03")  # has slips, gives nothing in
    said = [{"B10": "1"}] * 3 + [{}] * 27
    office("read", office.scan(*(slip(march, march.first + n, **one) for n, one in enumerate(said))))
    office.issue("PC06", 5, "2025-04")

    def prose(period: str) -> str:
        import docx

        files = office.json("report", "--period", period, "-o", office.folder / period)["files"]
        (file,) = (file for file in files if file.endswith(".docx"))
        return "\n".join(paragraph.text for paragraph in docx.Document(file).paragraphs)

    assert "Không có số liệu của tháng 01 năm 2025 để so sánh" in prose("2025-02")
    told = prose("2025-03")
    assert "01 đơn vị chưa nộp phiếu: Phòng Cảnh sát giao thông" in told
    assert "27/30 phiếu đánh giá từ mức “Hài lòng” trở lên, chiếm tỷ lệ 90,00%" in told
    # The district police ended on the first of March, and no unit is named that took them over.
    assert "không so sánh được với tháng 02 năm 2025 do phạm vi đơn vị thay đổi" in told
    assert "Trong kỳ không có phiếu hợp lệ nào" in prose("2025-04")
    assert figures(office, "2025-02", "--unit", "HONGBANG")["figures"]["slips"]["returned"] == 15
    refused = office("report", "--period", "2025-03", "--unit", "HONGBANG", "-o", office.folder, code=1)
    assert "2025-03" in refused.err


def test_a_comparison_needs_the_overall_answers_of_the_month_before_only(office: Office) -> None:
    from omr.records.offices.periods import parse_period
    from omr.records.store.store import Store
    from omr.reports import monthly

    for period in ("2025-03", "2025-04"):
        for unit, form in (("PC06", "DL-01"), ("PC08", "DL-04")):
            run = office.issue(unit, 12, period, form)
            said = [{"B10": "5541?"[n % 5], "B1": "3"} for n in range(10)] + [{"B10": ""}, {"B10": "5 4"}]
            scan = office.scan(*(slip(run, run.first + n, **one) for n, one in enumerate(said)))
            office("read", scan, code=3)
    file = write(office.folder / "phieu.csv", "Ngày,Đơn vị,B1,B2,B3,B10", "25/03/2025,PC06,5,5,5,1")
    office.json("electronic", "import", file, "--form", "DL-01")
    settings = office.workspace.settings.report
    with Store.open(office.workspace.database) as store:
        for unit in (None, "PC06"):
            month = monthly.gather(store, "2025-04", unit=unit)
            whole = monthly.gather(store, "2025-03", unit=unit)
            part = monthly.month_before(store, parse_period("2025-04"), unit=unit)
            assert whole.pool().overall.whole == part.pool().overall.whole > 0
            assert monthly.annex(month, whole, settings) == monthly.annex(month, part, settings)
            assert prose.results(month, whole, settings) == prose.results(month, part, settings)


def test_tables_on_the_terminal(office: Office) -> None:
    runs = [office.issue("PC06", 40, "2026-11"), office.issue("PC08", 40, "2026-11")]
    for run in runs:
        pages = [slip(run, run.first + n, A1="12"[n % 2], B10="51"[n % 3 == 0]) for n in range(40)]
        office("read", office.scan(*pages))
    by_unit = office("report", "--period", "2026-11", "--by", "unit").out.splitlines()
    assert by_unit[0].split() == ["Đơn", "vị", "Hài", "lòng", "trở", "lên"]
    assert [line.split()[-2] for line in by_unit[1:]] == ["26/40", "26/40"]
    rows = office.json("report", "--period", "2026-11", "--by", "question,unit")["rows"]
    assert {"question": "DL-01/B10", "unit": "PC08", "satisfied": 26, "answered": 40} in rows
    asked = ("report", "--period", "2026-11", "--by", "unit,respondent")
    assert "chưa chốt" in office(*asked, code=1).err  # two drafts could be subtracted
    office("period", "close", "2026-11", "--by", "lan")
    rows = office.json(*asked)["rows"]
    assert {"unit": "PC06", "respondent": "1", "satisfied": 13, "answered": 20} in rows
    told = office("report", "--period", "2026-11", "--by", "weather", code=1).err
    assert "weather" in told and "procedure" not in told  # the form does not ask it
    assert "unit" in told
    assert "question" in office("report", "--period", "2026-11", "--by", "question,A1", code=1).err
    assert "--by" in office("report", "--period", "2026-11", code=2).err


def test_small_cells_are_hidden_on_the_terminal_too(office: Office) -> None:
    run = office.issue("PC06", 40, "2026-11")
    said = [{"A1": "2"}] * 3 + [{"A1": ""}] * 6 + [{"A1": "1"}] * 20
    office("read", office.scan(*(slip(run, run.first + n, **one) for n, one in enumerate(said))))
    office("period", "close", "2026-11", "--by", "lan")
    rows = office.json("report", "--period", "2026-11", "--by", "A1")["rows"]
    assert rows == [
        {"a1": "1", "satisfied": 20, "answered": 20},
        {"a1": "2", "satisfied": None, "answered": None},
        {"a1": "", "satisfied": None, "answered": None},
    ]


def test_the_board_needs_an_address_and_names_form_and_unit(office: Office) -> None:
    target = office.folder / "bang.pdf"
    refused = office("poster", "--unit", "PC06", "-o", target, code=1)
    assert "electronic_form_url" in refused.err
    settings = (
        'electronic_form_url = "https://x.vn/{form}?dv={unit}"\n[poster]\nphones = { PC06 = "0225 1" }\n'
    )
    (office.workspace.path / "omr.toml").write_text(settings, "utf-8")
    made = office.json("poster", "--unit", "PC06", "--form", "DL-01", "-o", target)
    assert made == {"pdf": str(target), "codes": ["https://x.vn/DL-01?dv=PC06"]}
    assert target.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("words", [("--format", "pdf"), ("--format", "csv,exe")])
def test_unknown_kinds_of_files_are_a_usage_error(office: Office, words: tuple[str, ...]) -> None:
    ran = office("report", "--period", "2026-11", "-o", office.folder / "out", *words, code=2)
    assert "csv, xlsx, docx" in ran.err
