"""The report's sections I and II in sentences, made from the figures and nothing else.

Sections III and IV are the officer's: the machine gives facts, not judgement.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from omr.figures import Band, Change, Nothing, Share, participation_band, vietnamese
from omr.records.counts.tallies import Channel
from omr.reports.satisfaction_tables import criteria, overall_levels, share_of
from omr.reports.slip_tables import comment_counts
from omr.reports.statistics import Month, Opinion, changed_units, compare, coverage_changed
from omr.reports.tables import form_label
from omr.reports.wording import day_name, fraction, many, names, period_name, rate
from omr.words import AnswerState
from omr.workspace import ReportSettings

MOST_RANKED: Final = 3
QUOTED: Final = 160  # characters of a comment in the text; the whole of it stands in Biểu 07


UNTESTED: Final = "Kiểm tra thủ công: kỳ này chưa nhập lại mẫu phiếu giấy để đối chiếu với số liệu máy đọc."
AGAINST_TARGET: Final = {
    Band.BELOW: "chưa đạt mục tiêu",
    Band.WITHIN: "đạt mục tiêu",
    Band.ABOVE: "vượt mục tiêu",
    Band.IMPOSSIBLE: "số phiếu lớn hơn số lượt giao dịch, cần giải trình, so với mục tiêu",
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
    closed = "số liệu đã chốt" if month.root else "số liệu chưa chốt, có thể còn thay đổi"
    return (
        f"Kỳ số liệu: từ ngày {day_name(first)} đến hết ngày {day_name(last)}; {closed}.",
        _reporting(month),
        _forms(month),
    )


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
    return text


def results(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Section, ...]:
    """Return the numbered parts of section II."""
    by_unit = () if month.unit else (Section("Theo đơn vị", _units(month, settings), "units"),)
    return (
        Section("Số lượng phiếu và tỷ lệ tham gia", (*_slips(month), *_participation(month, settings))),
        Section("Mức độ hài lòng chung", _overall(month), "levels"),
        Section("Theo lĩnh vực", _fields(month)),
        *by_unit,
        Section("Theo yếu tố, câu hỏi", _questions(month), "questions"),
        Section("So với kỳ trước", _compared(month, before)),
        Section("Ý kiến góp ý", _opinions(month)),
        Section("Độ tin cậy của số liệu", _trust(month)),
    )


def _slips(month: Month) -> tuple[str, ...]:
    paper = month.pool(channel=Channel.PAPER)
    electronic = month.pool(channel=Channel.ELECTRONIC)
    opening = sum(line.opening for line in month.stock)
    received = sum(line.received for line in month.stock)
    back = month.return_rate()
    out = f"phát ra {vietnamese(back.whole)} phiếu; " if back.whole else ""
    parts = [
        f"Phiếu giấy: tồn đầu kỳ {vietnamese(opening)} phiếu, nhận trong kỳ {vietnamese(received)} phiếu; "
        f"{out}thu về {vietnamese(paper.returned)} phiếu"
        + (f" (tỷ lệ thu hồi {rate(back)}, {fraction(back, 'phiếu')})" if back.whole else "")
        + (
            f", trong đó {fraction(paper.validity, 'phiếu')} hợp lệ (chiếm {rate(paper.validity)}), "
            f"{vietnamese(paper.invalid)} phiếu không hợp lệ, {vietnamese(paper.held)} phiếu chờ đối soát."
            if paper.returned
            else "."
        )
    ]
    counted = [line for line in month.stock if line.in_stock is not None]
    if counted:
        parts[0] += (
            f" Hỏng, hủy {vietnamese(sum(line.spoiled for line in counted))} phiếu; tồn cuối kỳ "
            f"{vietnamese(sum(line.in_stock or 0 for line in counted))} phiếu; chưa thu hồi, thất lạc "
            f"{vietnamese(sum(line.missing or 0 for line in counted))} phiếu."
        )
    uncounted = dict.fromkeys(line.unit for line in month.stock if line.in_stock is None)
    if uncounted:
        parts[0] += (
            f" {many(len(uncounted))} đơn vị chưa kiểm kê phiếu tồn nên chưa tính được số phát ra, thất lạc."
        )
    if electronic.returned:
        parts.append(
            f"Phiếu điện tử: {vietnamese(electronic.returned)} phiếu, trong đó "
            f"{fraction(electronic.validity, 'phiếu')} hợp lệ (chiếm {rate(electronic.validity)})."
        )
    else:
        parts.append("Phiếu điện tử: trong kỳ không có phiếu điện tử.")
    return tuple(parts)


def _participation(month: Month, settings: ReportSettings) -> tuple[str, ...]:
    share = month.participation()
    low, high = settings.target_low, settings.target_high
    band = participation_band(share, low, high)
    if band is None:
        return ("Tỷ lệ tham gia: chưa có số lượt người đến giao dịch trực tiếp nên chưa tính được.",)
    known = Share(len(set(month.visits) & set(month.reporting)), len(month.reporting))
    scope = "" if known.part == known.whole else f" (tính trên {fraction(known, 'đơn vị')} có số lượt)"
    text = (
        f"Tỷ lệ tham gia: {fraction(share, 'lượt người')} đến giao dịch trực tiếp đánh giá bằng phiếu giấy"
        f"{scope}, chiếm {rate(share)}, {AGAINST_TARGET[band]} {low}–{high}%."
    )
    rates = {unit: month.participation(unit) for unit in month.reporting if not month.silent(unit)}
    bands = {unit: participation_band(of, low, high) for unit, of in rates.items()}
    words = {
        Band.BELOW: f"dưới {low}%",
        Band.ABOVE: f"trên {high}%",
        Band.IMPOSSIBLE: "có số phiếu lớn hơn số lượt giao dịch, cần giải trình",
    }
    for which, saying in words.items():
        units = [unit for unit, of in bands.items() if of is which]
        if units:
            text += f" {many(len(units))} đơn vị {saying}: {names(units, month.names)}."
    return (text,)


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
        f"chiếm tỷ lệ {rate(pool.overall)} (khoảng tin cậy 95%: {_interval(pool.overall)}). Cụ thể: {levels}."
        + (f" Điểm trung bình: {vietnamese(mean)} (thang điểm 1–5)." if mean is not None else ""),
        f"Theo lượt đánh giá (mỗi câu trả lời là một lượt): đạt {fraction(pool.by_answers, 'lượt')}, "
        f"chiếm tỷ lệ {rate(pool.by_answers)}. Số phiếu có mọi câu trả lời từ mức “Hài lòng” trở lên: "
        f"{fraction(pool.throughout, 'phiếu')}, chiếm {rate(pool.throughout)}.",
    )


def _interval(share: Share) -> str:
    bounds = share.interval()
    return " – ".join(f"{vietnamese(bound)}%" for bound in bounds) if bounds else Nothing.NONE.value


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
        f"đủ cỡ mẫu (và có từ {settings.ranked_from} phiếu trở lên) để xét riêng."
    )
    if len(ranked) < 2 * MOST_RANKED:
        listed = "; ".join(_one_unit(unit, shares[unit], month) for unit in ranked)
        return (f"{text} Cụ thể: {listed}." if ranked else f"{text} Số liệu từng đơn vị tại Biểu 02.",)
    # Highest first; equal shares keep the order of the tables.
    by_share = sorted(ranked, key=lambda unit: -shares[unit].part / shares[unit].whole)
    best, worst = by_share[:MOST_RANKED], by_share[-MOST_RANKED:][::-1]
    return (
        f"{text} Cao nhất: {'; '.join(_one_unit(unit, shares[unit], month) for unit in best)}. "
        f"Thấp nhất: {'; '.join(_one_unit(unit, shares[unit], month) for unit in worst)}.",
        "Chênh lệch giữa các đơn vị chỉ nên xem là có thật khi khoảng tin cậy không trùng nhau; đơn vị "
        "chưa đủ cỡ mẫu không được xếp thứ tự.",
    )


def _one_unit(unit: str, share: Share, month: Month) -> str:
    return f"{month.names.get(unit, unit)} {fraction(share, 'phiếu')} ({rate(share)})"


def _questions(month: Month) -> tuple[str, ...]:
    pool = month.pool()
    shares = {factor: share for factor, share in pool.factors.items() if share.whole}
    if not shares:
        return ("Trong kỳ không có lượt đánh giá theo yếu tố.",)
    factors = "; ".join(
        f"{factor} {fraction(share, 'lượt')} ({rate(share)})" for factor, share in shares.items()
    )
    asked = [(criterion, share_of(pool, criterion)) for criterion in criteria(month) if not criterion.overall]
    by_share = sorted(
        ((criterion, share) for criterion, share in asked if share.whole),
        key=lambda entry: entry[1].part / entry[1].whole,
    )
    (low, lowest), (high, highest) = by_share[0], by_share[-1]
    return (
        f"Theo yếu tố: {factors}.",
        f"Câu có tỷ lệ hài lòng thấp nhất: {low.key} “{low.label}”, {fraction(lowest, 'phiếu')} "
        f"({rate(lowest)}); cao nhất: {high.key} “{high.label}”, {fraction(highest, 'phiếu')} "
        f"({rate(highest)}).",
    )


def _compared(month: Month, before: Month | None) -> tuple[str, ...]:
    past = period_name(month.period.preceding)
    change = compare(month, before)
    if before is None or change is Nothing.NONE:
        lacking = past if month.pool().overall.whole else "kỳ này"
        return (f"Không có số liệu của {lacking} để so sánh.",)
    if isinstance(change, Change):
        text = f"Tỷ lệ hài lòng chung {_moved(change)} so với {past} ({_from_to(change)})."
    else:
        text = f"Tỷ lệ hài lòng chung không so sánh được với {past} do {_why(month, before)}."
    fields = [(field, compare(month, before, field=field)) for field in month.fields]
    told = [f"{field} {_moved(of)} ({_from_to(of)})" for field, of in fields if isinstance(of, Change)]
    if told:
        text += f" Theo lĩnh vực: {'; '.join(told)}."
    changed = [unit for unit in month.reporting if unit in changed_units(month, before)]
    if changed:
        which = names(changed, month.names)
        text += f" {many(len(changed))} đơn vị không so sánh được do tổ chức thay đổi: {which}."
    return (text,)


def _moved(change: Change) -> str:
    points = change.points()
    if not points:
        return "không thay đổi"
    return f"{'tăng' if points > 0 else 'giảm'} {vietnamese(abs(points))} điểm %"


def _from_to(change: Change) -> str:
    points = change.points()
    if not points:
        return f"cùng {rate(change.now)}"
    return f"từ {rate(change.before)} {'lên' if points > 0 else 'xuống'} {rate(change.now)}"


def _why(month: Month, before: Month) -> str:
    used, was = month.revisions(), before.revisions()
    changed = [form_label(form) for form in used.keys() & was.keys() if used[form] != was[form]]
    reasons = []
    if changed:
        reasons.append(f"mẫu {', '.join(sorted(changed))} thay đổi phiên bản")
    if coverage_changed(month, before):
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
            f"Còn {vietnamese(waiting)} câu trả lời máy không chắc chắn, chờ người xem quyết định, chưa tính "
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
