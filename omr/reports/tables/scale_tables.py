"""Biểu 12 to 14: answers on other scales than that of the overall question, values, rankings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from omr.figures import Mean, Nothing
from omr.forms.entries import entry_of
from omr.forms.surveys import in_vietnamese, overall_question
from omr.forms.template import VALUES, Form, Kind, Question
from omr.reports.figures.hiding import hide_parts
from omr.reports.figures.pools import ItemCounts
from omr.reports.figures.questions import Item
from omr.reports.figures.statistics import Month
from omr.reports.tables.tables import Cell, Column, Row, Style, Table, Weight
from omr.reports.tables.told import told_when
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


def numbers_table(month: Month, smallest: int) -> Iterator[Table]:
    """Yield Biểu 13 where a form asks for values: how many, their mean and middle; of few answers nothing.

    As of who the respondents are, a month tells of it once, when it is closed: the means of two drafts
    would give the number that one person wrote between them.

    Parameters
    ----------
    smallest : int
        With fewer answers, a mean or an extreme is what single persons said.
    """
    rows = []
    withheld = month.told.withheld
    then = month if withheld else month.as_told
    for form, question, counts, item in _items(then):
        if question.kind in VALUES:
            known = question.kind is Kind.NUMBER and counts.answered >= smallest
            known = known and not withheld
            figures = _figures(counts, smallest) if known else [Nothing.NONE] * 4
            if known and month.unit in _hidden_units(then, item, smallest):
                figures = [Nothing.SUPPRESSED] * 4
            about = (question.key, in_vietnamese(form, question.text), counts.answered)
            unasked = counts.states.get(AnswerState.NOT_APPLICABLE, 0)
            rows.append(Row((*about, unasked, *figures)))
    if rows:
        columns = (
            Column("Mã", Style.WORD, 11),
            Column("Câu hỏi", Style.TEXT, 90),
            Column("Trả lời", Style.COUNT, 14),
            Column("Không áp dụng", Style.COUNT, 16),
            Column("Trung bình", Style.MEAN, 18),
            Column("Trung vị", Style.MEAN, 18),
            Column("Nhỏ nhất", Style.MEAN, 18),
            Column("Lớn nhất", Style.MEAN, 18),
        )
        note = (
            f"“–”: ngày, mã số không tính trung bình; câu có dưới {smallest} trả lời không nêu số liệu. “*”: "
            f"giá trị nhỏ nhất, lớn nhất do dưới {smallest} người ghi, và số liệu có thể suy ra số liệu của "
            "đơn vị ít trả lời được che."
        )
        yield Table("13", "Số liệu người dân tự ghi", columns, tuple(rows), (NOTE, note, *told_when(month)))


def ranking_tables(month: Month) -> Iterator[Table]:
    """Yield one table a ranking: how often each thing was given each rank, and its mean rank."""
    by_ranking: dict[tuple[str, str], list[tuple[Form, Question, ItemCounts]]] = {}
    for form, question, counts, _ in _items(month):
        if question.kind is Kind.RANK:
            by_ranking.setdefault((form.form, question.ranking), []).append((form, question, counts))
    for place, asked in enumerate(by_ranking.values(), start=1):
        yield _ranking("14" if len(by_ranking) == 1 else f"14.{place}", asked)


def _ranking(number: str, asked: list[tuple[Form, Question, ItemCounts]]) -> Table:
    form, first, _ = asked[0]
    title, _, _ = in_vietnamese(form, first.text).rpartition(": ")
    ranks = [option.code for option in first.options]
    whole = len(asked) == len(ranks)  # of the first three of six there is no mean: three have no rank
    pitch = min(14.0, TABLE_MM / 2 / len(ranks))
    columns = (
        Column("Mã", Style.WORD, 24),
        Column("Nội dung", Style.TEXT, TABLE_MM - 13 - pitch * len(ranks)),
        *(Column(f"Hạng {rank}", Style.COUNT, pitch, "Số phiếu xếp") for rank in ranks),
        Column("Xếp hạng", Style.COUNT, 14),
        Column("Hạng TB", Style.MEAN, 14),
    )
    rows = tuple(
        Row(
            (
                question.key,
                in_vietnamese(form, question.text).removeprefix(f"{title}: "),
                *(counts.codes.get(rank, 0) for rank in ranks),
                counts.answered,
                counts.mean if whole else None,
            )
        )
        for _, question, counts in asked
    )
    note = "Chỉ tính phiếu xếp mỗi hạng đúng một lần; xếp trùng, xếp thiếu hoặc bỏ trống thì không tính."
    best = (
        "Hạng TB càng nhỏ thì mục càng được xếp lên trước."
        if whole
        else "Mục không được xếp thì không có hạng."
    )
    return Table(number, f"Thứ hạng: {title}", columns, rows, (note, best))


def _hidden_units(month: Month, item: Item, smallest: int) -> frozenset[str]:
    """Return the units whose means would give away another one's, taken from the city's."""
    whole = month.city or month
    answered: Counter[str] = Counter()
    for stratum, pool in whole.pools.items():
        for asked, counts in pool.items.items():
            if asked == item:
                answered[stratum.unit] += counts.answered
    return hide_parts(answered, smallest)


def _figures(counts: ItemCounts, smallest: int) -> list[Cell]:
    """Return mean, median, least and greatest of a number; of an extreme that few gave no more than that."""
    tenths = 10 ** entry_of(counts.question).decimals
    values = sorted((int(code.replace(".", "")), slips) for code, slips in counts.codes.items() if slips)
    every = [value for value, slips in values for _ in range(slips)]
    middle = every[(len(every) - 1) // 2] + every[len(every) // 2]
    ends = [
        Mean(value, tenths) if slips >= smallest else Nothing.SUPPRESSED
        for value, slips in (values[0], values[-1])
    ]
    return [counts.mean, Mean(middle, 2 * tenths), *ends]


def _asked(month: Month) -> Iterator[tuple[Form, Question, ItemCounts]]:
    for form, question, counts, _ in _items(month):
        overall = overall_question(form)
        usual = overall is not None and question.core and _labels(form, overall) == _labels(form, question)
        if question.kind is Kind.LIKERT and not usual:
            yield form, question, counts


def _items(month: Month) -> Iterator[tuple[Form, Question, ItemCounts, Item]]:
    """Yield every question once, as the first revision asks it."""
    items = month.pool().items
    for variant in {variant.item: variant for variant in month.variants}.values():
        form = month.forms[variant.prints[0][0]]
        question = next(q for q in form.questions if q.key == variant.key)
        yield form, question, items[variant.item], variant.item


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
