"""The report's sections I and II in sentences, made from the figures and nothing else.

Sections III and IV are the officer's: the machine gives facts, not judgement.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from omr.figures import Band, Change, Nothing, Share, participation_band, vietnamese
from omr.records.counts.tallies import Channel
from omr.records.offices.statements import Subject
from omr.reports.figures.statistics import Closed, Month, Opinion, changed_units, compare, coverage_changed
from omr.reports.tables.changes import Finding, Shift, extremes, shifts
from omr.reports.tables.satisfaction_tables import overall_levels
from omr.reports.tables.slip_tables import comment_counts
from omr.reports.tables.wording import (
    day_name,
    fraction,
    interval,
    local_date,
    local_day,
    many,
    names,
    period_name,
    points,
    rate,
)
from omr.text import form_label
from omr.words import AnswerState
from omr.workspace import ReportSettings

MOST_RANKED: Final = 3
MOST_SHIFTS: Final = 5
QUOTED: Final = 160  # characters of a comment in the text; the whole of it stands in Biểu 07


UNTESTED: Final = "Kiểm tra thủ công: kỳ này chưa nhập lại mẫu phiếu giấy để đối chiếu với số liệu máy đọc."
AGAINST_TARGET: Final = {
    Band.BELOW: "chưa đạt mục tiêu",
    Band.WITHIN: "đạt mục tiêu",
    Band.ABOVE: "vượt mục tiêu",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered heading with its paragraphs; `chart` names the picture that follows them."""

    heading: str
    paragraphs: tuple[str, ...]
    chart: str = ""


def deployment(month: Month) -> tuple[str, ...]:
    """Return the paragraphs of section I."""
    first, last = month.period.first_day, month.period.day_after - timedelta(days=1)
    return (
        f"Kỳ số liệu: từ ngày {day_name(first)} đến hết ngày {day_name(last)}; {_standing(month)}.",
        *adjustments(month),
        _reporting(month),
        _forms(month),
    )


def _standing(month: Month) -> str:
    if month.adjusting:
        return "số liệu đang được điều chỉnh, chưa chốt lại"
    if not month.root:
        return "số liệu chưa chốt, có thể còn thay đổi"
    said = "số liệu đã chốt, có điều chỉnh" if len(month.closings) > 1 else "số liệu đã chốt"
    if month.closings and local_date(month.closings[-1].at) < month.period.day_after:
        said += f" ngày {local_day(month.closings[-1].at)}, trước khi kỳ kết thúc"
    return said


def adjustments(month: Month) -> tuple[str, ...]:
    """Return what was adjusted, when, by whom and why, and which report this one replaces."""
    told = []
    for before, after in pairwise(month.closings):
        text = (
            f"Số liệu kỳ này đã được điều chỉnh: chốt ngày {local_day(before.at)}{_headline(month, before)}, "
            f"chốt lại ngày {local_day(after.at)}{_headline(month, after)}; người thực hiện: {after.by}; "
            f"lý do: {after.why.rstrip('.')}."
        )
        told.append(
            f"{text} Báo cáo lập theo lần chốt ngày {local_day(before.at)} (mã gốc của nhật ký "
            f"{before.root[:16]}) được thay thế bằng báo cáo này" + (" (Biểu 11)." if not month.unit else ".")
        )
    if month.adjusting and month.closings:
        last = month.closings[-1]
        told.append(
            f"Kỳ đã chốt ngày {local_day(last.at)}{_headline(month, last)} và đang được mở lại để điều chỉnh."
        )
    return tuple(told)


def _headline(month: Month, closed: Closed) -> str:
    if month.unit or not closed.overall.whole:  # a unit's report tells nothing of the city
        return ""
    return f" ({fraction(closed.overall, 'phiếu')} hài lòng trở lên, {rate(closed.overall)})"


def _reporting(month: Month) -> str:
    expected = [unit for unit in month.reporting if month.expected(unit)]
    if month.unit:
        return f"Đơn vị thực hiện: {month.whole}" + (", chưa nộp phiếu." if month.silent(month.unit) else ".")
    if not expected:
        return "Đơn vị thực hiện: trong kỳ không có đơn vị nào được cấp phiếu."
    silent = [unit for unit in expected if month.silent(unit)]
    done = Share(len(expected) - len(silent), len(expected))
    text = (
        f"Đơn vị thực hiện: {many(done.part)}/{many(done.whole)} đơn vị được cấp phiếu đã nộp phiếu "
        "hoặc báo cáo kiểm kê."
    )
    if silent:
        text += f" Còn {many(len(silent))} đơn vị chưa nộp phiếu: {names(silent, month.names)}."
    return text


def _forms(month: Month) -> str:
    labels = {form.form: f"mẫu {form_label(form.form)} ({form.field})" for form in month.forms.values()}
    if not labels:
        return "Mẫu phiếu: trong kỳ không phát hành mẫu phiếu nào."
    listed = "; ".join(labels[form] for form in sorted(labels))
    text = (
        f"Mẫu phiếu: {many(len(labels))} mẫu, gồm {listed}. Người dân, tổ chức đánh giá bằng một trong "
        "hai hình thức: phiếu giấy hoặc phiếu điện tử."
    )
    mixed = [form_label(form) for form, revisions in month.revisions().items() if len(revisions) > 1]
    if mixed:
        text += f" Trong kỳ có hơn một phiên bản của mẫu {', '.join(mixed)}."
    apart = {
        f"{variant.key} mẫu {form_label(variant.item[0])}": None
        for variant in month.variants
        if variant.revision
    }
    if apart:
        text += (
            f" Câu {', '.join(apart)} hỏi nội dung khác nhau giữa các phiên bản nên tính riêng từng "
            "phiên bản (Biểu 04)."
        )
    for survey, forms in month.other_surveys.items():
        text += (
            f" Không tính trong báo cáo này: khảo sát “{survey}” (mẫu {', '.join(map(form_label, forms))})."
        )
    return text


def results(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Section, ...]:
    """Return the numbered parts of section II."""
    by_unit = () if month.unit else (Section("Theo đơn vị", _units(month, settings), "units"),)
    return (
        Section("Số lượng phiếu và tỷ lệ tham gia", (*_slips(month), *_participation(month, settings))),
        Section("Mức độ hài lòng chung", _overall(month), "levels"),
        Section("Theo lĩnh vực", _fields(month)),
        *by_unit,
        Section("Theo yếu tố, câu hỏi", _questions(month, settings), "questions"),
        Section("So với kỳ trước", _compared(month, before, settings), "trend" if month.past else ""),
        Section("Ý kiến góp ý", _opinions(month)),
        Section("Độ tin cậy của số liệu", _trust(month)),
    )


def _slips(month: Month) -> tuple[str, ...]:
    paper = month.pool(channel=Channel.PAPER)
    electronic = month.pool(channel=Channel.ELECTRONIC)
    opening = sum(line.opening for line in month.stock)
    received = sum(line.received for line in month.stock)
    back = month.return_rate()
    out = f"phát ra {many(back.whole)} phiếu; " if back.whole else ""
    parts = [
        f"Phiếu giấy: tồn đầu kỳ {many(opening)} phiếu, nhận trong kỳ {many(received)} phiếu; "
        f"{out}thu về {many(paper.returned)} phiếu"
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
    uncounted = dict.fromkeys(line.unit for line in month.stock if line.in_stock is None)
    if uncounted:
        parts[0] += (
            f" {many(len(uncounted))} đơn vị chưa kiểm kê phiếu tồn nên chưa tính được số phát ra, thất lạc."
        )
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
    if not share.whole:
        return "chưa có số lượt người đến giao dịch trực tiếp nên chưa tính được."
    known = Share(len(set(month.visits) & set(month.reporting)), len(month.reporting))
    scope = "" if known.part == known.whole else f" (tính trên {fraction(known, 'đơn vị')} có số lượt)"
    text = (
        f"{fraction(share, 'lượt người')} đến giao dịch trực tiếp đánh giá bằng phiếu giấy{scope}, "
        f"chiếm {rate(share)}"
    )
    return f"{text}{_against_target(month, share, settings)}"


def _participation(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    texts = [f"Tỷ lệ tham gia: {participation(month, settings)}"]
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
    return (" ".join(texts),)


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


def _overall(month: Month) -> tuple[str, ...]:
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


def _fields(month: Month) -> tuple[str, ...]:
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


def _units(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    shares = {unit: month.pool(unit).overall for unit in month.reporting}
    answered = {unit: share for unit, share in shares.items() if share.whole}
    ranked = [
        unit
        for unit, share in answered.items()
        if share.whole >= settings.ranked_from and month.sufficient(unit)
    ]
    if not answered:
        return ("Trong kỳ không có đơn vị nào có phiếu trả lời câu đánh giá chung.",)
    text = (
        f"Có {many(len(answered))} đơn vị có phiếu trả lời câu đánh giá chung; {many(len(ranked))} đơn vị "
        f"đủ cỡ mẫu (từ {settings.ranked_from} phiếu trở lên) để đánh giá riêng."
    )
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


def _questions(month: Month, settings: ReportSettings) -> tuple[str, ...]:
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
    if finding.unit:
        unit, of = finding.unit
        places.append(f"{month.names.get(unit, unit)} {fraction(of)} ({rate(of)})")
    return f"{text}, rõ nhất ở {' và '.join(places)}" if places else text


def _compared(month: Month, before: Month | None, settings: ReportSettings) -> tuple[str, ...]:
    past = period_name(month.period.preceding)
    change = compare(month, before)
    if before is None or change is Nothing.NONE:
        lacking = past if month.pool().overall.whole else "kỳ này"
        return (f"Không có số liệu của {lacking} để so sánh.",)
    if isinstance(change, Change):
        text = f"Tỷ lệ hài lòng chung {points(change)} so với {past} ({_from_to(change)})."
    else:
        text = f"Tỷ lệ hài lòng chung không so sánh được với {past} do {_why(month, before)}."
    fields = [(field, compare(month, before, field=field)) for field in month.fields]
    told = [f"{field} {points(of)} ({_from_to(of)})" for field, of in fields if isinstance(of, Change)]
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


def _why(month: Month, before: Month) -> str:
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


def _opinions(month: Month) -> tuple[str, ...]:
    counts = month.comments
    if not counts.paper and not counts.electronic:
        return ("Trong kỳ không có phiếu ghi ý kiến góp ý.",)
    paragraphs = [f"{'; '.join(comment_counts(month))} (Biểu 07)."]
    for channel, label in ((Channel.PAPER, "Phiếu giấy"), (Channel.ELECTRONIC, "Phiếu điện tử")):
        topics = Counter(one.topic for one in month.opinions if one.channel is channel)
        listed = sorted(topics.items(), key=lambda entry: (-entry[1], entry[0]))
        told = "; ".join(f"{topic} ({many(number)} ý kiến)" for topic, number in listed)
        if told:
            paragraphs.append(f"{label}, theo chủ đề: {told}.")
    quoted = [one for one in month.opinions if one.quoted]
    if quoted:
        paragraphs.append(
            "Trích ý kiến (nguyên văn, đã che thông tin cá nhân): " + " ".join(map(_quoted, quoted))
        )
    return tuple(paragraphs)


def _quoted(opinion: Opinion) -> str:
    text = opinion.text if len(opinion.text) <= QUOTED else opinion.text[:QUOTED].rsplit(" ", 1)[0] + "…"
    return f"“{text}” ({opinion.topic.lower()})."


def _trust(month: Month) -> tuple[str, ...]:
    checking = month.checking
    decided = Share(checking.by_people, checking.answers)
    paragraphs = []
    if decided.whole:
        paragraphs.append(
            f"Đọc phiếu: {fraction(decided, 'câu trả lời')} của phiếu giấy hợp lệ ({rate(decided)}) do người "
            "xem lại quyết định, còn lại do máy đọc; chỗ máy không chắc chắn được giữ lại để người xem, "
            "không suy đoán."
        )
    waiting = sum(counts.states.get(AnswerState.DOUBTFUL, 0) for counts in month.pool().items.values())
    if waiting:
        paragraphs.append(
            f"Còn {many(waiting)} câu trả lời máy không chắc chắn, chờ người xem quyết định, chưa tính "
            "vào các tỷ lệ."
        )
    if not month.unit:
        paragraphs.append(checking.audit or UNTESTED)
    paragraphs.append(
        "Phiếu do người dân, tổ chức tự nguyện đánh giá, do chính đơn vị được đánh giá phát và thu; kết quả "
        "phản ánh ý kiến của người trả lời phiếu, không suy rộng cho mọi người làm thủ tục và không phải "
        "Chỉ số SIPAS."
    )
    return tuple(paragraphs)
