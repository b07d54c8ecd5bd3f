"""An annex for the lead only: what the reconciliation and the signals found; it goes to no unit.

A signal is a pattern that is worth a look, with its innocent explanations; it changes no figure.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import docx

from omr.forms.serial import Issue
from omr.messages import form_label, say
from omr.records.month.reconcile import Line, spans
from omr.reports.document.decree import CENTRE, LEFT, TEXT_MM, rule, set_footer, set_paper, set_styles, write
from omr.reports.document.document import with_fixed_dates
from omr.reports.document.document_tables import table_element
from omr.reports.figures.statistics import Month
from omr.reports.tables.tables import Column, Row, Style, Table
from omr.reports.tables.wording import many, period_name
from omr.text import number
from omr.trust.signals import Signal

TITLE: Final = "PHỤ LỤC DÀNH CHO LÃNH ĐẠO"
ONLY: Final = "Chỉ dành cho lãnh đạo và PV01; không gửi các đơn vị được đo lường."
RANGES: Final = 8  # of one unit and form; `omr register reconcile --json` has all


def lead_annex(
    month: Month, lines: Sequence[Line], runs: Mapping[str, Issue], signals: Sequence[Signal]
) -> bytes:
    """Return the annex as a .docx file, in the language in force; `signals` are the striking ones."""
    report = docx.Document()
    set_styles(report)
    set_paper(report.sections[0], landscape=True)
    write(report.add_paragraph(), TITLE, align=CENTRE, bold=True)
    write(
        report.add_paragraph(),
        f"Đối soát và dấu hiệu cần kiểm tra, {period_name(month.period)}",
        align=CENTRE,
        bold=True,
    )
    rule(report.add_paragraph(), 60, TEXT_MM)
    write(report.add_paragraph(), ONLY, align=CENTRE, italic=True, after_pt=8)
    for table, nothing in (
        (_books(month, lines, runs), "Không có đơn vị nào lệch, thiếu phiếu hoặc có phiếu ngoài sổ."),
        (_signals(month, signals), "Không có dấu hiệu nào vượt mức ngẫu nhiên."),
    ):
        heading = write(report.add_paragraph(), table.title, align=LEFT, bold=True, before_pt=8, after_pt=4)
        heading.paragraph_format.keep_with_next = True
        if not table.rows:
            write(report.add_paragraph(), nothing, after_pt=6)
            continue
        heading._p.addnext(table_element(table))
        for note in table.notes:
            write(report.add_paragraph(), note, align=LEFT, italic=True, size_pt=10, before_pt=2)
    set_footer(report.sections[0], f"Kỳ số liệu {month.period} · mã dữ liệu {month.digest[:16]} · {ONLY}")
    target = io.BytesIO()
    report.save(target)
    return with_fixed_dates(target.getvalue())


def _books(month: Month, lines: Sequence[Line], runs: Mapping[str, Issue]) -> Table:
    columns = (
        Column("TT", Style.ORDER, 9),
        Column("Đơn vị", Style.TEXT, 58),
        Column("Mẫu", Style.WORD, 18),
        Column("Chưa thu hồi, thất lạc", Style.COUNT, 22),
        Column("Phiếu ngoài sổ", Style.COUNT, 18),
        Column("Chênh lệch", Style.COUNT, 18),
        Column("Số phiếu", Style.TEXT, 105),
    )
    rows: list[Row] = []
    for line in lines:
        missing = line.missing if line.counted else 0
        if not (missing or line.unknown or line.difference):
            continue
        unit = month.names.get(line.unit or "", line.unit or "chưa rõ đơn vị")
        told = "; ".join(_serials(line, runs))
        rows.append(
            Row(
                (
                    len(rows) + 1,
                    unit,
                    form_label(line.form or "–"),
                    missing,
                    line.unknown,
                    line.difference,
                    told,
                )
            )
        )
    note = "Đơn vị chưa kiểm kê không nêu ở đây: mọi phiếu chưa về của đơn vị đó còn chưa rõ."
    return Table("L1", "1. Đối soát phiếu giấy", columns, tuple(rows), (note,))


def _serials(line: Line, runs: Mapping[str, Issue]) -> Iterator[str]:
    named = [
        ("chưa thu hồi", line.missing_numbers if line.counted else {}),
        ("ở hai nơi", line.contradictions),
    ]
    for word, numbers in named:
        listed = list(spans(numbers, runs))
        if listed:
            left = len(listed) - RANGES
            more = f" và {many(left)} dải nữa" if left > 0 else ""
            yield f"{word}: {', '.join(listed[:RANGES])}{more}"


def _signals(month: Month, signals: Sequence[Signal]) -> Table:
    columns = (
        Column("TT", Style.ORDER, 9),
        Column("Đơn vị", Style.TEXT, 50),
        Column("Dấu hiệu", Style.TEXT, 84),
        Column("Xác suất do ngẫu nhiên", Style.WORD, 24),
        Column("Có thể vì", Style.TEXT, 81),
    )
    rows = []
    for place, signal in enumerate(signals, 1):
        values = dict(signal.values)
        if "questions" in values:
            values["questions"] = say(f"signals.{values['questions']}")
        chance = "< 0,001" if signal.corrected < 0.001 else number(signal.corrected, ".3f", code="vi")
        unit = month.names.get(signal.unit, signal.unit)
        told = say(f"signals.{signal.kind}", **values)
        rows.append(Row((place, unit, told, chance, say(f"signals.{signal.kind}_innocent"))))
    note = "Dấu hiệu chỉ là điều đáng kiểm tra, không phải kết luận và không làm thay đổi số liệu nào."
    return Table("L2", "2. Dấu hiệu cần kiểm tra", columns, tuple(rows), (note,))
