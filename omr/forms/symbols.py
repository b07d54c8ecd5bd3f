"""The machine-readable symbols as black modules, and modules as outlines to fill.

Fiducials (ArUco), the serial's ladder (Code 128) and QR code, the electronic form's QR code.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from omr.geometry import CODE128_SYMBOL, QR_MODULES, SERIAL_CODE128_MODULES

Modules = NDArray[np.bool_]  # (rows, columns), True is black
Corner = tuple[int, int]  # (x, y) between modules

FIDUCIAL_MODULES: Final = 6  # a 4x4 marker with its black border
SERIAL_LENGTH: Final = 15
CODE128_QUIET: Final = 10  # modules of white before and after the bars
QR_QUIET: Final = 4


def marker(id_: int) -> Modules:
    """Return a fiducial of the 4x4_50 dictionary with its black border, shape (6, 6)."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    return np.asarray(cv2.aruco.generateImageMarker(dictionary, id_, FIDUCIAL_MODULES) == 0, bool)


def code128(payload: str) -> Modules:
    """Return a serial's Code 128 symbol without quiet zones as a ladder, shape (156, 1).

    Ten digits go in pairs (code set C), then five letters (code set B): 13 symbols of 11
    modules and a stop of 13. A page's number makes one symbol more.
    """
    bars = _black(zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.Code128))[:1].T
    page = CODE128_SYMBOL if len(payload) == SERIAL_LENGTH + 1 else 0
    if len(bars) != SERIAL_CODE128_MODULES - 2 * CODE128_QUIET + page:
        raise ValueError(f"{payload!r} takes {len(bars)} modules: the page frame has room for a serial")
    return bars


def qr(payload: str) -> Modules:
    """Return a serial's QR code of version 1, level Q, without quiet zone; shape (21, 21)."""
    modules = _black(zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="Q"))
    if len(modules) != QR_MODULES - 2 * QR_QUIET:
        raise ValueError(f"{payload!r} takes {len(modules)} modules: the page frame has room for a serial")
    return modules


def address_code(url: str) -> Modules:
    """Return an address's QR code, level M, without quiet zone; 21 modules and more a side."""
    return _black(zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M"))


def _black(symbol: zxingcpp.Barcode) -> Modules:
    return np.asarray(np.asarray(symbol.to_image(add_quiet_zones=False)) == 0, bool)


def outlines(black: Modules) -> list[list[Corner]]:
    """Return the closed outlines of the black areas, in modules; holes are outlines of their own.

    Parameters
    ----------
    black : (rows, columns) bool ndarray

    Returns
    -------
    list of list of (x, y)
        Corners only; filled by the even-odd rule they give the modules again.

    Examples
    --------
    >>> outlines(np.array([[True, True]]))
    [[(0, 0), (2, 0), (2, 1), (0, 1)]]
    """
    padded = np.pad(black, 1)
    edges: dict[Corner, list[Corner]] = {}
    for y, x in np.argwhere(padded).tolist():
        sides = (
            ((0, -1), (0, 0), (1, 0)),
            ((1, 0), (1, 0), (1, 1)),
            ((0, 1), (1, 1), (0, 1)),
            ((-1, 0), (0, 1), (0, 0)),
        )
        for (dx, dy), (ax, ay), (bx, by) in sides:
            if not padded[y + dy, x + dx]:
                edges.setdefault((x - 1 + ax, y - 1 + ay), []).append((x - 1 + bx, y - 1 + by))
    # By height, then from the left: what comes first on an outline is always one of its corners.
    edges = dict(sorted(edges.items(), key=lambda edge: (edge[0][1], edge[0][0])))
    loops: list[list[Corner]] = []
    while edges:
        start = next(iter(edges))
        loop: list[Corner] = []
        at = start
        while True:
            following = edges[at].pop()
            if not edges[at]:
                del edges[at]
            if not loop or _turns(loop[-1], at, following):
                loop.append(at)
            at = following
            if at == start:
                break
        loops.append(loop)
    return loops


def _turns(a: Corner, b: Corner, c: Corner) -> bool:
    return (b[0] - a[0]) * (c[1] - b[1]) != (b[1] - a[1]) * (c[0] - b[0])
