"""What values of digits may be: the pattern of a code in bounded time, and questions that nothing answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from form_pieces import CHOICES, DIGITS, MATRIX
from hypothesis import given
from hypothesis import strategies as st

from omr.forms.entries import Fault, fault_of
from omr.forms.layout import lay_out
from omr.forms.patterns import PatternError, codes_of, fits, parse_pattern
from omr.forms.template import Entry, Form, Kind, Question

Refused = Callable[..., dict[str, str]]
PLACE = "section[1].question[{}]"
SIGNS = "AB19"
CODES = ["".join(signs) for length in range(4) for signs in itertools.product(SIGNS, repeat=length)]
_ONE = st.sampled_from(["A", "B", "1", ".", r"\d", r"\w", "[AB]", "[^A]", "[0-5]", r"[A-C\d]", r"[\d-]"])
PATTERNS = st.recursive(
    _ONE,
    lambda part: st.one_of(
        st.tuples(part, part).map("".join),
        st.tuples(part, part).map(lambda ways: f"({ways[0]}|{ways[1]})"),
        st.tuples(part, st.sampled_from(["?", "*", "+", "{2}", "{0,1}", "{1,}"])).map(
            lambda said: f"(?:{said[0]}){said[1]}"
        ),
    ),
    max_leaves=6,
)


def code_question(pattern: str, length: int = 3) -> Question:
    entry = Entry(("0123456789",) * length, pattern=pattern)
    return Question("K1", Kind.CODE, "", "", False, False, (), None, None, entry)


@given(PATTERNS)
def test_a_pattern_takes_what_a_regular_expression_takes(pattern: str) -> None:
    parts = parse_pattern(pattern)
    taken = [code for code in CODES if re.fullmatch(pattern, code)]
    assert [code for code in CODES if fits(parts, code)] == taken
    assert list(codes_of(parts, [SIGNS] * 3)) == sorted(code for code in taken if len(code) == 3)


@pytest.mark.parametrize("pattern", ["(.*.*)*A" * 20, "(" * 60 + "9*" + ")*" * 60 + "A", "(9|9)*" * 30 + "A"])
def test_no_pattern_is_slow(pattern: str) -> None:
    """Python's own matcher needs more than 10^20 steps for any of these."""
    assert fault_of(code_question(pattern, 15), "9" * 15) is Fault.NO_CODE


def test_groups_in_groups_are_refused_before_they_are_too_many_to_follow() -> None:
    with pytest.raises(PatternError):
        parse_pattern("(" * 99 + "9" + ")" * 99)


def test_forms_that_were_printed_keep_what_their_patterns_say() -> None:
    """A pattern that is refused today is asked as it was when its form was printed."""
    with pytest.raises(PatternError):
        parse_pattern("(?!000)[0-9]+")
    asked = code_question("(?!000)[0-9]+")
    assert [fault_of(asked, code) for code in ("000", "001")] == [Fault.NO_CODE, None]


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (('check = "luhn"', 'pattern = "A[0-9]{3}"'), f"{PLACE.format(4)}.pattern", "no_code_fits"),
        (('check = "luhn"', 'pattern = "[0-9]{3}"'), f"{PLACE.format(4)}.pattern", "no_code_fits"),
        (('check = "luhn"', 'pattern = "000"\ncheck = "luhn"'), f"{PLACE.format(4)}.pattern", "no_code_fits"),
        (('"luhn"', '"luhn"\nplaces = ["1", "1", "1", "1"]'), f"{PLACE.format(4)}.check", "no_code_fits"),
        (('check = "luhn"', 'pattern = "(?=1)[0-9]+"'), f"{PLACE.format(4)}.pattern", "no_pattern"),
        (('check = "luhn"', 'pattern = "[0-9"'), f"{PLACE.format(4)}.pattern", "no_pattern"),
        (("least = 16", "least = 99.5"), f"{PLACE.format(1)}.least", "no_value"),
        (("least = 16\nmost = 90", "least = 16.2\nmost = 16.8"), f"{PLACE.format(1)}.most", "no_value"),
        (('latest = "2026-12-31"', 'latest = "2026-02-30"'), f"{PLACE.format(3)}.latest", "no_value"),
        (('latest = "2026-12-31"', 'latest = "1850-12-31"'), f"{PLACE.format(3)}.latest", "no_value"),
        (('latest = "2026-12-31"', 'earliest = "2150-01-01"'), f"{PLACE.format(3)}.earliest", "no_value"),
    ],
)
def test_a_question_that_nothing_answers_is_refused(
    wrong: Refused, change: tuple[str, str], where: str, key: str
) -> None:
    assert wrong(DIGITS, changes=(change,)) == {where: f"forms.{key}"}


@pytest.mark.parametrize("pattern", ["[0-9]{4}", "(.*.*)*", "^0?[0-9]+$", "1234|5678"])
def test_a_pattern_that_some_code_fits_is_taken(laid: Callable[..., Form], pattern: str) -> None:
    form = laid(DIGITS, changes=(('check = "luhn"', f'pattern = "{pattern}"'),))
    assert form.questions[-1].entry is not None and form.questions[-1].entry.pattern == pattern


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (
            ('text = "Phòng ở"', 'text = "Phòng ở"\nfactor = "  "'),
            "section[2].question[1].factor",
            "blank_factor",
        ),
        (
            (
                'key = "B2"',
                'key = "B3"\ntext = "Bếp"\nfactor = "Nơi ở"\n[[section.question]]\n'
                'key = "B4"\ntext = "Sân"\nfactor = "nơi  ở"\n[[section.question]]\nkey = "B2"',
            ),
            "section[2].question[3].factor",
            "factor_apart",
        ),
        (('field = "Hậu cần"', 'field = "Hậu cần"\nsurvey = "tthc"'), "survey", "not_in_survey"),
        (('paper = "A4"', 'paper = "A4"\nduplex = true'), "duplex", "one_page"),
    ],
)
def test_what_moves_or_splits_a_figure_is_refused(
    wrong: Refused, change: tuple[str, str], where: str, key: str
) -> None:
    changes = (change, ('title = "Mức độ hài lòng"', 'title = "Mức độ hài lòng"\nnumbers = "none"'))
    assert wrong(CHOICES, MATRIX, changes=changes) == {where: f"forms.{key}"}


def test_the_overall_question_among_choices_is_asked_of_everybody(wrong: Refused) -> None:
    options = (
        '{ code = "good", label = "Tốt", satisfied = true }, { code = "bad", label = "Kém" }, '
        '{ code = "na", label = "Không áp dụng", not_applicable = true }'
    )
    piece = (
        '[[section]]\nkind = "choices"\n[[section.question]]\nkey = "A1"\nkind = "single"\n'
        f'text = "Chung"\noverall = true\noptions = [{options}]\n'
    )
    assert wrong(piece) == {"section[1].question[1].options[3].not_applicable": "forms.overall_aside"}


def test_signs_put_together_by_escapes_are_one_letter(write: Callable[..., Path]) -> None:
    """TOML's own escapes come after the file was made NFC: "e", U+0302, U+0323 is ệ all the same."""
    from omr.forms.loading import load_template

    file = write(("Quản lý hành chính về trật tự xã hội", r"Vi\u0065\u0302\u0323c"))
    template = load_template(file)
    assert template.field == "Việc"
    assert lay_out(template, "dl-01.toml").field == "Việc"
