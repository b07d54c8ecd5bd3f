"""Biên bản giao nhận: what a unit is handed, to be signed by who gives and who takes; Word and PDF."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docx
from reportlab.platypus import Flowable, Spacer

from omr.files import write_whole
from omr.forms.printing import office_paper
from omr.messages import form_label
from omr.records.offices.periods import Period
from omr.records.register.custody import Span
from omr.records.register.ranges import Ranges
from omr.records.register.register import issued
from omr.records.register.stamping import stamped_serials
from omr.records.store.store import Store
from omr.reports.document.decree import (
    CENTRE,
    LEFT,
    TEXT_MM,
    rule,
    set_paper,
    set_styles,
    side_by_side,
    write,
)
from omr.reports.document.document import with_fixed_dates
from omr.reports.document.document_tables import table_element
from omr.reports.tables.tables import Column, Row, Style, Table, Weight
from omr.reports.tables.wording import many, period_name
from omr.workspace import ReportSettings

TITLE: Final = "BIÊN BẢN GIAO NHẬN PHIẾU ĐO LƯỜNG MỨC ĐỘ HÀI LÒNG"
SIDES: Final = ("BÊN GIAO", "BÊN NHẬN")
COLUMNS: Final = (
    Column("TT", Style.ORDER, 9),
    Column("Đợt in", Style.WORD, 22),
    Column("Mẫu phiếu", Style.WORD, 20),
    Column("Từ số", Style.WORD, 33),
    Column("Đến số", Style.WORD, 33),
    Column("Số phiếu", Style.COUNT, 18),
    Column("Đóng dấu", Style.WORD, 22),
)


@dataclass(frozen=True, slots=True)
class Handed:
    """One run or part of a run that is handed over."""

    run: str
    form: str
    first: str  # as printed
    last: str
    count: int
    stamped: int  # of them recorded as stamped


def handed(store: Store, spans: Iterable[Span]) -> list[Handed]:
    """Return spans of serials as lines of the paper, with how many of each are stamped today."""
    runs = {run.run: run for run in issued(store)}
    stamped = stamped_serials(store)
    lines = []
    for span in spans:
        run = runs[span.run]
        first, last = (run.serial(number).printed for number in (span.first, span.last))
        has = len(stamped.get(span.run, Ranges()) & span.ranges)
        lines.append(Handed(run.run, run.form, first, last, len(span.ranges), has))
    return lines


def _table(lines: Sequence[Handed]) -> Table:
    rows = [
        Row((at, one.run, form_label(one.form), one.first, one.last, one.count, _stamped(one)))
        for at, one in enumerate(lines, 1)
    ]
    total = sum(one.count for one in lines)
    rows.append(Row(("", "", "", "", "Cộng", total, ""), Weight.TOTAL))
    return Table("00", TITLE, COLUMNS, tuple(rows))


def _stamped(one: Handed) -> str:
    if one.stamped == one.count:
        return "đã đóng dấu"
    return "chưa đóng dấu" if not one.stamped else f"{one.stamped}/{one.count}"


def _words(unit: str, period: Period, lines: Sequence[Handed], settings: ReportSettings) -> tuple[str, ...]:
    total = sum(one.count for one in lines)
    return (
        f"Hôm nay, ngày ……… tháng ……… năm {period.first_day.year}, tại {settings.issuer_name}, chúng tôi "
        f"giao và nhận {many(total)} phiếu đo lường mức độ hài lòng của {period_name(period)}:",
        f"Bên giao: {settings.issuer_name}; đại diện: ……………………………………",
        f"Bên nhận: {unit}; đại diện: ……………………………………",
    )


CLOSING: Final = (
    "Hai bên đã kiểm đếm số lượng, dải số và dấu; phiếu nguyên vẹn. Biên bản lập thành 02 bản, mỗi bên giữ "
    "01 bản."
)


def write_handover(
    folder: Path, unit: str, name: str, period: Period, lines: Sequence[Handed], settings: ReportSettings
) -> list[Path]:
    """Write the record of one unit as .docx and .pdf and return their paths."""
    made = [folder / f"bien-ban-{period.name}-{unit}{ending}" for ending in (".docx", ".pdf")]
    write_whole(made[0], _document(name, period, lines, settings))
    office_paper.write_paper(made[1], "A4", TITLE, _story(name, period, lines, settings))
    return made


def _document(unit: str, period: Period, lines: Sequence[Handed], settings: ReportSettings) -> bytes:
    report = docx.Document()
    set_styles(report)
    set_paper(report.sections[0], landscape=False)
    write(report.add_paragraph(), settings.issuer_above, align=LEFT)
    write(report.add_paragraph(), settings.issuer, align=LEFT, bold=True, after_pt=10)
    write(report.add_paragraph(), TITLE, align=CENTRE, bold=True)
    rule(report.add_paragraph(), 60, TEXT_MM)
    for words in _words(unit, period, lines, settings):
        write(report.add_paragraph(), words, after_pt=6)
    heading = report.add_paragraph()
    heading._p.addnext(table_element(_table(lines)))
    write(report.add_paragraph(), CLOSING, before_pt=8, after_pt=14)
    for cell, side in zip(side_by_side(report, 80, 80), SIDES, strict=True):
        write(cell.paragraphs[0], side, align=CENTRE, bold=True)
        write(cell.add_paragraph(), "(ký, ghi rõ họ tên)", align=CENTRE, italic=True, size_pt=12)
        for _ in range(5):
            write(cell.add_paragraph(), "", align=CENTRE)
    target = io.BytesIO()
    report.save(target)
    return with_fixed_dates(target.getvalue())


def _story(unit: str, period: Period, lines: Sequence[Handed], settings: ReportSettings) -> list[Flowable]:
    paper = office_paper
    heads = [paper.text(column.heading, bold=True, centred=True) for column in COLUMNS]
    rows = [
        [paper.text("" if cell is None else str(cell), bold=row.weight is Weight.TOTAL) for cell in row.cells]
        for row in _table(lines).rows
    ]
    gap = Spacer(0, 14)
    signing = [
        [
            paper.text(side, bold=True, centred=True),
            paper.text("(ký, ghi rõ họ tên)", italic=True, centred=True),
        ]
        for side in SIDES
    ]
    return [
        paper.text(settings.issuer_above),
        paper.text(settings.issuer, bold=True),
        gap,
        paper.text(TITLE, "title", bold=True, centred=True),
        gap,
        *(paper.text(words) for words in _words(unit, period, lines, settings)),
        gap,
        paper.table([heads, *rows], [column.width_mm * 1.1 for column in COLUMNS]),
        gap,
        paper.text(CLOSING),
        gap,
        paper.table([signing], [85, 85], ruled=False),
    ]
