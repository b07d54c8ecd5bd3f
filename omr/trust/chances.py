"""How likely is what was seen, if all is as usual: exact or bounded chances, never too small on purpose."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile


def log_run_bound(slips: int, alike: int, length: int, repeating: float = 0.0) -> float:
    """Return the log of a bound on the chance of `length` alike slips in a row.

    All orders of the `slips` are equally likely, but that a slip repeats the one before with
    chance `repeating`; `alike` of them are alike. The bound is the expected number of runs at
    least so long, which no chance exceeds (Markov).

    Examples
    --------
    >>> round(math.exp(log_run_bound(3, 2, 2)), 4)  # two of three: AAB BAA, not ABA
    0.6667
    """
    if length > alike:
        return -math.inf
    fresh = ((alike - i) / (slips - i) for i in range(1, length))
    stays = sum(math.log(repeating + (1 - repeating) * share) for share in fresh)
    return math.log(alike / slips) + stays + math.log(1 + slips - alike)


@dataclass(frozen=True, slots=True)
class Run:
    """The most surprising row of alike slips in a sequence, with the chance of one so surprising."""

    start: int
    length: int
    alike: int  # slips of the sequence with the same answers
    chance: float


def surprising_run(patterns: Sequence[Hashable], repeating: float = 0.0) -> Run | None:
    """Find the run of equal patterns that is the least likely among all orders of the same slips.

    The null model keeps the slips and shuffles their order, so that an answer that everybody
    gives surprises nobody. The chance covers all patterns: for each it adds the chance of a
    run just as surprising; a pattern too rare for one adds nothing (Tarone 1990).

    Parameters
    ----------
    repeating : float
        How often neighbours are alike beyond chance, see `repeats`.
    """
    counts, total = Counter(patterns), len(patterns)
    best: tuple[float, int, int] | None = None
    for start, length in _runs(patterns):
        if length >= 2:
            surprise = log_run_bound(total, counts[patterns[start]], length, repeating)
            if best is None or surprise < best[0]:
                best = surprise, start, length
    if best is None:
        return None
    surprise, start, length = best
    sizes = Counter(count for count in counts.values() if count >= 2)
    chance = sum(many * _as_surprising(total, alike, surprise, repeating) for alike, many in sizes.items())
    return Run(start, length, counts[patterns[start]], min(1.0, chance))


def _runs(patterns: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Yield start and length of each run of equal patterns."""
    start = 0
    for at in range(1, len(patterns) + 1):
        if at == len(patterns) or patterns[at] != patterns[start]:
            yield start, at - start
            start = at


def _as_surprising(slips: int, alike: int, surprise: float, repeating: float) -> float:
    """Return the bound for the shortest run of a pattern that is at most as likely."""
    low, high = 2, alike + 1  # the bound falls with the length
    while low < high:
        middle = (low + high) // 2
        if log_run_bound(slips, alike, middle, repeating) <= surprise + 1e-12:
            high = middle
        else:
            low = middle + 1
    return math.exp(log_run_bound(slips, alike, low, repeating))


def repeats(sequences: Sequence[Sequence[Hashable]]) -> float:
    """Return how often a slip repeats the one before, beyond what shuffled slips do, in [0, 1).

    Families, one desk for one procedure and a company's stack make neighbours alike in all
    honesty. In each sequence the longest run is left out, so that it does not vouch for itself.
    """
    equal = expected = pairs = 0.0
    for patterns in sequences:
        runs = [length for _, length in _runs(patterns)]
        left = len(patterns) - max(runs, default=0)
        if left < 2:
            continue
        longest = runs.index(max(runs))
        equal += sum(length - 1 for place, length in enumerate(runs) if place != longest)
        start = sum(runs[:longest])
        counts = Counter([*patterns[:start], *patterns[start + runs[longest] :]])
        expected += sum(count * (count - 1) for count in counts.values()) / left
        pairs += left - 1
    return min(0.9, max(0.0, (equal - expected) / (pairs - expected))) if pairs > expected else 0.0


def spread_of_rates(groups: Sequence[Sequence[tuple[int, int]]]) -> float:
    """Return how much rates differ within groups beyond counting chance: the intraclass correlation.

    Method of moments over all groups; 0 where counting explains everything.

    Parameters
    ----------
    groups : sequence of sequences of (part, whole)
        The months of each unit, or all units of one month as one group.
    """
    observed = counting = slope = 0.0
    for group in groups:
        cells = [(part, whole) for part, whole in group if whole]
        total = sum(whole for _, whole in cells)
        mean = sum(part for part, _ in cells) / total if total else 0.0
        if len(cells) < 2 or not 0 < mean < 1:
            continue
        observed += sum((part - whole * mean) ** 2 / (whole * mean * (1 - mean)) for part, whole in cells)
        # A cell's own part in the mean takes its share of the scatter away.
        counting += sum(1 - whole / total for _, whole in cells)
        slope += sum((whole - 1) * (1 - whole / total) for _, whole in cells)
    return min(0.5, max(0.0, (observed - counting) / slope)) if slope > 0 else 0.0


def chance_of_rate(
    part: int, whole: int, known: Sequence[tuple[int, int]], spread: float
) -> tuple[float, float]:
    """Return the chances of a count so low, and so high, given counts of the same kind.

    Beta-binomial: the rate of `known`, as unsure as their number leaves it, and differing
    from month to month (or unit to unit) by `spread`.

    Examples
    --------
    >>> low, high = chance_of_rate(50, 50, [(90, 100)] * 5, 0.0)
    >>> 0.004 < high < 0.01
    True
    """
    total = sum(n for _, n in known)
    if not whole or not total:
        return 1.0, 1.0
    mean = (sum(x for x, _ in known) + 0.5) / (total + 1)
    unsure = 1 / (total + 1) + spread * sum(n * n for _, n in known) / total**2
    share = min(0.9, spread + unsure)  # of the most that a rate's variance can be
    a, b = (rate * (1 / share - 1) for rate in (mean, 1 - mean))
    logs = [_log_beta_binomial(k, whole, a, b) for k in range(whole + 1)]
    low = math.fsum(math.exp(log) for log in logs[: part + 1])
    high = math.fsum(math.exp(log) for log in logs[part:])
    return min(1.0, low), min(1.0, high)


def _log_beta_binomial(k: int, n: int, a: float, b: float) -> float:
    return (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + math.lgamma(k + a)
        + math.lgamma(n - k + b)
        - math.lgamma(n + a + b)
        + math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
    )


def both(one: float, two: float) -> float:
    """Return the chance of two independent chances as small together (Fisher).

    Examples
    --------
    >>> both(1.0, 1.0)
    1.0
    """
    product = max(one * two, 1e-300)
    return min(1.0, product * (1 - math.log(product)))


def corrected(chances: Sequence[float]) -> list[float]:
    """Return chances corrected for their number (Benjamini and Hochberg 1995), in their order.

    Examples
    --------
    >>> corrected([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.03]
    """
    order = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
    adjusted, least = [0.0] * len(chances), 1.0
    for rank, place in zip(range(len(chances), 0, -1), order, strict=True):
        least = min(least, chances[place] * len(chances) / rank)
        adjusted[place] = least
    return adjusted


def fisher_exact(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """Return the two-sided chance of two shares as far apart, if the true shares are the same.

    Fisher's exact test: all tables with the same sums that are no likelier than this one.

    Examples
    --------
    >>> round(fisher_exact(3, 4, 1, 4), 4), fisher_exact(5, 10, 50, 100)
    (0.4857, 1.0)
    """
    total, marked = whole + other_whole, part + other_part
    low, high = max(0, marked - other_whole), min(whole, marked)
    constant = _log_choose(total, marked)

    def log_chance(k: int) -> float:
        return _log_choose(whole, k) + _log_choose(other_whole, marked - k) - constant

    def tail(ks: Iterable[int]) -> Iterator[float]:
        """Yield chances outwards: beyond the first that no number can hold there are no others."""
        return takewhile(bool, (math.exp(log_chance(k)) for k in ks))

    seen = log_chance(part) + 1e-7  # equal ones differ by rounding
    # Chances rise up to the likeliest table and fall from there.
    middle = min(max((whole + 1) * (marked + 1) // (total + 2), low), high)
    left, right = range(low, middle + 1), range(middle + 1, high + 1)
    left = left[: bisect_left(left, True, key=lambda k: log_chance(k) > seen)]
    right = right[bisect_left(right, True, key=lambda k: log_chance(k) <= seen) :]
    return min(1.0, math.fsum(chain(tail(reversed(left)), tail(right))))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
