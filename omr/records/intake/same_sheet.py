"""Are two scans of one serial the same sheet? Told by the marks that were measured, without the pictures.

How dark each marked box is, as a whole and in its middle, is a person's handwriting: it
comes back whichever way up, at whatever resolution and brightness the sheet is scanned, up
to one common factor. Who fills a copy of the sheet, even with the same answers, leaves
other marks. What is not surely the same sheet is held for a person.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.forms.template import Form
from omr.reading.ink.measure import FEATURES, F
from omr.records.store.measured import unpack
from omr.records.store.store import Store
from omr.words import Carrier, Seal, Standing

# What `python bench identity sheets 40` measured on simulated sheets: scanned again (other dpi, colour,
# turned) the residual stays below 0.052 in 99 of 100, at most 0.060; lighter below 0.101. A copy that
# another hand filled with the same answers has 0.34 in the median, and none of 40 was called the same:
# the limit errs towards asking, about 5 to 15 of 100 sheets that were scanned again.
MOST_RESIDUAL: Final = 0.05
# A photocopy darkens strokes: by more than 1.07 in 95 of 100. Scanned again they stay within
# 0.94 to 1.06 in 90 of 100, scanned lighter they fall to 0.60.
LEAST_TONE: Final = 0.6
MOST_TONE: Final = 1.1
# With the red stamp on both, neither is a photocopy; a scanner set darker gives up to 1.22.
MOST_TONE_STAMPED: Final = 1.3
# Fewer marks say too little about a hand; an everyday slip has ten.
LEAST_MARKS: Final = 4
_MARKED: Final = 0.08  # gain from which a box is looked at: above paper grain, below a faint mark

Features = NDArray[np.float64]  # (boxes, features)


def is_same_sheet(form: Form, first: bytes, second: bytes, seals: tuple[Seal, Seal]) -> bool:
    """Return whether two slips with one serial are surely one piece of paper.

    Parameters
    ----------
    first, second : bytes
        Packed measurements, see `measured`.
    seals : pair of Seal
        A red stamp on one and none on the other: one of them is a copy.
    """
    if set(seals) == {Seal.PRESENT, Seal.ABSENT}:
        return False
    one, two = _features(form, first), _features(form, second)
    if one.shape != two.shape or one.shape[1] != len(FEATURES):  # measured by another version
        return False
    marked = (one[:, F["gain"]] > _MARKED) | (two[:, F["gain"]] > _MARKED)
    if int(marked.sum()) < LEAST_MARKS:
        return False
    residual, tone = compare(one[marked], two[marked])
    stamped = set(seals) == {Seal.PRESENT}
    return residual <= MOST_RESIDUAL and LEAST_TONE <= tone <= (MOST_TONE_STAMPED if stamped else MOST_TONE)


def compare(one: Features, two: Features) -> tuple[float, float]:
    """Return how much the marks of two scans differ, and how much darker the second is.

    Returns
    -------
    residual : float
        Mean difference of darkness after the best common factor, as a share of the mean darkness.
    tone : float
        Darkness of all marks in the second scan over that in the first.
    """
    columns = [F["gain"], F["core"]]
    x, y = one[:, columns].ravel(), two[:, columns].ravel()
    factor = float(x @ y) / max(float(x @ x), 1e-9)
    residual = float(np.abs(y - factor * x).mean()) / max(float(x.mean()), 1e-9)
    return residual, float(two[:, F["gain"]].sum()) / max(float(one[:, F["gain"]].sum()), 1e-9)


def _features(form: Form, packed: bytes) -> Features:
    return np.array([mark.features for mark in unpack(form, packed)])


def twin_of(
    store: Store,
    form: Form,
    marks: bytes,
    seal: Seal,
    *,
    mark: str,
    unit: str,
    period: str,
    serial: str,
    typed_only: bool,
) -> tuple[int, str] | None:
    """Return reading and serial under which this very sheet counts already in a unit and month, if it does.

    Parameters
    ----------
    form : Form
        The page of it that was read.
    mark : str
        Fingerprint of the whole form.
    serial : str
        Its own, which is left out: among slips of one serial intake compares by itself.
    typed_only : bool
        Look only at slips whose serial a person typed: a code on the paper is not read wrong.
    """
    typed = f"AND carriers = '{Carrier.TYPED}'" if typed_only else ""
    rows = store.rows(
        f"""SELECT reading, serial, marks, seal FROM readings JOIN runs USING (run)
        WHERE readings.period = ? AND readings.unit = ? AND fingerprint = ? AND serial <> ?
          AND coalesce(form_page, 1) = ? {typed}""",
        period,
        unit,
        mark,
        serial,
        form.number,
    )
    for row in list(rows):
        if is_same_sheet(form, row["marks"], marks, (Seal(row["seal"]), seal)):
            standing = store.row("SELECT standing FROM slips WHERE reading = ?", row["reading"])
            if standing is not None and standing["standing"] == Standing.COUNTS:
                return row["reading"], row["serial"]
    return None
