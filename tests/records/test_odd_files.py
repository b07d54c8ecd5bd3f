"""Odd files of form tools and spreadsheets: nobody is counted twice, nothing is assumed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from scanned import FORM

from omr.errors import OmrError
from omr.forms.template import Form
from omr.records.exchange.electronic import Imported, import_electronic
from omr.records.exchange.moments import Order
from omr.records.offices.periods import parse_period
from omr.records.store.store import Store

TODAY = date(2026, 12, 20)
HEAD = ["Dấu thời gian", "Đơn vị", "A1", "B1", "B2", "B3", "B10"]
# Twelve people, no two of whom say the same.
SAID = [["PC06", str(1 + n % 2), *(str(1 + n // 5**at % 5) for at in range(4))] for n in range(7, 187, 15)]
TIMES = [datetime(2026, 11, 3 + n, 8 + n % 9, 5 * n, 7 + n) for n in range(12)]


@pytest.fixture
def take(store: Store) -> Callable[..., Imported]:
    def take_in(path: Path, **more: Any) -> Imported:
        def find(name: str) -> Form:
            if name != FORM.form:
                raise OmrError("electronic.no_form")
            return FORM

        return import_electronic(store, path, find, by="test", **{"form": "DL-01", "today": TODAY, **more})

    return take_in


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: Sequence[str], name: str = "a.csv", before: str = "") -> Path:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";" if before else ",").writerows(rows)
        path = tmp_path / name
        path.write_text(before + text.getvalue(), "utf-8-sig")
        return path

    return write


def sheet(times: Sequence[object], *, head: Sequence[str] = HEAD, ids: int = 0) -> list[list[Any]]:
    rows = [[at, *said] for at, said in zip(times, SAID, strict=True)]
    if ids:
        head, rows = ["ID", *head], [[str(n), *row] for n, row in enumerate(rows, ids)]
    return [list(head), *rows]


def written(form: str, shift: timedelta = timedelta()) -> list[str]:
    return [f"{at + shift:{form}}" for at in TIMES]


STAMP = "%Y-%m-%d %H:%M:%S"


# --- one person is one, whatever became of the times ----------------------------------------------


@pytest.mark.parametrize("hours", [-7, -3.5, 1, 7])
def test_a_sheet_that_was_set_to_another_time_zone_is_the_same_sheet(file, take, hours: float) -> None:
    take(file(*sheet(written(STAMP))))
    moved = file(*sheet(written(STAMP, timedelta(hours=hours))), name="zone.csv")
    with pytest.raises(OmrError, match="a.csv"):
        take(moved)


def test_ids_know_their_answers_when_the_column_of_times_is_another_one(file, take) -> None:
    """Microsoft Forms writes a start and an end; somebody deletes the end, and the file comes again."""
    take(file(*sheet(written(STAMP), ids=1)))
    begun = [f"{at - timedelta(minutes=3 + n, seconds=11 * n):{STAMP}}" for n, at in enumerate(TIMES)]
    again = sheet(begun, head=["Start time", *HEAD[1:]], ids=1)
    with pytest.raises(OmrError, match="a.csv"):
        take(file(*again, name="start.csv"))


def test_another_form_that_begins_at_1_in_the_same_month_is_other_people(file, take) -> None:
    take(file(*sheet(written(STAMP), ids=1)))
    others = [
        [row[0], f"{at + timedelta(days=6, minutes=7):{STAMP}}", *row[2:]]
        for at, row in zip(
            TIMES, [[str(n), "", *said] for n, said in enumerate(SAID[5:] + SAID[:5], 1)], strict=True
        )
    ]
    assert take(file(["ID", *HEAD], *others, name="b.csv")).new == 12


def test_a_busy_day_of_people_who_all_say_the_same_is_no_other_time_zone(file, take) -> None:
    """Morning and afternoon of one counter, taken in apart: to the minute some are half hours apart."""
    said = ["PC06", "1", "5", "5", "5", "5"]
    morning = [[f"2026-11-03 {8 + n // 60:02}:{n % 60:02}", *said] for n in range(0, 240, 2)]
    later = [[f"2026-11-03 {13 + n // 60:02}:{n % 60:02}", *said] for n in range(1, 240, 31)]
    assert take(file(HEAD, *morning)).new == 120
    assert take(file(HEAD, *later, name="b.csv")).new == len(later)


def test_kobos_time_of_submission_is_in_utc(file, take, store: Store) -> None:
    """`_submission_time` says no zone and is UTC: in Hải Phòng the month may be the next one."""
    head = ["_id", "_submission_time", *HEAD[1:]]
    take(file(head, ["7", "2026-10-31T18:30:09", *SAID[0]]))
    stored = store.row("SELECT period, moment FROM electronic_slips")
    assert stored is not None and tuple(stored) == ("2026-11", "2026-11-01T01:30:09")


# --- what a spreadsheet did to the days ------------------------------------------------------------


def test_days_whose_months_run_and_whose_day_stands_still_are_asked_about(file, take) -> None:
    """1/10 to 12/10 opened by a spreadsheet that reads months first: the tenth of every month."""
    book = openpyxl.Workbook()
    for row in sheet([datetime(2026, 1 + n % 11, 10, 9, n, n) for n in range(12)]):
        book.active.append(row)
    path = file().with_name("turned.xlsx")
    book.save(path)
    with pytest.raises(OmrError, match="--days"):
        take(path)
    assert take(path, order=Order.DAY_FIRST, dry=True).months["2026-03"] == 1  # somebody says they are right
    assert take(path, period=parse_period("2026-10"), dry=True).refused == 11


def test_a_number_in_place_of_a_date_is_no_date(file, take) -> None:
    with pytest.raises(OmrError, match="46329"):
        take(file(*sheet(["46329.347"] * 12)))


# --- what a spreadsheet did to the table ----------------------------------------------------------


def test_merged_cells_are_refused_and_named(file, take, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in sheet(TIMES):
        book.active.append(row)
    book.active.merge_cells("D2:D4")
    book.save(tmp_path / "merged.xlsx")
    with pytest.raises(OmrError, match="D2:D4"):
        take(tmp_path / "merged.xlsx")


def test_a_title_over_the_table_is_refused_and_a_merged_one_too(file, take, tmp_path: Path) -> None:
    with pytest.raises(OmrError, match="đầu đề"):
        take(file(["Kết quả khảo sát tháng 11"], *sheet(written(STAMP))))


def test_what_stands_below_no_heading_is_refused(file, take) -> None:
    rows = sheet(written(STAMP))
    crowded = [[*row[:2], "5" if n == 3 else "", *row[2:]] for n, row in enumerate(rows)]
    crowded[0][2] = ""
    with pytest.raises(OmrError, match="dòng 4"):
        take(file(*crowded))
    empty = [[*row[:2], "", *row[2:], ""] for row in rows]
    assert take(file(*empty, name="empty.csv")).new == 12


def test_excels_own_line_that_names_the_separator_is_no_heading(file, take) -> None:
    assert take(file(*sheet(written(STAMP)), before="sep=;\r\n")).new == 12


def test_two_tables_in_one_sheet_are_refused(file, take) -> None:
    rows = sheet(written(STAMP))
    with pytest.raises(OmrError, match="dòng 14"):
        take(file(*rows, *rows))


def test_two_forms_in_one_file_need_a_name_in_every_line(file, take) -> None:
    rows = [[*row, "DL-01"] for row in sheet(written(STAMP))]
    rows[0][-1] = "Mẫu phiếu"
    assert take(file(*rows), form="", dry=True).new == 12
    rows[5][-1] = ""
    with pytest.raises(OmrError, match="dòng 6"):
        take(file(*rows, name="b.csv"), form="")


def test_a_question_without_a_column_is_told(file, take) -> None:
    rows = [[*row[:2], *row[3:]] for row in sheet(written(STAMP))]
    assert take(file(*rows), dry=True).unasked == ("A1",)


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_merged_cells_of_other_workbooks_are_refused_too(file, take, kind: str) -> None:
    """The same sheet, saved by LibreOffice, with the third person's answers merged with the second's."""
    with pytest.raises(OmrError, match="D2:D4"):
        take(Path(__file__).parents[1] / "tables" / f"merged.{kind}")
    assert take(Path(__file__).parents[1] / "tables" / f"answers.{kind}").new == 12
