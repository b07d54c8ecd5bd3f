"""An answer that the machine was sure of is corrected: with a reason, and by two who say the same.

Each word is an added fact of its own. The answer counts otherwise once two people who stand by it agree,
as `second_reading` settles what the machine doubted; until then nothing changes. Who takes the word back
takes back what it brought. What the machine doubted is decided in the review queue, not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from omr.errors import OmrError
from omr.forms.template import Question
from omr.records.counts.answers import Given, current_answers, machine_answers
from omr.records.offices.periods import refuse_closed
from omr.records.review.decide import spoken
from omr.records.review.queue import answer_name, find_item
from omr.records.review.second_reading import Decision, Status, standing, status
from omr.records.store.act import Row
from omr.records.store.store import Store
from omr.words import WITHDRAWN, AnswerState


@dataclass(frozen=True, slots=True)
class Correction:
    """One answer that somebody wants corrected, and what was said of it."""

    reading: int
    question: str
    serial: str
    unit: str
    period: str
    said: tuple[Decision, ...]

    @property
    def item(self) -> str:
        """The name of the answer."""
        return answer_name(self.reading, self.question)

    @property
    def waits(self) -> bool:
        """Whether a second person is wanted, or people differ."""
        return status(self.said, second_wanted=True) in (Status.SECOND, Status.DISPUTED)

    def spoke(self, name: str) -> bool:
        """Whether this person's word stands here."""
        return name in standing(self.said)

    def agreed(self, *, two_persons: bool) -> Given | None:
        """Return what counts by it: what two say alike, or where one works alone, what this one says."""
        if status(self.said, second_wanted=two_persons) is not Status.SETTLED:
            return None
        values = [one.value for one in standing(self.said).values()]
        state, codes = max(values, key=values.count)
        return Given(AnswerState(state), codes)


def correct(store: Store, name: str, answer: Sequence[str], *, by: str, why: str, two_persons: bool) -> bool:
    """Say what a slip says where the machine was sure of something else; return whether it counts so now.

    Parameters
    ----------
    name : str
        Of the answer, as ``A17-B4``.
    answer : sequence of str
        As for `decide`; ``withdraw`` takes one's own word back.
    two_persons : bool
        Whether a second person must say the same before it counts.

    Raises
    ------
    OmrError
        If there is no such answer, the machine doubted it, its month is closed, two agreed on it
        already, who or why are missing, or nothing would change.
    """
    if not by.strip():
        raise OmrError("review.no_name")
    if not why.strip():
        raise OmrError("review.no_why", item=name)
    before, question = _found(store, name)
    refuse_closed(store, before.period)
    given = spoken(question, answer)
    _refuse(store, before, given, by, two_persons=two_persons)
    said = given.columns if given else {"state": WITHDRAWN, "codes": ""}
    word = Decision(by, "", said["state"], tuple(said["codes"].split()))
    after = replace(before, said=(*before.said, word))
    was, now = (one.agreed(two_persons=two_persons) for one in (before, after))
    about: Row = {"reading": before.reading, "question": before.question}
    with store.act("correct_answer", by=by, why=why) as act:
        number = act.next_id("corrected_answers", "correction")
        act.add("corrected_answers", {"correction": number, **about, **said})
        if now != was:
            counts = now.columns if now else {"state": WITHDRAWN, "codes": ""}
            decision = act.next_id("decided_answers", "decision")
            act.add("decided_answers", {"decision": decision, **about, **counts})
    return now is not None


def _found(store: Store, name: str) -> tuple[Correction, Question]:
    item = find_item(store, name)
    if item.question is None or item.reading is None:
        raise OmrError("review.no_item", item=name)
    machine = machine_answers(store, item.reading).get(item.question)
    if machine is None or machine.state is AnswerState.DOUBTFUL:
        raise OmrError("corrections.in_queue")
    assert item.serial is not None and item.unit is not None and item.period is not None
    said = next((one.said for one in corrections_of(store, item.reading) if one.item == name), ())
    about = Correction(item.reading, item.question, item.serial, item.unit, item.period, said)
    (question,) = (q for q in store.forms[str(item.fingerprint)].questions if q.key == item.question)
    return about, question


def _refuse(store: Store, before: Correction, given: Given | None, by: str, *, two_persons: bool) -> None:
    """Refuse what would change nothing, or what people settled already."""
    if given is None:
        if not before.spoke(by):
            raise OmrError("corrections.not_yours")
        return
    if before.agreed(two_persons=two_persons) is not None:
        raise OmrError("corrections.settled")
    now = current_answers(store, [before.reading])[before.reading][before.question].given
    if given.compared == now.compared and not standing(before.said):
        raise OmrError("corrections.same")


_SAID: Final = """
    SELECT corrected_answers.reading, question, serial, unit, period, by, at, state, codes
    FROM corrected_answers JOIN events ON events.event = corrected_answers.event
    JOIN slips ON slips.reading = corrected_answers.reading
    WHERE corrected_answers.reading = ?1 OR ?1 IS NULL ORDER BY correction
"""


def corrections_of(store: Store, reading: int | None = None) -> list[Correction]:
    """Return what people wanted corrected on a slip, or on all of them."""
    found: dict[tuple[int, str], Correction] = {}
    for row in store.rows(_SAID, reading):
        key = row["reading"], row["question"]
        said = Decision(row["by"], row["at"], row["state"], tuple(row["codes"].split()))
        known = found.get(key) or Correction(*key, row["serial"], row["unit"], row["period"], ())
        found[key] = replace(known, said=(*known.said, said))
    return list(found.values())


def waiting_corrections(store: Store, period: str | None = None) -> Iterator[Correction]:
    """Yield the corrections that do not count yet: a second person is wanted, or people differ."""
    return (one for one in corrections_of(store) if one.waits and period in (None, one.period))
