"""The trees that know a plain mark say what they were grown to say, and nothing of what was not measured."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.reading.ink.measure import FEATURES
from omr.reading.marks.likeness import EVIDENCE, LATER, UNKNOWN, evidence, from_json, shipped_likeness

TWO = {
    "evidence": list(EVIDENCE),
    "base": 0.5,
    "trees": [
        [[4, 0.3, 1, 2], [-2.0], [1, 2.5, 3, 4], [1.5], [-0.5]],
        [[0.25]],
    ],
}


def row(**values: float) -> list[float]:
    return [values.get(name, 0.0) for name in EVIDENCE]


@pytest.mark.parametrize(
    ("share", "off", "total"),
    [(0.3, 0.0, 0.5 - 2.0 + 0.25), (0.9, 2.5, 0.5 + 1.5 + 0.25), (0.9, 2.6, 0.5 - 0.5 + 0.25)],
)
def test_each_tree_is_followed_to_its_end(share: float, off: float, total: float) -> None:
    trees = from_json(json.dumps(TWO))
    (chance,) = trees.chance(np.array([row(share=share, off=off)]))
    assert chance == pytest.approx(1 / (1 + np.exp(-total)))


def test_trees_that_ask_for_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="trees ask for"):
        from_json(json.dumps(TWO | {"evidence": ["off"]}))


@given(st.lists(st.floats(-50, 50), min_size=len(EVIDENCE), max_size=len(EVIDENCE)), st.integers(0, 14))
def test_what_was_not_measured_is_not_known(values: list[float], missing: int) -> None:
    known = np.array([values, values])
    known[1, missing] = np.nan
    chance = shipped_likeness().chance(known)
    assert 0 < chance[0] < 1
    assert np.isnan(chance[1])
    assert len(shipped_likeness().chance(known[:0])) == 0


def test_slips_measured_before_there_was_more_to_see_are_judged_by_the_same_trees() -> None:
    rng = np.random.default_rng(4)
    column = {name: rng.uniform(0, 1, 20) for name in FEATURES}
    column |= {name: np.full(20, np.nan) for name in ("ways", "tangle")}
    seen = evidence(column, lambda values: np.full(len(values), np.median(values)))
    assert (seen[:, [EVIDENCE.index(name) for name in LATER]] == UNKNOWN).all()
    chance = shipped_likeness().chance(seen)
    assert ((chance > 0) & (chance < 1)).all()
