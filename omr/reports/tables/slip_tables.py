"""Biểu 01, 06 and 07: where the slips are, why some do not count, what people wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from omr.figures import Nothing, Share
from omr.messages import form_label
from omr.records.counts.tallies import Channel, SlipState
from omr.records.counts.validity import rules
from omr.reports.figures.pools import Pool
from omr.reports.figures.statistics import Month, Stock
from omr.reports.tables.tables import Cell, Column, Row, Style, Table, Weight, unit_groups
from omr.reports.tables.wording import many


def slips_table(month: Month) -> Table:
    """Biểu 01: every paper slip accounted for, per unit and form; visits and participation per unit."""
    moved = any(line.moved for line in month.stock)  # hardly ever: where units were reorganised
    columns = (
        Column("TT", Style.ORDER, 7),
        Column("Đơn vị, mẫu phiếu", Style.TEXT, 36 if moved else 42),
        Column("Tồn đầu kỳ", Style.COUNT, 12.5),
        *((Column("Điều chuyển", Style.COUNT, 12.5),) if moved else ()),
        Column("Số lượng", Style.COUNT, 12.5, "Nhận trong kỳ"),
        Column("Dải số", Style.TEXT, 26, "Nhận trong kỳ"),
        Column("Phát ra", Style.COUNT, 12.5),
        Column("Tổng số", Style.COUNT, 12.5, "Thu về"),
        Column("Hợp lệ", Style.COUNT, 12.5, "Thu về"),
        Column("Không hợp lệ", Style.COUNT, 12.5, "Thu về"),
        Column("Chờ đối soát", Style.COUNT, 12, "Thu về"),
        Column("Hỏng, hủy", Style.COUNT, 12),
        Column("Tồn cuối kỳ", Style.COUNT, 13),
        Column("Chưa thu hồi, thất lạc", Style.COUNT, 13),
        Column("Lượt giao dịch trực tiếp", Style.COUNT, 13.5),
        Column("Tỷ lệ tham gia (%)", Style.PERCENT, 13.5),
        Column("Ghi chú", Style.TEXT, 21),
    )
    return Table(
        "01",
        "Quản lý phiếu giấy",
        columns,
        tuple(_without(_slip_rows(month), MOVED) if not moved else _slip_rows(month)),
        (
            *(
                (
                    "Điều chuyển: phiếu tồn nhận từ đơn vị khác (+) hoặc bàn giao cho đơn vị khác (−), cộng "
                    "vào vế trái dưới đây.",
                )
                if moved
                else ()
            ),
            "Tồn đầu kỳ + nhận trong kỳ = thu về + hỏng, hủy + tồn cuối kỳ + chưa thu hồi, thất lạc. "
            "Phát ra = tồn đầu kỳ + nhận trong kỳ – hỏng, hủy – tồn cuối kỳ.",
            "Tỷ lệ tham gia = phiếu giấy thu về / lượt người đến giao dịch trực tiếp.",
            "“–”: không có số liệu để tính; “chưa nộp”: đơn vị được cấp phiếu nhưng chưa nộp phiếu.",
        ),
    )


MOVED: Final = 3  # the column of moved slips


def _without(rows: Iterable[Row], column: int) -> Iterator[Row]:
    for row in rows:
        yield Row((*row.cells[:column], *row.cells[column + 1 :]), row.weight)


def _slip_rows(month: Month) -> Iterator[Row]:
    number = 0
    for heading, units in unit_groups(month):
        yield Row(("", heading, *[None] * 15), Weight.GROUP)
        for unit in units:
            number += 1
            lines = month.stock_of(unit)
            yield _unit_row(month, unit, number, lines)
            for line in lines if len(lines) > 1 and not month.silent(unit) else ():
                form = month.pool(unit, form=line.form, channel=Channel.PAPER)
                yield Row(
                    (
                        "",
                        f"– Mẫu {form_label(line.form)}",
                        *_stock_cells((line,), form),
                        None,
                        None,
                        _balance((line,)),
                    )
                )
    paper = month.pool(channel=Channel.PAPER)
    rate = month.participation()
    yield Row(
        (
            "",
            month.whole,
            *_stock_cells(month.stock, paper),
            rate.whole or Nothing.NONE,
            rate,
            _balance(month.stock),
        ),
        Weight.TOTAL,
    )


def _unit_row(month: Month, unit: str, number: int, lines: tuple[Stock, ...]) -> Row:
    rate = month.participation(unit)
    remarks = [_balance(lines), "số phiếu lớn hơn số lượt giao dịch" if rate.part > rate.whole > 0 else ""]
    cells = list(_stock_cells(lines, month.pool(unit, channel=Channel.PAPER)))
    participation: Cell = rate
    if month.silent(unit):
        cells[5:9] = [Nothing.NOT_SUBMITTED, Nothing.NONE, Nothing.NONE, Nothing.NONE]
        participation = Nothing.NONE
    name = month.names.get(unit, unit)
    visits = rate.whole or Nothing.NONE
    return Row((number, name, *cells, visits, participation, "; ".join(filter(None, remarks))))


def _stock_cells(lines: tuple[Stock, ...], pool: Pool) -> tuple[Cell, ...]:
    def total(values: list[int | None]) -> Cell:
        return Nothing.NONE if not values or None in values else sum(value or 0 for value in values)

    return (
        total([line.opening for line in lines]),
        total([line.moved for line in lines]),
        total([line.received for line in lines]),
        "; ".join(lines[0].ranges) if len(lines) == 1 else "",
        total([line.handed_out for line in lines]),
        pool.returned,
        pool.valid,
        pool.invalid,
        pool.held,
        total([line.spoiled for line in lines]),
        total([line.in_stock for line in lines]),
        total([line.missing for line in lines]),
    )


def _balance(lines: tuple[Stock, ...]) -> str:
    if not all(line.balanced for line in lines):
        return "chưa cân đối"
    return "chưa kiểm kê" if any(line.in_stock is None for line in lines) else ""


def reasons_table(month: Month) -> Table:
    """Biểu 06: slips that do not count, and slips that wait, by reason and field."""
    pools = {field: month.pool(field=field) for field in month.fields}
    whole = month.pool()
    columns = (
        Column("Mã", Style.WORD, 16),
        Column("Lý do", Style.TEXT, 90),
        *(Column(field, Style.COUNT, 26, "Lĩnh vực") for field in pools),
        Column("Cộng", Style.COUNT, 18),
        Column("Tỷ lệ trên phiếu thu về (%)", Style.PERCENT, 22),
    )
    rows = []
    for state, heading in ((SlipState.INVALID, "Phiếu không hợp lệ"), (SlipState.HELD, "Phiếu chờ đối soát")):
        counts = {field: _by_reason(pool, state) for field, pool in pools.items()}
        total = _by_reason(whole, state)
        sums = [sum(by_reason.values()) for by_reason in counts.values()]
        everything = sum(total.values())
        share = Share(everything, whole.returned)
        rows.append(Row(("", heading, *sums, everything, share), Weight.TOTAL))
        for code in sorted({*rules().texts, *total} if state is SlipState.INVALID else total):
            cells = [by_reason[code] for by_reason in counts.values()]
            rows.append(
                Row(
                    (code, rules().texts[code]["vi"], *cells, total[code], Share(total[code], whole.returned))
                )
            )
    note = (
        f"Ngoài ra, {many(month.foreign)} tờ trong các lô không có số phiếu do Công an thành phố phát hành "
        "(KHL1, KHL2), không tính vào phiếu thu về."
    )
    return Table(
        "06",
        "Phiếu không hợp lệ và phiếu nghi vấn theo lý do",
        columns,
        tuple(rows),
        (note,) * bool(month.foreign),
    )


def _by_reason(pool: Pool, state: SlipState) -> Counter[str]:
    return Counter({reason: n for (of, reason), n in pool.reasons.items() if of is state})


def opinions_table(month: Month) -> Table:
    """Biểu 07: what people wrote, by topic, personal data masked; the officer fills in what was done."""
    columns = (
        Column("TT", Style.ORDER, 8),
        Column("Nội dung ý kiến (nguyên văn, đã che thông tin cá nhân)", Style.TEXT, 106),
        Column("Hình thức", Style.TEXT, 18),
        Column("Đơn vị", Style.TEXT, 50),
        Column("Lĩnh vực", Style.TEXT, 34),
        Column("Hướng xử lý", Style.TEXT, 34),
    )
    fields = {form.form: form.field for form in month.forms.values()}
    topics = Counter(opinion.topic for opinion in month.opinions)
    rows = []
    number = 0
    for topic, count in sorted(topics.items(), key=lambda entry: (-entry[1], entry[0])):
        rows.append(Row(("", f"{topic} ({many(count)} ý kiến)", None, None, None, None), Weight.GROUP))
        for opinion in (one for one in month.opinions if one.topic == topic):
            number += 1
            unit = month.names.get(opinion.unit, opinion.unit)
            channel = "điện tử" if opinion.channel is Channel.ELECTRONIC else "giấy"
            field = fields.get(opinion.form, opinion.form)
            rows.append(Row((number, opinion.text, channel, unit, field, "")))
    note = "; ".join(comment_counts(month)) or "Trong kỳ không có phiếu ghi ý kiến góp ý"
    return Table("07", "Ý kiến góp ý", columns, tuple(rows), (f"{note}.",))


def comment_counts(month: Month) -> tuple[str, ...]:
    """Return how many comments there are and how many of them are read, each channel by itself."""
    counts, told = month.comments, []
    if counts.paper:
        text = f"Phiếu giấy: {many(counts.paper)} phiếu có ý kiến viết tay, đã nhập {many(counts.typed)}"
        told.append(text + (f" ({many(counts.unreadable)} không đọc được)" if counts.unreadable else ""))
    if counts.electronic:
        sorted_ = f"đã phân loại {many(counts.with_topic)}" if counts.with_topic else "chưa phân loại"
        told.append(f"Phiếu điện tử: {many(counts.electronic)} phiếu có ý kiến, {sorted_}")
    return tuple([told[0], *(one[0].lower() + one[1:] for one in told[1:])] if told else ())
