"""What changed since the month before, in sentences, and what of it is more than chance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from omr.figures import Change, Nothing, vietnamese
from omr.messages import form_label
from omr.reports.figures.statistics import Month, changed_units, compare, coverage_changed
from omr.reports.tables.changes import Shift, shifts
from omr.reports.tables.wording import (
    many,
    names,
    period_name,
    points,
    rate,
)
from omr.workspace import ReportSettings

MOST_SHIFTS: Final = 5


def nothing_to_compare(month: Month) -> str:
    """Return which of two months has no figure."""
    lacking = period_name(month.period.preceding) if month.pool().overall.whole else "kỳ này"
    return f"Không có số liệu của {lacking} để so sánh."


def compared(month: Month, before: Month | None, settings: ReportSettings) -> tuple[str, ...]:
    """Return what a month before makes of this one's figures, and why they may differ."""
    past = period_name(month.period.preceding)
    change = compare(month, before)
    if before is None or change is Nothing.NONE:
        return (nothing_to_compare(month),)
    if isinstance(change, Change):
        moved = f"{points(change)} so với {past} ({_from_to(change)}){few(change, settings)}"
        text = f"Tỷ lệ hài lòng chung {moved}."
    else:
        text = f"Tỷ lệ hài lòng chung không so sánh được với {past} do {why(month, before)}."
    fields = [(field, compare(month, before, field=field)) for field in month.fields]
    told = [
        f"{field} {points(of)} ({_from_to(of)}){few(of, settings)}"
        for field, of in fields
        if isinstance(of, Change)
    ]
    if told:
        text += f" Theo lĩnh vực: {'; '.join(told)}."
    changed = [unit for unit in month.reporting if unit in changed_units(month, before)]
    if changed and not month.unit:  # a unit's own report has said so
        which = names(changed, month.names)
        text += f" {many(len(changed))} đơn vị không so sánh được do có thay đổi về tổ chức: {which}."
    return (text, *_beyond_chance(month, before, settings))


def _beyond_chance(month: Month, before: Month, settings: ReportSettings) -> tuple[str, ...]:
    """Return which changes of units and questions are more than chance, and how that was tested."""
    tested = shifts(month, before, settings.ranked_from)
    if not tested:
        return ()
    sure = [one for one in tested if one.beyond_chance]
    how = (
        f"{vietnamese(len(tested))} so sánh đơn vị × câu hỏi có từ {settings.ranked_from} câu trả lời ở cả "
        "hai kỳ; kiểm định chính xác Fisher hai phía, đã hiệu chỉnh theo số phép so sánh "
        "(Benjamini – Hochberg, mức 5%)"
    )
    if not sure:
        return (f"Theo đơn vị và câu hỏi: không có thay đổi nào vượt mức ngẫu nhiên ({how}).",)
    largest = sorted(sure, key=lambda one: abs(one.change.points() or Decimal(0)), reverse=True)[:MOST_SHIFTS]
    told = "; ".join(shifted(month, one) for one in largest)
    down = sum(not one.up for one in sure)
    return (
        f"Theo đơn vị và câu hỏi: {many(len(sure))} thay đổi vượt mức ngẫu nhiên, gồm {many(down)} giảm và "
        f"{many(len(sure) - down)} tăng ({how}). Lớn nhất: {told}. Đầy đủ tại Biểu 09.",
    )


def shifted(month: Month, shift: Shift) -> str:
    """Return one change of a unit and question."""
    where = month.names.get(shift.unit, shift.unit) if shift.unit else month.whole
    return f"{where}, câu {shift.criterion.key} {points(shift.change)} ({_from_to(shift.change)})"


def _from_to(change: Change) -> str:
    moved = change.points()
    if not moved:
        return f"cùng {rate(change.now)}"
    return f"từ {rate(change.before)} {'lên' if moved > 0 else 'xuống'} {rate(change.now)}"


def few(change: Change, settings: ReportSettings) -> str:
    """Return what has to be said of a change of few slips: 80 % of 10 and 100 % of 4 are two slips apart."""
    least = min(change.now.whole, change.before.whole)
    return (
        f", chỉ để tham khảo vì có kỳ dưới {settings.ranked_from} phiếu"
        if least < settings.ranked_from
        else ""
    )


def why(month: Month, before: Month) -> str:
    """Return why a month cannot be compared with the one before."""
    used, was = month.revisions(), before.revisions()
    changed = [form_label(form) for form in used.keys() & was.keys() if used[form] != was[form]]
    reasons = []
    if changed:
        reasons.append(f"mẫu {', '.join(sorted(changed))} thay đổi phiên bản")
    if month.unit and month.unit in changed_units(month, before):
        reasons.append("đơn vị có thay đổi về tổ chức")
    if not month.unit and coverage_changed(month, before):
        reasons.append("phạm vi đơn vị thay đổi")
    return " và ".join(reasons)
