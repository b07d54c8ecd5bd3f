"""Slips that share nothing with omr/simulate: marks cut from real scans, and scans whose lines went astray.

A small part of ``make ink``. The marks lie beside the project (`bench/papers/labels.py`); without them
only the displaced lines are tested.
"""

from __future__ import annotations

from typing import Any

import pytest
from ink import displaced, slips, stamps
from ink.made import hands, pages
from papers import labels

SEED = 41
needs_ink = pytest.mark.skipif(
    not labels.ROOT.is_dir(), reason="no real ink beside the project: see bench/papers/labels.py"
)
# Most real questions of these slips that a person may be asked about: one in twelve is asked by
# a reader that is too careful, and twice as many slips have only one such question.
MOST_ASKED = 0.12


@pytest.fixture(scope="module")
def people() -> tuple[hands.Hand, ...]:
    """Five people of one survey, their crosses cut out of it."""
    return hands.hands_of(list(stamps.cut_all(("eppler",), 5)))


def read(kind: str, number: int, people: tuple[hands.Hand, ...]) -> dict[str, Any]:
    return slips.judged(pages.make(kind, number, SEED, None, people), SEED)


@needs_ink
def test_everyday_slips_are_read_and_few_are_asked(people: tuple[hands.Hand, ...]) -> None:
    lines = [read("everyday", number, people) for number in range(4)]
    assert all(line["read"] for line in lines)
    assert not [line["silent"] for line in lines if line["silent"]]
    assert sum(len(line["asked"]) for line in lines) <= MOST_ASKED * sum(line["questions"] for line in lines)


@needs_ink
@pytest.mark.parametrize(
    "kind",
    [
        "struck out",
        "one faint among firm",
        "between two options",
        "mark, and ring around another",
        "photocopy",
    ],
)
def test_trouble_is_asked_about_or_read_rightly(kind: str, people: tuple[hands.Hand, ...]) -> None:
    line = read(kind, 0, people)
    assert not line["silent"]


@pytest.mark.parametrize("fault", list(displaced.FAULTS))
def test_displaced_lines_move_no_answer(fault: str) -> None:
    """A chunk that the scanner sends twice, late or not at all moves marks to other rows' print."""
    outcomes = [displaced.trial(fault, "lines", number, SEED) for number in (0, 1)]
    assert not [outcome for outcome in outcomes if outcome.became == "silent"]
