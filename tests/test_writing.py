"""Numbers, days and folded names: laws over what people write in both languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from omr.text import day_of, folded, number, unaccented, whole_number


@given(st.integers(0, 10**11))
def test_a_count_that_was_written_is_read_again(count: int) -> None:
    assert whole_number(number(count, code="vi")) == count


@given(st.decimals(-(10**9), 10**9, places=2))
def test_both_languages_write_the_same_number(value: Decimal) -> None:
    vi, en = number(value, "+,.2f", code="vi"), number(value, "+,.2f", code="en")
    assert vi.translate(str.maketrans(",.", ".,")) == en
    assert Decimal(en.replace(",", "").replace("−", "-")) == value
    assert not (value == 0 and en[0] in "+−")


@given(st.dates(date(1000, 1, 1)))
def test_a_day_is_read_year_first_and_day_first(day: date) -> None:
    for text in (day.isoformat(), f"{day:%d/%m/%Y}", f"{day.day}/{day.month}/{day:%Y}", f"{day} 23:59:59"):
        assert day_of(text) == day, text
    assert day_of(f"{day}7") is None


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert unaccented(unaccented(text)) == unaccented(text)
    assert folded(folded(text)) == folded(text)
    assert " " not in folded(text)
