"""Files that form tools and offices save: every encoding, nothing twice, nothing half."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scanned import FORM, Scanner, slip

from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.records.counts.closing import close
from omr.records.counts.tallies import Channel, tally
from omr.records.exchange.electronic import Imported, import_electronic, load_column_map
from omr.records.register.periods import parse_period
from omr.records.register.visits import import_visits, visits_of
from omr.records.store.store import Store
from omr.tables_in import read_sheet

HEAD = ["Dấu thời gian", "Đơn vị", "A1", "B1", "B2", "B3", "B10", "Địa chỉ email"]
ROWS = [
    ["05/11/2026 08:20:01", "PC06", "1", "5", "mức 4", "5", "5", "an@example.com"],
    ["06/11/2026 09:00:00", "Phòng Cảnh sát giao thông", "2", "1", "", "3", "1", ""],
]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: Sequence[str], name: str = "a.csv", encoding: str = "utf-8-sig", sep: str = ",") -> Path:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=sep).writerows(rows)
        path = tmp_path / name
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return write


@pytest.fixture
def take(store: Store) -> Callable[..., Imported]:
    def take_in(path: Path, **more: Any) -> Imported:
        def find(name: str) -> Form:
            assert name == FORM.form
            return FORM

        return import_electronic(store, path, find, by="test", **{"form": "DL-01", **more})

    return take_in


def said(store: Store, question: str, period: str = "2026-11") -> dict[str, int]:
    rows = tally(store, period).tallies.answers
    return dict(Counter({r.code: r.slips for r in rows if r.question == question and r.code}))


def test_answers_come_in_by_keys_words_and_codes(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    assert take(file(HEAD, *ROWS)) == Imported(2, 2, 0)
    tallies = tally(store, "2026-11").tallies
    assert {row.stratum.unit for row in tallies.slips} == {"PC06", "PC08"}
    assert {row.stratum.channel for row in tallies.slips} == {Channel.ELECTRONIC}
    assert said(store, "B2") == {"4": 1}
    assert said(store, "B10") == {"5": 1, "1": 1}


def test_a_second_import_counts_nothing_twice(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    take(file(HEAD, *ROWS))
    before = said(store, "B10")
    assert take(file(HEAD, *ROWS, name="again.csv")) == Imported(2, 0, 2)
    later = ["07/11/2026 10:00:00", "PC06", "1", "4", "4", "4", "4", ""]
    assert take(file(HEAD, *ROWS, later, name="more.csv")) == Imported(3, 1, 2)
    assert said(store, "B10") == {**before, "4": 1}


def test_two_people_may_say_exactly_the_same(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    assert take(file(HEAD, ROWS[0], ROWS[0])) == Imported(2, 2, 0)
    assert take(file(HEAD, ROWS[0], ROWS[0], name="b.csv")) == Imported(2, 0, 2)


def test_nothing_is_half_imported(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    bad = [
        ["31/02/2026", "PC06", "1", "5", "5", "5", "5", ""],
        ["05/11/2026", "Không có đơn vị này", "1", "5", "5", "5", "5", ""],
        ["05/11/2026", "PC06", "1", "tuyệt", "5", "5", "5", ""],
        ["05/11/2026", "PC06", "1", "5", "5", "5", "=1+1", ""],
    ]
    with pytest.raises(OmrError) as caught:
        take(file(HEAD, ROWS[0], *bad))
    told = str(caught.value)
    for line in (3, 4, 5, 6):
        assert f"dòng {line}:" in told
    assert "tuyệt" in told and "4 chỗ sai" in told
    assert store.value("SELECT count(*) FROM electronic_slips") == 0


def test_a_response_that_changed_is_refused(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    head, row = ["Response ID", *HEAD], ["r-1", *ROWS[0]]
    take(file(head, row))
    changed = row.copy()
    changed[7] = "1"
    with pytest.raises(OmrError, match="dòng 2"):
        take(file(head, changed, name="b.csv"))
    with pytest.raises(OmrError, match="hai dòng"):
        take(file(head, ["r-2", *ROWS[0]], ["r-2", *ROWS[1]], name="c.csv"))
    assert store.value("SELECT count(*) FROM electronic_slips") == 1


def test_nothing_personal_is_stored(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    take(file(["Response ID", *HEAD], ["an@example.com", *ROWS[0]]))
    dump = "\n".join(str(tuple(row)) for row in store.rows("SELECT * FROM electronic_slips"))
    assert "example" not in dump


def test_a_map_names_columns_and_values(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store, tmp_path: Path
) -> None:
    head = ["Khi nào", "Chỗ ngồi", "Câu hỏi B2", "Mức độ [Câu B3]", "Chung"]
    toml = tmp_path / "cot.toml"
    toml.write_text(
        'unit = "PC06"\nday_format = "%m/%d/%Y"\n[columns]\nday = "Khi nào"\nB1 = "Chỗ ngồi"\n'
        'B2 = "Câu hỏi B2"\nB10 = "Chung"\n[values.B1]\n"Tuyệt vời" = "5"\n',
        "utf-8",
    )
    columns = load_column_map(toml)
    take(file(head, ["11/25/2026", "tuyệt vời", "5,0", "3", "4.0"]), columns=columns)
    assert (said(store, "B1"), said(store, "B2"), said(store, "B3")) == ({"5": 1}, {"5": 1}, {"3": 1})
    toml.write_text('[columns]\nB99 = "Chung"\n', "utf-8")
    with pytest.raises(OmrError, match="B99"):
        take(file(head, name="b.csv"), columns=load_column_map(toml))


def test_a_column_that_is_missing_is_named(file: Callable[..., Path], take: Callable[..., Imported]) -> None:
    with pytest.raises(OmrError, match="B3, B10, unit, day"):
        take(file(["A1", "B1", "B2"], ["1", "5", "5"]))
    with pytest.raises(OmrError, match="--form"):
        take(file(HEAD, *ROWS), form="")


def test_a_closed_period_takes_nothing(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    close(store, parse_period("2026-11"), by="lan")
    with pytest.raises(OmrError, match="2026-11"):
        take(file(HEAD, *ROWS))


def test_paper_and_electronic_are_counted_apart(
    file: Callable[..., Path],
    take: Callable[..., Imported],
    store: Store,
    scanner: Scanner,
    issued_run: Callable[..., Issue],
) -> None:
    run = issued_run()
    scanner.take_in(scanner.scan("a.tif", slip(run, 1)))
    take(file(HEAD, *ROWS))
    counted = tally(store, "2026-11")
    channels = Counter({row.stratum.channel: 0 for row in counted.tallies.slips})
    for row in counted.tallies.slips:
        channels[row.stratum.channel] += row.slips
    assert channels == {Channel.PAPER: 1, Channel.ELECTRONIC: 2}
    assert counted.answers == 5  # of paper only


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1258")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_every_encoding_reads_the_same(file: Callable[..., Path], encoding: str, sep: str) -> None:
    rows = [["Đơn vị", "Mức độ"], ["Thủy Nguyên", "Rất hài lòng, cảm ơn; tốt"]]
    if encoding == "cp1258":  # it writes tones as signs of their own
        rows = [["Đơn vi\u0323", "Mư\u0301c đô\u0323"], ["Thu\u0309y Nguyên", "Râ\u0301t hài lo\u0300ng"]]
    sheet = read_sheet(file(*rows, encoding=encoding, sep=sep))
    assert sheet.columns == ("Đơn vị", "Mức độ")
    (line, cells) = sheet.rows[0]
    assert line == 2 and cells["Đơn vị"] == "Thủy Nguyên" and cells["Mức độ"].startswith("Rất hài lòng")


def test_a_workbook_reads_like_a_csv(tmp_path: Path) -> None:
    import datetime

    book = openpyxl.Workbook()
    book.active.append(["Đơn vị", "Ngày", "Số lượt", "Trống"])
    book.active.append(["PC06", datetime.date(2026, 11, 5), 1234.0, None])
    book.active.append([None, None, None, None])
    book.active.append(["PC08", datetime.datetime(2026, 11, 6, 8, 30), 5.5, "=1+1"])
    book.save(tmp_path / "a.xlsx")
    sheet = read_sheet(tmp_path / "a.xlsx")
    assert [line for line, _ in sheet.rows] == [2, 4]
    assert dict(sheet.rows[0][1]) == {
        "Đơn vị": "PC06",
        "Ngày": "2026-11-05 00:00:00",
        "Số lượt": "1234",
        "Trống": "",
    }
    assert sheet.rows[1][1]["Ngày"] == "2026-11-06 08:30:00"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "không có dòng"),
        (b"PK\x03\x04 not a workbook", "hỏng"),
        (b"\xff\xfe\x00", "bảng mã"),
        (b"a,a\n1,2\n", "hai cột"),
        (b"a,b\n1,2,3\n", "3 ô"),
        (b'a,b\n"1,2\n', "CSV"),
        (b"a,b\n" + b"x" * 20_000 + b",1\n", "quá dài"),
    ],
)
def test_a_hostile_file_is_one_clear_line(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(OmrError, match=told):
        read_sheet(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        sheet = read_sheet(path)
    except OmrError:
        return
    assert sheet.columns


def test_visits_are_replaced_never_added_up(store: Store, file: Callable[..., Path]) -> None:
    head = ["Đơn vị", "Tháng", "Số lượt"]
    assert (
        import_visits(store, file(head, ["PC06", "2026-11", "1.234"], ["pc08", "11/2026", "50"]), by="a") == 2
    )
    assert visits_of(store, "2026-11") == {"PC06": 1234, "PC08": 50}
    assert import_visits(store, file(head, ["PC06", "2026-11", "1234"], name="b.csv"), by="a") == 0
    assert import_visits(store, file(head, ["PC06", "2026-11-01", "1300"], name="c.csv"), by="a") == 1
    assert visits_of(store, "2026-11") == {"PC06": 1300, "PC08": 50}


def test_wrong_visits_name_their_lines(store: Store, file: Callable[..., Path]) -> None:
    rows = [["PC06", "1,5"], ["PC99", "3"], ["PC08", "-3"], ["PA08", "7"], ["PA08", "7"]]
    with pytest.raises(OmrError) as caught:
        import_visits(store, file(["đơn vị", "lượt"], *rows), by="a", period=parse_period("2026-11"))
    told = str(caught.value)
    assert all(f"dòng {line}:" in told for line in (2, 3, 4, 6)) and "dòng 5:" not in told
    assert visits_of(store, "2026-11") == {}
    with pytest.raises(OmrError, match="period"):
        import_visits(store, file(["đơn vị", "lượt"], *rows), by="a")
