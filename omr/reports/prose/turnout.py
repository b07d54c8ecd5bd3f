"""How many slips came, and who took part, in sentences."""

from __future__ import annotations

from typing import Final

from omr.figures import Band, Share, participation_band
from omr.forms.surveys import PROGRAMME
from omr.records.counts.tallies import Channel
from omr.records.offices.statements import Subject
from omr.reports.figures.statistics import Month
from omr.reports.tables.wording import (
    fraction,
    many,
    names,
    rate,
)
from omr.workspace import ReportSettings

AGAINST_TARGET: Final = {
    Band.BELOW: "chưa đạt mục tiêu",
    Band.WITHIN: "đạt mục tiêu",
    Band.ABOVE: "vượt mục tiêu",
}


def slips(month: Month) -> tuple[str, ...]:
    """Return how many slips came, and what became of them."""
    paper = month.pool(channel=Channel.PAPER)
    electronic = month.pool(channel=Channel.ELECTRONIC)
    opening = sum(line.opening for line in month.stock)
    received = sum(line.received for line in month.stock)
    back = month.return_rate()
    moved = sum(line.moved for line in month.stock)
    way = "nhận điều chuyển" if moved > 0 else "điều chuyển đi"
    handed = f"{way} {many(abs(moved))} phiếu; " if moved else ""
    out = f"phát ra {many(back.whole)} phiếu; " if back.whole else ""
    parts = [
        f"Phiếu giấy: tồn đầu kỳ {many(opening)} phiếu, nhận trong kỳ {many(received)} phiếu; "
        f"{handed}{out}thu về {many(paper.returned)} phiếu"
        + (f" (tỷ lệ thu hồi {rate(back)}, {fraction(back, 'phiếu')})" if back.whole else "")
        + (
            f", trong đó {fraction(paper.validity, 'phiếu')} hợp lệ (chiếm {rate(paper.validity)}), "
            f"{many(paper.invalid)} phiếu không hợp lệ, {many(paper.held)} phiếu chờ đối soát."
            if paper.returned
            else "."
        )
    ]
    counted = [line for line in month.stock if line.in_stock is not None]
    if counted:
        parts[0] += (
            f" Hỏng, hủy {many(sum(line.spoiled for line in counted))} phiếu; tồn cuối kỳ "
            f"{many(sum(line.in_stock or 0 for line in counted))} phiếu; chưa thu hồi, thất lạc "
            f"{many(sum(line.missing or 0 for line in counted))} phiếu."
        )
    uncounted = dict.fromkeys(
        line.unit for line in month.stock if line.in_stock is None and month.expected(line.unit)
    )
    if uncounted:
        who = "Đơn vị" if month.unit else f"{many(len(uncounted))} đơn vị"
        parts[0] += f" {who} chưa kiểm kê phiếu tồn nên chưa tính được số phát ra, thất lạc."
    if electronic.returned:
        parts.append(
            f"Phiếu điện tử: {many(electronic.returned)} phiếu, trong đó "
            f"{fraction(electronic.validity, 'phiếu')} hợp lệ (chiếm {rate(electronic.validity)})."
        )
    else:
        parts.append("Phiếu điện tử: trong kỳ không có phiếu điện tử.")
    return tuple(parts)


def participation(month: Month, settings: ReportSettings) -> str:
    """Return the participation against its target."""
    share = month.participation()
    if not share.whole and month.survey != PROGRAMME:
        return ""  # nobody comes to a counter for another survey
    if not share.whole:
        return "chưa có số lượt người đến giao dịch trực tiếp nên chưa tính được."
    known = Share(len(set(month.visits) & set(month.reporting)), len(month.reporting))
    scope = "" if known.part == known.whole else f" (tính trên {fraction(known, 'đơn vị')} có số lượt)"
    text = (
        f"{fraction(share, 'lượt người')} đến giao dịch trực tiếp đánh giá bằng phiếu giấy{scope}, "
        f"chiếm {rate(share)}"
    )
    return f"{text}{_against_target(month, share, settings)}"


def took_part(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    """Return what share took part, beside its target."""
    said = participation(month, settings)
    texts = [f"Tỷ lệ tham gia: {said}"] if said else []
    if month.unit:
        return tuple(texts)
    bands = {unit: band_of(month, unit, settings) for unit in month.reporting if not month.silent(unit)}
    for which, saying in ((Band.BELOW, "dưới mục tiêu"), (Band.ABOVE, "trên mục tiêu")):
        units = [unit for unit, of in bands.items() if of is which]
        if units:
            texts.append(f"{many(len(units))} đơn vị {saying}: {names(units, month.names)}.")
    for (unit, about), why in month.statements.items():
        if about is Subject.PARTICIPATION and unit:
            texts.append(f"{month.names.get(unit, unit)} giải trình: {' '.join(why.splitlines())}")
    return (" ".join(texts),) if texts else ()


def _against_target(month: Month, share: Share, settings: ReportSettings) -> str:
    """Return how a share stands against its target; with units that cannot be right, without them."""
    low, high = targets_of(month, month.unit, settings)
    aim = f"mục tiêu {low}–{high}%"
    odd = month.unexplained
    if month.unit and odd:
        return f" ({aim}); số phiếu nhiều hơn số lượt giao dịch, đề nghị đơn vị giải trình."
    if not odd:
        band = participation_band(share, low, high)
        if band in AGAINST_TARGET:
            return f", {AGAINST_TARGET[band]} {low}–{high}%."
        return f" ({aim}); số phiếu lớn hơn số lượt giao dịch, cần giải trình."
    told = f"{many(len(odd))} đơn vị có số phiếu lớn hơn số lượt giao dịch: {names(odd, month.names)}"
    rest = month.participation(without=odd)
    band = participation_band(rest, low, high)
    text = f"; trong đó {told}, cần giải trình nên chưa kết luận đạt {aim}."
    if band in AGAINST_TARGET:
        stands = f"{fraction(rest, 'lượt người')}, chiếm {rate(rest)}, {AGAINST_TARGET[band]}"
        text += f" Không tính các đơn vị này: {stands}."
    return text


def targets_of(month: Month, unit: str, settings: ReportSettings) -> tuple[int, int]:
    """Return the participation that a unit, or all, should reach, in per cent."""
    own = month.targets.get(unit)
    low = settings.target_low if own is None or own.low is None else own.low
    return low, settings.target_high if own is None or own.high is None else own.high


def band_of(month: Month, unit: str, settings: ReportSettings) -> Band | None:
    """Return where a unit's participation stands; an explained one reached what it has."""
    band = participation_band(month.participation(unit), *targets_of(month, unit, settings))
    return Band.ABOVE if band is Band.IMPOSSIBLE and unit not in month.unexplained else band
