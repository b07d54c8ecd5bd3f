"""Tables from outside: every encoding and form that offices save, everything wrong told at once."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from omr.errors import OmrError
from omr.tables_in import Sheet, SheetError, checked, read_sheet, sheet_of
from omr.text import whole_number
from omr.workbooks import COMPOUND

HEADINGS = ["đơn vị", "số lượt"]
ROWS = [["Công an phường Lê Chân", "1.234"], ["Phòng Quản lý xuất nhập cảnh", "56"]]


def as_csv(rows: list[list[str]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([HEADINGS, *rows])
    return out.getvalue()


def as_xlsx(**sheets: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name.removeprefix("hidden_"))
            if name.startswith("hidden_"):
                sheet.hide()
            for at, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(at, place, cell, day)
                    elif cell is not None:
                        sheet.write(at, place, cell)
    return out.getvalue()


def rows_of(sheet: Sheet) -> list[list[str]]:
    return [list(cells.values()) for _, cells in sheet.rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1258"])
def test_every_way_of_saving_text_gives_the_same_rows(encoding: str, separator: str) -> None:
    text = as_csv(ROWS, separator)
    if encoding == "cp1258":  # letters and tones apart, as Windows-1258 has them
        text = "".join(_cp1258(sign) for sign in text)
    sheet = sheet_of(text.encode(encoding), "visits.csv")
    assert list(sheet.columns) == HEADINGS
    assert rows_of(sheet) == ROWS


def _cp1258(sign: str) -> str:
    import unicodedata

    try:
        sign.encode("cp1258")
        return sign
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", sign)
        tone = next(mark for mark in apart if mark in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", apart.replace(tone, "")) + tone


def test_a_workbook_gives_what_its_cells_show() -> None:
    rows = [["ngày", "số", "chữ"], [None] * 3, [datetime(2025, 3, 5), 12.0, " x "]]
    sheet = sheet_of(as_xlsx(A=rows, trống=[]), "a.xlsx")
    assert sheet.rows == ((3, {"ngày": "2025-03-05 00:00:00", "số": "12", "chữ": "x"}),)


def test_a_table_on_a_later_sheet_is_found() -> None:
    assert rows_of(sheet_of(as_xlsx(A=[], B=[["x"], ["1"]]), "a.xlsx")) == [["1"]]


@pytest.mark.parametrize("second", ["Tháng 4", "hidden_Tháng 4"])
def test_no_filled_sheet_is_passed_over(second: str) -> None:
    data = as_xlsx(**{"Tháng 3": [["đơn vị"], ["A"]], second: [["đơn vị"], ["B"]]})
    with pytest.raises(OmrError) as caught:
        sheet_of(data, "visits.xlsx")
    assert caught.value.key == "sheet.several"
    assert caught.value.values["sheets"] == "Tháng 3, Tháng 4"


def test_two_cells_at_the_ends_of_a_sheet_fill_no_memory() -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"], book.active["XFD20000"] = "a", "b"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(OmrError, match="a.xlsx"):
        sheet_of(out.getvalue(), "a.xlsx")


TABLES = Path(__file__).parent / "tables"


@pytest.mark.parametrize("file", ["visits.xls", "visits.ods", "visits.xlsx"])
def test_every_kind_of_workbook_gives_the_same_rows(file: str) -> None:
    """One table, saved by LibreOffice in each: what failed in a formula is told, nothing comes out empty."""
    sheet = read_sheet(TABLES / file)
    assert sheet.columns == ("đơn vị", "số lượt", "ngày", "giờ", "ghi chú", "tỉ lệ")
    first = ["Công an phường Lê Chân", "1234", "2026-01-02 00:00:00", "03:04:05", "#N/A", "0.5"]
    last = ["Phòng  PC06\n(cơ sở 2)", "12.5", "2026-01-02 03:04:05", "", "#DIV/0!", "1000000000000000"]
    assert [(line, list(cells.values())) for line, cells in sheet.rows] == [(2, first), (4, last)]


def as_ods(*tables: str, entities: str = "", files: Mapping[str, str] | None = None) -> bytes:
    names = ("table", "office", "text")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    content = f"{entities}<office:document-content {spaces}>{''.join(tables)}</office:document-content>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in {"content.xml": content, **(files or {})}.items():
            package.writestr(name, text)
    return out.getvalue()


def cell(text: str, times: int = 1) -> str:
    repeated = f' table:number-columns-repeated="{times}"' if times > 1 else ""
    return f"<table:table-cell{repeated}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>"


def row(*cells: str, times: int = 1) -> str:
    repeated = f' table:number-rows-repeated="{times}"' if times > 1 else ""
    return f"<table:table-row{repeated}>{''.join(cells)}</table:table-row>"


def table(name: str, *rows: str) -> str:
    return f'<table:table table:name="{name}">{"".join(rows)}</table:table>'


def test_cells_and_rows_that_are_said_to_repeat_are_there_as_often() -> None:
    note = "<office:annotation><text:p>not in the cell</text:p></office:annotation>"
    rows = [
        row(cell("a"), cell("b"), cell("", 16_000)),
        row(cell("", 1_024), times=3),
        row(cell("x", 2), times=2),
        row(cell(""), cell("two<text:s text:c='2'/><text:span>s</text:span><text:tab/>t" + note)),
        row(cell("", 1_024), times=1_048_000),
    ]
    sheet = sheet_of(as_ods(table("A", *rows), table("B", row(cell("", 9), times=9))), "a.ods")
    told = [(line, list(cells.values())) for line, cells in sheet.rows]
    assert told == [(5, ["x", "x"]), (6, ["x", "x"]), (7, ["", "two  s\tt"])]


def _renamed(container: bytes, old: str, new: str) -> bytes:
    """Return a compound file with another name in its directory: 64 bytes, and the length."""
    entries = [
        name.encode("utf-16-le").ljust(64, b"\0") + (2 * len(name) + 2).to_bytes(2, "little")
        for name in (old, new)
    ]
    assert entries[0] in container
    return container.replace(*entries)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (as_ods(table("A", row(cell("a"))), table("B", row(cell("b")))), "sheet.several"),
        (as_ods(table("A", row(cell("a")), row(cell("x", 1_000_000)))), "sheet.too_wide"),
        (as_ods(table("A", row(cell("a")), row(cell("x"), times=2_000_000_000))), "sheet.too_large"),
        (
            as_ods(table("A", row(cell("a")), row(cell(""), times=2_000_000_000), row(cell("x")))),
            "sheet.too_large",
        ),
        (as_ods(entities='<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'), "sheet.not_workbook"),
        (as_ods(files={"META-INF/manifest.xml": "<manifest:encryption-data/>"}), "sheet.locked"),
        (as_ods(table("A")), "sheet.empty"),
        (_renamed((TABLES / "visits.xls").read_bytes(), "Workbook", "EncryptedPackage"), "sheet.locked"),
        # the record of who wrote it, made into the one that begins what is encrypted
        ((TABLES / "visits.xls").read_bytes().replace(b"\x5c\0\x70\0", b"\x2f\0\x70\0"), "sheet.locked"),
        ((TABLES / "visits.xls").read_bytes()[:3000], "sheet.not_workbook"),
    ],
)
def test_workbooks_that_lie_or_are_locked_are_refused_with_their_cause(data: bytes, key: str) -> None:
    with pytest.raises(OmrError) as caught:
        sheet_of(data, "a")
    assert caught.value.key == key


@pytest.mark.parametrize("file", ["visits.xls", "visits.ods"])
@given(at=st.integers(0, 13_000), byte=st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_a_table_or_one_error(file: str, at: int, byte: int) -> None:
    data = bytearray((TABLES / file).read_bytes())
    data[at % len(data)] = byte
    try:
        assert sheet_of(bytes(data), file).columns
    except OmrError as error:
        assert "\n" not in str(error) or isinstance(error, SheetError)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
)
def test_spreadsheets_that_blow_up_are_refused_by_the_parser(part: str) -> None:
    """Entities of entities, a thousand million characters of a few hundred: whichever part they are in."""
    levels = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY a0 "x">{levels}]>'
    out, seen = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(as_xlsx(A=[["a"], ["b"]]))) as sound, zipfile.ZipFile(out, "w") as bad:
        for name in sound.namelist():
            head, end, rest = sound.read(name).decode().partition("?>")
            if name == part:
                seen, rest = True, bomb + rest.replace(">", ">&a9;", 1)
            bad.writestr(name, head + end + rest)
    with pytest.raises(OmrError) as caught:
        sheet_of(out.getvalue(), "a.xlsx")
    assert seen and caught.value.key == "sheet.not_workbook"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "sheet.empty"),
        (b"\r\n\r\n", "sheet.empty"),
        (COMPOUND + bytes(600), "sheet.not_workbook"),
        (b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table></html>", "sheet.web_page"),
        (b"PK\x03\x04 and nothing else", "sheet.not_workbook"),
        (b"a,a\n1,2\n", "sheet.column_twice"),
        (b'a,b\n"1,2\n', "sheet.not_csv"),
        (b"a\n\x81\xd2\n", "sheet.not_text"),
        (b"a\n" + b"x" * 10_001, "sheet.too_wide"),
    ],
)
def test_what_is_no_table_is_refused_with_its_cause(data: bytes, key: str) -> None:
    with pytest.raises(OmrError) as caught:
        sheet_of(data, "a.csv")
    assert caught.value.key == key
    assert "\n" not in str(caught.value)


def test_what_nobody_sees_in_a_cell_changes_nothing() -> None:
    """Pasted from Word or a chat: blanks that do not break, signs of no width, digits of another width."""
    unseen = "\ufeffđơn\u00a0vị,Số\u200b lượt\n\u200bPC06\u00a0,\u200e１２３\u2060\n"
    unseen += "Công an\u00a0phường Ô,1\u202f234\n"
    sheet = sheet_of(unseen.encode(), "a.csv")
    assert sheet.columns == ("đơn vị", "Số lượt")
    told = checked(sheet, lambda cells: (cells["đơn vị"], whole_number(cells["Số lượt"])))
    assert told == [("PC06", 123), ("Công an phường Ô", 1234)]
    # What people wrote in their own words stays as it came: a response is known again by it.
    assert rows_of(sheet)[1][0] == "Công an\u00a0phường Ô"


def test_every_line_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(SheetError) as caught:
        sheet_of("tên,số\nCông an, phường Một,1\nHai,2\nCông an, phường Ba,3\n".encode(), "a.csv")
    assert [error.values["line"] for error in caught.value.wrong] == [2, 4]


def test_a_comma_in_a_name_is_seen_also_where_the_last_column_is_empty() -> None:
    with pytest.raises(SheetError):
        sheet_of(b"name,visits,note\nMot, Hai,12,\n", "a.csv")
    assert rows_of(sheet_of(b"name,visits,,\nMot,12,,\n", "a.csv")) == [["Mot", "12"]]


def test_every_refused_line_is_told_at_once() -> None:
    def number(cells: Mapping[str, str]) -> int:
        found = whole_number(cells["số lượt"])
        if found is None:
            raise OmrError("visits.no_number", text=cells["số lượt"])
        return found

    sheet = sheet_of(as_csv([*ROWS, ["A", "nhiều"], ["B", "7"], ["C", "-1"]], ",").encode(), "a.csv")
    with pytest.raises(SheetError) as caught:
        checked(sheet, number)
    assert [error.values["line"] for error in caught.value.wrong] == [4, 6]
    assert checked(Sheet(sheet.columns, sheet.rows[:2]), number) == [1234, 56]


def test_a_file_that_is_too_large_or_absent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_bytes(b"a\n" * 2_000_000)
    for file, key in (("large.csv", "sheet.too_large"), ("absent.csv", "sheet.unreadable")):
        with pytest.raises(OmrError) as caught:
            read_sheet(tmp_path / file, most_bytes=3_000_000)
        assert caught.value.key == key


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_error(data: bytes) -> None:
    try:
        assert sheet_of(data, "a.csv").columns
    except OmrError as error:
        assert str(error)
