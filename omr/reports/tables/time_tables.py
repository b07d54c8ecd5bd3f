"""Biểu 08 to 11: units by questions, what changed, the months before, and what was adjusted."""

from __future__ import annotations

from collections import Counter
from typing import Final

from omr.figures import Nothing, Share
from omr.messages import form_label
from omr.reports.figures.statistics import Month
from omr.reports.tables.changes import shifts
from omr.reports.tables.satisfaction_tables import Criterion, criteria, share_of
from omr.reports.tables.tables import Cell, Column, Heat, Row, Style, Table, Weight, unit_groups
from omr.reports.tables.wording import local_day, period_name
from omr.text import number
from omr.workspace import ReportSettings

HEAT_MM: Final = 188  # for all columns of questions
UNIT_MM: Final = 52
LEAST_UNIT_MM: Final = 40
MM_PER_LETTER: Final = 2.2  # of a bold heading, with what the cell leaves free on both sides


def heat_table(month: Month, settings: ReportSettings) -> Table:
    """Biểu 08: the satisfied share of every unit and question; the darker, the worse."""
    asked = criteria(month)
    width = max(11.0, min(16.0, HEAT_MM / max(len(asked), 1)))
    keys = _headings(asked)
    widths = [max(width, MM_PER_LETTER * max(map(len, key.split()))) for key in keys]  # no word is broken
    more = max(0.0, sum(widths) - max(HEAT_MM, width * len(keys)))
    columns = (
        Column("TT", Style.ORDER, 7),
        Column("Đơn vị", Style.TEXT, max(LEAST_UNIT_MM, UNIT_MM - more)),
        *(Column(key, Style.HEAT, wide) for key, wide in zip(keys, widths, strict=True)),
    )
    rows: list[Row] = []
    number = 0
    for heading, units in unit_groups(month):
        rows.append(Row(("", heading, *[None] * len(asked)), Weight.GROUP))
        for unit in units:
            number += 1
            rows.append(Row((number, month.names.get(unit, unit), *_heats(month, unit, asked, settings))))
    rows.append(Row(("", month.whole, *_heats(month, None, asked, settings)), Weight.TOTAL))
    legend = "; ".join(f"{key}: {criterion.label}" for key, criterion in zip(keys, asked, strict=True))
    return Table(
        "08",
        "Tỷ lệ hài lòng theo đơn vị và câu hỏi (%)",
        columns,
        tuple(rows),
        (
            "Ô càng đậm, tỷ lệ càng thấp: trắng từ 90% trở lên; xám nhạt dưới 90%; xám dưới 80%; xám đậm, "
            f"chữ trắng dưới 70%. Trong ngoặc: dưới {settings.ranked_from} câu trả lời, chỉ để tham khảo, "
            "không tô. “–”: không hỏi hoặc chưa có câu trả lời.",
            f"{legend}.",
        ),
    )


def _headings(asked: list[Criterion]) -> list[str]:
    """Return a short name for each question: its key, and whose it is where several have one key."""
    many = Counter(criterion.key for criterion in asked)
    return [
        criterion.key if many[criterion.key] == 1 else f"{criterion.key} {_whose(criterion)}"
        for criterion in asked
    ]


def _whose(criterion: Criterion) -> str:
    forms = dict.fromkeys(form_label(form) for of in criterion.items.values() for form, _ in of)
    label = f"{', '.join(forms)} {criterion.revision}".strip()
    return label.replace("-", "\N{NON-BREAKING HYPHEN}")


def _heats(month: Month, unit: str | None, asked: list[Criterion], settings: ReportSettings) -> list[Cell]:
    pool = month.pool(unit)
    shares = [share_of(pool, criterion) for criterion in asked]
    return [
        Heat(share, share.whole >= settings.ranked_from) if share.whole else Nothing.NONE for share in shares
    ]


def changes_table(month: Month, before: Month | None, settings: ReportSettings) -> Table:
    """Biểu 09: the changes of units and questions that are more than chance."""
    tested = shifts(month, before, settings.ranked_from)
    columns = (
        Column("TT", Style.ORDER, 8),
        Column("Đơn vị", Style.TEXT, 58),
        Column("Câu hỏi", Style.TEXT, 78),
        Column("Trả lời", Style.COUNT, 15, "Kỳ trước"),
        Column("%", Style.PERCENT, 15, "Kỳ trước"),
        Column("Trả lời", Style.COUNT, 15, "Kỳ này"),
        Column("%", Style.PERCENT, 15, "Kỳ này"),
        Column("Tăng, giảm (điểm phần trăm)", Style.POINTS, 22),
        Column("Xác suất do ngẫu nhiên", Style.WORD, 22),
    )
    rows: list[Row] = []
    for up, heading in ((False, "Giảm"), (True, "Tăng")):
        found = [one for one in tested if one.beyond_chance and one.up is up]
        if found:
            rows.append(Row(("", heading, *[None] * 7), Weight.GROUP))
        for at, one in enumerate(found, len(rows)):
            name = month.names.get(one.unit, one.unit) if one.unit else month.whole
            asked = f"{one.criterion.key}. {one.criterion.label}"
            was, now = one.change.before, one.change.now
            shares = (was.whole, was, now.whole, now)
            rows.append(Row((at, name, asked, *shares, one.change, _chance(one.corrected))))
    note = (
        f"{len(tested)} so sánh đơn vị × câu hỏi có từ {settings.ranked_from} câu trả lời ở cả hai kỳ; chỉ "
        "nêu thay đổi vượt mức ngẫu nhiên: kiểm định chính xác Fisher hai phía, xác suất đã hiệu chỉnh theo "
        "số phép so sánh (Benjamini – Hochberg) không quá 5%. Không so sánh nơi mẫu phiếu hoặc đơn vị thay "
        "đổi." + ("" if rows else " Kỳ này không có thay đổi nào như vậy.")
    )
    return Table("09", "Thay đổi vượt mức ngẫu nhiên so với kỳ trước", columns, _numbered(rows), (note,))


def _numbered(rows: list[Row]) -> tuple[Row, ...]:
    number, done = 0, []
    for row in rows:
        if row.weight is Weight.BODY:
            number += 1
            row = Row((number, *row.cells[1:]))
        done.append(row)
    return tuple(done)


def _chance(chance: float) -> str:
    return f"{'< ' if chance < 0.001 else ''}{number(max(chance, 0.001), '.3f', code='vi')}"


def trend_table(month: Month) -> Table:
    """Biểu 10: the overall share of the last twelve months."""
    columns = (
        Column("Kỳ", Style.TEXT, 60),
        Column("Số phiếu trả lời", Style.COUNT, 30),
        Column("SL", Style.COUNT, 30, "Hài lòng trở lên"),
        Column("%", Style.PERCENT, 30, "Hài lòng trở lên"),
        Column("KTC 95%", Style.INTERVAL, 40, "Hài lòng trở lên"),
        Column("Số liệu", Style.WORD, 40),
    )
    rows = [
        _past(period_name(one.period), one.overall, "đã chốt" if one.closed else "chưa chốt")
        for one in month.past
    ]
    rows.append(
        _past(period_name(month.period), month.pool().overall, "đã chốt" if month.root else "chưa chốt")
    )
    note = (
        "Kỳ đã chốt: số liệu như khi chốt. Các kỳ dùng phiên bản mẫu phiếu hoặc phạm vi đơn vị khác nhau chỉ "
        "nên so sánh khi Biểu 02 ghi là so sánh được."
    )
    return Table("10", "Mức độ hài lòng chung qua các kỳ", columns, tuple(rows), (note,))


def _past(name: str, share: Share, standing: str) -> Row:
    return Row((name, share.whole, share.part, share, share, standing))


def adjustments_table(month: Month) -> Table:
    """Biểu 11: the main figures at each closing of an adjusted month."""
    columns = (
        Column("Lần chốt", Style.TEXT, 30),
        Column("Người thực hiện", Style.TEXT, 34),
        Column("Lý do", Style.TEXT, 62),
        Column("Thu về", Style.COUNT, 18),
        Column("Hợp lệ", Style.COUNT, 18),
        Column("Trả lời", Style.COUNT, 18, "Hài lòng trở lên"),
        Column("SL", Style.COUNT, 18, "Hài lòng trở lên"),
        Column("%", Style.PERCENT, 16, "Hài lòng trở lên"),
        Column("Mã gốc của nhật ký", Style.TEXT, 36),
    )
    rows = []
    for place, once in enumerate(month.closings):
        last = place == len(month.closings) - 1 and not month.adjusting
        share = once.overall
        cells = (
            f"{local_day(once.at)}{'' if last else ' (đã thay thế)'}",
            once.by,
            once.why or "chốt lần đầu",
            once.returned,
            once.valid,
            share.whole,
            share.part,
            share,
            once.root[:16],
        )
        rows.append(Row(cells, Weight.TOTAL if last else Weight.BODY))
        rows += [
            Row((f"– {field}", "", "", None, None, of.whole, of.part, of, ""))
            for field, of in sorted(once.fields.items())
        ]
    note = "Thu về, hợp lệ: phiếu giấy. Số liệu mỗi lần chốt được giữ nguyên như khi chốt."
    return Table("11", "Điều chỉnh số liệu", columns, tuple(rows), (note,))
