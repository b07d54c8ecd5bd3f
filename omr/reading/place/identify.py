"""Which slip is this: AlignedPage -> IdentifiedPage, through its codes, else its printed text.

Decoders return wrong text with a valid flag. What counts is only a text with the right
pattern, check characters and guard letters, from a print run of the register, read where
the page has its carrier; two such texts that differ are an error, never a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import zxingcpp

from omr.errors import AlignmentError, OmrError, SerialError
from omr.forms.printing.carriers import CODES, SerialCode
from omr.forms.serial import CHECK_ALPHABET, Issue, IssuedSerials, Serial, parse_carried, parse_serial
from omr.geometry import MM_PER_INCH, Box, PageFrame, apply
from omr.reading.place.align import AlignedPage
from omr.reading.scan.pages import Grey
from omr.words import Carrier

FURTHER: Final = 2  # any page whose codes hold its number: the place for theirs holds the others', too
MARGIN_MM: Final = 1.5  # cut around a carrier: paper, and what the map may be off
# The map is within half a millimetre, a decoder's corners are within two modules. A symbol
# further away is read from another page than the map believes in.
MOST_OFF_MM: Final = 1.5
# At 150 dpi with a blur of 1.3 px no other attempt read a symbol, this one 22 of 24.
SHARPENING: Final = 2.0
SHARPENING_PX: Final = 3.0
TEXT_MARGIN_MM: Final = 0.6
TEXT_DPI: Final = 300.0  # at which Tesseract was trained to see letters
# By the clock, a net: a line costs 0.2 s of computing, beside 17 other jobs that was 8 s of waiting.
TEXT_SECONDS: Final = 120
# Signs that Tesseract takes for each other, where the pattern wants digits. Guard letters
# have no such twins, and the check characters prove the result.
TO_DIGITS: Final = str.maketrans("OQDIZSGB", "00012568")


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedPage:
    """A page with a serial that was issued."""

    aligned: AlignedPage
    serial: Serial
    issue: Issue
    carriers: tuple[Carrier, ...]  # which agreed
    number: int = 1  # of the questionnaire's pages; printed text alone does not say it


def identify(aligned: AlignedPage, issued: IssuedSerials) -> IdentifiedPage:
    """Read the serial.

    Raises
    ------
    SerialError
        ``serial_unreadable``; ``serial_unknown``: a sound serial that no print run holds;
        ``serial_conflict``: two codes say different serials.
    AlignmentError
        ``carrier_displaced``: a symbol was read, but not where this page has it.
    """
    said = _symbols(aligned) or _printed(aligned)
    if not said:
        raise SerialError("serial_unreadable")
    if len({(one.serial, one.number) for one in said.values()}) > 1:
        raise SerialError("serial_conflict", **{code.value: one.shown for code, one in said.items()})
    # One in place is enough: a streak may pull a decoder's idea of where the other one ends.
    off_mm = min(one.off_mm for one in said.values())
    if off_mm > MOST_OFF_MM:
        raise AlignmentError("carrier_displaced", off_mm=off_mm, most=MOST_OFF_MM)
    first = next(iter(said.values()))
    serial = first.serial
    issue = issued.find(serial)
    if issue is None:
        raise SerialError("serial_unknown", serial=serial.printed)
    return IdentifiedPage(aligned, serial, issue, tuple(sorted(said)), first.number)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a carrier says, and how far it lies from where the page has it."""

    serial: Serial
    off_mm: float
    number: int = 1  # of the page

    @property
    def shown(self) -> str:
        """The serial as it stands on paper, of a further page with its number."""
        return self.serial.printed if self.number == 1 else f"{self.serial.printed} /{self.number}"


def _symbols(aligned: AlignedPage) -> dict[Carrier, _Said]:
    """Return what the codes say, trying harder until one of them speaks."""
    frame = aligned.located.frame
    patches = {
        carrier: cut(aligned, code.place(frame, FURTHER), MARGIN_MM, aligned.dpi, lying=code.linear)
        for carrier, code in CODES.items()
    }
    said: dict[Carrier, _Said] = {}
    for attempt in _ATTEMPTS:
        for carrier, patch in patches.items():
            for symbol in attempt(CODES[carrier], patch):
                sound = _carried(symbol.text)
                if sound is not None:
                    off_mm = _off_mm(frame, CODES[carrier], symbol, sound[1])
                    said[carrier] = _Said(sound[0], off_mm, sound[1])
                    break
        if said:
            break
    return said


@dataclass(frozen=True, slots=True)
class _Symbol:
    """A decoded text, and where it lies in the patch: x and y from and to, as shares of its sides."""

    text: str
    span: tuple[float, float, float, float]


_Attempt = Callable[[SerialCode, Grey], Iterator[_Symbol]]


def _as_it_is(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    yield from _zxing(code, patch)


def _enlarged(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    yield from _zxing(code, _doubled(patch))


def _sharpened(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    """Undo a blur of more than half a module: what reads most of what the scanner left unsharp."""
    doubled = _doubled(patch).astype(np.float32)
    sharp = doubled + SHARPENING * (doubled - cv2.GaussianBlur(doubled, (0, 0), SHARPENING_PX))
    yield from _zxing(code, np.clip(sharp, 0, 255).astype(np.uint8))


def _smoothed(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    yield from _zxing(code, np.asarray(cv2.GaussianBlur(_doubled(patch), (0, 0), 1.5), np.uint8))


def _levelled(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    """Take the median along the bars: a streak or a pen's stroke crosses them only here and there."""
    if code.linear:
        middle = patch[patch.shape[0] // 4 : -(patch.shape[0] // 4)]
        line = np.median(middle, axis=0).astype(np.uint8)
        yield from _zxing(code, _doubled(np.tile(line, (24, 1))))


def _with_zbar(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode
    except ImportError:  # libzbar0 is absent; `omr doctor` names the package
        return
    # Without a list of symbologies zbar prints failed assertions on standard error.
    symbols = [ZBarSymbol[code.zbar]]
    doubled = _doubled(patch)
    for picture in (doubled, cv2.GaussianBlur(doubled, (0, 0), 1.5)):
        height, width = picture.shape
        for found in decode(picture, symbols):
            x, y = found.rect.left, found.rect.top
            span = x / width, y / height, (x + found.rect.width) / width, (y + found.rect.height) / height
            yield _Symbol(found.data.decode("ascii", "replace"), span)


# From a tenth of a millisecond to ten; each reads pages that those before it do not.
_ATTEMPTS: Final[tuple[_Attempt, ...]] = (_as_it_is, _enlarged, _sharpened, _smoothed, _levelled, _with_zbar)


_FORMATS: Final = {carrier: zxingcpp.BarcodeFormats([code.format]) for carrier, code in CODES.items()}


def _zxing(code: SerialCode, patch: Grey) -> Iterator[_Symbol]:
    found = zxingcpp.read_barcode(
        patch,
        _FORMATS[code.carrier],
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    if found is not None and found.valid:
        at = found.position
        points = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        xs = [point.x / patch.shape[1] for point in points]
        ys = [point.y / patch.shape[0] for point in points]
        yield _Symbol(found.text, (min(xs), min(ys), max(xs), max(ys)))


def _doubled(patch: Grey) -> Grey:
    return np.asarray(cv2.resize(patch, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def cut(aligned: AlignedPage, box: Box, margin_mm: float, dpi: float, *, lying: bool = False) -> Grey:
    """Cut a box out of the scan, upright; `lying`: with the page's y running to the right."""
    area = box.grown(margin_mm)
    corners = apply(aligned.scan_from_page, area.corners_mm)
    width, height = (area.height_mm, area.width_mm) if lying else (area.width_mm, area.height_mm)
    size = round(width * dpi / MM_PER_INCH), round(height * dpi / MM_PER_INCH)
    order = (0, 3, 1) if lying else (0, 1, 3)  # origin, end of the patch's x, end of its y
    origin, right, down = (corners[index] for index in order)
    linear = np.column_stack([(right - origin) / size[0], (down - origin) / size[1]])
    scan_from_patch = np.column_stack([linear, origin + linear @ (0.5, 0.5)])
    patch = cv2.warpAffine(
        aligned.located.scan.grey,
        scan_from_patch,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=255,
    )
    return np.asarray(patch, np.uint8)


def _carried(text: str) -> tuple[Serial, int] | None:
    """Return serial and page if pattern and check characters are right: nothing else is listened to."""
    try:
        return parse_carried(text)
    except OmrError:
        return None


def _sound(text: str) -> Serial | None:
    """Return the serial if pattern and check characters are right: nothing else is listened to."""
    try:
        return parse_serial(text)
    except OmrError:
        return None


def _off_mm(frame: PageFrame, code: SerialCode, symbol: _Symbol, page: int) -> float:
    """Return how far a symbol's ends are from their printed places; a page's number makes bars longer."""
    x0, y0, x1, y1 = symbol.span
    cut_out, place = code.place(frame, FURTHER), code.place(frame, page)
    if code.linear:  # a decoder tells where the line it read begins and ends, not how high bars are
        sides = [(x0, x1, cut_out.height_mm, (cut_out.height_mm - place.height_mm) / 2)]
    else:
        sides = [(x0, x1, cut_out.width_mm, 0.0), (y0, y1, cut_out.height_mm, 0.0)]
    off = 0.0
    for start, end, length_mm, shorter_mm in sides:
        whole_mm, edge_mm = length_mm + 2 * MARGIN_MM, MARGIN_MM + shorter_mm + code.quiet_mm
        off = max(off, abs(start * whole_mm - edge_mm), abs((1 - end) * whole_mm - edge_mm))
    return off


def _printed(aligned: AlignedPage) -> dict[Carrier, _Said]:
    """Return what Tesseract reads in the printed text: where else it lies, it would not be read."""
    import pytesseract

    patch = cut(aligned, aligned.located.frame.serial_text, TEXT_MARGIN_MM, TEXT_DPI)
    options = f"--psm 7 -c tessedit_char_whitelist={CHECK_ALPHABET}"
    try:
        text = pytesseract.image_to_string(patch, config=options, timeout=TEXT_SECONDS)
    except (pytesseract.TesseractNotFoundError, pytesseract.TesseractError, RuntimeError):
        return {}  # `omr doctor` says so where Tesseract is absent
    compact = "".join(text.split())
    for candidate in (compact, compact[:10].translate(TO_DIGITS) + compact[10:]):
        serial = _sound(candidate)
        if serial is not None:
            return {Carrier.TEXT: _Said(serial, 0.0)}
    return {}
