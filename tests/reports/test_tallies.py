"""The database counts what plain Python counts from the same slips, decisions included."""

import random
from dataclasses import replace

import pytest
from ledger import DOUBTFUL, PRINTED, Ledger, printed
from months import FORMS, answers_of, slips_of

from omr.reading.decide import AnswerState
from omr.records.slips import current_slips
from omr.records.store import Store
from omr.records.tallies import Channel, Given, Slip, SlipState, Stratum, Tallies, count, tally

PERIOD = "2025-02"
PC06 = Stratum("PC06", "DL-01@2025-01".ljust(64, "0"), Channel.PAPER)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "omr.sqlite", clock=lambda: "2025-02-28T10:00:00Z") as opened:
        yield opened


def answers(**changes):
    return answers_of(FORMS["DL-01@2025-01"], random.Random(1), 2) | changes


def valid(**changes):
    return Slip(PC06, SlipState.VALID, "", answers(**changes))


FIVE = Given(AnswerState.ANSWERED, ("5",))
BLANK = Given(AnswerState.NO_ANSWER)


def test_a_month_counts_the_same_in_the_database_and_in_python(store):
    slips = [printed(slip) for slip in slips_of(PERIOD)]
    dice = random.Random(1)
    with store.act("test", by="test") as act:
        ledger = Ledger(act, PERIOD)
        for slip in slips:
            ledger.enter(slip, *([slip.answers] * dice.choice([1, 1, 2])))
    assert tally(store, PERIOD, PRINTED).tallies == count(slips, PRINTED)
    assert tally(store, PERIOD, PRINTED).tallies == count(one_by_one(store), PRINTED)
    assert tally(store, PERIOD, PRINTED, unit="PC08").tallies == count(
        [slip for slip in slips if slip.stratum.unit == "PC08"], PRINTED
    )
    assert tally(store, "2025-01", PRINTED).tallies == Tallies()


def one_by_one(store):
    """The same slips as `omr answers` lists them."""
    for slip in current_slips(store, PRINTED, period=PERIOD):
        state = (
            SlipState.HELD
            if slip.standing == "held"
            else SlipState.INVALID
            if slip.reason
            else SlipState.VALID
        )
        stratum = Stratum(slip.unit, slip.fingerprint, Channel.PAPER)
        given = {key: Given(answer.state, answer.codes) for key, answer in slip.answers.items()}
        yield Slip(stratum, state, slip.reason or "", given)


def entered(store, *steps):
    with store.act("test", by="test") as act:
        ledger = Ledger(act, PERIOD)
        for step in steps:
            step(ledger)
    return tally(store, PERIOD, PRINTED)


def test_the_latest_deciding_counts(store):
    slip = valid(B10=FIVE)
    counted = entered(store, lambda ledger: ledger.enter(slip, answers(B10=BLANK), slip.answers))
    assert counted.tallies == count([slip], PRINTED)


def test_a_decision_replaces_the_reading_and_is_counted_as_a_persons(store):
    slip = valid(B10=FIVE)

    def decided(ledger):
        ledger.enter(slip, answers(B10=DOUBTFUL))
        ledger.decide("B10", "answered", "1")
        ledger.decide("B10", "answered", "5")

    counted = entered(store, decided)
    assert counted.tallies == count([slip], PRINTED)
    assert (counted.answers, counted.by_people) == (len(slip.answers), 1)


def test_a_withdrawn_decision_gives_the_reading_back(store):
    slip = valid(B10=BLANK)

    def withdrawn(ledger):
        ledger.enter(slip)
        ledger.decide("B10", "answered", "5")
        ledger.decide("B10", "withdrawn")

    assert entered(store, withdrawn).tallies == count([slip], PRINTED)


def test_the_same_picture_again_is_no_slip(store):
    slip = valid()

    def twice(ledger):
        ledger.enter(slip)
        ledger.duplicate()

    assert entered(store, twice).tallies == count([slip], PRINTED)


def test_a_slip_that_says_nothing_is_invalid_by_rule(store):
    mute = {key: BLANK for key in answers()}
    slip = Slip(PC06, SlipState.INVALID, "KHL5", mute)
    assert entered(store, lambda ledger: ledger.enter(slip)).tallies == count([slip], PRINTED)


def test_undecided_doubt_makes_no_slip_invalid(store):
    asked = {key: DOUBTFUL for key in answers()}
    slip = Slip(PC06, SlipState.VALID, "", asked)
    assert entered(store, lambda ledger: ledger.enter(slip)).tallies == count([slip], PRINTED)


def test_doubt_that_a_person_could_not_lift_does(store):
    mute = {key: BLANK for key in answers()} | {"B10": DOUBTFUL}

    def undecidable(ledger):
        ledger.enter(Slip(PC06, SlipState.VALID, "", mute))
        ledger.decide("B10", "doubtful")

    slip = Slip(PC06, SlipState.INVALID, "KHL5", mute)
    assert entered(store, undecidable).tallies == count([slip], PRINTED)


def test_a_slip_that_a_person_lets_count_counts(store):
    slip = valid()

    def released(ledger):
        ledger.enter(replace(slip, state=SlipState.HELD, reason="KHL7"))
        ledger.judge("counts")

    assert entered(store, released).tallies == count([slip], PRINTED)
