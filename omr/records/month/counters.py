"""What came back from each counter: slips of the serials that were given to it."""

from __future__ import annotations

from dataclasses import dataclass

from omr.forms.surveys import overall_question
from omr.records.counts.slips import current_slips
from omr.records.offices.periods import Period
from omr.records.register.counters import counter_of
from omr.records.store.store import Store
from omr.words import AnswerState


@dataclass(frozen=True, slots=True)
class CounterFigures:
    """The paper slips of one counter in one period."""

    returned: int = 0
    valid: int = 0
    satisfied: int = 0  # of `answered` overall answers of valid slips
    answered: int = 0


def counter_figures(store: Store, period: Period) -> dict[str, CounterFigures]:
    """Return what came back from each counter in a period."""
    places, forms = counter_of(store), store.forms
    found: dict[str, CounterFigures] = {}
    for slip in current_slips(store, period=period.name):
        counter = next((name for numbers, name in places.get(slip.run, ()) if slip.number in numbers), None)
        if counter is None:
            continue
        question = overall_question(forms[slip.fingerprint])
        given = slip.answers.get(question.key) if question else None
        said = bool(slip.valid and given and given.state is AnswerState.ANSWERED)
        good = {option.code for option in question.options if option.satisfied} if question else set()
        before = found.get(counter, CounterFigures())
        found[counter] = CounterFigures(
            before.returned + 1,
            before.valid + slip.valid,
            before.satisfied + bool(said and given and good.issuperset(given.codes)),
            before.answered + said,
        )
    return found
