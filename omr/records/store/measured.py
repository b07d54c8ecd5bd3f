"""What was measured in a slip's boxes, as one compact value, so that a month can be decided again."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from omr.forms.template import Form
from omr.reading.ink.measure import PAPERS, VERSION, MarkReading

# Layout: version, bytes per feature, number of features per box; then all features, box by box,
# then the boxes' corners as float32 (a thousandth of a pixel is enough to draw them).
_HEADER: Final = struct.Struct("<BBH")
# Of what was measured: 1 is before the form's print was known, of papers that were not printed here `PAPERS`.
_FORMATS: Final = (1, VERSION, PAPERS)
_CORNERS: Final = 8


def boxes(form: Form) -> Iterator[tuple[str, str]]:
    """Yield (question, option) of every box, in the order in which they are stored."""
    return ((question.key, option.code) for question in form.questions for option in question.options)


def pack(form: Form, marks: Sequence[MarkReading]) -> bytes:
    """Return the measurements of all boxes of a form; features keep every bit.

    Raises
    ------
    ValueError
        If the marks are not those of the form's boxes, in order.
    """
    if [(mark.question, mark.option) for mark in marks] != list(boxes(form)):
        raise ValueError(f"marks do not fit the boxes of {form.form}")
    features = np.array([mark.features for mark in marks], dtype=np.float64).reshape(len(marks), -1)
    short = features.astype(np.float32)
    exact = short if np.array_equal(short, features, equal_nan=True) else features
    corners = np.array([mark.corners_px for mark in marks], dtype="<f4")
    (version,) = {mark.version for mark in marks} or {VERSION}
    header = _HEADER.pack(version, exact.dtype.itemsize, features.shape[1])
    return header + exact.astype(exact.dtype.newbyteorder("<")).tobytes() + corners.tobytes()


def unpack(form: Form, packed: bytes) -> tuple[MarkReading, ...]:
    """Return the measurements that `pack` stored.

    Raises
    ------
    ValueError
        If they are not of this form or of an unknown format.
    """
    keys = list(boxes(form))
    version, itemsize, per_box = _HEADER.unpack_from(packed)
    size = len(keys) * (per_box * itemsize + _CORNERS * 4)
    if version not in _FORMATS or itemsize not in (4, 8) or len(packed) != _HEADER.size + size:
        raise ValueError(f"measurements of {len(packed)} bytes do not fit {form.form}")
    split = _HEADER.size + len(keys) * per_box * itemsize
    features = np.frombuffer(packed[_HEADER.size : split], dtype=f"<f{itemsize}").astype(np.float64)
    corners = np.frombuffer(packed[split:], dtype="<f4").astype(float).reshape(len(keys), 4, 2)
    rows = features.reshape(len(keys), per_box).tolist()
    return tuple(
        MarkReading(question, option, corners[place], tuple(rows[place]), version)
        for place, (question, option) in enumerate(keys)
    )
