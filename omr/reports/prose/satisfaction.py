"""How satisfied people are, in sentences: in all, by field, by unit, by question."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from omr.figures import Share, vietnamese
from omr.forms.surveys import PROGRAMME
from omr.records.counts.tallies import Channel
from omr.reports.figures.statistics import Month
from omr.reports.tables.changes import Finding, extremes
from omr.reports.tables.satisfaction_tables import overall_levels
from omr.reports.tables.wording import (
    fraction,
    interval,
    many,
    rate,
)
from omr.workspace import ReportSettings

MOST_RANKED: Final = 3


def overall(month: Month) -> tuple[str, ...]:
    """Return how satisfied people are in all."""
    pool = month.pool()
    if not pool.overall.whole:
        return ("Trong kỳ không có phiếu hợp lệ nào trả lời câu đánh giá chung.",)
    levels = "; ".join(
        f"“{label}” {fraction(Share(pool.levels.get(code, 0), pool.overall.whole), 'phiếu')} "
        f"({rate(Share(pool.levels.get(code, 0), pool.overall.whole))})"
        for code, label in overall_levels(month).items()
    )
    mean = pool.mean.value()
    return (
        f"Theo câu đánh giá chung: có {fraction(pool.overall, 'phiếu')} đánh giá từ mức “Hài lòng” trở lên, "
        f"chiếm tỷ lệ {rate(pool.overall)} (khoảng tin cậy 95%: {interval(pool.overall)}). Cụ thể: {levels}."
        + (f" Điểm trung bình: {vietnamese(mean)} (thang điểm 1–5)." if mean is not None else ""),
        f"Theo lượt đánh giá (mỗi câu trả lời là một lượt): đạt {fraction(pool.by_answers, 'lượt')}, "
        f"chiếm tỷ lệ {rate(pool.by_answers)}. Số phiếu có mọi câu trả lời từ mức “Hài lòng” trở lên: "
        f"{fraction(pool.throughout, 'phiếu')}, chiếm {rate(pool.throughout)}.",
    )


def fields(month: Month) -> tuple[str, ...]:
    """Return a sentence for each field."""
    return tuple(_field(field, month) for field in month.fields) or (
        "Trong kỳ không có phiếu của lĩnh vực nào.",
    )


def _field(field: str, month: Month) -> str:
    pool = month.pool(field=field)
    if not pool.overall.whole:
        return f"{field}: không có phiếu trả lời câu đánh giá chung."
    text = f"{field}: {fraction(pool.overall, 'phiếu')} hài lòng trở lên, chiếm {rate(pool.overall)}"
    by_channel = {
        "phiếu giấy": month.pool(field=field, channel=Channel.PAPER).overall,
        "phiếu điện tử": month.pool(field=field, channel=Channel.ELECTRONIC).overall,
    }
    if all(share.whole for share in by_channel.values()):
        parts = "; ".join(f"{label} {fraction(share)} ({rate(share)})" for label, share in by_channel.items())
        text += f", trong đó {parts}"
    return f"{text}."


def units(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    """Return the units' order, and those that are below."""
    shares = {unit: month.pool(unit).overall for unit in month.reporting}
    answered = {unit: share for unit, share in shares.items() if share.whole}
    ranked = [
        unit
        for unit, share in answered.items()
        if share.whole >= settings.ranked_from and month.sufficient(unit)
    ]
    if not answered:
        return ("Trong kỳ không có đơn vị nào có phiếu trả lời câu đánh giá chung.",)
    text = f"Có {many(len(answered))} đơn vị có phiếu trả lời câu đánh giá chung; "
    text += f"{sampled(month, ranked, answered, f' (từ {settings.ranked_from} phiếu trở lên)')}."
    if len(ranked) < 2 * MOST_RANKED:
        listed = "; ".join(_one_unit(unit, shares[unit], month) for unit in ranked)
        told = f"{text} Cụ thể: {listed}." if ranked else f"{text} Số liệu từng đơn vị tại Biểu 02."
        return (told, *_below_satisfaction(month, settings))
    # Highest first; equal shares keep the order of the tables.
    by_share = sorted(ranked, key=lambda unit: -shares[unit].part / shares[unit].whole)
    best, worst = by_share[:MOST_RANKED], by_share[-MOST_RANKED:][::-1]
    return (
        f"{text} Cao nhất: {'; '.join(_one_unit(unit, shares[unit], month) for unit in best)}. "
        f"Thấp nhất: {'; '.join(_one_unit(unit, shares[unit], month) for unit in worst)}.",
        "Chênh lệch giữa các đơn vị chỉ nên xem là có thật khi khoảng tin cậy không trùng nhau; đơn vị "
        "chưa đủ cỡ mẫu không được xếp thứ tự.",
        *_below_satisfaction(month, settings),
    )


def sampled(month: Month, ranked: Collection[str], answered: Collection[str], least: str = "") -> str:
    """Return how many units have slips enough to be judged alone, and of how many nobody can know it."""
    unknown = sum(month.sufficient(unit) is None for unit in answered)
    why = "chưa có số lượt giao dịch nên " if month.survey == PROGRAMME else ""
    if unknown == len(answered):
        return f"{why}chưa xác định được cỡ mẫu để đánh giá riêng từng đơn vị"
    enough = f"{many(len(ranked))} đơn vị" if ranked else "chưa có đơn vị nào"
    text = f"{enough} đủ cỡ mẫu{least} để đánh giá riêng"
    return f"{many(unknown)} đơn vị {why}chưa xác định được cỡ mẫu; {text}" if unknown else text


def _below_satisfaction(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    """Return the units below the satisfied share that they are asked to reach."""
    below = []
    for unit in month.reporting:
        share, own = month.pool(unit).overall, month.targets.get(unit)
        aim = own.satisfied if own and own.satisfied is not None else settings.target_satisfied
        if aim is not None and share.whole >= settings.ranked_from and 100 * share.part < aim * share.whole:
            below.append(f"{month.names.get(unit, unit)} {rate(share)} (mục tiêu {aim}%)")
    if not below:
        return ()
    return (f"{many(len(below))} đơn vị chưa đạt mục tiêu về mức độ hài lòng: {'; '.join(below)}.",)


def _one_unit(unit: str, share: Share, month: Month) -> str:
    return f"{month.names.get(unit, unit)} {fraction(share, 'phiếu')} ({rate(share)})"


def questions(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    """Return the factors and questions that stand out."""
    pool = month.pool()
    shares = {factor: share for factor, share in pool.factors.items() if share.whole}
    if not shares:
        return ("Trong kỳ không có lượt đánh giá theo yếu tố.",)
    factors = "; ".join(
        f"{factor} {fraction(share, 'lượt')} ({rate(share)})" for factor, share in shares.items()
    )
    found = extremes(month, settings.ranked_from)
    if found is None:
        few = f"Chưa có câu hỏi nào có từ {settings.ranked_from} câu trả lời trở lên"
        return (f"Theo yếu tố: {factors}.", f"{few} để nêu câu cao nhất, thấp nhất.")
    low, high = found
    table = "" if month.unit else " Theo từng đơn vị và câu hỏi: Biểu 08."
    return (
        f"Theo yếu tố: {factors}.",
        f"Câu có tỷ lệ hài lòng thấp nhất: {named(month, low)}; cao nhất: {named(month, high)}.{table}",
    )


def named(month: Month, finding: Finding) -> str:
    """Return a question that stands out, and where it does so most."""
    criterion, share = finding.criterion, finding.share
    text = f"{criterion.key} “{criterion.label}”, {fraction(share, 'phiếu')} ({rate(share)})"
    places = []
    if finding.field:
        places.append(f"lĩnh vực {finding.field[0]} {fraction(finding.field[1])} ({rate(finding.field[1])})")
    if finding.unit and finding.unit[1] == share:  # nobody else answered it
        return f"{text}, đều của {month.names.get(finding.unit[0], finding.unit[0])}"
    if finding.unit:
        unit, of = finding.unit
        places.append(f"{month.names.get(unit, unit)} {fraction(of)} ({rate(of)})")
    return f"{text}, rõ nhất ở {' và '.join(places)}" if places else text
