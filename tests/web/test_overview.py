"""The overview: own unit only, small cells hidden, figures as the report has them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips

from omr.figures import Nothing, Share
from omr.records.month.closing import close
from omr.records.offices.periods import parse_period
from omr.reports import monthly
from omr.reports.figures.breakdowns import breakdowns
from omr.web.frame.charts import band_bar, interval_bar, levels_bar
from omr.words import Role


@pytest.fixture
def month(office):
    take_slips(
        office.workspace, [slip(A5="id_card") for _ in range(6)] + [slip(B4="1", A5="other")], name="a"
    )
    take_slips(office.workspace, [slip(B4="2") for _ in range(3)], unit="PC08", name="b")


def shown_on(page: str) -> str:
    """What is read on a page: figures are links, part of a share each."""
    return re.sub(r"</?a\b[^>]*>", "", page)


def test_the_lead_sees_all_units(month, person):
    page = shown_on(person(Role.LEAD).client.get("/overview").text)
    assert "6/10" in page and "60,00%" in page
    assert "6/7" in page and "PC08" in page


def test_the_head_of_a_unit_sees_that_unit_only(month, person, office):
    viewer = person(Role.VIEWER)
    page = shown_on(viewer.client.get("/overview").text)
    assert "6/7" in page and "PC08" not in page and "6/10" not in page and "0/3" not in page
    assert "B000002" not in page
    packed = viewer.client.get("/overview/2026-11/report.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".csv"))
    assert b"PC06" in text and b"PC08" not in text
    assert any(act.what == "report_downloaded" for act in office.accounts.journal.acts())


def test_the_lead_downloads_all(month, person):
    packed = person(Role.LEAD).client.get("/overview/2026-11/report.zip")
    assert 'filename="bao-cao-2026-11.zip"' in packed.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".csv"))
    assert b"PC08" in text


def test_the_page_and_every_file_of_the_report_say_the_same(month, person):
    lead = person(Role.LEAD).client
    shown = set(re.findall(r"\d+/\d+", shown_on(lead.get("/overview").text)))
    with zipfile.ZipFile(io.BytesIO(lead.get("/overview/2026-11/report.zip").content)) as archive:
        files = {Path(name).suffix: archive.read(name) for name in archive.namelist()}
        figures = next(archive.read(name) for name in archive.namelist() if name.startswith("chi-tieu"))
    overall = {
        row["unit"]: (int(row["n"]), int(row["N"]), row["percent"])
        for row in csv.DictReader(io.StringIO(figures.decode("utf-8-sig")))
        if row["measure"] == "overall" and not (row["field"] or row["channel"])
    }
    assert overall == {"": (6, 10, "60.00"), "PC06": (6, 7, "85.71"), "PC08": (0, 3, "0.00")}
    names = {"": "Toàn thành phố", "PC06": "quản lý hành chính", "PC08": "giao thông"}
    report = docx.Document(io.BytesIO(files[".docx"]))
    printed = [[cell.text for cell in row.cells] for table in report.tables for row in table.rows]
    rows = list(openpyxl.load_workbook(io.BytesIO(files[".xlsx"]))["Biểu 02"].iter_rows(values_only=True))
    for unit, (part, whole, percent) in overall.items():
        assert f"{part}/{whole}" in shown
        (row,) = (row for row in rows if names[unit] in str(row[1]))
        assert (row[2], row[13], row[14]) == (whole, part, float(percent))
        comma = percent.replace(".", ",")
        assert any(
            names[unit] in cells[1] and cells[13:15] == [str(part), comma] for cells in printed if cells[2:]
        )
    text = "\n".join(paragraph.text for paragraph in report.paragraphs)
    assert "có 6/10 phiếu" in text and "60,00%" in text


@pytest.mark.parametrize("period", ["2026-13", "x", "..", "2026-11%00"])
def test_no_such_month(period, month, person):
    assert person(Role.LEAD).client.get(f"/overview/{period}/report.zip").status_code in (400, 404)
    assert person(Role.LEAD).client.get(f"/overview?period={period}").status_code == 400


def test_before_the_first_slip_there_is_a_page(person):
    assert person(Role.LEAD).client.get("/overview").status_code == 200


@pytest.fixture
def closed(month, office):
    with office.store() as store:
        close(store, parse_period("2026-11"), by="truong.pv01")


def test_an_open_month_tells_of_nobody(month, person):
    """Two looks a slip apart would tell who sent it."""
    page = person(Role.LEAD).client.get("/overview").text
    assert "<caption>" not in page and "khi tháng được chốt" in page


def test_small_groups_are_hidden(closed, person):
    page = person(Role.LEAD).client.get("/overview").text
    table = re.search(r"<caption>Thủ tục đã thực hiện</caption>.*?</table>", page, re.S)[0]
    assert "Ẩn" in table  # one person said "other"


def test_the_page_hides_what_the_report_hides(closed, person, office):
    page = shown_on(person(Role.LEAD).client.get("/overview").text)
    tables = re.findall(r"<caption>(.*?)</caption>(.*?)</table>", page, re.S)
    shown = [
        (asked, [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]])
        for asked, body in tables
    ]
    with office.store() as store:
        told = breakdowns(monthly.gather(store, "2026-11"), 5)
    assert shown == [
        (one.heading, [[group.label, cell(group.slips), cell(group.share)] for group in one.groups])
        for one in told
    ]


def cell(value: int | Share | Nothing) -> str:
    if value is Nothing.SUPPRESSED:
        return "Ẩn"
    if isinstance(value, Share):
        percent = value.percent()
        return "–" if percent is None else f"{percent}%".replace(".", ",")
    return str(value)


@given(st.integers(0, 500), st.integers(0, 500))
def test_charts_are_plain_svg_that_fits(part, whole):
    share = Share(min(part, whole), whole)
    for chart in (interval_bar(share, "a<b"), band_bar(share, 60, 80, "a"), levels_bar([("a", part)], "a")):
        assert "style=" not in chart and "<script" not in chart and "a<b" not in chart
        assert all(float(x) <= 362 for x in re.findall(r'x[12]?="([\d.]+)"', chart))


def test_signals_are_for_the_lead_and_say_that_they_are_no_verdict(month, person):
    page = person(Role.LEAD).client.get("/overview/2026-11/signals")
    assert page.status_code == 200 and "không phải kết luận" in page.text
    assert person(Role.VIEWER).client.get("/overview/2026-11/signals").status_code == 403
