"""What people wrote, and how far the figures can be trusted, in sentences."""

from __future__ import annotations

from collections import Counter
from typing import Final

from omr.figures import Share
from omr.forms.surveys import PROGRAMME
from omr.records.counts.tallies import Channel
from omr.reports.figures.statistics import Month, Opinion
from omr.reports.tables.slip_tables import comment_counts
from omr.reports.tables.wording import (
    fraction,
    many,
    rate,
)
from omr.words import AnswerState

QUOTED: Final = 160  # characters of a comment in the text; the whole of it stands in Biểu 07
UNTESTED: Final = "Kiểm tra thủ công: kỳ này chưa nhập lại mẫu phiếu giấy để đối chiếu với số liệu máy đọc."


def opinions(month: Month) -> tuple[str, ...]:
    """Return how many people wrote, and some of it."""
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


def trust(month: Month) -> tuple[str, ...]:
    """Return how the figures were checked."""
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
    beyond = (
        "mọi người làm thủ tục và không phải Chỉ số SIPAS"
        if month.survey == PROGRAMME
        else "những người không trả lời"
    )
    if month.pool().returned:
        given = "do chính đơn vị được đánh giá phát và thu" if paper_came(month) else "gửi bằng phiếu điện tử"
        paragraphs.append(
            f"Phiếu do {respondents(month)} tự nguyện đánh giá, {given}; "
            f"kết quả phản ánh ý kiến của người trả lời phiếu, không suy rộng cho {beyond}."
        )
    return tuple(paragraphs)


def paper_came(month: Month) -> bool:
    """Whether slips of paper came back: units hand them out and collect them, what is sent they do not."""
    return month.pool(channel=Channel.PAPER).returned > 0


def respondents(month: Month) -> str:
    """Return who answers: the programme asks citizens; whom another survey asks its forms do not say."""
    return "người dân, tổ chức" if month.survey == PROGRAMME else "người trả lời"
