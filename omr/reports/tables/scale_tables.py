"""Biểu 12: how answers spread over other scales than that of the overall question, with their mean."""

from __future__ import annotations

from collections.abc import Iterator

from omr.forms.surveys import in_vietnamese, overall_question
from omr.forms.template import Form, Kind, Question
from omr.reports.figures.pools import ItemCounts
from omr.reports.figures.statistics import Month
from omr.reports.tables.tables import Column, Row, Style, Table, Weight
from omr.words import AnswerState

Labels = tuple[tuple[str, str], ...]  # code and Vietnamese words of each level, as on paper
TABLE_MM = 160.0  # for the levels and the words of the question
NOTE = (
    "Mẫu số của mỗi câu là số phiếu hợp lệ có câu trả lời hợp lệ cho câu đó; “không áp dụng” và câu được "
    "hướng dẫn bỏ qua không tính vào mẫu số."
)


def scale_tables(month: Month) -> Iterator[Table]:
    """Yield one table a scale; a question with the levels of the overall one stands in Biểu 04 already."""
    by_scale: dict[Labels, list[tuple[Form, Question, ItemCounts]]] = {}
    for form, question, counts in _asked(month):
        by_scale.setdefault(_labels(form, question), []).append((form, question, counts))
    for place, (labels, asked) in enumerate(by_scale.items(), start=1):
        number = "12" if len(by_scale) == 1 else f"12.{place}"
        yield _table(number, labels, asked)


def _asked(month: Month) -> Iterator[tuple[Form, Question, ItemCounts]]:
    items = month.pool().items
    seen = set()
    for variant in month.variants:
        form = month.forms[variant.prints[0][0]]
        question = next(q for q in form.questions if q.key == variant.key)
        overall = overall_question(form)
        usual = overall is not None and question.core and _labels(form, overall) == _labels(form, question)
        if question.kind is Kind.LIKERT and not usual and variant.item not in seen:
            seen.add(variant.item)
            yield form, question, items[variant.item]


def _labels(form: Form, question: Question) -> Labels:
    return tuple((o.code, in_vietnamese(form, o.label)) for o in question.options if o.applies)


def _table(number: str, labels: Labels, asked: list[tuple[Form, Question, ItemCounts]]) -> Table:
    numbered = all(code.isdecimal() for code, _ in labels)
    pitch = min(11.5, TABLE_MM / 2 / len(labels))
    columns = (
        Column("Mã", Style.WORD, 11),
        Column("Câu hỏi", Style.TEXT, TABLE_MM - pitch * len(labels)),
        *(Column(_head(code, label), Style.COUNT, pitch, "Số phiếu chọn") for code, label in labels),
        Column("Trả lời", Style.COUNT, 12),
        Column("Không áp dụng", Style.COUNT, 13),
        Column("Điểm TB", Style.MEAN, 12),
    )
    rows = []
    factor = ""
    for form, question, counts in sorted(asked, key=lambda entry: entry[1].factor):
        if question.factor != factor:
            factor = question.factor
            rows.append(Row(("", factor, *[None] * (len(columns) - 2)), Weight.GROUP))
        rows.append(
            Row(
                (
                    question.key,
                    in_vietnamese(form, question.text),
                    *(counts.codes.get(code, 0) for code, _ in labels),
                    counts.answered,
                    counts.states.get(AnswerState.NOT_APPLICABLE, 0),
                    counts.mean if numbered else None,
                )
            )
        )
    ends = f"{labels[0][1]} – {labels[-1][1]}"
    return Table(number, f"Phân bố trả lời theo thang “{ends}”", columns, tuple(rows), (NOTE,))


def _head(code: str, label: str) -> str:
    """Return what stands over a column: on a scale of numbers its number alone, the title has the words."""
    return code if label.startswith(code) else label
