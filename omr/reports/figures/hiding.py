"""Small cells are hidden, so that no table about respondents points at one of them.

A table has a row a unit and a column a group of people; the whole city is its last row. All totals
are known from other tables. A cell of fewer slips than the limit is hidden, and with it so
many others that none follows from the totals: in a table whose rows and columns have known sums a
hidden cell can be computed exactly if its line is a bridge of the graph that joins the rows and
columns of hidden cells (Gusfield, 1988, https://doi.org/10.1137/0217034).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from omr.figures import Nothing, Share

Cell = tuple[int, int]  # row, column
Node = tuple[str, int]  # a row or a column
Shown = tuple[int | Nothing, Share | Nothing]  # size and share of a group


def hide_small(shares: Sequence[Share], smallest: int) -> list[Shown]:
    """Return size and share of each group, hiding what could point at a person.

    The last group is of those who did not say: it points at nobody, and is the first to
    be hidden along with another one that the total would give away.

    Examples
    --------
    >>> hidden = hide_small([Share(90, 100), Share(2, 3), Share(50, 60), Share(8, 14)], 5)
    >>> [str(slips) for slips, _ in hidden]
    ['100', '*', '60', '*']
    >>> hidden[0][1]
    Share(part=90, whole=100)
    """
    (row,) = hide_small_cells([shares], smallest)
    return row


def hide_small_cells(rows: Sequence[Sequence[Share]], smallest: int) -> list[list[Shown]]:
    """Do the same for a table of several rows of groups, whose columns have known totals too."""
    return _hide(rows, smallest, total_row=False)


def hide_table(rows: Sequence[Sequence[Share]], smallest: int) -> tuple[list[list[Shown]], list[Shown]]:
    """Do the same where the sum of all rows is published as a row of its own; return rows and sum."""
    total = [sum((row[x] for row in rows), Share(0, 0)) for x in range(len(rows[0]))] if rows else []
    if len(rows) < 2:
        shown = hide_small_cells(rows, smallest)
        return shown, shown[0] if shown else []
    *shown, last = _hide([*rows, total], smallest, total_row=True)
    return shown, last


def hide_parts(sizes: Mapping[str, int], smallest: int) -> frozenset[str]:
    """Return which parts of a published sum are hidden: small ones, and company until none follows.

    Examples
    --------
    >>> sorted(hide_parts({"A": 90, "B": 3, "C": 20, "D": 0}, 5))
    ['B', 'C']
    >>> sorted(hide_parts({"A": 90, "B": 20}, 5))
    []
    """
    hidden = [part for part, size in sizes.items() if 0 < size < smallest]
    others = sorted((size, part) for part, size in sizes.items() if size >= smallest)
    while hidden and others and (len(hidden) < 2 or sum(sizes[part] for part in hidden) < smallest):
        hidden.append(others.pop(0)[1])
    return frozenset(hidden)


def _hide(rows: Sequence[Sequence[Share]], smallest: int, *, total_row: bool) -> list[list[Shown]]:
    cells = {(y, x): share for y, row in enumerate(rows) for x, share in enumerate(row)}
    last = len(rows[0]) - 1 if rows else 0
    named = [at for at in cells if at[1] < last]
    sizes = {at: share.whole for at, share in cells.items()}
    table = _Table(len(rows), last + 1, sizes, smallest, total_row=total_row)
    small = {at for at in named if 0 < sizes[at] < smallest}
    no_size = table.protected(small, lambda at: True)
    no_size = table.loosened(small, no_size, lambda at: True, _Amounts(sizes, {}))
    telling = {at for at in named if _telling(cells[at], smallest)}

    def firm(at: Cell) -> bool:
        # A cell in which all, or none, are satisfied leaves no room for doubt: it is poor company.
        return 0 < cells[at].part < cells[at].whole

    others = {at: share.whole - share.part for at, share in cells.items()}
    most = {at: size for at, size in sizes.items() if at not in no_size}
    no_share = table.protected(telling | no_size, firm)
    no_share = table.loosened(telling, no_share, firm, _Amounts(others, most))
    return [
        [
            (
                Nothing.SUPPRESSED if (y, x) in no_size else share.whole,
                Nothing.SUPPRESSED if (y, x) in no_share else share,
            )
            for x, share in enumerate(row)
        ]
        for y, row in enumerate(rows)
    ]


def _telling(share: Share, smallest: int) -> bool:
    return 0 < share.part < smallest or 0 < share.whole - share.part < smallest


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What the cells hold, never less than nothing and, where somebody knows it, no more than `most`."""

    held: Mapping[Cell, int]
    most: Mapping[Cell, int]


class _Table:
    """The sizes of a table, and which cells go with hidden ones."""

    def __init__(
        self, height: int, width: int, sizes: dict[Cell, int], smallest: int, *, total_row: bool
    ) -> None:
        self._height, self._width = height, width
        self._sizes, self._smallest = sizes, smallest
        self._total = height - 1 if total_row else -1

    def protected(self, primary: set[Cell], firm: Callable[[Cell], bool]) -> set[Cell]:
        """Return the hidden cells with their company.

        Parameters
        ----------
        firm : callable
            Which cells make better company.
        """
        hidden = set(primary)
        if self._total >= 0:  # the published sum first: it looks the same beside every table
            hidden |= self._company([(self._total, x) for x in range(self._width)], hidden, firm)
        before = -1
        while len(hidden) > before:  # what one line adds may stand alone in another
            before = len(hidden)
            for line in self._lines():
                hidden |= self._company(line, hidden, firm)
            if len(hidden) == before and self._height > 1:
                hidden |= self._bridged(hidden, firm)
        return hidden

    def loosened(
        self, primary: set[Cell], hidden: set[Cell], firm: Callable[[Cell], bool], amounts: _Amounts
    ) -> set[Cell]:
        """Return the hidden cells with more company, until every primary one may hold something else.

        Sums alone do not tell what nobody can be fewer than: a hidden cell beside others that hold nothing,
        and are known to by the sum of their own line, follows from its line all the same.
        """
        hidden, everything = set(hidden), set(self._sizes)
        for cell in sorted(primary):
            if not self._may_differ(cell, everything, amounts):
                continue  # where all are satisfied, the sum itself says so of everybody
            while not self._may_differ(cell, hidden, amounts):
                more = self._room_for(cell, hidden, firm, amounts)
                hidden |= more
        return hidden

    def _room_for(
        self, cell: Cell, hidden: set[Cell], firm: Callable[[Cell], bool], amounts: _Amounts
    ) -> set[Cell]:
        """Return one cell, or two, that give a pinned one room; else one that is a step towards it."""
        free = sorted((at for at in self._sizes if at not in hidden), key=self._order(firm))
        ways = self._ways(hidden - {cell}, amounts)
        back: dict[Node, list[Node]] = {}
        for node, ends in ways.items():
            for end in ends:
                back.setdefault(end, []).append(node)
        # A change goes on from where the cell's own step ends to where it began.
        gaps = [(_from(ways, end), _from(back, start)) for start, end in self._steps(cell, amounts)]
        steps = {at: self._steps(at, amounts) for at in free}
        for at in free:
            if any(start in near and end in far for near, far in gaps for start, end in steps[at]):
                return {at}
        starting: dict[Node, list[tuple[Cell, Node]]] = {}
        for at in free:
            for start, end in steps[at]:
                starting.setdefault(start, []).append((at, end))
        for at in free:
            for near, far in gaps:
                for start, middle in steps[at]:
                    for other, end in starting.get(middle, ()) if start in near else ():
                        if other != at and end in far:
                            return {at, other}
        beside = [at for at in free if at[0] == cell[0] or at[1] == cell[1]]
        return {(beside or free)[0]} if free else set()

    def _may_differ(self, cell: Cell, hidden: set[Cell], amounts: _Amounts) -> bool:
        """Whether hidden cells can be changed along a circle through `cell` and every sum stay as it is."""
        ways = self._ways(hidden - {cell}, amounts)
        return any(start in _from(ways, end) for start, end in self._steps(cell, amounts))

    def _steps(self, at: Cell, amounts: _Amounts) -> list[tuple[Node, Node]]:
        """Return what a cell can give: one more is a step from its row to its column, one fewer a step back.

        The row of sums stands on the other side of the equations.
        """
        row, column = ("row", at[0]), ("column", at[1])
        start, end = (column, row) if at[0] == self._total else (row, column)
        held = amounts.held[at]
        more = [(start, end)] if held < amounts.most.get(at, held + 1) else []
        return [*more, (end, start)] if held > 0 else more

    def _ways(self, hidden: set[Cell], amounts: _Amounts) -> dict[Node, list[Node]]:
        ways: dict[Node, list[Node]] = {}
        for at in hidden:
            for start, end in self._steps(at, amounts):
                ways.setdefault(start, []).append(end)
        if self._height == 1:  # nothing is known of its columns
            outside: Node = ("outside", 0)
            for x in range(self._width):
                ways.setdefault(("column", x), []).append(outside)
                ways.setdefault(outside, []).append(("column", x))
        return ways

    def _lines(self) -> Iterator[list[Cell]]:
        for y in range(self._height):
            yield [(y, x) for x in range(self._width)]
        if self._height > 1:
            for x in range(self._width):
                yield [(y, x) for y in range(self._height)]

    def _order(self, firm: Callable[[Cell], bool]) -> Callable[[Cell], tuple[bool, bool, bool, bool, int]]:
        """Rank company: units before their sum, firm ones, who did not say, then the smallest."""
        last = self._width - 1
        return lambda at: (
            not self._sizes[at],  # an empty cell is the last resort: nobody knows that it is empty
            at[0] == self._total,
            not firm(at),
            at[1] != last,
            self._sizes[at],
        )

    def _company(self, line: list[Cell], hidden: set[Cell], firm: Callable[[Cell], bool]) -> set[Cell]:
        """Return what one row or column has to hide: two cells at least, that have the limit together."""
        mine = {at for at in line if at in hidden}
        others = sorted((at for at in line if at not in mine), key=self._order(firm))
        while mine and others:
            few = sum(self._sizes[at] for at in mine) < self._smallest
            if len(mine) >= 2 and not (few and self._sizes[others[0]]):
                break
            mine.add(others.pop(0))
        return mine

    def _bridged(self, hidden: set[Cell], firm: Callable[[Cell], bool]) -> set[Cell]:
        """Return cells that close a circle around the first one that follows from the others."""
        bridge = _bridge(hidden)
        if bridge is None:
            return set()
        side = _reached(hidden - {bridge}, ("row", bridge[0]))
        other = _reached(hidden - {bridge}, ("column", bridge[1]))
        free = [at for at in self._sizes if at not in hidden]
        if closing := [at for at in free if _joins(at, side, other)]:
            return {min(closing, key=self._order(firm))}
        return self._detour(free, side, other, firm)

    def _detour(
        self, free: Sequence[Cell], side: set[Node], other: set[Node], firm: Callable[[Cell], bool]
    ) -> set[Cell]:
        """Return two cells of a line outside both sides that join them."""
        order = self._order(firm)
        for kind, place in (("row", 0), ("column", 1)):
            far = "column" if kind == "row" else "row"
            for line in range(self._height if kind == "row" else self._width):
                mine = sorted((at for at in free if at[place] == line), key=order)
                ends = [
                    next((at for at in mine if (far, at[1 - place]) in part), None) for part in (side, other)
                ]
                if ends[0] and ends[1]:
                    return {ends[0], ends[1]}
        return set()


def _from(ways: Mapping[Node, Sequence[Node]], start: Node) -> set[Node]:
    """Return the nodes that can be reached from one, itself among them."""
    found, left = {start}, [start]
    while left:
        for node in ways.get(left.pop(), ()):
            if node not in found:
                found.add(node)
                left.append(node)
    return found


def _joins(at: Cell, side: set[Node], other: set[Node]) -> bool:
    row, column = ("row", at[0]), ("column", at[1])
    return (row in side and column in other) or (row in other and column in side)


def _reached(cells: set[Cell], start: Node) -> set[Node]:
    """Return the rows and columns that hidden cells join to `start`."""
    beside = _neighbours(cells)
    found, left = {start}, [start]
    while left:
        for node, _ in beside.get(left.pop(), ()):
            if node not in found:
                found.add(node)
                left.append(node)
    return found


def _neighbours(cells: set[Cell]) -> dict[Node, list[tuple[Node, Cell]]]:
    beside: dict[Node, list[tuple[Node, Cell]]] = {}
    for y, x in sorted(cells):
        beside.setdefault(("row", y), []).append((("column", x), (y, x)))
        beside.setdefault(("column", x), []).append((("row", y), (y, x)))
    return beside


def _bridge(cells: set[Cell]) -> Cell | None:
    """Return a hidden cell that lies on no circle of hidden cells: it follows from the totals.

    Depth first: an edge is a bridge if nothing below it reaches a node at its upper end or above.
    """
    beside = _neighbours(cells)
    order: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    for root in beside:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        path: list[tuple[Node, Cell | None, Iterator[tuple[Node, Cell]]]] = [(root, None, iter(beside[root]))]
        while path:
            node, came_by, left = path[-1]
            for there, cell in left:
                if cell == came_by:
                    continue
                if there in order:
                    lowest[node] = min(lowest[node], order[there])
                    continue
                order[there] = lowest[there] = len(order)
                path.append((there, cell, iter(beside[there])))
                break
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                    if lowest[node] > order[above]:
                        return came_by
    return None
