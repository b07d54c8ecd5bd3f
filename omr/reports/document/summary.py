"""The page in front: what a Director has to know, on one page that stands alone.

The same sentences' figures as in the report, from the same functions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from omr.figures import Change, Nothing
from omr.forms.surveys import PROGRAMME
from omr.reports.figures.statistics import Month, compare
from omr.reports.prose.changes import few, nothing_to_compare, shifted, why
from omr.reports.prose.satisfaction import named, sampled
from omr.reports.prose.sections import adjustments
from omr.reports.prose.turnout import participation
from omr.reports.prose.voices import paper_came
from omr.reports.tables.changes import extremes, shifts
from omr.reports.tables.slip_tables import comment_counts
from omr.reports.tables.wording import fraction, interval, many, names, period_name, points, rate
from omr.workspace import ReportSettings

MOST: Final = 3  # changes and topics that a page bears


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the page: what it answers, and the answer."""

    asks: str
    says: str


def summary(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Point, ...]:
    """Return the points of the page in front."""
    points_ = [
        Point("Mức độ hài lòng", _overall(month)),
        Point("So với kỳ trước", _change(month, before, settings)),
        *_where(month, settings),
        Point("Tỷ lệ tham gia", _with_capital(participation(month, settings))),
        Point("Người dân nói gì" if month.survey == PROGRAMME else "Ý kiến góp ý", _said(month)),
        Point("Độ tin cậy", _sure(month, settings)),
        *(Point("Điều chỉnh", text) for text in adjustments(month)),
    ]
    return tuple(point for point in points_ if point.says)


def _with_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _overall(month: Month) -> str:
    share = month.pool().overall
    if not share.whole:
        return "Trong kỳ không có phiếu hợp lệ nào trả lời câu đánh giá chung."
    return (
        f"{rate(share)} hài lòng trở lên ({fraction(share, 'phiếu')}; khoảng tin cậy 95%: {interval(share)})."
    )


def _change(month: Month, before: Month | None, settings: ReportSettings) -> str:
    change = compare(month, before)
    past = period_name(month.period.preceding)
    if before is None or change is Nothing.NONE:
        return nothing_to_compare(month)
    said = (
        f"{points(change).capitalize()} so với {past}{few(change, settings)}."
        if isinstance(change, Change)
        else f"Không so sánh được với {past} do {why(month, before)}."
    )
    tested = shifts(month, before, settings.ranked_from)
    sure = [one for one in tested if one.beyond_chance]
    if tested and not sure:
        said += " Không có thay đổi nào của đơn vị, câu hỏi vượt mức ngẫu nhiên."
    if sure:
        said += f" {many(len(sure))} thay đổi của đơn vị, câu hỏi vượt mức ngẫu nhiên"
        down = [one for one in sure if not one.up][:MOST]
        said += (
            f"; giảm rõ nhất: {'; '.join(shifted(month, one) for one in down)}." if down else ", đều tăng."
        )
    return said


def _where(month: Month, settings: ReportSettings) -> list[Point]:
    found = extremes(month, settings.ranked_from)
    if found is None:
        return []
    low, high = found
    return [
        Point("Kém nhất ở đâu", f"Câu {named(month, low)}."),
        Point("Tốt nhất ở đâu", f"Câu {named(month, high)}."),
    ]


def _said(month: Month) -> str:
    counts = comment_counts(month)
    if not counts:
        return "Trong kỳ không có phiếu ghi ý kiến góp ý."
    text = f"{'; '.join(counts)}."
    topics = Counter(one.topic for one in month.opinions).most_common(MOST)
    if topics:
        text += f" Nhiều nhất: {', '.join(f'{topic.lower()} ({many(number)})' for topic, number in topics)}."
    return text


def _sure(month: Month, settings: ReportSettings) -> str:
    silent = [unit for unit in month.reporting if month.silent(unit)]
    enough = [
        unit
        for unit in month.reporting
        if month.pool(unit).overall.whole >= settings.ranked_from and month.sufficient(unit)
    ]
    asked = [unit for unit in month.reporting if month.pool(unit).overall.whole]
    text = "" if month.unit or not asked else f"{_with_capital(sampled(month, enough, asked))}."
    if silent and not month.unit:
        text += f" {many(len(silent))} đơn vị chưa nộp phiếu: {names(silent, month.names)}."
    standing = "Số liệu đã chốt." if month.root else "Số liệu chưa chốt, có thể còn thay đổi."
    given = "Phiếu do chính đơn vị được đánh giá phát và thu." if paper_came(month) else ""
    return f"{text} {standing} {given}".strip()
