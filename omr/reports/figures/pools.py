"""Pools: the counts of a selection of slips, and every share that can be computed from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from omr.figures import Mean, Share
from omr.forms.entries import entry_of
from omr.forms.template import VALUES, Form, Kind, Question
from omr.records.counts.tallies import SlipState, Stratum, Tallies
from omr.reports.figures.questions import Item, Printed
from omr.words import AnswerState


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """The answers to one question of one form."""

    question: Question
    states: Mapping[AnswerState, int]
    codes: Mapping[str, int]
    satisfied: int

    @property
    def answered(self) -> int:
        """Slips with a valid answer to this question."""
        return self.states.get(AnswerState.ANSWERED, 0)

    @property
    def share(self) -> Share:
        """Satisfied among valid answers to this question (not among slips)."""
        return Share(self.satisfied, self.answered)

    @property
    def mean(self) -> Mean:
        """Mean level, where every option's code is a number; else of nothing."""
        if self.question.kind is Kind.NUMBER:
            tenths = 10 ** entry_of(self.question).decimals
            sum_ = sum(int(code.replace(".", "")) * slips for code, slips in self.codes.items())
            return Mean(sum_, self.answered * tenths)
        if self.question.kind in VALUES or not all(
            option.code.isdecimal() for option in self.question.options if option.applies
        ):
            return Mean(0, 0)
        return Mean(sum(int(code) * slips for code, slips in self.codes.items()), self.answered)


@dataclass(frozen=True, slots=True)
class Pool:
    """All counts of one selection of slips; items in the order of forms and their questions."""

    slips: Mapping[SlipState, int] = field(default_factory=dict)
    reasons: Mapping[tuple[SlipState, str], int] = field(default_factory=dict)
    rated: int = 0
    content: int = 0
    items: Mapping[Item, ItemCounts] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """Valid slips."""
        return self.slips.get(SlipState.VALID, 0)

    @property
    def invalid(self) -> int:
        """Invalid slips."""
        return self.slips.get(SlipState.INVALID, 0)

    @property
    def held(self) -> int:
        """Slips that wait for a person to say whether they count."""
        return self.slips.get(SlipState.HELD, 0)

    @property
    def returned(self) -> int:
        """All slips that came back: valid, invalid and held."""
        return sum(self.slips.values())

    @property
    def validity(self) -> Share:
        """Valid slips among those that came back."""
        return Share(self.valid, self.returned)

    @property
    def overall(self) -> Share:
        """Satisfied slips among those with a valid answer to the overall question."""
        return total(counts.share for counts in self._overall)

    @property
    def by_answers(self) -> Share:
        """Satisfied answers among all valid answers to core questions: counts answers, not slips."""
        return total(counts.share for counts in self.items.values() if counts.question.core)

    @property
    def throughout(self) -> Share:
        """Slips whose every core answer is a satisfied one, among those with any."""
        return Share(self.content, self.rated)

    @property
    def levels(self) -> Mapping[str, int]:
        """Slips per code of the overall question."""
        return sum((Counter(counts.codes) for counts in self._overall), Counter())

    @property
    def mean(self) -> Mean:
        """Mean level of the overall question."""
        means = [counts.mean for counts in self._overall]
        return Mean(sum(mean.total for mean in means), sum(mean.count for mean in means))

    @property
    def factors(self) -> Mapping[str, Share]:
        """Satisfied share per factor: its core questions pooled, each answer weighing the same."""
        shares: defaultdict[str, Share] = defaultdict(lambda: Share(0, 0))
        for counts in self.items.values():
            if counts.question.core and counts.question.factor:
                shares[counts.question.factor] += counts.share
        return shares

    @property
    def _overall(self) -> list[ItemCounts]:
        return [counts for counts in self.items.values() if counts.question.overall]


def total(shares: Iterable[Share]) -> Share:
    """Add up shares of disjoint parts."""
    return sum(shares, Share(0, 0))


def merge(pools: Iterable[Pool]) -> Pool:
    """Add up pools of disjoint selections."""
    slips: Counter[SlipState] = Counter()
    reasons: Counter[tuple[SlipState, str]] = Counter()
    rated = content = 0
    items: dict[Item, ItemCounts] = {}
    for pool in pools:
        slips.update(pool.slips)
        reasons.update(pool.reasons)
        rated += pool.rated
        content += pool.content
        for item, counts in pool.items.items():
            items[item] = _added(items[item], counts) if item in items else counts
    return Pool(slips, reasons, rated, content, items)


def _added(one: ItemCounts, other: ItemCounts) -> ItemCounts:
    return ItemCounts(
        one.question,
        Counter(one.states) + Counter(other.states),
        Counter(one.codes) + Counter(other.codes),
        one.satisfied + other.satisfied,
    )


def pool_strata(
    tallies: Tallies, forms: Mapping[str, Form], items: Mapping[Printed, Item]
) -> dict[Stratum, Pool]:
    """Gather the tallies of each stratum into its pool, strata ordered by form.

    Every question of the form is in the pool, also where nobody answered it.

    Parameters
    ----------
    items : mapping
        Fingerprint and key to the item that the question is counted under.
    """
    slips: defaultdict[Stratum, Counter[SlipState]] = defaultdict(Counter)
    reasons: defaultdict[Stratum, Counter[tuple[SlipState, str]]] = defaultdict(Counter)
    rated: Counter[Stratum] = Counter()
    content: Counter[Stratum] = Counter()
    for row in tallies.slips:
        slips[row.stratum][row.state] += row.slips
        rated[row.stratum] += row.rated
        content[row.stratum] += row.content
        if row.reason:
            reasons[row.stratum][row.state, row.reason] += row.slips
    states: defaultdict[tuple[Stratum, str], Counter[AnswerState]] = defaultdict(Counter)
    codes: defaultdict[tuple[Stratum, str], Counter[str]] = defaultdict(Counter)
    for answer in tallies.answers:
        at = answer.stratum, answer.question
        if answer.code:
            codes[at][answer.code] += answer.slips
        else:
            states[at][answer.state] += answer.slips
    ordered = sorted(slips, key=lambda stratum: (forms[stratum.fingerprint].form, stratum))
    return {
        stratum: Pool(
            slips[stratum],
            reasons[stratum],
            rated[stratum],
            content[stratum],
            {
                items[stratum.fingerprint, question.key]: ItemCounts(
                    question,
                    states[stratum, question.key],
                    codes[stratum, question.key],
                    sum(codes[stratum, question.key][o.code] for o in question.options if o.satisfied),
                )
                for form in [forms[stratum.fingerprint]]
                for question in form.questions
            },
        )
        for stratum in ordered
    }
