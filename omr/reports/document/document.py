"""The report to the Director as a Word document; the same month gives the same bytes.

Sections I and II are made from the figures; III and IV are left to the officer.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final

import docx
from docx.document import Document
from docx.shared import Mm

from omr.forms.surveys import PROGRAMME
from omr.records.offices.statements import Subject
from omr.reports.document import charts, method
from omr.reports.document.decree import (
    CENTRE,
    INDENT_MM,
    JUSTIFIED,
    LEFT,
    TEXT_MM,
    begin_page,
    number_pages,
    rule,
    set_footer,
    set_paper,
    set_styles,
    write,
    write_header_block,
    write_signature_block,
)
from omr.reports.document.document_tables import table_element
from omr.reports.document.summary import summary
from omr.reports.figures.statistics import Month
from omr.reports.prose.sections import deployment, results
from omr.reports.tables.tables import Table
from omr.reports.tables.wording import called, period_name
from omr.workspace import ReportSettings

SUBJECT: Final = (
    "Kết quả đo lường mức độ hài lòng của người dân, tổ chức đối với việc thực hiện thủ tục hành chính"
)
DRAW: Final[Mapping[str, Callable[[Month], bytes]]] = {
    "levels": charts.levels_chart,
    "units": charts.units_chart,
    "questions": charts.questions_chart,
    "trend": charts.trend_chart,
}
CAPTIONS: Final = {
    "levels": "Mức độ hài lòng chung theo lĩnh vực (%)",
    "units": "Tỷ lệ hài lòng chung theo đơn vị, khoảng tin cậy 95% (chấm rỗng: cỡ mẫu chưa đủ hoặc chưa rõ)",
    "questions": "Tỷ lệ hài lòng theo câu hỏi, khoảng tin cậy 95%",
    "trend": "Tỷ lệ hài lòng chung qua các kỳ, khoảng tin cậy 95% (chấm rỗng: chưa chốt)",
}
# What the officer writes: what was stated (`omr period state`), else two dotted lines each.
OFFICER: Final = (
    (
        "III. NHẬN XÉT, ĐÁNH GIÁ",
        (
            ("1. Ưu điểm", Subject.STRENGTHS),
            ("2. Tồn tại, hạn chế", Subject.SHORTCOMINGS),
            ("3. Nguyên nhân", Subject.CAUSES),
        ),
    ),
    ("IV. GIẢI PHÁP, ĐỀ XUẤT, KIẾN NGHỊ", (("", Subject.SOLUTIONS),)),
)
DOTS: Final = "…" * 30
LETTERS: Final = "abcdđeghiklmnopqrstuvxy"  # points of a list, in the order of the Vietnamese alphabet


def document(month: Month, before: Month | None, tables: Sequence[Table], settings: ReportSettings) -> bytes:
    """Return the report as a .docx file."""
    report = docx.Document()
    set_styles(report)
    whose = month.names.get(month.unit, month.unit) or "Công an thành phố"
    subject = f"{_subject(month)} của {whose} {period_name(month.period)}"
    _set_properties(report, month, subject, settings)
    set_paper(report.sections[0], landscape=False)
    _write_summary(report, month, before, settings)
    _write_opening(report, month, subject, whose if month.unit else settings.addressee, settings)
    _write_results(report, month, before, settings)
    _write_closing(report, month, whose if month.unit else "", settings)
    _write_tables(report, month, tables, settings)
    _write_method(report, month, settings)
    about = f"Kỳ số liệu {month.period} · mã dữ liệu {month.digest[:16]}"
    for place, pages in enumerate(report.sections):
        number_pages(pages, first=place == 0)  # every part has its own numbers
        set_footer(pages, about)
    target = io.BytesIO()
    report.save(target)
    return with_fixed_dates(target.getvalue())


def _set_properties(report: Document, month: Month, subject: str, settings: ReportSettings) -> None:
    """Set the file's properties from the period, not from the clock or the machine."""
    made = datetime.combine(month.period.day_after, time(), UTC)
    properties = report.core_properties
    properties.title = subject
    properties.author = properties.last_modified_by = settings.issuer_name
    properties.comments, properties.language, properties.revision = "", "vi-VN", 1
    properties.created = properties.modified = made


def _write_summary(report: Document, month: Month, before: Month | None, settings: ReportSettings) -> None:
    """Write the page in front; it stands alone and is no part of the numbered report."""
    whose = month.names.get(month.unit, month.unit) or "Công an thành phố"
    title = f"{_subject(month)} của {whose} {period_name(month.period)}"
    write(report.add_paragraph(), "TÓM TẮT", align=CENTRE, bold=True, after_pt=4)
    write(report.add_paragraph(), title, align=CENTRE, bold=True)
    rule(report.add_paragraph(), 60, TEXT_MM)
    for point in summary(month, before, settings):
        paragraph = write(report.add_paragraph(), f"{point.asks}: ", bold=True, after_pt=6)
        write(paragraph, point.says, after_pt=6)
    write(
        report.add_paragraph(),
        f"Số liệu đầy đủ, cách tính và giới hạn: trong {called(month.unit)} kèm theo.",
        italic=True,
        before_pt=4,
    )
    begin_page(report, landscape=False)


def _subject(month: Month) -> str:
    """Return what the report is about; only the programme's own survey is on administrative procedures."""
    if month.survey == PROGRAMME:
        return SUBJECT
    titles = dict.fromkeys(form.title for form in month.forms.values())
    return f"Kết quả khảo sát “{'; '.join(titles) or month.survey}”"


def _symbol(month: Month, settings: ReportSettings) -> str:
    """Return the symbol behind the number: BC of a report, TB of what a unit is told."""
    return settings.symbol.replace("BC", "TB", 1) if month.unit else settings.symbol


def _write_opening(
    report: Document, month: Month, subject: str, addressee: str, settings: ReportSettings
) -> None:
    write_header_block(report, settings, _symbol(month, settings), month.period.day_after.year)
    write(report.add_paragraph(), called(month.unit).upper(), align=CENTRE, bold=True, before_pt=14)
    write(report.add_paragraph(), subject, align=CENTRE, bold=True)
    rule(report.add_paragraph(), 60, TEXT_MM)
    write(report.add_paragraph(), f"Kính gửi: {addressee}.", align=CENTRE, before_pt=6, after_pt=10)
    by, told = settings.issuer_name, f"{called(month.unit)} kết quả"
    opening = f"Thực hiện {settings.basis}, {by} tổng hợp, {told} {period_name(month.period)} như sau:"
    if month.survey != PROGRAMME:  # no order of the city's asks for it
        opening = f"{by} tổng hợp, {told} khảo sát {period_name(month.period)} như sau:"
    _paragraphs(report, [opening])
    report.add_heading("I. TÌNH HÌNH TRIỂN KHAI", 1)
    _paragraphs(report, deployment(month))


def _write_results(report: Document, month: Month, before: Month | None, settings: ReportSettings) -> None:
    report.add_heading("II. KẾT QUẢ", 1)
    pictures = 0
    for number, section in enumerate(results(month, before, settings), 1):
        report.add_heading(f"{number}. {section.heading}", 2)
        _paragraphs(report, section.paragraphs)
        if section.chart and month.pool().overall.whole:
            pictures += 1
            caption = f"Hình {pictures}. {CAPTIONS[section.chart]}"
            if section.chart == "units":
                caption += charts.left_out(month)
            _picture(report, DRAW[section.chart](month), caption)


def _picture(report: Document, png: bytes, caption: str) -> None:
    paragraph = write(report.add_paragraph(), "", align=CENTRE, before_pt=4)
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(io.BytesIO(png), width=Mm(charts.WIDTH_MM))
    shape._inline.docPr.set("descr", caption)  # read out to who cannot see the picture
    write(report.add_paragraph(), caption, align=CENTRE, italic=True, size_pt=12, after_pt=8)


def _write_closing(report: Document, month: Month, unit: str, settings: ReportSettings) -> None:
    """Write what was stated or is to be filled in, and the last sentence: to Director or unit's head."""
    for heading, parts in OFFICER:
        report.add_heading(heading, 1)
        for part, about in parts:
            if part:
                report.add_heading(part, 2)
            _paragraphs(report, _stated(month, about) or [DOTS, DOTS])
    by = settings.issuer_name
    if unit:
        closing = f"Trên đây là kết quả của đơn vị, {by} thông báo để {unit} biết, thực hiện./."
    else:
        closing = f"Trên đây là báo cáo của {by}, kính trình {settings.addressee} xem xét, chỉ đạo./."
    _paragraphs(report, [closing])
    # A unit's figures go to that unit and to nobody else.
    to = (f"{unit};", settings.recipients[-1]) if unit and settings.recipients else settings.recipients
    write_signature_block(report, settings, to)


def _stated(month: Month, about: Subject) -> list[str]:
    """Return what the city or the units' heads wrote, a unit's under its name."""
    texts: list[str] = []
    for (unit, subject), text in sorted(month.statements.items()):
        if subject is about:
            lines = text.splitlines()
            named = unit and unit != month.unit
            texts += [f"{month.names.get(unit, unit)}: {lines[0]}", *lines[1:]] if named else lines
    return texts


def _paragraphs(report: Document, texts: Iterable[str]) -> None:
    for text in texts:
        write(report.add_paragraph(), text, after_pt=6, indent_mm=INDENT_MM)


def _start_annex(
    report: Document, number: str, title: str, month: Month, settings: ReportSettings, *, landscape: bool
) -> None:
    begin_page(report, landscape=landscape)
    write(report.add_paragraph(), f"PHỤ LỤC {number}", align=CENTRE, bold=True)
    write(report.add_paragraph(), title, align=CENTRE, bold=True)
    number = f"số          /{_symbol(month, settings)}"
    blank = f"{number} ngày       tháng       năm {month.period.day_after.year}"
    source = f"(Kèm theo {called(month.unit).capitalize()} {blank} của {settings.issuer_name})"
    write(report.add_paragraph(), source, align=CENTRE, italic=True, after_pt=6)


def _write_tables(report: Document, month: Month, tables: Sequence[Table], settings: ReportSettings) -> None:
    title = f"HỆ THỐNG BIỂU SỐ LIỆU {period_name(month.period).upper()}"
    _start_annex(report, "I", title, month, settings, landscape=True)
    for table in tables:
        heading = write(
            report.add_paragraph(),
            f"Biểu {table.number}. {table.title}",
            align=LEFT,
            bold=True,
            size_pt=13,
            before_pt=10,
            after_pt=4,
        )
        heading.paragraph_format.keep_with_next = True
        if table.rows:  # else its notes say that there is nothing
            heading._p.addnext(table_element(table))
        for at, note in enumerate(table.notes, 1):
            told = write(report.add_paragraph(), note, align=LEFT, italic=True, size_pt=10, before_pt=2)
            told.paragraph_format.keep_with_next = at < len(table.notes)


def _write_method(report: Document, month: Month, settings: ReportSettings) -> None:
    title = "PHƯƠNG PHÁP TÍNH VÀ QUY TẮC PHIẾU HỢP LỆ"
    _start_annex(report, "II", title, month, settings, landscape=False)
    formulas = method.formulas(settings)
    lettered = [f"{letter}) {text}" for letter, text in zip(LETTERS, formulas, strict=False)]
    for heading, texts, align in (
        ("1. Phương pháp tính", lettered, JUSTIFIED),
        ("2. Quy tắc phiếu hợp lệ", method.validity(), JUSTIFIED),
        ("3. Nguồn số liệu", method.provenance(month), LEFT),  # a hash cannot be broken to fill its line
    ):
        report.add_heading(heading, 2)
        for text in texts:
            write(report.add_paragraph(), text, align=align, size_pt=13, after_pt=4, indent_mm=INDENT_MM)


def with_fixed_dates(package: bytes) -> bytes:
    """Return the same package with the same bytes whenever it is written: no clock in its directory."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            fixed = zipfile.ZipInfo(entry.filename, date_time=(1980, 1, 1, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fixed, old.read(entry))
    return target.getvalue()
