"""The satisfied share by whatever somebody asks: unit, field, question, respondent, procedure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from omr.errors import OmrError
from omr.figures import Nothing, Share
from omr.forms.surveys import in_vietnamese
from omr.messages import form_label
from omr.records.counts.tallies import Stratum, grouping_questions
from omr.reports.figures.breakdowns import NO_ANSWER, breakdowns
from omr.reports.figures.hiding import Shown
from omr.reports.figures.pools import Pool
from omr.reports.figures.statistics import Month

OF_STRATUM: Final = ("unit", "field", "form", "channel")
OF_QUESTION: Final = ("question", "factor")
# Words for questions about the respondent, as the built-in forms key them; a key is a word too.
PERSONAL: Final = {
    "respondent": "A1",
    "gender": "A2",
    "age": "A3",
    "occupation": "A4",
    "procedure": "A5",
    "visits": "A6",
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One line: what it is of, as codes and as words, and its share."""

    codes: tuple[str, ...]
    labels: tuple[str, ...]
    answered: int | Nothing
    share: Share | Nothing


def slices(month: Month, by: Sequence[str], smallest: int) -> list[Slice]:
    """Return the satisfied share by the dimensions `by`, in that order.

    With "question" or "factor" answers are counted, else slips by their overall answer.
    Small cells of breakdowns by person are hidden.

    Raises
    ------
    OmrError
        If a dimension is unknown or twice, or two cannot be asked together.
    """
    keys = {question.key for form in month.forms.values() for question in grouping_questions(form)}
    names = [PERSONAL.get(name, name.upper() if name.upper() in keys else name) for name in by]
    known = {*OF_STRATUM, *OF_QUESTION, *keys}
    if not month.forms:  # nothing was asked, so nothing is the answer
        known |= set(names)
    if unknown := [name for name, key in zip(by, names, strict=True) if key not in known]:
        raise OmrError("report.no_dimension", name=unknown[0][:40], known=", ".join(_words(keys)))
    personal = [name for name in names if name in keys or name in PERSONAL.values()]
    of_question = [name for name in names if name in OF_QUESTION]
    if len(personal) + len(of_question) > 1 or len(set(names)) < len(names):
        raise OmrError("report.not_together", names=", ".join(by))
    if personal:
        if month.told.withheld:
            raise OmrError(f"report.withheld_{month.told.withheld}", period=month.period)
        if alone := [name for name in names if name in ("field", "form", "channel")]:
            raise OmrError("report.told_by_unit_only", names=", ".join(alone))
        return _as_published(month, names, personal[0], smallest)
    shares: defaultdict[tuple[str, ...], Share] = defaultdict(lambda: Share(0, 0))
    labels: dict[tuple[str, ...], tuple[str, ...]] = {}
    for codes, words, share in _parts(month, names):
        shares[codes] += share
        labels.setdefault(codes, words)
    return [Slice(codes, labels[codes], share.whole, share) for codes, share in shares.items()]


def _words(keys: set[str]) -> list[str]:
    asked = [word for word, key in PERSONAL.items() if key in keys]
    return [*OF_STRATUM, *OF_QUESTION, *asked, *sorted(keys - {*PERSONAL.values()})]


Codes = tuple[str, ...]
Group = tuple[str, str]  # code and label of an option
Part = tuple[Codes, Codes, Share]  # codes, labels, share


def _parts(month: Month, names: Sequence[str]) -> Iterator[Part]:
    """Yield the share of every stratum (and question), in the order of units and forms."""
    order = {unit: place for place, unit in enumerate(month.reporting)}

    def place_of(entry: tuple[Stratum, Pool]) -> tuple[int, str, str, Stratum]:
        form = month.forms[entry[0].fingerprint]
        return order[entry[0].unit] if "unit" in names else 0, form.form, form.revision, entry[0]

    for stratum, pool in sorted(month.pools.items(), key=place_of):
        form, place = month.forms[stratum.fingerprint], _place(month, stratum)
        if not set(names) & set(OF_QUESTION):
            yield *_cut(names, place), pool.overall
            continue
        for (name, key), counts in pool.items.items():
            question = counts.question
            if not question.core or ("factor" in names and not question.factor):
                continue
            text = f"{form_label(name)} {key}. {in_vietnamese(form, question.text)}"
            asked = {
                "question": (f"{name}/{key}", text),
                "factor": (question.factor, question.factor),
            }
            yield *_cut(names, place | asked), counts.share


def _place(month: Month, stratum: Stratum) -> dict[str, tuple[str, str]]:
    form = month.forms[stratum.fingerprint]
    return {
        "unit": (stratum.unit, month.names.get(stratum.unit, stratum.unit)),
        "field": (form.field, form.field),
        "form": (form.form, form.form),
        "channel": (stratum.channel.value, stratum.channel.value),
    }


def _cut(names: Sequence[str], place: dict[str, tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(place[name][0] for name in names), tuple(place[name][1] for name in names)


def _as_published(month: Month, names: Sequence[str], key: str, smallest: int) -> list[Slice]:
    """Add up what the reports show of a question, by unit or of all; what one part hides is hidden."""
    found: list[Slice] = []
    at = {stratum.unit for stratum in month.pools}
    for unit in (unit for unit in month.reporting if unit in at) if "unit" in names else ("",):
        of = _answered_at(month, unit) if unit else month
        groups: dict[Group, list[Shown]] = {}
        for breakdown in breakdowns(of, smallest):
            if breakdown.question == key:
                for one in breakdown.groups:
                    groups.setdefault((one.code, one.label), []).append((one.slips, one.share))
        # who did not say stands last
        for (code, label), parts in sorted(groups.items(), key=lambda entry: entry[0][0] == NO_ANSWER):
            sizes = [size for size, _ in parts if isinstance(size, int)]
            shares = [share for _, share in parts if isinstance(share, Share)]
            said = {key: (code, label), "unit": (unit, month.names.get(unit, unit))}
            found.append(
                Slice(
                    *_cut(names, said),
                    sum(sizes) if len(sizes) == len(parts) else Nothing.SUPPRESSED,
                    sum(shares, Share(0, 0)) if len(shares) == len(parts) else Nothing.SUPPRESSED,
                )
            )
    return found


def _answered_at(month: Month, unit: str) -> Month:
    """Return a unit's month with the forms that came in, without those that only lie in its stock."""
    of = month if month.unit else month.only(unit)
    used = {stratum.fingerprint for stratum in of.pools}
    return replace(of, forms={mark: form for mark, form in of.forms.items() if mark in used})
