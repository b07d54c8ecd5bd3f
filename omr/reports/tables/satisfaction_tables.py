"""Biểu 02 to 05: satisfaction by unit, by field, by question, and by who answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from omr.figures import Nothing, Share
from omr.forms.surveys import in_vietnamese, overall_question
from omr.forms.template import Form, Question
from omr.records.counts.tallies import Channel
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.pools import Pool
from omr.reports.figures.questions import Item
from omr.reports.figures.statistics import Month, compare
from omr.reports.tables.tables import Cell, Column, Row, Style, Table, Weight, unit_groups
from omr.reports.tables.told import told_when
from omr.reports.tables.wording import written_out
from omr.workspace import ReportSettings

CHANNELS: Final = {Channel.PAPER: "Phiếu giấy", Channel.ELECTRONIC: "Phiếu điện tử", None: "Cộng"}
MARGIN_NOTE: Final = "KTC 95%: khoảng tin cậy 95% theo phương pháp Wilson."


def overall_levels(month: Month) -> dict[str, str]:
    """Return the levels of the overall question, code to Vietnamese label, best first as on the forms."""
    levels: dict[str, str] = {}
    for form in sorted(month.forms.values(), key=lambda form: form.form):
        question = overall_question(form)
        for option in question.options if question else ():
            levels.setdefault(option.code, in_vietnamese(form, option.label))
    return levels


def _level_columns(levels: Mapping[str, str]) -> list[Column]:
    return [
        column
        for label in levels.values()
        for column in (
            Column("SL", Style.COUNT, 9.5, label),
            Column("%", Style.PERCENT, 11.5, label),
        )
    ]


def _level_cells(pool: Pool, levels: Mapping[str, str]) -> list[Cell]:
    counts, whole = pool.levels, pool.overall.whole
    return [cell for code in levels for cell in (counts.get(code, 0), Share(counts.get(code, 0), whole))]


SATISFIED: Final = (
    Column("SL", Style.COUNT, 10, "Hài lòng trở lên"),
    Column("%", Style.PERCENT, 11.5, "Hài lòng trở lên"),
    Column("KTC 95%", Style.INTERVAL, 20, "Hài lòng trở lên"),
)
AGAINST_BEFORE: Final = (
    Column("Kỳ trước (%)", Style.PERCENT, 11.5),
    Column("Tăng, giảm (điểm phần trăm)", Style.POINTS, 20),  # in three lines, as high as its neighbours
)


def _satisfied(share: Share) -> tuple[Cell, ...]:
    return share.part, share, share


def _against(
    month: Month, before: Month | None, unit: str | None = None, field: str | None = None
) -> list[Cell]:
    past: Cell = Nothing.NONE
    if before is not None:
        past = before.pool(unit, field).overall
    return [past, compare(month, before, unit, field)]


def units_table(month: Month, before: Month | None) -> Table:
    """Biểu 02: the overall answer by unit."""
    levels = overall_levels(month)
    columns = (
        Column("TT", Style.ORDER, 7),
        Column("Đơn vị", Style.TEXT, 39),
        Column("Số phiếu trả lời", Style.COUNT, 12),
        *_level_columns(levels),
        *SATISFIED,
        *AGAINST_BEFORE,
        Column("Cỡ mẫu", Style.WORD, 13),
    )
    rows: list[Row] = []
    number = 0
    for heading, units in unit_groups(month):
        rows.append(Row(("", heading, *[None] * (len(columns) - 2)), Weight.GROUP))
        for unit in units:
            number += 1
            rows.append(Row((number, *_unit_cells(month, before, unit, levels))))
    pool = month.pool()
    rows.append(
        Row(
            (
                "",
                month.whole,
                pool.overall.whole,
                *_level_cells(pool, levels),
                *_satisfied(pool.overall),
                *_against(month, before),
                _sample(month.sufficient()),
            ),
            Weight.TOTAL,
        )
    )
    return Table(
        "02",
        "Mức độ hài lòng chung theo đơn vị",
        columns,
        tuple(rows),
        (
            "Tính theo câu đánh giá chung; mẫu số là số phiếu hợp lệ có trả lời câu này (giấy và điện tử). "
            + MARGIN_NOTE,
            "Cỡ mẫu “đủ” khi số phiếu giấy hợp lệ ≥ N/(1 + 0,0025N), N là số lượt giao dịch trực tiếp; "
            "khi chưa đủ, số liệu chỉ để tham khảo, không xếp thứ tự.",
        ),
    )


def _unit_cells(month: Month, before: Month | None, unit: str, levels: Mapping[str, str]) -> tuple[Cell, ...]:
    name, against = month.names.get(unit, unit), _against(month, before, unit)
    if month.silent(unit):
        blank = [Nothing.NONE] * (2 * len(levels) + len(SATISFIED))
        return (name, Nothing.NOT_SUBMITTED, *blank, *against, Nothing.NONE)
    pool = month.pool(unit)
    sample = _sample(month.sufficient(unit))
    return (
        name,
        pool.overall.whole,
        *_level_cells(pool, levels),
        *_satisfied(pool.overall),
        *against,
        sample,
    )


def _sample(sufficient: bool | None) -> Cell:
    if sufficient is None:
        return Nothing.NONE
    return "đủ" if sufficient else "chưa đủ"


def fields_table(month: Month, before: Month | None) -> Table:
    """Biểu 03: by field, paper and electronic and both."""
    levels = overall_levels(month)
    columns = (
        Column("Lĩnh vực, hình thức", Style.TEXT, 39),
        Column("Phiếu hợp lệ", Style.COUNT, 11.5),
        Column("Số phiếu trả lời", Style.COUNT, 12),
        *_level_columns(levels),
        *SATISFIED,
        Column("Điểm TB", Style.MEAN, 10),
        *AGAINST_BEFORE,
    )
    rows: list[Row] = []
    for field in (*month.fields, None):
        for channel, label in CHANNELS.items():
            pool = month.pool(field=field, channel=channel)
            against = _against(month, before, field=field) if channel is None else [None, None]
            cells = (
                pool.valid,
                pool.overall.whole,
                *_level_cells(pool, levels),
                *_satisfied(pool.overall),
                pool.mean,
                *against,
            )
            if channel is None:
                rows.append(Row((field or month.whole, *cells), Weight.TOTAL))
            else:
                rows.append(Row((f"– {label}", *cells)))
    return Table(
        "03",
        "Mức độ hài lòng chung theo lĩnh vực và hình thức đánh giá",
        columns,
        tuple(_totals_first(rows)),
        ("Tính theo câu đánh giá chung. Điểm TB: điểm trung bình theo thang 1–5. " + MARGIN_NOTE,),
    )


def _totals_first(rows: list[Row]) -> Iterator[Row]:
    """Put each block's total above its parts."""
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if row.weight is Weight.TOTAL:
            yield block.pop()
            yield from block
            block = []


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question as fields ask it: with the same key, words, levels and factor."""

    key: str
    text: str
    factor: str
    overall: bool
    revision: str  # where a form's revisions ask different things under the key; else ""
    items: Mapping[str, tuple[Item, ...]]  # by field; a bilingual form adds a second item
    asks: tuple[object, ...] = ()  # what makes it the same question in another month

    @property
    def label(self) -> str:
        """The words, and which of several questions under one key it is."""
        return f"{self.text} (phiên bản {self.revision})" if self.revision else self.text


def criteria(month: Month) -> list[Criterion]:
    """Return the core questions of all forms, the overall one last; fields that ask the same share one."""
    items: dict[tuple[object, ...], dict[str, list[Item]]] = {}
    about: dict[tuple[object, ...], tuple[Form, Question, str]] = {}
    for variant in month.variants:
        form = month.forms[variant.prints[0][0]]
        question = next(q for q in form.questions if q.key == variant.key)
        if not question.core:
            continue
        asks = month.wordings.of(form, question)
        same = (question.key, asks, month.wordings.scale(form, question), question.overall)
        about.setdefault(same, (form, question, variant.revision))
        of_field = items.setdefault(same, {}).setdefault(form.field, [])
        if variant.item not in of_field:
            of_field.append(variant.item)
    listed = [
        Criterion(
            question.key,
            in_vietnamese(form, question.text),
            question.factor,
            question.overall,
            revision,
            {name: tuple(of) for name, of in items[same].items()},
            same,
        )
        for same, (form, question, revision) in about.items()
    ]
    return sorted(listed, key=lambda criterion: (criterion.overall, not criterion.factor))


def share_of(pool: Pool, criterion: Criterion, field: str | None = None) -> Share:
    """Return the satisfied share of a criterion, of one field or all that ask it."""
    fields = criterion.items if field is None else {field: criterion.items.get(field, ())}
    asked = [item for of in fields.values() for item in of if item in pool.items]
    return sum((pool.items[item].share for item in asked), Share(0, 0))


def questions_table(month: Month) -> Table:
    """Biểu 04: every question by field, under its factor."""
    pool, fields = month.pool(), month.fields
    columns = (
        Column("Mã", Style.WORD, 11),
        Column("Yếu tố, câu hỏi", Style.TEXT, 68),
        *(
            column
            for heading in (*fields, "Chung")
            for column in (
                Column("Hài lòng", Style.COUNT, 11.5, heading),
                Column("Trả lời", Style.COUNT, 11.5, heading),
                Column("%", Style.PERCENT, 11.5, heading),
            )
        ),
    )
    rows: list[Row] = []
    listed = criteria(month)
    for factor in dict.fromkeys(criterion.factor for criterion in listed):
        of = [criterion for criterion in listed if criterion.factor == factor]
        if factor:
            shares = [month.pool(field=field).factors.get(factor, Share(0, 0)) for field in (*fields, None)]
            rows.append(Row(("", factor, *_fractions(shares)), Weight.TOTAL))
        for criterion in of:
            asked = [
                share_of(pool, criterion, field) if field in criterion.items else None for field in fields
            ]
            weight = Weight.TOTAL if criterion.overall else Weight.BODY
            rows.append(
                Row(
                    (criterion.key, criterion.label, *_fractions([*asked, share_of(pool, criterion)])), weight
                )
            )
    by_answers = [month.pool(field=field).by_answers for field in (*fields, None)]
    rows.append(Row(("", "Cộng theo lượt đánh giá", *_fractions(by_answers)), Weight.TOTAL))
    return Table(
        "04",
        "Mức độ hài lòng theo yếu tố, câu hỏi và lĩnh vực",
        columns,
        tuple(rows),
        (
            "Mẫu số của mỗi câu là số phiếu hợp lệ có câu trả lời hợp lệ cho câu đó; của yếu tố và dòng cộng "
            "là số lượt đánh giá (một câu trả lời là một lượt), các câu có trọng số như nhau.",
            "“–”: mẫu phiếu của lĩnh vực không có câu hỏi này, hoặc chưa có câu trả lời.",
        ),
    )


def _fractions(shares: Sequence[Share | None]) -> list[Cell]:
    cells: list[Cell] = []
    for share in shares:
        cells += [share.part, share.whole, share] if share is not None else [Nothing.NONE] * 3
    return cells


def respondents_table(month: Month, settings: ReportSettings) -> Table:
    """Biểu 05: the overall answer by respondent and procedure, small cells hidden."""
    columns = (
        Column("Đối tượng, thủ tục", Style.TEXT, 110),
        Column("Số phiếu trả lời", Style.COUNT, 28),
        *(
            Column(column.heading, column.style, width, column.over)
            for column, width in zip(SATISFIED, (28, 28, 36), strict=True)
        ),
    )
    rows: list[Row] = []
    told = told_when(month)
    for breakdown in breakdowns(month, settings.smallest_cell):
        rows.append(Row((breakdown.heading, None, None, None, None), Weight.GROUP))
        for group in breakdown.groups:
            share = group.share
            cells = _satisfied(share) if isinstance(share, Share) else (share, share, share)
            rows.append(Row((written_out(group.label), group.slips, *cells)))
    return Table(
        "05",
        "Mức độ hài lòng chung theo đối tượng và thủ tục",
        columns,
        tuple(rows),
        (
            f"“*”: ô dưới {settings.smallest_cell} phiếu, tỷ lệ có dưới {settings.smallest_cell} phiếu hài "
            "lòng hoặc chưa hài lòng, và ô có thể suy ra chúng được che để không ai nhận ra người trả lời; "
            "nhóm “Không ghi” không chỉ ra ai nên chỉ che cùng ô khác. " + MARGIN_NOTE,
            *told,
        )
        if rows
        else told or ("Trong kỳ không có phiếu hợp lệ nào trả lời câu đánh giá chung.",),
    )
