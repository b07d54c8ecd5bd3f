"""What changed since the month before, per unit and question, and which of it is more than chance.

Every unit and question with enough answers in both months is tested (Fisher's exact test, two
sided), and the chances are corrected for their number (Benjamini and Hochberg): of a thousand
comparisons fifty would look striking by chance alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from omr.figures import Change, Nothing, Share
from omr.reports.figures.statistics import Month, compare
from omr.reports.tables.satisfaction_tables import Criterion, criteria, share_of
from omr.trust.chances import corrected, fisher_exact

LEVEL: Final = 0.05  # of all changes that are marked, at most so many are expected to be chance


@dataclass(frozen=True, slots=True)
class Shift:
    """How one question moved in one unit (or all of them) since the month before."""

    unit: str  # "" : all
    criterion: Criterion
    change: Change
    chance: float
    corrected: float = 1.0  # the chance, corrected for all comparisons of the month

    @property
    def beyond_chance(self) -> bool:
        """Whether it is to be taken for more than chance."""
        return self.corrected <= LEVEL

    @property
    def up(self) -> bool:
        """Whether the share rose."""
        return (
            self.change.now.part * self.change.before.whole > self.change.before.part * self.change.now.whole
        )


def shifts(month: Month, before: Month | None, least: int) -> list[Shift]:
    """Return every comparison that can be made, the surest first.

    Parameters
    ----------
    least : int
        Answers that both months need.
    """
    if before is None:
        return []
    key = id(before), least
    if key not in month.compared:  # sentences, tables and the page in front ask for the same
        month.compared[key] = _tested(month, before, least)
    found: list[Shift] = month.compared[key]
    return found


def _tested(month: Month, before: Month, least: int) -> list[Shift]:
    found = list(_compared(month, before, least))
    many = corrected([shift.chance for shift in found])
    done = [
        Shift(one.unit, one.criterion, one.change, one.chance, chance)
        for one, chance in zip(found, many, strict=True)
    ]
    return sorted(done, key=lambda one: (one.corrected, one.chance, one.unit, one.criterion.key))


def _compared(month: Month, before: Month, least: int) -> Iterator[Shift]:
    asked = criteria(month)
    was = {criterion.asks: criterion for criterion in criteria(before)}
    units = [month.unit] if month.unit else ["", *month.reporting]
    for unit in units:
        if isinstance(compare(month, before, unit or None), Nothing):
            continue  # the same guard as on the overall share: revision, organisation, no month before
        for criterion in asked:
            old = was.get(criterion.asks)
            if old is None:
                continue
            now = share_of(month.pool(unit or None), criterion)
            then = share_of(before.pool(unit or None), old)
            if not unit and now in (share_of(month.pool(one), criterion) for one in month.reporting):
                continue  # one unit alone answers it: it is compared as that unit's
            if min(now.whole, then.whole) >= least:
                chance = fisher_exact(now.part, now.whole, then.part, then.whole)
                yield Shift(unit, criterion, Change(now, then), chance)


@dataclass(frozen=True, slots=True)
class Finding:
    """A question that stands out, and the field and the unit in which it does so most."""

    criterion: Criterion
    share: Share
    field: tuple[str, Share] | None  # None: one field alone asks it, or none has enough answers
    unit: tuple[str, Share] | None


def extremes(month: Month, least: int) -> tuple[Finding, Finding] | None:
    """Return the question with the lowest and the highest share, of those with enough answers."""
    pool = month.pool()
    asked = [
        (criterion, share)
        for criterion in criteria(month)
        if not criterion.overall and (share := share_of(pool, criterion)).whole >= least
    ]
    if not asked:
        return None
    asked.sort(key=lambda entry: entry[1].part / entry[1].whole)
    return _finding(month, *asked[0], least, lowest=True), _finding(month, *asked[-1], least, lowest=False)


def _finding(month: Month, criterion: Criterion, share: Share, least: int, *, lowest: bool) -> Finding:
    fields = {field: share_of(month.pool(field=field), criterion, field) for field in criterion.items}
    units = {unit: share_of(month.pool(unit), criterion) for unit in month.reporting}
    return Finding(
        criterion,
        share,
        _most(fields, share, least, lowest=lowest) if len(fields) > 1 else None,
        _most(units, share, least, lowest=lowest) if not month.unit else None,
    )


def _most(shares: dict[str, Share], all_: Share, least: int, *, lowest: bool) -> tuple[str, Share] | None:
    """Return who has the lowest or highest share; nobody where those with enough differ otherwise."""
    sign = 1 if lowest else -1
    causing = [
        (name, share)
        for name, share in shares.items()
        if share.whole >= least and sign * share.part * all_.whole <= sign * all_.part * share.whole
    ]
    return min(causing, key=lambda entry: sign * entry[1].part / entry[1].whole) if causing else None
