"""The print of a form nobody has the file of: one unfilled scan, or what several filled sheets share.

The other sheets are laid on the first, place by place, and a pixel is as dark as on the lightest
third of them: a mark that some people made there is gone, print that all have stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import OmrError
from omr.reading.traced.features import Corners, Grey, Homography, agree, corners, moved
from omr.reading.traced.field import Field, dark, field

LEAST_CORNERS: Final = 60  # that agree: other sheets of a form had 265 and more, other forms up to 25
FINE_DPI: Final = 200.0  # at which sheets are compared: letters are shapes
LIGHTEST: Final = 0.3  # as `marks.known.SHARED`: print is what the lightest third of the sheets has, too
SHEETS_THAT_SHARE: Final = 4  # with fewer, what two people marked would be taken for print


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A sheet laid on another one: the map for all, and the field of what is left."""

    map: Homography  # from px of the print to px of the sheet
    field: Field
    corners: int


def lay(print_: Grey, of_print: Corners, sheet: Grey, dpi: float) -> Laid | None:
    """Lay a print on a sheet of its form; None where the two are not alike."""
    found = agree(of_print, corners(sheet))
    if found is None or found.corners < LEAST_CORNERS:
        return None
    fine, to_fine = at_fine(print_, dpi)
    seen = warped(sheet, found.map @ np.linalg.inv(to_fine), fine.shape)
    px_per_mm = min(dpi, FINE_DPI) / 25.4
    left = field(dark(fine, px_per_mm), dark(seen, px_per_mm), px_per_mm)
    return None if left is None else Laid(found.map, left, found.corners)


def at_fine(picture: Grey, dpi: float) -> tuple[Grey, Homography]:
    """Return a picture at `FINE_DPI` or less, and the map to it."""
    by = min(1.0, FINE_DPI / dpi)
    small = cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_AREA) if by < 1 else picture
    return np.asarray(small, np.uint8), np.array([[by, 0, by / 2 - 0.5], [0, by, by / 2 - 0.5], [0, 0, 1]])


def warped(sheet: Grey, sheet_from_there: Homography, shape: tuple[int, ...]) -> Grey:
    """Return a sheet as it looks where another one's pixels are; beyond its edge it is white."""
    corner = moved(sheet_from_there, np.array([[0.0, 0.0], [shape[1], shape[0]]]))
    factor = float(np.linalg.norm(corner[1] - corner[0]) / np.hypot(shape[0], shape[1]))
    soft = cv2.blur(sheet, (round(factor),) * 2) if factor >= 1.5 else sheet
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpPerspective(soft, sheet_from_there, (shape[1], shape[0]), flags=flags, borderValue=255)
    return np.asarray(out, np.uint8)


def quads_on(laid: Laid, quads: NDArray[np.float64], dpi: float) -> NDArray[np.float64]:
    """Return where boxes of the print, (N, 4, 2) px, lie on the sheet."""
    middles_mm = quads.mean(axis=1) / dpi * 25.4
    shifted = quads + (laid.field.at(middles_mm) * dpi / 25.4)[:, None]
    return moved(laid.map, shifted.reshape(-1, 2)).reshape(-1, 4, 2)


def shared_print(sheets: Sequence[Grey], names: Sequence[str], dpi: float) -> Grey:
    """Return what sheets of one form share, as the first of them lies.

    Raises
    ------
    OmrError
        ``trace.not_alike``, naming the sheet that is of another form.
    """
    first = sheets[0]
    if len(sheets) == 1:
        return first
    of_first = corners(first)
    layers = [_smooth(first)]
    for name, sheet in zip(names[1:], sheets[1:], strict=True):
        laid = lay(first, of_first, sheet, dpi)
        if laid is None:
            raise OmrError("trace.not_alike", file=name, first=names[0])
        layers.append(_laid_on(first.shape, _smooth(sheet), laid, dpi))
    rank = int(np.ceil((1 - LIGHTEST) * (len(layers) - 1)))
    out = np.empty_like(first)
    for top in range(0, len(first), 256):  # a stack of full pages would take a gigabyte
        part = np.stack([layer[top : top + 256] for layer in layers])
        out[top : top + 256] = np.partition(part, rank, axis=0)[rank]
    return out


def _smooth(sheet: Grey) -> Grey:
    """Soften a scan of black and white: its dots are laid to a pixel only, and would not meet."""
    middle = (sheet > 40) & (sheet < 215)
    return np.asarray(cv2.GaussianBlur(sheet, (0, 0), 1.0), np.uint8) if middle.mean() < 0.002 else sheet


def _laid_on(shape: tuple[int, ...], sheet: Grey, laid: Laid, dpi: float) -> Grey:
    """Return a sheet with every pixel where the print has it, its paper made white."""
    step = 16
    height, width = shape
    y, x = np.mgrid[0 : height + step : step, 0 : width + step : step].astype(np.float64)
    there = np.stack([x, y], axis=-1).reshape(-1, 2)
    shifted = there + laid.field.at(there / dpi * 25.4) * dpi / 25.4
    coarse = moved(laid.map, shifted).reshape(*x.shape, 2).astype(np.float32)
    maps = _every_pixel(coarse, step, shape)
    out = cv2.remap(
        *(sheet, np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1]), cv2.INTER_LINEAR),
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=255,
    )
    return np.asarray(out, np.uint8)


def _every_pixel(coarse: NDArray[np.float32], step: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Interpolate a grid of places, `step` px apart, to every pixel."""
    to = np.array([[step, 0, 0], [0, step, 0]], np.float64)
    out = cv2.warpAffine(
        coarse, to, (shape[1], shape[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(out, np.float32)
