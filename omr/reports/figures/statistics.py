"""The month's figures, from tallies: pure, every one with its n and N.

`Month` holds what was counted; `Month.pool` adds up the slips of a selection (a unit, a
field, a channel). The city's figures pool slips: they are never the mean of units'
percentages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from omr.figures import Change, Nothing, Share, required_sample
from omr.forms.surveys import PROGRAMME
from omr.forms.template import Form
from omr.records.counts.kept_tallies import Told
from omr.records.counts.tallies import Channel, CrossTally, Stratum, Tallies
from omr.records.exchange.comments import Commented
from omr.records.offices.periods import Period
from omr.records.offices.statements import Statements, Subject
from omr.records.offices.units import Unit, UnitKind
from omr.reports.figures.pools import ItemCounts, Pool, merge, pool_strata, total
from omr.reports.figures.questions import Item, Printed, Variant, Wordings, items_of, variants
from omr.workspace import Target


@dataclass(frozen=True, slots=True)
class Stock:
    """The printed slips of one unit and form in one month: where each of them is."""

    unit: str
    form: str
    opening: int  # in stock when the month began
    received: int
    returned: int
    spoiled: int
    in_stock: int | None  # when the month ended; None as long as nobody counted
    missing: int | None
    ranges: tuple[str, ...] = ()  # "first–last" numbers of what was received
    balanced: bool = True  # opening + received + moved = returned + spoiled + in stock + missing
    moved: int = 0  # handed over by other units out of their opening stock, less what this one handed over

    @property
    def handed_out(self) -> int | None:
        """How many went to citizens, None while the stock is not counted."""
        if self.in_stock is None:
            return None
        return self.opening + self.received + self.moved - self.spoiled - self.in_stock


@dataclass(frozen=True, slots=True)
class Checking:
    """How sure the reading itself is: who decided, and what an audit by hand showed."""

    answers: int = 0  # answers of valid paper slips
    by_people: int = 0  # of them decided by a reviewer
    audit: str = ""  # sentences on the slips that were keyed anew from paper; "" without a draw


@dataclass(frozen=True, slots=True)
class Opinion:
    """One comment as text, with personal data masked."""

    unit: str
    form: str
    topic: str
    text: str
    complaint: bool = False  # goes the way of complaints, never to the unit
    channel: Channel = Channel.PAPER
    quoted: bool = False  # an officer chose it to stand in the text


@dataclass(frozen=True, slots=True)
class Closed:
    """The main figures of a month, or of one unit in it, as they stood at one closing."""

    at: str  # UTC
    by: str
    why: str  # of the adjustment that it ends; "" of the first
    root: str
    returned: int
    valid: int
    overall: Share
    fields: Mapping[str, Share]  # the overall share of each field
    figures: Mapping[str, int]  # every count of it: two closings with the same ones differ in nothing


@dataclass(frozen=True, slots=True)
class Past:
    """The overall share of an earlier month."""

    period: Period
    overall: Share
    closed: bool


@dataclass(frozen=True)
class Month:
    """Everything that was counted in one period; `only` cuts one unit out of it."""

    period: Period
    forms: Mapping[str, Form]  # by fingerprint, every revision issued or counted in the period
    units: tuple[Unit, ...]  # the whole dated list
    tallies: Tallies = field(default_factory=Tallies)
    stock: tuple[Stock, ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)  # unit -> people at its counters
    foreign: int = 0  # pages in the stacks with no serial of ours; no slips, counted nowhere else
    submitted: frozenset[str] = frozenset()  # units that gave in a batch or a count of their stock
    checking: Checking = Checking()
    comments: Commented = Commented()
    opinions: tuple[Opinion, ...] = ()
    root: str = ""  # root hash of the audit chain, of a closed period only
    unit: str = ""  # the only unit in it
    survey: str = PROGRAMME
    other_surveys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # with slips: name -> forms
    wordings: Wordings = Wordings()
    adjusting: bool = False  # reopened, and not closed again
    closings: tuple[Closed, ...] = ()  # more than one: the month was adjusted
    past: tuple[Past, ...] = ()  # the months before, the oldest first
    statements: Statements = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)  # of units that have one of their own
    # The month that this unit's was cut from: what may be shown of its respondents depends on what the
    # city's and the other units' tables show.
    city: Month | None = None
    # What it tells of respondents: nothing while it is open, and of an adjusted month nothing newer than at
    # first, because the difference of two reports would be about the few slips between.
    told: Told = Told()

    @cached_property
    def compared(self) -> dict[tuple[int, int], Any]:
        """What `changes.shifts` found, by the month before and the least number of answers."""
        return {}

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The questions of all forms; apart where revisions ask different things under one key."""
        return tuple(variants(self.forms, self.wordings))

    @cached_property
    def items(self) -> Mapping[Printed, Item]:
        """Under which item each printed question is counted."""
        return items_of(self.variants)

    @cached_property
    def as_told(self) -> Month:
        """The same month with what it tells of respondents: every table about them is made of it."""
        if not (self.told.withheld or self.told.at):
            return self
        then = self.told.tallies.only(self.unit) if self.unit else self.told.tallies
        city = replace(self.city, told=self.told).as_told if self.city else None
        return replace(self, tallies=then, told=Told(), city=city)

    @property
    def respondents(self) -> tuple[CrossTally, ...]:
        """Who answered, against the overall answer."""
        return self.as_told.tallies.crossed

    @cached_property
    def digest(self) -> str:
        """SHA-256 hex over all counts: reports with the same one have the same figures."""
        return self.tallies.digest

    @cached_property
    def pools(self) -> Mapping[Stratum, Pool]:
        """The counts of each stratum."""
        return pool_strata(self.tallies, self.forms, self.items)

    def pool(
        self,
        unit: str | None = None,
        field: str | None = None,
        channel: Channel | None = None,
        form: str | None = None,
    ) -> Pool:
        """Add up the slips of a selection; without one, of everything.

        Without a unit, every question of the selected forms is there, also where no slip came in.
        """
        key = unit, field, channel, form
        if key not in self._merged:
            self._merged[key] = self._pool(*key)
        return self._merged[key]

    @cached_property
    def _merged(self) -> dict[tuple[str | None, str | None, Channel | None, str | None], Pool]:
        return {}

    @cached_property
    def _by_unit(self) -> Mapping[str, list[tuple[Stratum, Pool]]]:
        found: defaultdict[str, list[tuple[Stratum, Pool]]] = defaultdict(list)
        for stratum, pool in self.pools.items():
            found[stratum.unit].append((stratum, pool))
        return found

    def _pool(self, unit: str | None, field: str | None, channel: Channel | None, form: str | None) -> Pool:
        def selected(printed: Form) -> bool:
            return field in (None, printed.field) and form in (None, printed.form)

        blank = [
            Pool(items={self.items[mark, q.key]: ItemCounts(q, {}, {}, 0) for q in printed.questions})
            for mark, printed in sorted(self.forms.items(), key=lambda entry: entry[1].form)
            if unit is None and selected(printed)
        ]
        strata = self.pools.items() if unit is None else self._by_unit.get(unit, ())
        counted = (
            pool
            for stratum, pool in strata
            if channel in (None, stratum.channel) and selected(self.forms[stratum.fingerprint])
        )
        return merge([*blank, *counted])

    @cached_property
    def entries(self) -> Mapping[str, Unit]:
        """The units by code, each as it last was in the period (or ever, outside of it)."""
        ordered = sorted(self.units, key=lambda entry: (entry.serves(self.period), entry.valid_from))
        return {entry.unit: entry for entry in ordered}

    @property
    def names(self) -> Mapping[str, str]:
        """The units' names by code."""
        return {unit: entry.name for unit, entry in self.entries.items()}

    @property
    def whole(self) -> str:
        """What the totals are of."""
        return self.names.get(self.unit, self.unit) or "Toàn thành phố"

    @cached_property
    def reporting(self) -> tuple[str, ...]:
        """The units that have slips or gave something in: departments first, then by code."""
        known = {line.unit for line in self.stock if line.opening + line.received + line.moved}
        known |= {stratum.unit for stratum in self.pools} | self.submitted | set(self.visits)
        kinds = list(UnitKind)

        def place(unit: str) -> tuple[int, str]:
            entry = self.entries.get(unit)
            return (kinds.index(entry.kind) if entry else len(kinds), unit)

        return tuple(sorted(known, key=place))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields, in the order of their forms."""
        ordered = sorted(self.forms.values(), key=lambda form: (form.digit, form.form))
        return tuple(dict.fromkeys(form.field for form in ordered))

    def revisions(self, unit: str | None = None, field: str | None = None) -> Mapping[str, frozenset[str]]:
        """Return which revisions of each form were counted."""
        used: defaultdict[str, set[str]] = defaultdict(set)
        for stratum in self.pools:
            form = self.forms[stratum.fingerprint]
            if unit in (None, stratum.unit) and field in (None, form.field):
                used[form.form].add(form.revision)
        return {form: frozenset(revisions) for form, revisions in sorted(used.items())}

    def stock_of(self, unit: str | None = None) -> tuple[Stock, ...]:
        """Return the stock lines of one unit, or all."""
        return tuple(line for line in self.stock if unit in (None, line.unit))

    def expected(self, unit: str) -> bool:
        """Whether the unit has slips, so that something must come back from it."""
        return any(line.opening + line.received + line.moved for line in self.stock_of(unit))

    def silent(self, unit: str) -> bool:
        """Whether the unit has slips and gave in neither a slip nor a count: "chưa nộp", not "0"."""
        return self.expected(unit) and unit not in self.submitted and not self.pool(unit).returned

    @cached_property
    def unexplained(self) -> tuple[str, ...]:
        """Units with more slips than visits that nobody explained: no target is reached with them."""
        return tuple(
            unit
            for unit in self.reporting
            if (share := self.participation(unit)).part > share.whole > 0
            and (unit, Subject.PARTICIPATION) not in self.statements
        )

    def participation(self, unit: str | None = None, without: Collection[str] = ()) -> Share:
        """Paper slips that came back among visits; only units whose visits are known are counted."""
        known = [u for u in self.visits if unit in (None, u) and u not in without]
        back = sum(self.pool(u, channel=Channel.PAPER).returned for u in known)
        return Share(back, sum(self.visits[u] for u in known))

    def return_rate(self, unit: str | None = None) -> Share:
        """Slips that came back among those handed out, where the stock was counted."""
        counted = [(line.returned, line.handed_out) for line in self.stock_of(unit)]
        return total(Share(back, out) for back, out in counted if out is not None)

    def sufficient(self, unit: str | None = None) -> bool | None:
        """Whether the valid slips suffice for ±5 %, None where the visits are not known."""
        visits = self.participation(unit).whole
        return self.pool(unit, channel=Channel.PAPER).valid >= required_sample(visits) if visits else None

    def only(self, unit: str) -> Month:
        """Return the same month with nothing but one unit in it."""
        held = {line.form for line in self.stock_of(unit)}
        used = {stratum.fingerprint for stratum in self.pools if stratum.unit == unit}
        used |= {stratum.fingerprint for stratum in self.told.tallies.strata if stratum.unit == unit}
        return replace(
            self,
            unit=unit,
            city=self.city or self,
            other_surveys={},
            forms={key: form for key, form in self.forms.items() if key in used or form.form in held},
            tallies=self.tallies.only(unit),
            stock=self.stock_of(unit),
            visits={u: n for u, n in self.visits.items() if u == unit},
            submitted=self.submitted & {unit},
            opinions=tuple(one for one in self.opinions if one.unit == unit and not one.complaint),
            closings=(),  # these figures are of all
            statements={key: text for key, text in self.statements.items() if key[0] == unit},
            past=(),
        )


def compare(
    now: Month, before: Month | None, unit: str | None = None, field: str | None = None
) -> Change | Nothing:
    """Compare the overall satisfied share with the month before.

    Not comparable where a form counted in both months changed its revision, or where the
    unit (for the city: what it covers) changed between the two. Of a unit's own month everything
    is of that unit. Whatever shows a change asks here.
    """
    unit = unit or now.unit or None
    if before is None:
        return Nothing.NONE
    change = Change(now.pool(unit, field).overall, before.pool(unit, field).overall)
    if change.now.whole == 0:
        return Nothing.NONE
    used, was = now.revisions(unit, field), before.revisions(unit, field)
    if any(used[form] != was[form] for form in used.keys() & was.keys()):
        return Nothing.NOT_COMPARABLE
    changed = unit in changed_units(now, before) if unit else coverage_changed(now, before)
    if changed:
        return Nothing.NOT_COMPARABLE
    return change if change.before.whole else Nothing.NONE


def changed_units(now: Month, before: Month) -> frozenset[str]:
    """Return units that began, ended, changed or took in another one since the month before began."""
    since, until = before.period.first_day, now.period.day_after
    entries = {*now.units, *before.units}
    began = {entry.unit for entry in entries if since < entry.valid_from < until}
    ended = {entry for entry in entries if entry.valid_to and since < entry.valid_to < until}
    took_in = {entry.successor for entry in ended if entry.successor}
    return frozenset(began | {entry.unit for entry in ended} | took_in)


def coverage_changed(now: Month, before: Month) -> bool:
    """Whether the city as a whole took in a unit from outside, or gave one away.

    A unit that only replaces another one, or is an old one under a new name, changes
    nothing for the city.
    """
    entries = {*now.units, *before.units}
    inside = {entry.unit for entry in entries if entry.serves(before.period)}
    heirs = {entry.successor for entry in entries if entry.unit in inside}
    came = {entry.unit for entry in entries if entry.serves(now.period)} - inside - heirs
    stayed = {entry.unit for entry in entries if entry.serves(now.period)}
    went = {entry.unit for entry in entries if entry.unit in inside - stayed and not entry.successor}
    return bool(came or went)
