"""Places on paper and maps between frames: millimetres on the page, pixels in the scan.

Two frames: *page*, in mm from the page's top left corner, and *scan*, in pixels with
(0, 0) at the centre of the first pixel. Points are (x, y). A map is named by both
frames, ``scan_from_page``, and is a (2, 3) affine matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from omr.words import Carrier

MM_PER_INCH: Final = 25.4

Points = NDArray[np.float64]  # (N, 2), columns x and y
Affine = NDArray[np.float64]  # (2, 3)


def px_from_mm(length_mm: float, dpi: float) -> float:
    """Return a length in pixels.

    Examples
    --------
    >>> px_from_mm(25.4, 200)
    200.0
    """
    return length_mm * dpi / MM_PER_INCH


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page in mm; (x_mm, y_mm) is its top left corner."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float

    @property
    def corners_mm(self) -> Points:
        """The four corners, clockwise from the top left; shape (4, 2)."""
        x, y, w, h = self.x_mm, self.y_mm, self.width_mm, self.height_mm
        return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float64)

    @property
    def centre_mm(self) -> tuple[float, float]:
        """The centre as (x, y)."""
        return self.x_mm + self.width_mm / 2, self.y_mm + self.height_mm / 2

    def grown(self, margin_mm: float) -> Box:
        """Return the box with `margin_mm` more on every side."""
        return Box(
            self.x_mm - margin_mm,
            self.y_mm - margin_mm,
            self.width_mm + 2 * margin_mm,
            self.height_mm + 2 * margin_mm,
        )


@dataclass(frozen=True, slots=True)
class Fiducial:
    """One printed reference mark: an ArUco marker of the 4x4_50 dictionary."""

    id: int
    box: Box


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What stands at the same millimetres on every form of a paper size.

    Because fiducials and serial do not depend on the form, a page is aligned and
    identified before anyone knows which form it is.
    """

    paper: str
    width_mm: float
    height_mm: float
    fiducials: tuple[Fiducial, ...]  # four, clockwise from the top left; none on paper of others
    ladder: Box  # Code 128 turned by 90 degrees, quiet zones included
    qr: Box  # QR code of the serial, quiet zone included
    serial_text: Box  # the serial in printed characters
    stamp: Box  # the seal of the office

    @property
    def codes(self) -> dict[Carrier, Box]:
        """The place of each machine-readable carrier of the serial."""
        return {Carrier.LADDER: self.ladder, Carrier.QR: self.qr}

    def codes_on(self, page: int) -> dict[Carrier, Box]:
        """Return the places of the codes on a page: bars that also count the page are longer."""
        if page == 1:
            return self.codes
        box, more = self.ladder, CODE128_SYMBOL * CODE128_MODULE_MM
        longer = Box(box.x_mm, box.y_mm - more / 2, box.width_mm, box.height_mm + more)
        return {**self.codes, Carrier.LADDER: longer}

    @property
    def carriers(self) -> dict[Carrier, Box]:
        """The place of everything that says the serial: the codes and the printed text."""
        return {**self.codes, Carrier.TEXT: self.serial_text}


FIDUCIAL_SIZE_MM: Final = 8.0  # modules of 1.33 mm: 10.5 px at 200 dpi; 6 mm is the least that reads
CODE128_SYMBOL: Final = 11  # modules of one sign
CODE128_MODULE_MM: Final = 0.33  # 0.25 mm is the least that reads at 200 dpi
QR_MODULE_MM: Final = 0.42  # 0.33 mm fails at a blur of 1.5 px at 200 dpi
QR_MODULES: Final = 21 + 2 * 4  # version 1 with its quiet zone
SERIAL_CODE128_MODULES: Final = 156 + 2 * 10  # 15 characters and quiet zones, see forms.serial

_LADDER_MM: Final = SERIAL_CODE128_MODULES * CODE128_MODULE_MM
_QR_MM: Final = QR_MODULES * QR_MODULE_MM


def _frame(paper: str, width: float, height: float, edge: float, ids: tuple[int, int, int, int]) -> PageFrame:
    size = FIDUCIAL_SIZE_MM
    left, right = edge, width - edge - size
    top, bottom = edge, height - edge - size
    places = ((left, top), (right, top), (right, bottom), (left, bottom))
    marks = tuple(Fiducial(i, Box(x, y, size, size)) for i, (x, y) in zip(ids, places, strict=True))
    return PageFrame(
        paper=paper,
        width_mm=width,
        height_mm=height,
        fiducials=marks,
        # In the margin, half way up: there a skewed feed moves it sideways least.
        # 4.5 mm is the strip an office laser printer cannot print.
        # Left of it 1.5 mm stay white to the rules of the form.
        ladder=Box(width - 8.5, (height - _LADDER_MM) / 2, 4.0, _LADDER_MM),
        qr=Box(right - 1.4 - _QR_MM, top, _QR_MM, _QR_MM),
        serial_text=Box(width - edge - 46.0, top + 21.0, 46.0, 4.5),
        stamp=Box(left + size + 2.0, top, 38.0, 38.0),
    )


def bare_frame(paper: str, width_mm: float, height_mm: float) -> PageFrame:
    """Return the frame of paper that was not printed here: a size, with nothing of ours on it."""
    nowhere = Box(0.0, 0.0, 0.0, 0.0)
    return PageFrame(paper, width_mm, height_mm, (), nowhere, nowhere, nowhere, nowhere)


# Ids within a paper size differ in at least 7 (A5) or 6 (A4) of 16 bits whatever the
# rotation, and between the two sizes in at least 6: no other choice of 4x4_50 does better for A5.
FRAMES: Final[dict[str, PageFrame]] = {
    "A5": _frame("A5", 148.0, 210.0, 10.0, (0, 1, 2, 3)),
    "A4": _frame("A4", 210.0, 297.0, 12.0, (4, 6, 7, 8)),
}


def apply(map_: Affine, points: Points) -> Points:
    """Map points of shape (..., 2) through an affine map."""
    return points @ map_[:, :2].T + map_[:, 2]


def invert(map_: Affine) -> Affine:
    """Return the inverse of an affine map."""
    linear = np.linalg.inv(map_[:, :2])
    return np.hstack([linear, -linear @ map_[:, 2:]])


def fit_affine(from_points: Points, to_points: Points, weights: NDArray[np.float64] | None = None) -> Affine:
    """Fit the affine map that takes `from_points` to `to_points`, least squares.

    Parameters
    ----------
    from_points, to_points : (N, 2) float64 ndarray
        N >= 3, not on one line.
    weights : (N,) float64 ndarray, optional
        How much each point counts; all alike without.

    Returns
    -------
    (2, 3) float64 ndarray
    """
    root = np.ones((len(from_points), 1)) if weights is None else np.sqrt(weights)[:, None]
    design = np.hstack([from_points, np.ones((len(from_points), 1))])
    solution, *_ = np.linalg.lstsq(design * root, to_points * root, rcond=None)
    return np.ascontiguousarray(solution.T)


def fit_similarity(from_points: Points, to_points: Points) -> Affine:
    """Fit rotation, one scale and translation (4 unknowns), least squares.

    With two fiducials an affine map extrapolates an 8 mm baseline over the page and
    was seen to end 7 mm off; a similarity stays within 0.2 mm.
    """
    from_mean, to_mean = from_points.mean(axis=0), to_points.mean(axis=0)
    a, b = from_points - from_mean, to_points - to_mean
    norm = float((a * a).sum())
    cosine = float((a * b).sum()) / norm
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([linear, (to_mean - linear @ from_mean)[:, None]])


def residuals(map_: Affine, from_points: Points, to_points: Points) -> NDArray[np.float64]:
    """Return the distance of each mapped point to its target, shape (N,)."""
    return np.asarray(np.linalg.norm(apply(map_, from_points) - to_points, axis=1))
