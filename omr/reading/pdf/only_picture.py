"""Is a PDF page nothing but one JPEG? Only then may the JPEG stand for what a person sees.

The page's program is followed; whatever is not known to leave the picture as it is
(masks, tones turned round, layers, other ink, cut edges) makes it a page to be rendered.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Object
from PIL import Image, ImageCms

POINTS_PER_INCH: Final = 72.0
# Share of the page by which a picture may miss its edges and still be the whole page
# (sizes in a PDF are often rounded to whole points).
EDGE_TOLERANCE: Final = 0.01
# A picture turned by more than this (sine) was straightened by software: render it.
TURN_TOLERANCE: Final = 0.002
MOST_OPERATORS: Final = 200_000  # a text layer has some thousands
DARKEST, LIGHTEST = 40, 215  # what black and white may become by a colour profile, of 0-255
INVISIBLE: Final = 3  # text rendering mode of the words behind a scan

# What pikepdf and Pillow raise on what is not as it should be: then it is for the renderer.
MISSHAPEN: Final = (
    *(pikepdf.PdfError, pikepdf.DependencyError, RuntimeError, OverflowError, ArithmeticError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, SyntaxError),
)

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top

_IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# EXIF orientation of a picture whose right and down directions point this way on the page.
_ORIENTATION: Final = {
    ((1, 0), (0, 1)): 1,
    ((-1, 0), (0, 1)): 2,
    ((-1, 0), (0, -1)): 3,
    ((1, 0), (0, -1)): 4,
    ((0, 1), (1, 0)): 5,
    ((0, 1), (-1, 0)): 6,
    ((0, -1), (-1, 0)): 7,
    ((0, -1), (1, 0)): 8,
}
# Operators that leave no ink and change no picture: colours, lines' looks, text's place, marks.
_HARMLESS: Final = {
    *("w", "J", "j", "M", "d", "ri", "i"),
    *("g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN"),
    *("Tc", "Tw", "Tz", "TL", "Tf", "Ts", "Td", "TD", "Tm", "T*"),
    *("BMC", "EMC", "MP", "DP", "BX", "EX"),
}
_SHOWS_TEXT: Final = {"Tj", "TJ", "'", '"'}
_IMAGE_KEYS: Final = {
    *("/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Filter"),
    *("/Length", "/Name", "/Interpolate", "/Metadata", "/Intent", "/Decode"),
}
_WRAPPERS: Final = {"/ASCII85Decode", "/ASCIIHexDecode", "/FlateDecode", "/LZWDecode", "/RunLengthDecode"}
_STATE_KEYS: Final = {
    *("/Type", "/LW", "/LC", "/LJ", "/ML", "/D", "/RI", "/OP", "/op", "/OPM", "/FL", "/SM", "/SA", "/AIS"),
    *("/TK", "/Font", "/UseBlackPtComp"),
}
_OPAQUE: Final = {"/ca": 1, "/CA": 1, "/BM": Name.Normal, "/SMask": Name("/None")}
_COMPONENTS: Final = {"L": 1, "RGB": 3}


@dataclass(frozen=True, slots=True)
class OnlyPicture:
    """The JPEG that is all one sees of a page."""

    data: bytes
    orientation: int  # as EXIF counts
    dpi: tuple[float, float]  # along the page's x and y


class OtherError(Exception):
    """The page is more than a picture."""


@dataclass(slots=True)
class _State:
    """What the program has drawn so far, and how it would draw now."""

    matrix: Matrix = _IDENTITY
    text_mode: int = 0
    saved: list[tuple[Matrix, int]] = field(default_factory=list)
    path: list[Box] = field(default_factory=list)
    clips: list[Box] = field(default_factory=list)
    is_clipping: bool = False
    picture: tuple[Object, Matrix] | None = None


def only_picture(page: Dictionary) -> OnlyPicture | None:
    """Return the JPEG that a page consists of, or None for a page to be rendered.

    Words that are not shown (a scan after text recognition) do not count.
    """
    try:
        image, matrix, clips = sole_image(page)
        data, size = _plain_jpeg(image)
        return _placed(page, data, matrix, size, clips)
    except (OtherError, *MISSHAPEN):
        return None


def sole_image(page: Dictionary, *, words: bool = True) -> tuple[Object, Matrix, list[Box]]:
    """Return the only picture that a page draws, the unit square's place on the page, and what cuts it.

    Parameters
    ----------
    words : bool
        Whether words that are not shown may lie behind it.

    Raises
    ------
    OtherError
        If the page draws anything besides, or in a way that is not followed; what pikepdf raises on a
        page that is not as it should be is in `MISSHAPEN`.
    """
    if len(page.get("/Annots", ())) or "/UserUnit" in page:
        raise OtherError
    state = _State()
    for operands, operator in _program(page):
        if not words and str(operator) in _SHOWS_TEXT:
            raise OtherError
        _follow(state, str(operator), operands, page)
    if state.picture is None:
        raise OtherError
    return *state.picture, state.clips


def _program(page: Dictionary) -> list[tuple[list[Object], object]]:
    found = pikepdf.parse_content_stream(pikepdf.Page(page))
    if len(found) > MOST_OPERATORS:
        raise OtherError
    return [(list(one.operands), one.operator) for one in found]


def _follow(state: _State, operator: str, operands: list[Object], page: Dictionary) -> None:
    """Take one step of the page's program.

    Raises
    ------
    OtherError
        If it draws anything besides one picture, or draws in a way that is not followed.
    """
    match operator:
        case "q":
            state.saved.append((state.matrix, state.text_mode))
        case "Q":
            if state.saved:
                state.matrix, state.text_mode = state.saved.pop()
        case "cm":
            a, b, c, d, e, f = map(float, operands)
            state.matrix = _times((a, b, c, d, e, f), state.matrix)
        case "gs":
            _check_state(page.Resources.ExtGState[str(operands[0])])
        case "Tr":
            state.text_mode = int(operands[0])
        case "BT" | "ET":
            pass
        case "re":
            x, y, width, height = map(float, operands)
            state.path.append(_bounds(_times((width, 0, 0, height, x, y), state.matrix)))
        case "W" | "W*":
            state.is_clipping = True
        case "n":
            if state.is_clipping:
                if len(state.path) != 1:
                    raise OtherError
                state.clips += state.path
            state.path, state.is_clipping = [], False
        case "Do":
            image = page.Resources.XObject[str(operands[0])]
            if state.picture is not None or image.get("/Subtype") != Name.Image:
                raise OtherError
            state.picture = image, state.matrix
        case "BDC":
            if str(operands[0]) == "/OC":
                raise OtherError
        case _ if operator in _SHOWS_TEXT:
            if state.text_mode != INVISIBLE:
                raise OtherError
        case _ if operator not in _HARMLESS:
            raise OtherError


def _check_state(state: Object) -> None:
    """Let a graphics state pass that makes nothing transparent."""
    for key, value in state.items():
        if key not in _STATE_KEYS and not (key in _OPAQUE and value == _OPAQUE[key]):
            raise OtherError


def _plain_jpeg(image: Object) -> tuple[bytes, tuple[int, int]]:
    """Return data and size of a JPEG that means the same inside the PDF and on its own.

    Raises
    ------
    OtherError
        If it is no JPEG, or the PDF says anything about it that its own data do not.
    """
    if not set(image.keys()) <= _IMAGE_KEYS:
        raise OtherError
    data = _jpeg_data(image)
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as header:
        mode, size = header.mode, header.size
    count = _COMPONENTS.get(mode, 0)
    decode = image.get("/Decode")
    if decode is not None and [float(one) for one in decode] != [0.0, 1.0] * count:
        raise OtherError
    if size != (int(image.Width), int(image.Height)) or not _is_plain_space(image.ColorSpace, count):
        raise OtherError
    return data, size


def _jpeg_data(image: Object) -> bytes:
    """Return the JPEG as it is, out of what wraps it to travel as text."""
    filters = image.Filter
    names = list(map(str, filters)) if isinstance(filters, Array) else [str(filters)]
    if names[-1] != "/DCTDecode" or not set(names[:-1]) <= _WRAPPERS:
        raise OtherError
    data = image.read_raw_bytes()
    if len(names) > 1:
        with pikepdf.Pdf.new() as empty:
            wrapped = pikepdf.Stream(empty, data, Filter=Array(map(Name, names[:-1])))
            data = wrapped.read_bytes()
    return data


def _is_plain_space(space: Object, count: int) -> bool:
    """Return whether a colour space shows a JPEG of so many components as any viewer shows the JPEG."""
    if space == (Name.DeviceGray if count == 1 else Name.DeviceRGB):
        return True
    if not isinstance(space, Array) or len(space) != 2:
        return False
    match str(space[0]):
        case "/CalGray" if count == 1:
            return float(space[1].get("/Gamma", 1)) < 4  # as black and white lie, tones may differ
        case "/CalRGB" if count == 3:
            return "/Matrix" in space[1]
        case "/ICCBased" if int(space[1].N) == count:
            return _keeps_black_and_white(space[1].read_bytes(), count)
    return False


@lru_cache(64)
def _keeps_black_and_white(profile: bytes, count: int) -> bool:
    """Return whether a colour profile leaves black black and white white: no negative, no tint."""
    mode = "L" if count == 1 else "RGB"
    ends = Image.new(mode, (2, 1))
    ends.putpixel((1, 0), 255 if count == 1 else (255, 255, 255))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        shown = ImageCms.applyTransform(ends, transform)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    if shown is None:
        return False
    black, white = np.asarray(shown)[0]
    return bool(black.max() <= DARKEST and white.min() >= LIGHTEST)


def _placed(
    page: Dictionary, data: bytes, matrix: Matrix, size: tuple[int, int], clips: list[Box]
) -> OnlyPicture | None:
    """Return how the picture lies on the page; None where the page shows a part of it, or turns it."""
    left, bottom, right, top = page_box(page)
    slack_x, slack_y = (right - left) * EDGE_TOLERANCE, (top - bottom) * EDGE_TOLERANCE
    x0, y0, x1, y1 = _bounds(matrix)
    for one in ((left, bottom, right, top), *clips):
        if x0 < one[0] - slack_x or y0 < one[1] - slack_y or x1 > one[2] + slack_x or y1 > one[3] + slack_y:
            return None
    orientation = _orientation(matrix, int(page.get("/Rotate", 0)))
    if orientation is None:
        return None
    a, b, c, d, _, _ = matrix
    x = size[0] / math.hypot(a, b) * POINTS_PER_INCH
    y = size[1] / math.hypot(c, d) * POINTS_PER_INCH
    return OnlyPicture(data, orientation, (y, x) if orientation in (5, 6, 7, 8) else (x, y))


def page_box(page: Dictionary) -> Box:
    """Return what is shown of a page: its crop box within its media box."""
    media = _box(page.MediaBox)
    crop = _box(page.CropBox) if "/CropBox" in page else media
    found = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    if found[0] >= found[2] or found[1] >= found[3]:
        raise OtherError
    return found


def _box(array: Object) -> Box:
    x0, y0, x1, y1 = (float(one) for one in array)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _orientation(matrix: Matrix, rotation_deg: int) -> int | None:
    """Return the EXIF orientation of a picture drawn with `matrix` on a page turned clockwise."""
    a, b, c, d, _, _ = matrix
    right, down = (a, -b), (-c, d)  # y points down from here on
    for _ in range(rotation_deg // 90 % 4):
        right, down = (-right[1], right[0]), (-down[1], down[0])
    signs = []
    for x, y in (right, down):
        longer, shorter = max(abs(x), abs(y)), min(abs(x), abs(y))
        if longer == 0 or shorter > TURN_TOLERANCE * longer:
            return None
        signs.append((int(np.sign(x)), 0) if abs(x) > abs(y) else (0, int(np.sign(y))))
    return _ORIENTATION.get((signs[0], signs[1]))


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _bounds(matrix: Matrix) -> Box:
    """Return where the unit square lies."""
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return min(xs), min(ys), max(xs), max(ys)
