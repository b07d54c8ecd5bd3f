"""The monthly audit by hand: a public draw of slips, and what their paper proves about the satisfied share.

The draw: every slip gets a ticket, the SHA-256 of "SEED,SERIAL"; the slips with the smallest
tickets are drawn. Whoever knows seed and serials can draw again (docs/audit-by-hand.md).

The proof: the claim is that the satisfied share is not below the reported one by more than
some points. Each drawn slip is keyed anew from paper; if the claim were false, slips drawn
fairly would hardly all agree. `measured_risk` bounds the chance that they do.

References
----------
.. [1] P. B. Stark, "Super-Simple Simultaneous Single-Ballot Risk-Limiting Audits",
   EVT/WOTE 2010: the bound, with the inflator `GAMMA`.
.. [2] R. L. Rivest, "Consistent Sampling with Replacement", 2018: tickets from a hash.
.. [3] K. Joag-Dev and F. Proschan, "Negative Association of Random Variables", Ann. Stat. 11,
   1983: why the bound, made for drawing with replacement, also holds without.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from omr.errors import OmrError
from omr.figures import Share, quotient, vietnamese
from omr.messages import say
from omr.records.offices.periods import Period
from omr.records.store.store import Store
from omr.trust import rekeying
from omr.trust.rekeying import Comparison, Draw

RISK_LIMIT: Final = 0.05
LEAST_POINTS: Final = Fraction(1, 10)
MOST_POINTS: Final = Fraction(50)

# Stark's error inflator: above 1, so that one overstated slip does not end the audit at once;
# larger values forgive more and draw more. 1.03905 is the published choice.
GAMMA: Final = 1.03905


def parse_points(text: str) -> Fraction:
    """Return per cent points that somebody wrote, exact: 2.5 or 2,5.

    Raises
    ------
    OmrError
        If it is no number, or none between `LEAST_POINTS` and `MOST_POINTS`.
    """
    plain = text.strip().replace(",", ".")
    if len(plain) <= 8 and re.fullmatch("[0-9]+(\\.[0-9]+)?", plain):
        points = Fraction(plain)
        if LEAST_POINTS <= points <= MOST_POINTS:
            return points
    raise OmrError("sample.bad_points")


def is_seed(text: str) -> bool:
    """Whether a text may be a seed: something that can be read aloud."""
    return 1 <= len(text) <= 200 and text.isprintable()


def ticket(seed: str, serial: str) -> str:
    """Return a slip's ticket: ``printf '%s,%s' SEED SERIAL | sha256sum``.

    Examples
    --------
    >>> ticket("20261105", "HP126000000112X")[:16]
    '0ea98667fed70f89'
    """
    return hashlib.sha256(f"{seed},{serial}".encode()).hexdigest()


def draw(seed: str, serials: Iterable[str], count: int) -> list[tuple[str, str]]:
    """Return ticket and serial of the `count` slips with the smallest tickets, in that order."""
    return sorted((ticket(seed, serial), serial) for serial in set(serials))[:count]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the audit is to prove: at least `floor` of the overall answers are satisfied.

    Every slip has a value: 1 - floor if satisfied, -floor if not, 0 without a valid overall
    answer. The claim is true exactly if the values' sum is not below 0.
    """

    satisfied: int  # as reported
    answered: int
    slips: int  # all that came back, valid or not
    floor: Fraction

    @classmethod
    def within(cls, satisfied: int, answered: int, slips: int, points: Fraction) -> Claim:
        """Return the claim that the reported share is at most `points` per cent points too high."""
        share = Fraction(satisfied, answered) if answered else Fraction(0)
        return cls(satisfied, answered, slips, max(Fraction(0), share - points / 100))

    def value(self, satisfied: bool | None) -> Fraction:
        """Return the value of one slip."""
        if satisfied is None:
            return Fraction(0)
        return 1 - self.floor if satisfied else -self.floor

    @property
    def margin(self) -> float:
        """Return the diluted margin in [0, 2]: what would have to be overstated, in half slips per slip.

        For a floor of one half it is what elections call so: (winner - loser) / ballots.
        """
        total = self.satisfied - self.floor * self.answered
        return float(2 * total / self.slips) if self.slips else 0.0

    @property
    def sample_size(self) -> int:
        """Return how many slips prove the claim at `RISK_LIMIT` if no overall answer is overstated."""
        if self.margin <= 0:
            return self.slips
        return min(self.slips, clean_sample(self.margin))


def clean_sample(margin: float, risk_limit: float = RISK_LIMIT) -> int:
    """Return the slips to draw for a diluted margin: ``ceil(-2 GAMMA ln(risk limit) / margin)``.

    Examples
    --------
    >>> [clean_sample(margin) for margin in (0.02, 0.05, 0.10)]
    [312, 125, 63]
    """
    return math.ceil(-2 * GAMMA * math.log(risk_limit) / margin)


def measured_risk(claim: Claim, pairs: Sequence[tuple[bool | None, bool | None]]) -> float:
    """Return a bound on the chance of such agreement if the claim were false.

    Parameters
    ----------
    pairs : sequence of (reported, on paper)
        Whether the overall answer of each drawn slip is satisfied, None without a valid one;
        a paper that cannot be found goes in as what would harm the claim most: False.

    Notes
    -----
    The Kaplan-Markov bound of [1]_: the product of (1 - 1/U) / (1 - e/GAMMA) over the drawn
    slips, with U = 2 GAMMA / margin and e the overstatement, the reported value less the true
    one, from -1 to 1. With the whole stack drawn nothing is left to chance.
    """
    if len(pairs) >= claim.slips:
        change = sum(claim.value(paper) - claim.value(reported) for reported, paper in pairs)
        return 0.0 if claim.satisfied - claim.floor * claim.answered + change >= 0 else 1.0
    if claim.margin <= 0:
        return 1.0
    clean = math.log1p(-claim.margin / (2 * GAMMA))
    log_risk = 0.0
    for reported, paper in pairs:
        overstated = float(claim.value(reported) - claim.value(paper))
        log_risk += clean - math.log1p(-overstated / GAMMA)
    return math.exp(min(0.0, log_risk))


def most_differing(differing: int, drawn: int, risk_limit: float = RISK_LIMIT) -> float:
    """Return the largest share of differing slips that is credible: Clopper and Pearson's upper bound.

    Examples
    --------
    >>> round(most_differing(0, 125), 4), round(most_differing(1, 125), 4)
    (0.0237, 0.0374)
    """
    if differing >= drawn:
        return 1.0
    low, high = differing / drawn, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        chance = math.fsum(
            math.exp(
                math.lgamma(drawn + 1)
                - math.lgamma(k + 1)
                - math.lgamma(drawn - k + 1)
                + k * math.log(middle)
                + (drawn - k) * math.log1p(-middle)
            )
            for k in range(differing + 1)
        )
        low, high = (middle, high) if chance > risk_limit else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Assurance:
    """What an audit by hand showed."""

    claim: Claim
    drawn: int
    keyed: int  # of them keyed from paper, or their paper searched in vain
    not_found: int
    answers: int  # keyed answers, to all questions
    differing_answers: int
    differing_slips: int  # with at least one differing answer
    overstated: int  # slips that were counted better than their paper is
    understated: int
    risk: float
    changed: bool  # the figures are not those any more that the draw was made from

    @property
    def complete(self) -> bool:
        """Whether every drawn slip was keyed: before, the draw proves nothing."""
        return self.keyed == self.drawn > 0

    @property
    def proven(self) -> bool:
        """Whether the claim stands at the risk limit."""
        return self.complete and self.risk <= RISK_LIMIT and not self.changed


def draw_sample(
    store: Store, period: Period, *, seed: str, points: Fraction, by: str, survey: str | None = None
) -> tuple[Draw, Claim]:
    """Draw as many slips of a month and survey as its claim needs, and keep what they count as."""
    slips, forms = rekeying.counted_slips(store, period, survey), store.forms
    overall = [said for slip in slips if (said := slip.satisfied(forms[slip.fingerprint])) is not None]
    claim = Claim.within(sum(overall), len(overall), len(slips), points)
    drawn = [serial for _, serial in draw(seed, (slip.serial for slip in slips), claim.sample_size)]
    made = rekeying.record_draw(
        store,
        slips,
        drawn,
        period=period,
        seed=seed,
        points=points,
        overall=(claim.satisfied, claim.answered),
        by=by,
        survey=survey,
    )
    return made, claim


def assurance_of(store: Store, period: Period, survey: str | None = None) -> Assurance | None:
    """Return what the latest draw of a month and survey shows today, None without a draw."""
    made = rekeying.latest_draw(store, period, survey)
    if made is None:
        return None
    today = rekeying.population_digest(rekeying.counted_slips(store, period, made.survey or None))
    return assure(made, rekeying.outcomes(store, made), changed=today != made.population)


def assure(made: Draw, outcomes: Sequence[Comparison], *, changed: bool) -> Assurance:
    """Return what the keyed slips of a draw show.

    Parameters
    ----------
    outcomes : sequence of Comparison
        One per slip that was keyed, as `records.rekeying.outcomes` gives them.
    changed : bool
        Whether the figures changed since the draw.
    """
    claim = Claim.within(made.satisfied, made.answered, made.slips, made.points)
    changes = [claim.value(one.reported) - claim.value(one.on_paper) for one in outcomes]
    return Assurance(
        claim=claim,
        drawn=len(made.serials),
        keyed=len(outcomes),
        not_found=sum(one.not_found for one in outcomes),
        answers=sum(one.answers for one in outcomes),
        differing_answers=sum(one.differing for one in outcomes),
        differing_slips=sum(one.differs for one in outcomes),
        overstated=sum(change > 0 for change in changes),
        understated=sum(change < 0 for change in changes),
        risk=measured_risk(claim, [(one.reported, one.on_paper) for one in outcomes]),
        changed=changed,
    )


def statement(shown: Assurance) -> str:
    """Return the sentences for the report: what was keyed, what differed, what it proves."""
    if not shown.complete:
        return say("sample.incomplete", keyed=shown.keyed, drawn=shown.drawn)
    found = say(
        "sample.found",
        drawn=vietnamese(shown.drawn),
        slips=vietnamese(shown.claim.slips),
        answers=Share(shown.differing_answers, shown.answers),
        differing=vietnamese(shown.differing_slips),
        not_found=vietnamese(shown.not_found),
        shifted=_shifted(shown),
        most=_percent(most_differing(shown.differing_slips, shown.drawn)),
    )
    if shown.changed:
        return f"{found} {say('sample.changed')}"
    floor = vietnamese(quotient(100 * shown.claim.floor.numerator, shown.claim.floor.denominator, 2))
    share = Share(shown.claim.satisfied, shown.claim.answered)
    risk = _percent(shown.risk)
    if shown.proven:
        return f"{found} {say('sample.proven', share=share, floor=floor, risk=risk)}"
    return f"{found} {say('sample.not_proven', share=share, floor=floor, risk=risk)}"


def _shifted(shown: Assurance) -> str:
    if not shown.overstated and not shown.understated:
        return say("sample.none_shifted")
    over, under = vietnamese(shown.overstated), vietnamese(shown.understated)
    return say("sample.shifted", overstated=over, understated=under)


def _percent(share: float) -> str:
    # Rounded up: a bound that is printed must still be one.
    return vietnamese(Decimal(math.ceil(share * 10_000)).scaleb(-2))
