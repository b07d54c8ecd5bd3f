"""When is an answer settled? Laws over any sequence of decisions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omr.records.review.second_reading import Decision, Status, status
from omr.words import WITHDRAWN

VALUES = [("answered", ("5",)), ("answered", ("4",)), ("no_answer", ()), ("doubtful", ()), (WITHDRAWN, ())]
decisions = st.lists(
    st.builds(lambda by, value: Decision(by, "", *value), st.sampled_from("abc"), st.sampled_from(VALUES)),
    max_size=8,
)


def standing(said):
    latest = {one.by: one for one in said}
    return [one.value for one in latest.values() if one.state != WITHDRAWN]


@given(decisions, st.booleans())
def test_settled_means_that_somebody_spoke_and_two_agree_where_two_are_wanted(said, second):
    values = standing(said)
    if status(said, second_wanted=second) is Status.SETTLED:
        assert values
        if second or len(values) > 1:
            assert max(values.count(value) for value in values) > 1


@given(decisions, st.booleans())
def test_nobody_settles_a_dispute_alone(said, second):
    values = standing(said)
    disputed = status(said, second_wanted=second) is Status.DISPUTED
    assert disputed == (len(values) > 1 and len(set(values)) == len(values))


@given(decisions)
def test_wanting_a_second_reader_never_settles_sooner(said):
    if status(said, second_wanted=True) is Status.SETTLED:
        assert status(said, second_wanted=False) is Status.SETTLED


@given(decisions, st.booleans())
def test_withdrawing_all_opens_the_item(said, second):
    everybody = [Decision(by, "", WITHDRAWN, ()) for by in "abc"]
    assert status([*said, *everybody], second_wanted=second) is Status.OPEN


def test_undecidable_is_never_left_to_one():
    one = Decision("a", "", "doubtful", ())
    assert status([one], second_wanted=False) is Status.SECOND
    assert status([one, Decision("b", "", "doubtful", ())], second_wanted=False) is Status.SETTLED
