"""The model of a question: measurements of a page's boxes -> what each box is, or why a person is asked.

First, is there ink at all? Each page answers that itself: how dark its empty boxes get and how dark
this person's marks are stand far apart, and every box stands near the one or near the other. A logistic
model learned on real ink says how likely a box so placed was written in. Then, is it a plain mark of this
person? Every way in which real plain marks do not differ from each other has a limit and a word. Only
plain marks beside plainly empty boxes are accepted, and nothing is inferred from weaker ink beside stronger.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.forms.template import Kind
from omr.reading.ink.measure import F
from omr.reading.marks.likeness import Likeness, shipped_likeness
from omr.reading.marks.plain import PLAIN, Marks, PlainLimits, dust, not_plain
from omr.reading.marks.states import Judgement
from omr.words import BoxState, Reason

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

EVIDENCE: Final = ("standing",)
EMPTY_SHARE: Final = (
    0.6  # of a form's boxes stay empty, whatever people answer: the darkest of them is `quiet`
)
SLIPS: Final = 2  # questions of a page that may be marked twice: of five boxes, three are marked then
QUIET: Final = 0.02  # darkness of the darkest empty box where none is surely empty: paper on an everyday scan
NOISE: Final = 0.005  # darkness of a line that is none, on the cleanest scan
LEAST_MARK: Final = 0.06  # darkness of a line from which it may be a mark at all
OVER_QUIET: Final = 3.0  # times the darkest empty box
KNOWN: Final = 3  # marks that show how a person marks
ENOUGH: Final = 10  # empty boxes that show how much they vary
SIGMA: Final = 1.4826  # standard deviations in a median deviation, where deviations are normal
ROUNDED: Final = 0.0005  # an eighth of a grey level: no spread is known more closely
FIRM: Final = 0.5  # darkness of the usual mark where the slip shows none: a ballpoint's line has 0.45 to 0.9


@dataclass(frozen=True, slots=True, eq=False)
class SlipModel:
    """What real ink taught about the boxes of slips."""

    weights: Floats  # (E,) in the order of `EVIDENCE`
    bias: float
    limits: PlainLimits = PlainLimits()
    likeness: Likeness = field(default_factory=shipped_likeness)

    def chance(self, evidence: Floats) -> Floats:
        """Return the chance that each box was written in, (N,), from its evidence (N, E)."""
        return np.asarray(1 / (1 + np.exp(-(evidence @ self.weights + self.bias).clip(-40, 40))))


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What the page shows about its empty boxes and its marks."""

    quiet: float  # darkness of the darkest line in boxes that are surely empty
    usual: float  # darkness of the usual mark


def person_of(peak: Floats, groups: Sequence[NDArray[np.intp]], several: Collection[int] = ()) -> Person:
    """Find how dark empty boxes and marks of a page are.

    Parameters
    ----------
    several : collection of int
        The groups in which any number of boxes may be marked.
    """
    ordered = np.maximum(np.sort(peak), 0.0)
    usually = int(EMPTY_SHARE * len(ordered))
    quiet = float(ordered[usually - 1]) if usually else 0.0
    sizes = [len(group) for at, group in enumerate(groups) if at not in several]
    if sum(size - 1 for size in sizes) < usually + SLIPS:
        # Few boxes a question: there every second one may be marked, and a mark is no measure of paper.
        surely = sum(max(size - 2, 0) for size in sizes)  # one answer, and one slip of the pen
        quiet = min(quiet, float(ordered[surely - 1]) if surely else QUIET)
    tops = np.array([peak[group].max() for group in groups])
    marks = tops[tops >= max(LEAST_MARK, OVER_QUIET * quiet)]
    return Person(quiet, float(np.median(marks)) if len(marks) >= KNOWN else FIRM)


def gather(features: Floats, groups: Sequence[NDArray[np.intp]], several: Collection[int] = ()) -> Floats:
    """Return the evidence of each box, (N, E).

    ``standing`` is 0 where a box is as dark as the page's empty ones and 1 where it is as dark as this
    person's marks, on a scale of ratios.
    """
    peak = np.maximum(features[:, F["peak"]], 0.0)
    return _standing(peak, person_of(peak, groups, several))


def _standing(peak: Floats, person: Person) -> Floats:
    low, high = np.log(person.quiet + NOISE), np.log(person.usual + NOISE)
    clear = np.log(peak + NOISE) - low
    return np.asarray((clear / max(high - low, 0.5)).clip(-0.5, 1.5)[:, None])


def judge(
    features: Floats, questions: Sequence[str], kinds: Sequence[Kind], model: SlipModel
) -> list[Judgement]:
    """Decide the state of every box of a slip.

    Parameters
    ----------
    features : (N, F) float64 ndarray
        As `ink.measure` gives them.
    questions : sequence of str
        Question of each box.
    kinds : sequence of Kind
        Of that question.
    model : SlipModel
    """
    groups = [np.array(some) for some in _members(questions).values()]
    if not groups:
        return []
    several = {at for at, group in enumerate(groups) if kinds[group[0]] is Kind.MULTIPLE}
    peak = np.maximum(features[:, F["peak"]], 0.0)
    person = person_of(peak, groups, several)
    chance, limits = model.chance(_standing(peak, person)), model.limits
    inked = (chance >= limits.inked_above) & (features[:, F["peak"]] >= LEAST_MARK / 2)
    marks = Marks(features, inked, groups)
    why = not_plain(marks, limits, model.likeness)
    # A pale pen darkens a box as a whole where none of its lines is dark enough; the grain of paper does not.
    # What shines through from the back darkens all boxes alike.
    pale = inked.any() & (marks.of_usual(features[:, F["gain"]]) > limits.pale)
    pale &= ~(_apart(features, "gain") <= limits.pale_apart)
    why[~inked & ((chance > limits.blank_below) | pale)] = Reason.UNCLEAR
    why[features[:, F["missing"]] > limits.missing] = Reason.PRINT_DIFFERS
    weak = person.usual < limits.weak * (person.quiet + NOISE)
    # A scan of black and white, or one that shows marks weakly, may have lost one altogether. A slip
    # without any is asked about as a whole.
    may_have_lost = bool(inked.any()) and (weak or _thins_out(features, inked, limits))
    hiding = _hiding(features, person, limits) & inked.any()
    perhaps = _perhaps(features, chance, inked, groups, limits)
    slip = _Slip(features, perhaps, inked, why, limits, may_have_lost, hiding)
    for group in slip.not_simple(groups):
        slip.look_at(group, single=kinds[group[0]] is not Kind.MULTIPLE)
    columns = (one.tolist() for one in (chance, inked, slip.gone, why))
    return [_judgement(*one) for one in zip(*columns, strict=True)]


def _thins_out(features: Floats, inked: Mask, limits: PlainLimits) -> bool:
    """Whether a scan of black and white shows one of its marks so thinly that another may be gone."""
    bilevel = bool(features[:, F["bilevel"]].any())
    return bilevel and bool(features[inked, F["peak"]].min() < limits.thin)


def _perhaps(
    features: Floats, chance: Floats, inked: Mask, groups: Sequence[NDArray[np.intp]], limits: PlainLimits
) -> Mask:
    """Tell which boxes may hold a mark where their question has no other.

    Where most questions have a mark and one has what is almost none, another may have still less.
    """
    out = (chance > limits.none_below) | (_apart(features, "core") > limits.trace)
    unmarked = [group for group in groups if not inked[group].any()]
    if 2 * len(unmarked) < len(groups) and any(out[group].any() for group in unmarked):
        for group in unmarked:
            out[group[features[group, F["peak"]].argmax()]] = True
    return np.asarray(out)


def _apart(features: Floats, name: str) -> Floats:
    """Return how far each box is above the page's empty ones, in times what they vary by; NaN if few are."""
    values = features[:, F[name]]
    empty = values[features[:, F["ink"]] == 0]
    if len(empty) < ENOUGH:
        return np.full(len(values), np.nan)
    middle = np.median(empty)
    spread = SIGMA * np.median(np.abs(empty - middle)) + ROUNDED
    return np.asarray((values - middle) / spread)


def _hiding(features: Floats, person: Person, limits: PlainLimits) -> Mask:
    """Tell beside which boxes something may hide that was meant: no question there is unanswered for sure."""
    column = {
        name: np.nan_to_num(features[:, F[name]]) for name in ("foreign", "outlined", "lettered", "faint")
    }
    jagged = np.where(features[:, F["bilevel"]] > 0, limits.jagged, 1.0)
    return np.asarray(
        (column["foreign"] > limits.foreign_mm)
        | (column["outlined"] > limits.outlined_mm * jagged)
        | (column["lettered"] > limits.lettered_mm * jagged)
        | (column["faint"] > np.maximum(limits.faint * person.usual, OVER_QUIET * person.quiet))
    )


def _ringed(features: Floats, limits: PlainLimits) -> Mask:
    """Tell which boxes something goes around; what nobody measured is NaN, and no ring."""
    circled, around, encircled, rimmed, bilevel = (
        features[:, F[name]] for name in ("circled", "around", "encircled", "rimmed", "bilevel")
    )
    most = np.where(bilevel > 0, limits.rimmed_jagged, limits.rimmed_mm)
    far = (circled >= limits.circled) | (around >= limits.around)
    return np.asarray(far | (encircled >= limits.encircled) | (rimmed > most))


def _judgement(chance: float, inked: bool, gone: bool, why: str) -> Judgement:
    confidence = max(chance, 1 - chance)
    if why:
        return Judgement(BoxState.DOUBTFUL, confidence, Reason(why), leans_marked=chance >= 0.5)
    if gone:
        return Judgement(BoxState.CANCELLED, confidence)
    return Judgement(BoxState.MARKED if inked else BoxState.BLANK, confidence)


def _members(questions: Sequence[str]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for i, question in enumerate(questions):
        members.setdefault(question, []).append(i)
    return members


class _Slip:
    """The boxes of a slip while its questions are looked at one by one."""

    def __init__(
        self,
        features: Floats,
        perhaps: Mask,
        inked: Mask,
        why: NDArray[np.object_],
        limits: PlainLimits,
        may_have_lost: bool,
        hiding: Mask,
    ) -> None:
        self.features, self.perhaps, self.inked, self.why, self.limits = features, perhaps, inked, why, limits
        self.may_have_lost, self.hiding = may_have_lost, hiding
        self.gone = np.zeros(len(inked), np.bool_)  # withdrawn as the form prescribes
        self.ringed = _ringed(features, limits) & ~inked
        # Who rings a cross may mean it, or take it back, as pupils learn it for examinations.
        self.ringed |= (features[:, F["encircled"]] >= limits.encircled_mark) & inked

    def not_simple(self, groups: Sequence[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
        """Leave out the questions with one plain mark and nothing else: most."""
        odd = (self.why != PLAIN) | self.ringed | (self.features[:, F["loose"]] > self.limits.beside_mark_mm)
        order, first = np.concatenate(groups), np.cumsum([0, *map(len, groups[:-1])])
        simple = ~np.logical_or.reduceat(odd[order], first)
        simple &= np.add.reduceat(self.inked[order], first, dtype=np.intp) == 1
        return [group for group, is_simple in zip(groups, simple.tolist(), strict=True) if not is_simple]

    def look_at(self, group: NDArray[np.intp], *, single: bool) -> None:
        """Look at the boxes of one question together; what is doubtful gets its word."""
        limits, names = self.limits, ("beside", "loose", "ruled", "around", "peak", "streak", "red")
        column = {name: self.features[group, F[name]] for name in names}
        marks = group[self.inked[group]]
        self._withdraw(marks)
        self._pass_over_specks(group, marks)
        if single and len(left := marks[~self.gone[marks]]) > 1:
            self._doubt(left, Reason.TWO_MARKS)
        self._doubt(group[self.ringed[group]], Reason.RING_AROUND)
        beside, most = (
            (column["loose"], limits.beside_mark_mm) if len(marks) else (column["beside"], limits.beside_mm)
        )
        if beside.max() > most:
            self._doubt(group[[beside.argmax()]], Reason.INK_BESIDE)
        if len(marks):
            return
        self._doubt(group[self.perhaps[group]], Reason.UNCLEAR)
        if np.nan_to_num(column["ruled"]).max() > limits.ruled_mm:
            self._doubt(group[[np.nan_to_num(column["ruled"]).argmax()]], Reason.INK_BESIDE)
        self._doubt(group[self.hiding[group] | (column["around"] > limits.around_none)], Reason.INK_BESIDE)
        if self.may_have_lost:
            self._doubt(group[[column["peak"].argmax()]], Reason.LOW_CONTRAST)
        self._doubt(group[column["streak"] > limits.streak], Reason.STREAK)
        self._doubt(group[np.nan_to_num(column["red"]) > limits.red], Reason.STAMP)

    def _pass_over_specks(self, group: NDArray[np.intp], marks: NDArray[np.intp]) -> None:
        """Take dust for what it is beside one plain mark, on a scan that loses none."""
        if self.may_have_lost or len(marks) != 1 or self.why[marks[0]] != PLAIN:
            return
        specks = dust(self.features, int(marks[0]), self.limits)
        self.why[group[(self.why[group] == Reason.UNCLEAR) & specks[group]]] = PLAIN

    def _withdraw(self, marks: NDArray[np.intp]) -> None:
        """Take marks for withdrawn that are filled solid beside one other, plain mark, as the form says."""
        grown = self.features[marks, F["bilevel"]] > 0
        least = np.where(grown, self.limits.withdrawn_grown, self.limits.withdrawn)
        solid = self.features[marks, F["heavy"]] >= least
        filled = marks[(self.why[marks] == Reason.FILLED) & solid]
        plain = marks[self.why[marks] == PLAIN]
        if len(filled) and len(plain) == 1 and len(filled) + len(plain) == len(marks):
            self.why[filled], self.gone[filled] = PLAIN, True

    def _doubt(self, boxes: NDArray[np.intp], reason: Reason) -> None:
        self.why[boxes[(self.why[boxes] == PLAIN) & ~self.gone[boxes]]] = reason
