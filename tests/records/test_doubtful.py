"""The list of what waits takes short ways; here each of its items is worked out the long way."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from scanned import FORM, Scanner, slip

from omr.forms.serial import Issue
from omr.records.counts.answers import CurrentAnswer, Given, current_answers
from omr.records.counts.validity import judge
from omr.records.review.second_reading import Decision, DoubtfulItem, Status, doubtful, in_order, status
from omr.records.store.store import Store
from omr.words import WITHDRAWN, AnswerState, Standing

SAID = ["5", "", "?", "5 4"]
KEYS = ["A1", "B1", "B2", "B3", "B10"]  # the last one is the overall question


def wants_second(reading: int, question: str) -> bool:
    return (reading + len(question)) % 3 == 0


def speak(store: Store, chance: random.Random, readings: int, acts: int) -> None:
    """Let three people decide and correct at random, and take some of it back."""
    words = [("answered", "5"), ("answered", "4"), ("no_answer", ""), ("doubtful", ""), (WITHDRAWN, "")]
    decision = 0
    for _ in range(acts):
        with store.act("decide_answer", by=chance.choice(["lan", "hoa", "minh"])) as act:
            for _ in range(12):
                decision += 1
                told = {"decision": decision, "reading": chance.randint(1, readings)}
                state, codes = chance.choice(words)
                act.add(
                    "decided_answers",
                    {**told, "question": chance.choice(KEYS), "state": state, "codes": codes},
                )


def decides(answers: Mapping[str, CurrentAnswer], question: str) -> bool:
    """Whether a slip is valid or not by this answer, be all others that are doubtful answers or none."""

    def valid(others: AnswerState, this: AnswerState) -> bool:
        given = dict(answers)
        for key, one in answers.items():
            if key == question or one.state is AnswerState.DOUBTFUL:
                state = this if key == question else others
                given[key] = CurrentAnswer(key, Given(state, one.codes), 1.0, one.by)
        return judge(FORM, given, standing=Standing.COUNTS, set_aside=None, reason_by_hand=None) is None

    states = AnswerState.ANSWERED, AnswerState.NO_ANSWER
    return any(valid(others, states[0]) != valid(others, states[1]) for others in states)


def as_by_hand(store: Store, item: DoubtfulItem) -> tuple[bool, Status]:
    """Whether an item decides validity, and where it is."""
    said = [
        Decision(row["by"], row["at"], row["state"], tuple(row["codes"].split()))
        for row in store.rows(
            """SELECT by, at, state, codes FROM decided_answers JOIN events USING (event)
            WHERE reading = ? AND question = ? ORDER BY decision""",
            item.reading,
            item.question,
        )
    ]
    decisive = decides(current_answers(store, [item.reading])[item.reading], item.question)
    wanted = decisive or wants_second(item.reading, item.question)
    return decisive, status(said, second_wanted=wanted)


def test_short_ways_to_the_list_change_nothing_of_it(
    store: Store, scanner: Scanner, issued_run: Callable[..., Issue]
) -> None:
    chance, run = random.Random(7), issued_run(24)
    slips = [slip(run, number, **{key: chance.choice(SAID) for key in KEYS}) for number in range(1, 25)]
    scanner.take_in(scanner.scan("stack.tif", *slips))
    speak(store, chance, len(slips), 9)
    every = doubtful(store, wants_second)
    waits = {
        (row["reading"], row["question"])
        for row in store.rows("SELECT reading, question FROM decidings JOIN answers USING (deciding)"
                              " WHERE state = 'doubtful'")
    }  # fmt: skip
    assert {(one.reading, one.question) for one in every} == waits and len(every) == len(waits)
    assert [(one.decides_validity, one.status) for one in every] == [as_by_hand(store, one) for one in every]
    assert {one.decides_validity for one in every} == {True, False}
    assert {one.status for one in every} == set(Status)
    alone = [
        one
        for reading in range(1, len(slips) + 1)
        for one in doubtful(store, wants_second, readings=[reading])
    ]
    assert every == alone
    listed = in_order(every)
    assert set(listed) == {one for one in every if one.status is not Status.SETTLED}
    first = {one.reading: min(two.rank for two in listed if two.reading == one.reading) for one in listed}
    places = [(first[one.reading], one.reading, one.position) for one in listed]
    assert places == sorted(places)
