"""Boxes become questions: by rows, or by columns, cut where the gap is wider than usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from omr.reading.traced.find import Found, skew

IN_LINE: Final = 0.5  # of a box's height that boxes of a row may be off each other
WIDE: Final = 1.7  # times the usual step from box to box: another question begins
SAME_BLOCK: Final = 1.0  # of a box's width that the first boxes of a block may be off each other


def questions(boxes: Sequence[Found], *, columns: bool = False) -> list[list[int]]:
    """Return the boxes of each proposed question, as places in `boxes`, in the order of reading.

    Parameters
    ----------
    boxes : sequence of Found
    columns : bool
        Options of a question stand below each other.
    """
    kinds = [
        _of_kind(boxes, [at for at, box in enumerate(boxes) if box.kind == kind], columns=columns)
        for kind in sorted({box.kind for box in boxes})
    ]
    kinds.sort(key=lambda kind: min(boxes[at].top for question in kind for at in question))
    return [question for kind in kinds for question in kind]


def _of_kind(boxes: Sequence[Found], members: list[int], *, columns: bool) -> list[list[int]]:
    middles = np.array([boxes[at].middle for at in members])
    width, height = np.median([[boxes[at].width, boxes[at].height] for at in members], axis=0)
    level = middles @ skew(middles, width, height)
    if columns:
        level, width, height = level[:, ::-1], height, width
    groups: list[list[int]] = []
    steps: list[float] = []
    rows = _rows(level[:, 1], IN_LINE * height)
    for row in rows:
        row.sort(key=lambda place: level[place, 0])
        steps += np.diff(level[row, 0]).tolist()
    usual = _usual(steps)
    for row in rows:
        begin = 0
        for at in range(1, len(row) + 1):
            if at == len(row) or level[row[at], 0] - level[row[at - 1], 0] > WIDE * usual:
                groups.append(row[begin:at])
                begin = at
    return [[members[place] for place in group] for group in _in_order(groups, level, width)]


def _rows(values: np.ndarray, near: float) -> list[list[int]]:
    rows: list[list[int]] = []
    for place in np.argsort(values, kind="stable").tolist():
        if rows and values[place] - values[rows[-1][-1]] < near:
            rows[-1].append(place)
        else:
            rows.append([place])
    return rows


def _usual(steps: Sequence[float]) -> float:
    """Return the step that most neighbours have: the smallest with many others near it."""
    if not steps:
        return np.inf
    values = np.sort(np.array(steps)[np.array(steps) > 0])  # two boxes in one place are no step apart
    if not len(values):
        return np.inf
    near = [(np.abs(np.log(values / value)) < 0.15).sum() for value in values]
    return float(values[int(np.argmax(near))])


def _in_order(groups: list[list[int]], level: np.ndarray, width: float) -> list[list[int]]:
    """Put questions in the order of reading: block by block, where rows hold several, else from the top."""
    firsts = np.array([level[group[0]] for group in groups])
    if not len(firsts):
        return []
    blocks = _rows(firsts[:, 0], SAME_BLOCK * width)
    # Questions that begin just anywhere are no blocks.
    if len(blocks) > max(1, len(groups) // 4):
        return [groups[at] for at in np.lexsort((firsts[:, 0], firsts[:, 1])).tolist()]
    return [groups[at] for block in blocks for at in sorted(block, key=lambda at: firsts[at, 1])]
