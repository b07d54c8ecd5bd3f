"""Which questions ask the same, and which answers say the same: only those are counted together.

A key (B5) is a place on paper, not a question: a revision, or another form of the field, may ask
something else there. Questions are one where their words and their answers are the same, or
where somebody declared that two wordings ask the same.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from omr.forms.surveys import Scale, in_vietnamese, plain
from omr.forms.template import Form, Kind, Option, Question

Item = tuple[str, str]  # form and question: ("DL-01", "B10"), ("DL-01", "B5@2026-12") where revisions differ
Printed = tuple[str, str]  # fingerprint and key: a question as it is printed


@cache
def _built_in() -> tuple[tuple[str, ...], ...]:
    text = resources.files("omr.reports").joinpath("same_questions.toml").read_text("utf-8")
    return tuple(tuple(words) for words in tomllib.loads(text)["same"])


@dataclass(frozen=True)
class Wordings:
    """What asks the same: equal words, and groups of words that somebody declared equal."""

    declared: tuple[tuple[str, ...], ...] = ()
    _first: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for group in (*_built_in(), *self.declared):
            known = next((self._first[plain(words)] for words in group if plain(words) in self._first), None)
            for words in group:
                self._first.setdefault(plain(words), known or plain(group[0]))

    def of(self, form: Form, question: Question) -> str:
        """Return what a question asks, equal for equal questions; how it may be answered left aside."""
        return self._one(in_vietnamese(form, question.text))

    def label(self, form: Form, option: Option) -> str:
        """Return what an answer says, equal for answers that say the same."""
        return self._one(in_vietnamese(form, option.label))

    def scale(self, form: Form, question: Question) -> Scale:
        """Return what a question may be answered with, equal where the answers say the same."""
        return frozenset((o.code, self.label(form, o), o.satisfied) for o in question.options)

    def _one(self, text: str) -> str:
        words = plain(text)
        return self._first.get(words, words)


@dataclass(frozen=True, slots=True)
class Variant:
    """Printed questions of one form, of one or more revisions, that ask the same."""

    item: Item
    key: str
    revision: str  # the first revision that asks it; "" where all revisions ask the same
    prints: tuple[Printed, ...]


def variants(forms: Mapping[str, Form], wordings: Wordings) -> list[Variant]:
    """Return every question of every form, apart where revisions ask different things under one key."""
    asked: defaultdict[Item, list[tuple[Form, Printed, Question]]] = defaultdict(list)
    for mark, form in sorted(forms.items(), key=lambda entry: (entry[1].form, entry[1].revision)):
        for question in form.questions:
            asked[form.form, question.key].append((form, (mark, question.key), question))
    found: list[Variant] = []
    for (name, key), prints in asked.items():
        groups = _groups(prints, wordings)
        for group in groups:
            revision = group[0][0].revision if len(groups) > 1 else ""
            item = (name, f"{key}@{revision}" if revision else key)
            found.append(Variant(item, key, revision, tuple(printed for _, printed, _ in group)))
    return found


def _groups(
    prints: Sequence[tuple[Form, Printed, Question]], wordings: Wordings
) -> list[list[tuple[Form, Printed, Question]]]:
    groups: list[list[tuple[Form, Printed, Question]]] = []
    for one in prints:
        for group in groups:
            if all(_same(one, other, wordings) for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _same(
    one: tuple[Form, Printed, Question], other: tuple[Form, Printed, Question], wordings: Wordings
) -> bool:
    (form, _, question), (form2, _, question2) = one, other
    if question.kind is Kind.TEXT and question2.kind is Kind.TEXT:
        return True
    if question.kind is not question2.kind or wordings.of(form, question) != wordings.of(form2, question2):
        return False
    scale, scale2 = wordings.scale(form, question), wordings.scale(form2, question2)
    return scale == scale2 if question.core or question2.core else not _contradict(scale, scale2)


def _contradict(one: Scale, other: Scale) -> bool:
    """Whether a code stands for different words: lists of procedures may grow, not change their meaning."""
    words = {code: label for code, label, _ in one}
    return any(words.get(code, label) != label for code, label, _ in other)


def items_of(found: Iterable[Variant]) -> dict[Printed, Item]:
    """Return under which item each printed question is counted."""
    return {printed: variant.item for variant in found for printed in variant.prints}
