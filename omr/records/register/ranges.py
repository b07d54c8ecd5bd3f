"""Sets of serial numbers as ranges: a million serials cost as much as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of whole numbers: pairs of first and last, in order, with a gap between any two.

    Examples
    --------
    >>> print(Ranges.of([(1, 9)]) - Ranges.of([(4, 5), (9, 12)]))
    1..3 6..8
    """

    pairs: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Ranges:
        """Return the set of all numbers in some ranges, which may overlap and come in any order."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(pairs):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            elif first <= last:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def of_numbers(cls, numbers: Iterable[int]) -> Ranges:
        """Return a set of single numbers."""
        found = np.unique(np.fromiter(numbers, np.int64))
        ends = np.flatnonzero(np.diff(found) > 1)  # vectorised: a month's slips come one by one
        firsts = found[np.concatenate([[0], ends + 1])] if found.size else found
        lasts = found[np.concatenate([ends, [-1]])] if found.size else found
        return cls(tuple(zip(firsts.tolist(), lasts.tolist(), strict=True)))

    def __or__(self, other: Ranges) -> Ranges:
        return Ranges.of([*self.pairs, *other.pairs])

    def __and__(self, other: Ranges) -> Ranges:
        found: list[tuple[int, int]] = []
        mine, theirs = iter(self.pairs), iter(other.pairs)
        one, two = next(mine, None), next(theirs, None)
        while one and two:
            first, last = max(one[0], two[0]), min(one[1], two[1])
            if first <= last:
                found.append((first, last))
            if one[1] < two[1]:
                one = next(mine, None)
            else:
                two = next(theirs, None)
        return Ranges(tuple(found))

    def __sub__(self, other: Ranges) -> Ranges:
        left: list[tuple[int, int]] = []
        holes = iter(other.pairs)
        hole = next(holes, None)
        for first, last in self.pairs:
            while hole and hole[1] < first:
                hole = next(holes, None)
            while hole and hole[0] <= last:
                if first < hole[0]:
                    left.append((first, hole[0] - 1))
                first = hole[1] + 1
                if hole[1] > last:
                    break
                hole = next(holes, None)
            if first <= last:
                left.append((first, last))
        return Ranges(tuple(left))

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.pairs, number, key=lambda pair: pair[0]) - 1
        return place >= 0 and number <= self.pairs[place][1]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.pairs)

    def __str__(self) -> str:
        return " ".join(f"{first}..{last}" if last > first else str(first) for first, last in self.pairs)
