"""Small cells are hidden, so that no table about respondents points at one of them.

A cell of fewer slips than the limit is hidden; alone in its row or column it could be
computed from the total, so a second one goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from omr.figures import Nothing, Share

Cell = tuple[int, int]  # row, column


def hide_small(shares: Sequence[Share], smallest: int) -> list[tuple[int | Nothing, Share | Nothing]]:
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


def hide_small_cells(
    rows: Sequence[Sequence[Share]], smallest: int
) -> list[list[tuple[int | Nothing, Share | Nothing]]]:
    """Do the same for a table of several rows of groups, whose columns have known totals too."""
    sizes = [[share.whole for share in row] for row in rows]
    named = [(y, x) for y, row in enumerate(rows) for x in range(len(row) - 1)]
    tiny = {(y, x) for y, x in named if 0 < sizes[y][x] < smallest}
    no_size = _with_company(sizes, tiny, smallest)
    no_share = _with_company(
        sizes, {at for at in named if _telling(rows[at[0]][at[1]], smallest)} | no_size, smallest
    )
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


def _with_company(sizes: Sequence[Sequence[int]], small: set[Cell], smallest: int) -> set[Cell]:
    """Add cells to hidden ones that the total of their row or column would give away."""
    hidden = set(small)
    lines = [[(y, x) for x in range(len(row))] for y, row in enumerate(sizes)]
    if len(sizes) > 1:
        lines += [[(y, x) for y in range(len(sizes))] for x in range(len(sizes[0]))]
    before = -1
    while len(hidden) > before:  # what one line adds may stand alone in another
        before = len(hidden)
        for line in lines:
            hidden |= _company(line, sizes, hidden, smallest)
    return hidden


def _company(
    line: Sequence[Cell], sizes: Sequence[Sequence[int]], hidden: set[Cell], smallest: int
) -> set[Cell]:
    """Return what one row or column has to hide: the last group first, then the smallest."""

    def size(cell: Cell) -> int:
        return sizes[cell[0]][cell[1]]

    mine = {cell for cell in line if cell in hidden}
    last = len(sizes[0]) - 1
    others = sorted(
        (cell for cell in line if size(cell) and cell not in mine), key=lambda c: (c[1] != last, size(c))
    )
    while mine and others and (len(mine) < 2 or sum(map(size, mine)) < smallest):
        mine.add(others.pop(0))
    return mine
