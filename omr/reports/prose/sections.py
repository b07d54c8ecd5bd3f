"""The report's sections I and II in sentences, made from the figures and nothing else.

Sections III and IV are the officer's: the machine gives facts, not judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from omr.clock import date_of
from omr.figures import Share
from omr.messages import form_label
from omr.reports.figures.statistics import Closed, Month
from omr.reports.prose.changes import compared
from omr.reports.prose.satisfaction import fields, overall, questions, units
from omr.reports.prose.turnout import slips, took_part
from omr.reports.prose.voices import opinions, respondents, trust
from omr.reports.tables.wording import (
    called,
    day_name,
    fraction,
    local_day,
    many,
    names,
    rate,
)
from omr.workspace import ReportSettings


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
    if month.closings and date_of(month.closings[-1].at) < month.period.day_after:
        said += f" ngày {local_day(month.closings[-1].at)}, trước khi kỳ kết thúc"
    return said


def adjustments(month: Month) -> tuple[str, ...]:
    """Return what was adjusted, when, by whom and why, and which report this one replaces."""
    told = []
    for before, after in pairwise(month.closings):
        if before.figures == after.figures:
            told.append(
                f"Kỳ này đã được mở lại để điều chỉnh và chốt lại ngày {local_day(after.at)}; "
                f"người thực hiện: {after.by}; lý do: {after.why.rstrip('.')}. "
                f"Số liệu của {called(month.unit)} này không thay đổi so với lần chốt ngày "
                f"{local_day(before.at)}{_headline(before)}."
            )
            continue
        text = (
            f"Số liệu kỳ này đã được điều chỉnh: chốt ngày {local_day(before.at)}{_headline(before)}, "
            f"chốt lại ngày {local_day(after.at)}{_headline(after)}; người thực hiện: {after.by}; "
            f"lý do: {after.why.rstrip('.')}."
        )
        told.append(
            f"{text} {called(month.unit).capitalize()} lập theo lần chốt ngày {local_day(before.at)} (mã gốc "
            f"của nhật ký {before.root[:16]}) được thay thế bằng {called(month.unit)} này"
            + (" (Biểu 11)." if not month.unit else ".")
        )
    if month.adjusting and month.closings:
        last = month.closings[-1]
        told.append(
            f"Kỳ đã chốt ngày {local_day(last.at)}{_headline(last)} và đang được mở lại để điều chỉnh."
        )
    return tuple(told)


def _headline(closed: Closed) -> str:
    if not closed.overall.whole:
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
        f"Mẫu phiếu: {many(len(labels))} mẫu, gồm {listed}. {respondents(month).capitalize()} đánh giá bằng "
        "một trong hai hình thức: phiếu giấy hoặc phiếu điện tử."
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
    if others := [form_label(form) for forms in month.other_surveys.values() for form in forms]:
        text += f" Không tính trong báo cáo này: phiếu của khảo sát khác (mẫu {', '.join(others)})."
    return text


def results(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Section, ...]:
    """Return the numbered parts of section II."""
    by_unit = () if month.unit else (Section("Theo đơn vị", units(month, settings), "units"),)
    return (
        Section("Số lượng phiếu và tỷ lệ tham gia", (*slips(month), *took_part(month, settings))),
        Section("Mức độ hài lòng chung", overall(month), "levels"),
        Section("Theo lĩnh vực", fields(month)),
        *by_unit,
        Section("Theo yếu tố, câu hỏi", questions(month, settings), "questions"),
        Section("So với kỳ trước", compared(month, before, settings), "trend" if month.past else ""),
        Section("Ý kiến góp ý", opinions(month)),
        Section("Độ tin cậy của số liệu", trust(month)),
    )
