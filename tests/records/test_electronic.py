"""Files that form tools and offices save: every encoding, nothing twice, nothing half."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
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
from omr.records.counts.tallies import Channel, tally
from omr.records.exchange.electronic import (
    Imported,
    import_electronic,
    imports,
    load_column_map,
    withdraw_import,
)
from omr.records.exchange.moments import Order
from omr.records.month.closing import close
from omr.records.offices.periods import parse_period
from omr.records.offices.visits import import_visits, record_visits, visits_of
from omr.records.store.store import Store
from omr.tables_in import no_day, read_sheet

HEAD = ["Dấu thời gian", "Đơn vị", "A1", "B1", "B2", "B3", "B10", "Địa chỉ email"]
ROWS = [
    ["25/11/2026 08:20:01", "PC06", "1", "5", "mức 4", "5", "5", "an@example.com"],
    ["26/11/2026 09:00:00", "Phòng Cảnh sát giao thông", "2", "1", "", "3", "1", ""],
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
    with pytest.raises(OmrError, match="B3, B10, đơn vị, dấu thời gian"):
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
        import_visits(
            store,
            file(head, ["PC06", "2026-11", "1.234"], ["pc08", "11/2026", "50"]),
            by="a",
            today=date(2026, 11, 30),
        )
        == 2
    )
    assert visits_of(store, "2026-11") == {"PC06": 1234, "PC08": 50}
    assert (
        import_visits(
            store, file(head, ["PC06", "2026-11", "1234"], name="b.csv"), by="a", today=date(2026, 11, 30)
        )
        == 0
    )
    assert (
        import_visits(
            store, file(head, ["PC06", "2026-11-01", "1300"], name="c.csv"), by="a", today=date(2026, 11, 30)
        )
        == 1
    )
    assert visits_of(store, "2026-11") == {"PC06": 1300, "PC08": 50}


@pytest.mark.parametrize(
    "month", ["Nov-26", "nov 26", "Thg11-26", "thg 11-26", "46327", "46327.0", "1/11/2026"]
)
def test_what_excel_makes_of_a_month_is_that_month(
    store: Store, file: Callable[..., Path], month: str
) -> None:
    """Typed 11/2026, a cell is the month's first day and shows as Nov-26, or without a format as 46327."""
    there = file(["Đơn vị", "Tháng", "Số lượt"], ["PC06", month, "12"])
    assert import_visits(store, there, by="a", today=date(2026, 11, 30)) == 1
    assert visits_of(store, "2026-11") == {"PC06": 12}


@pytest.mark.parametrize("month", ["26-Nov", "46328", "Nov-2", "Thg13-26", "2026"])
def test_what_may_be_another_month_is_none(store: Store, file: Callable[..., Path], month: str) -> None:
    there = file(["Đơn vị", "Tháng", "Số lượt"], ["PC06", month, "12"])
    with pytest.raises(OmrError, match="dòng 2: ") as caught:
        import_visits(store, there, by="a", today=date(2026, 11, 30))
    assert ("định dạng kiểu ngày" in str(caught.value)) == (month == "46328")


def test_a_day_that_excel_counted_is_named_as_such(
    take: Callable[..., Imported], file: Callable[..., Path]
) -> None:
    """The cell may have been rounded, or counted from 1904: it is not read, and what to do is said."""
    row = [["46351.3472338", *ROWS[0][1:]]]
    with pytest.raises(OmrError, match="dòng 2: “46351.3472338” là số thứ tự ngày của Excel"):
        take(file(HEAD, *row))
    assert "25/11/2026" in str(no_day("46351.3472338", OmrError("sheet.empty", file="")))
    assert no_day("hôm qua", other := OmrError("sheet.empty", file="")) is other


def test_wrong_visits_name_their_lines(store: Store, file: Callable[..., Path]) -> None:
    rows = [["PC06", "1,5"], ["PC99", "3"], ["PC08", "-3"], ["PA08", "7"], ["PA08", "7"]]
    with pytest.raises(OmrError) as caught:
        import_visits(
            store,
            file(["đơn vị", "lượt"], *rows),
            by="a",
            today=date(2026, 11, 30),
            period=parse_period("2026-11"),
        )
    told = str(caught.value)
    assert all(f"dòng {line}:" in told for line in (2, 3, 4, 6)) and "dòng 5:" not in told
    assert visits_of(store, "2026-11") == {}
    with pytest.raises(OmrError, match="thiếu cột: kỳ"):
        import_visits(store, file(["đơn vị", "lượt"], *rows), by="a", today=date(2026, 11, 30))


def test_nobody_came_in_a_month_to_come(store: Store, file: Callable[..., Path]) -> None:
    head = ["Đơn vị", "Tháng", "Số lượt"]
    rows = file(head, ["PC06", "2026-11", "12"], ["PC06", "2026-12", "1"], ["PC06", "12/2031", "1"])
    without = file(["Đơn vị", "Số lượt"], ["PC06", "5"], name="b.csv")
    for day in (date(2026, 11, 1), date(2026, 11, 30)):
        with pytest.raises(OmrError) as caught:
            import_visits(store, rows, by="a", today=day)
        told = str(caught.value)
        assert "dòng 3: " in told and "dòng 4: " in told and "dòng 2:" not in told
        with pytest.raises(OmrError, match="chưa bắt đầu"):
            import_visits(store, without, by="a", today=day, period=parse_period("2026-12"))
        with pytest.raises(OmrError, match="chưa bắt đầu"):
            record_visits(store, "PC06", parse_period("2026-12"), 5, by="a", today=day)
        assert not any(visits_of(store, month) for month in ("2026-11", "2026-12", "2031-12"))
    assert import_visits(store, without, by="a", today=date(2026, 12, 1), period=parse_period("2026-12")) == 1


# --- one response is one, however its file was saved ----------------------------------------------

MINUTES = [
    [f"{25 + n // 20}/11/2026 08:{n % 20:02}:{n:02}", "PC06", "1", "5", "5", "5", "45"[n % 2], ""]
    for n in range(40)
]


def saved_as(tmp_path: Path, how: str) -> list[list[str]] | Path:
    """The same sheet as an office saves it again."""
    from datetime import datetime

    times = [datetime.strptime(row[0], "%d/%m/%Y %H:%M:%S") for row in MINUTES]
    if how == "one more column":
        return [[*HEAD, "Điểm"], *([*row, ""] for row in MINUTES)]
    if how == "another order of rows and columns":
        return [row[::-1] for row in (HEAD, *MINUTES[::-1])]
    if how == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(HEAD)
        for at, row in zip(times, MINUTES, strict=True):
            book.active.append([at, *row[1:]])
        book.save(tmp_path / "s.xlsx")
        return tmp_path / "s.xlsx"
    written = {
        "iso": "%Y-%m-%d %H:%M:%S",
        "no seconds": "%d/%m/%Y %H:%M",
        "days only": "%d/%m/%Y",
        "month first": "%m/%d/%Y %I:%M:%S %p",
        "with a zone": "%Y-%m-%dT%H:%M:%S+07:00",
    }[how]
    rows = [[f"{at:{written}}", *row[1:]] for at, row in zip(times, MINUTES, strict=True)]
    return [HEAD, *rows]


@pytest.mark.parametrize(
    "how",
    [
        "one more column",
        "another order of rows and columns",
        "xlsx",
        "iso",
        "no seconds",
        "days only",
        "month first",
        "with a zone",
    ],
)
def test_the_same_answers_saved_otherwise_are_the_same_people(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store, tmp_path: Path, how: str
) -> None:
    assert take(file(HEAD, *MINUTES)) == Imported(40, 40, 0)
    again = saved_as(tmp_path, how)
    done = take(again if isinstance(again, Path) else file(*again, name="b.csv"))
    assert done == Imported(40, 0, 40)
    assert done.overlaps == {"a.csv": 40}
    # the other way round, the file with the coarser times first
    withdraw_import(store, imports(store)[0].number, by="lan", why="thử")
    assert take(again if isinstance(again, Path) else file(*again, name="b.csv")).new == 40
    assert take(file(HEAD, *MINUTES, name="c.csv")) == Imported(40, 0, 40)
    assert sum(said(store, "B10").values()) == 40


def test_a_longer_file_gives_only_what_is_new(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    take(file(HEAD, *MINUTES[:25]))
    done = take(file(HEAD, *MINUTES[10:], name="b.csv"))
    assert (done.new, done.known, done.overlaps) == (15, 15, {"a.csv": 15})
    assert done.months == {"2026-11": 15} and done.units == {"PC06": 15}


def test_ids_that_begin_again_are_other_people(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    """Microsoft Forms numbers every form's responses from 1."""
    head = ["ID", "Completion time", *HEAD[1:]]
    october = [[str(n), f"2026-10-{n + 10} 09:00:00", *ROWS[0][1:]] for n in range(1, 6)]
    november = [[str(n), f"2026-11-{n + 10} 09:00:00", *ROWS[n % 2][1:]] for n in range(1, 6)]
    assert take(file(head, *october)).new == 5
    assert take(file(head, *november, name="b.csv")) == Imported(5, 5, 0)
    assert (
        take(file(head, *october, *[[str(int(r[0]) + 50), *r[1:]] for r in november], name="c.csv")).known
        == 5
    )


def test_a_withdrawn_import_counts_no_more_and_may_come_again(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    path = file(HEAD, *ROWS)
    take(path)
    (there,) = imports(store)
    assert (there.file, there.responses, there.months, there.withdrawn) == ("a.csv", 2, ("2026-11",), "")
    with pytest.raises(OmrError, match="--why"):
        withdraw_import(store, there.number, by="lan", why=" ")
    withdraw_import(store, there.number, by="lan", why="nhầm tệp")
    assert said(store, "B10") == {}
    assert store.value("SELECT count(*) FROM returned_slips") == 0
    assert imports(store)[0].withdrawn == "nhầm tệp"
    with pytest.raises(OmrError, match="rút lại rồi"):
        withdraw_import(store, there.number, by="lan", why="nữa")
    with pytest.raises(OmrError, match="không có lần nạp"):
        withdraw_import(store, 999, by="lan", why="nữa")
    assert take(path) == Imported(2, 2, 0)
    close(store, parse_period("2026-11"), by="lan")
    with pytest.raises(OmrError, match="đã chốt"):
        withdraw_import(store, imports(store)[1].number, by="lan", why="muộn")


def test_a_trial_says_all_and_writes_nothing(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    events = store.value("SELECT count(*) FROM events")
    done = take(file(HEAD, *ROWS), dry=True)
    assert done == Imported(2, 2, 0) and done.units == {"PC06": 1, "PC08": 1}
    assert store.value("SELECT count(*) FROM events") == events


def test_a_file_read_by_another_map_is_refused(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    take(file(HEAD, *MINUTES))
    other = [HEAD[0], HEAD[1], "A1", "B2", "B1", "B10", "B3", HEAD[7]]  # whoever swapped the headings
    with pytest.raises(OmrError, match="rút lại"):
        take(file(other, *([*row[:4], *row[6:3:-1], row[7]] for row in MINUTES), name="b.csv"))


# --- which number is the day ----------------------------------------------------------------------


def with_days(*days: str) -> list[list[str]]:
    return [HEAD, *([day, *ROWS[0][1:]] for day in days)]


def test_which_number_is_the_day_is_proved_or_asked(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store
) -> None:
    american = file(*with_days("10/5/2026", "10/6/2026"), name="us.csv")
    with pytest.raises(OmrError, match=r"2026-05-10 hay 2026-10-05.*--days"):
        take(american)
    assert take(american, period=parse_period("2026-10"), dry=True).months == {"2026-10": 2}
    assert take(american, order=Order.DAY_FIRST, dry=True).months == {"2026-05": 1, "2026-06": 1}
    assert take(american, order=Order.MONTH_FIRST, dry=True).months == {"2026-10": 2}
    proved = file(*with_days("10/5/2026", "10/16/2026"), name="proved.csv")
    assert take(proved, dry=True).months == {"2026-10": 2}
    assert take(file(*with_days("10/10/2026"), name="same.csv"), dry=True).months == {"2026-10": 1}
    vietnamese = file(*with_days("5/10/2026 4:23:07 CH"), name="vi.csv")
    assert take(vietnamese, dry=True).months == {"2026-10": 1}


@pytest.mark.parametrize(
    "days", [("15/10/2026", "10/16/2026"), ("2026-05-10 00:00:00", "15/10/2026 08:00:00")]
)
def test_a_column_that_a_spreadsheet_changed_by_half_is_refused(
    file: Callable[..., Path], take: Callable[..., Imported], days: tuple[str, str]
) -> None:
    with pytest.raises(OmrError, match="hai cách ghi"):
        take(file(*with_days(*days)))


def test_days_of_other_periods_are_refused_and_said(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    november = parse_period("2026-11")
    done = take(file(*with_days("30/10/2026", "15/11/2026", "16/11/2026")), period=november)
    assert (done.new, done.refused, done.refused_lines) == (2, 1, ((2, "2026-10-30"),))
    with pytest.raises(OmrError, match="không có dòng nào thuộc kỳ"):
        take(file(*with_days("15/01/2025"), name="b.csv"), period=november)
    with pytest.raises(OmrError, match="chưa tới"):
        take(file(*with_days("15/01/2031"), name="c.csv"), today=date(2026, 11, 29))


# --- the exports of three tools, as they come -----------------------------------------------------

# Heads and first rows as the tools write them; the cells' texts are this form's.
TOOLS = {
    "google": (
        "Dấu thời gian|Đơn vị nơi Ông/Bà làm thủ tục|Câu A1|Mức độ hài lòng [Câu B1]|"
        "Mức độ hài lòng [Câu B2]|"
        "Mức độ hài lòng [Câu B3]|4. Câu B10",
        "2026/11/05 4:23:07 CH GMT+7|Phòng Cảnh sát giao thông|mức 1|mức 5|mức 4||mức 5",
    ),
    "microsoft": (
        "ID|Start time|Completion time|Email|Name|Đơn vị|A1. Câu A1|B1. Câu B1|B2. Câu B2|B3. Câu B3|"
        "B10. Câu B10\u00a0",
        "1|2026-11-05 16:20:00|2026-11-05 16:23:07|anonymous||PC08|mức 1|mức 5|mức 4||mức 5",
    ),
    "kobo": (
        "start|end|chung/don_vi|chung/A1|muc_do/B1|muc_do/B2|muc_do/B3|muc_do/B10|_id|_uuid|_submission_time|"
        "_index",
        "2026-11-05T16:20:00.000+07:00|2026-11-05T16:23:07.512+07:00|PC08|1|5|4||5|731|u-1|"
        "2026-11-05T09:23:09|1",
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_exports_are_taken_as_they_come(
    file: Callable[..., Path], take: Callable[..., Imported], store: Store, tool: str
) -> None:
    path = file(*(line.split("|") for line in TOOLS[tool]))
    assert take(path) == Imported(1, 1, 0)
    stored = store.row("SELECT unit, period, moment FROM electronic_slips")
    assert stored is not None and tuple(stored) == ("PC08", "2026-11", "2026-11-05T16:23:07")
    expected = {"A1": {"1": 1}, "B1": {"5": 1}, "B2": {"4": 1}, "B3": {}, "B10": {"5": 1}}
    assert {key: said(store, key) for key in expected} == expected
    assert take(path).known == 1


def test_two_columns_of_one_question_are_asked_about(
    file: Callable[..., Path], take: Callable[..., Imported]
) -> None:
    head = ["Ngày", "Đơn vị", "truoc/B1", "sau/B1", "B2", "B3", "B10"]
    with pytest.raises(OmrError, match="truoc/B1.*sau/B1"):
        take(file(head, ["25/11/2026", "PC06", "5", "1", "5", "5", "5"]))
