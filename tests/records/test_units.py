"""Units as dated data: lists come in whole or not at all, names match however they are spelt."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.errors import OmrError, RegisterError
from omr.messages import choose_language
from omr.records.offices.periods import parse_period
from omr.records.offices.units import (
    HEADINGS,
    TEMPLATE,
    UnitKind,
    find_unit,
    folded,
    import_units,
    list_units,
    read_units,
    shipped_lists,
    shipped_units,
)
from omr.records.store.store import Store
from omr.tables_in import SheetError

HEAD = ",".join(HEADINGS)


def units_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


@pytest.mark.parametrize("name", shipped_lists())
def test_every_built_in_list_can_be_imported(name: str, tmp_path: pytest.TempPathFactory) -> None:
    path = shipped_units(name)
    assert path is not None
    with Store.open(tmp_path / "omr.sqlite") as fresh:
        units = read_units(path.read_bytes())
        assert import_units(fresh, units, by="test") == len(units)
        assert sorted(list_units(fresh), key=str) == sorted(units, key=str)


def test_hai_phong_of_2023(store: Store) -> None:
    march = parse_period("2023-03")
    serving = [unit for unit in list_units(store) if unit.serves(march)]
    assert {unit.unit for unit in serving if unit.kind is UnitKind.DEPARTMENT} == {
        "PV01",
        "PC06",
        "PC07",
        "PC08",
        "PA08",
    }
    districts = [unit for unit in serving if unit.kind is UnitKind.DISTRICT]
    assert len(districts) == 15
    assert all(unit.parent == "CATP" for unit in districts)
    assert not any(unit.serves(parse_period("2025-03")) for unit in districts)
    assert find_unit(store, "Thủy Nguyên", parse_period("2025-02")).name == "Công an thành phố Thủy Nguyên"


@pytest.mark.parametrize(
    "spelt",
    [
        "THUYNGUYEN",
        "thuy nguyen",
        "Thuỷ Nguyên",
        "Thủy  nguyên",
        "Công an huyện Thuỷ Nguyên",
        "huyện Thuỷ Nguyên",
        "CA\u0301T HA\u0309I",
    ],
)
def test_units_are_found_however_they_are_spelt(store: Store, spelt: str) -> None:
    wanted = "CATHAI" if spelt.startswith("CA") and "T HA" in spelt else "THUYNGUYEN"
    assert find_unit(store, spelt, parse_period("2023-03")).unit == wanted


def test_an_unknown_or_dissolved_unit_is_refused(store: Store) -> None:
    for text, period, key in [
        ("PC60", None, "units.unknown"),
        ("", None, "units.unknown"),
        ("Hồng Bàng", "2025-03", "units.not_in_period"),
        ("PC06", "2023-02", "units.not_in_period"),
    ]:
        with pytest.raises(RegisterError) as error:
            find_unit(store, text, parse_period(period) if period else None)
        assert error.value.key == key


def test_the_communes_of_2025_stand_beside_the_districts_before_them(store: Store) -> None:
    path = shipped_units("hai-phong-2025")
    assert path is not None
    assert import_units(store, read_units(path.read_bytes()), by="test") == 114  # departments are there
    before, since = parse_period("2025-02"), parse_period("2025-07")
    new = [unit for unit in list_units(store) if unit.serves(since) and not unit.serves(before)]
    kinds = Counter(unit.kind for unit in new)
    assert kinds == {UnitKind.COMMUNE: 112, UnitKind.SPECIAL_ZONE: 2}
    assert find_unit(store, "kiến thuỵ", before).name == "Công an huyện Kiến Thụy"
    assert find_unit(store, "kiến thuỵ", since).name == "Công an xã Kiến Thụy"
    # Two communes that differ in one tone.
    assert find_unit(store, "Cẩm Giàng", since).name == "Công an xã Cẩm Giàng"
    assert find_unit(store, "xã Cẩm Giang", since).name == "Công an xã Cẩm Giang"
    with pytest.raises(RegisterError) as error:
        find_unit(store, "cam giang", since)
    assert error.value.key == "units.ambiguous"


def test_a_dissolved_district_names_who_took_its_work(store: Store) -> None:
    ended = [unit for unit in list_units(store) if unit.valid_to == date(2025, 3, 1)]
    assert len(ended) == 15
    assert {unit.successor for unit in ended} == {"CATP"}


def test_the_template_is_a_list_but_not_a_built_in_one() -> None:
    assert len(read_units(TEMPLATE.read_bytes())) == 3
    assert shipped_units("template") is None
    assert shipped_units("../units/hai-phong-2023") is None


def test_a_name_of_two_units_is_refused(store: Store) -> None:
    same = units_of(
        "X1,Công an phường An Biên,commune,CATP,2025-07-01,,",
        "X2,Công an xã An Biên,commune,CATP,2025-07-01,,",
    )
    import_units(store, read_units(same), by="test")
    with pytest.raises(RegisterError) as error:
        find_unit(store, "An Biên")
    assert error.value.values["choices"] == "X1, X2"


def test_a_list_may_come_from_excel() -> None:
    lines = [
        "unit;name;kind;valid_from;valid_to",
        "x1;Công an phường Một;phường;01/07/2025;",
        "",
        "x2;Phòng Hai;Phòng;1/7/2025;31/12/2025",
    ]
    text = "\r\n".join(lines)
    for data in (text.encode(), text.encode("utf-8-sig")):
        one, two = read_units(data)
        assert (one.unit, one.kind, one.valid_from, one.valid_to) == (
            "X1",
            UnitKind.COMMUNE,
            date(2025, 7, 1),
            None,
        )
        assert (two.kind, two.valid_to) == (UnitKind.DEPARTMENT, date(2025, 12, 31))


def test_headings_are_read_as_an_office_writes_them_and_said_in_its_language() -> None:
    head = "Mã đơn vị,Tên đơn vị,Loại,Từ ngày,Thôi từ ngày"
    (unit,) = read_units(f"{head}\nPX01,Phòng Tổ chức cán bộ,phòng,01/03/2025,01/03/2026\n".encode())
    assert (unit.unit, unit.valid_from, unit.valid_to) == ("PX01", date(2025, 3, 1), date(2026, 3, 1))
    choose_language("vi")
    with pytest.raises(OmrError, match="mã đơn vị, tên, loại, cấp trên, từ ngày") as told:
        read_units(b"unit,name\nA,B\n")
    assert "valid_from" not in str(told.value)
    for line in ("A,,commune,,2025-07-01,,", "A,Tên,làng,,2025-07-01,,", "A,Tên,commune,,hôm qua,,"):
        with pytest.raises(SheetError) as error:
            read_units(units_of(line))
        assert "commune" not in str(error.value) and "valid_from" not in str(error.value)


def test_names_are_kept_in_composed_letters() -> None:
    (unit,) = read_units(units_of("A,Co\u0302ng an xa\u0303 Hai,commune,,2025-07-01,,"))
    assert unit.name == "Công an xã Hai"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("A,,commune,,2025-07-01,,", "units.absent"),
        ("A,Tên,làng,,2025-07-01,,", "units.bad_kind"),
        ("A,Tên,commune,,2025-02-30,,", "units.bad_date"),
        ("A,Tên,commune,,hôm qua,,", "units.bad_date"),
        ("A,Tên,commune,,2025-07-01,2025-07-01,", "units.ends_before"),
        ("mã có dấu,Tên,commune,,2025-07-01,,", "units.bad_code"),
        ('A,"=HYPERLINK(""http://x"")",commune,,2025-07-01,,', "units.bad_cell"),
        ("A,Phòng cháy, chữa cháy,commune,,2025-07-01,,,", "sheet.too_many_cells"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_expected(line: str, key: str) -> None:
    good = "B,Tên,commune,,2025-07-01,,"
    with pytest.raises(SheetError) as error:
        read_units(units_of(good, line))
    (wrong,) = error.value.wrong
    assert wrong.values["line"] == 3
    detail = wrong.values["detail"]
    assert isinstance(detail, OmrError)
    assert detail.key == key


def test_all_wrong_lines_are_told_at_once() -> None:
    choose_language("en")
    lines = [f"U{at},Tên,làng,,2025-07-01,," for at in range(30)]
    with pytest.raises(SheetError) as error:
        read_units(units_of(*lines))
    said = str(error.value).splitlines()
    assert said[0].startswith("30 errors, nothing was imported")
    assert said[1].startswith("line 2: kind “làng”")
    assert said[-1] == "… and 10 more wrong lines"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "sheet.empty"),
        (b"unit,name\nA,B\n", "units.columns"),
        ((HEAD + ",phone").encode(), "units.columns"),
        (HEAD.encode(), "units.empty"),
        (HEAD.encode() + b"\nA,T\x81\xd2n,commune,,2025-07-01,,", "sheet.not_text"),
        (b"x" * 6_000_000, "sheet.too_large"),
    ],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, key: str) -> None:
    with pytest.raises(OmrError) as error:
        read_units(data)
    assert error.value.key == key


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        (("A,Một,commune,,2025-07-01,,", "A,Hai,commune,,2025-08-01,,"), "units.overlap"),
        (("A,Một,commune,,2025-07-01,,", "A,Hai,commune,,2025-07-01,,"), "units.twice"),
        (("A,Một,commune,KHONGCO,2025-07-01,,",), "units.unknown_other"),
        (("A,Một,commune,A,2025-07-01,,",), "units.unknown_other"),
        (("A,Một,commune,,2025-07-01,2025-08-01,KHONGCO",), "units.unknown_other"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused_whole(
    store: Store, lines: tuple[str, ...], key: str
) -> None:
    before = list_units(store)
    with pytest.raises(SheetError) as error:
        import_units(store, read_units(units_of("OK,Đúng,commune,,2025-07-01,,", *lines)), by="test")
    assert [wrong.key for wrong in error.value.wrong] == [key]
    assert list_units(store) == before


def test_a_list_again_adds_nothing_and_a_change_is_an_added_entry(store: Store) -> None:
    lines = "A,Công an xã Một,commune,,2025-07-01,,", "A,Công an phường Một,commune,,2026-07-01,,"
    first = units_of(lines[0])
    assert import_units(store, read_units(first), by="test") == 1
    assert import_units(store, read_units(first), by="test") == 0
    ended = units_of(lines[0].replace("01,,", "01,2026-07-01,"), lines[1])
    assert import_units(store, read_units(ended), by="test") == 2
    entries = [unit for unit in list_units(store) if unit.unit == "A"]
    assert [unit.valid_to for unit in entries] == [date(2026, 7, 1), None]
    assert store.value("SELECT count(*) FROM unit_entries WHERE unit = 'A'") == 3


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.binary() | st.text().map(lambda text: f"{HEAD}\n{text}".encode()))
def test_no_file_brings_the_import_down(data: bytes) -> None:
    try:
        units = read_units(data)
    except OmrError as error:
        assert str(error)
    else:
        out = io.StringIO()
        csv.writer(out).writerows([[unit.unit, unit.name] for unit in units])
        assert units
