"""Pictures of pages for the desks: the original once more, decoded, cut upright where the form is known.

What was looked at last is kept, as files in memory: a reader decides several rows of one
slip, and colleagues and second readers look at the same rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from queue import Empty, Queue
from threading import Lock
from typing import Final, Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from omr.errors import ScanError
from omr.geometry import Affine, Box, fit_affine
from omr.reading.apart import Apart, pages_from, picture_of
from omr.reading.limits import USUAL, Limits
from omr.reading.scan.pages import EncodedPage
from omr.records.counts.readings import PagePlace, form_of, marks_of, page_of, place_of
from omr.records.store.store import Store

Pixels = NDArray[np.uint8]  # (H, W) grey or (H, W, 3) blue, green, red

# Bytes that are kept of what a few reviewers look at and look at next: some 80 pages as their files hold
# them, the pixels of 30 slips, 500 rows and boxes as JPEG. One larger than that is kept alone.
_KEPT_PAGES: Final = 24_000_000
_KEPT_PIXELS: Final = 64_000_000
_KEPT_PARTS: Final = 24_000_000
_JPEG_QUALITY: Final = 82
_AT_ONCE: Final = 2  # pages that are decoded at once
_AHEAD: Final = 6  # pages of a file that come along: slips wait in the order in which they were scanned


class Colours(Enum):
    """In what a page comes."""

    GREY = "grey"
    AS_SCANNED = "as_scanned"  # blue, green, red where the scanner delivered colour


@dataclass(frozen=True, slots=True, eq=False)
class SlipPicture:
    """A slip's pixels, grey or in colour, and where its form lies on them."""

    pixels: Pixels
    scan_from_page: Affine


Made = TypeVar("Made")


class _Latest(Generic[Made]):
    """The values that were asked for last; two threads may make the same one, both are right."""

    def __init__(self, most_bytes: int, size: Callable[[Made], int]) -> None:
        self._most, self._size, self._bytes = most_bytes, size, 0
        self._values: OrderedDict[Hashable, Made] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: Made) -> None:
        with self._lock:
            if (before := self._values.pop(key, None)) is not None:
                self._bytes -= self._size(before)
            self._values[key] = value
            self._bytes += self._size(value)
            while self._bytes > self._most and len(self._values) > 1:
                _, oldest = self._values.popitem(last=False)
                self._bytes -= self._size(oldest)


class Pictures:
    """Opens pages of originals and remembers the latest; safe to share between threads."""

    def __init__(self, folder: Path, limits: Limits = USUAL) -> None:
        self._folder = folder
        self._aparts: Queue[Apart] = Queue()
        for _ in range(_AT_ONCE):
            self._aparts.put(Apart(limits))
        self._pages = _Latest[EncodedPage](_KEPT_PAGES, lambda page: len(page.data))
        self._pixels = _Latest[Pixels](_KEPT_PIXELS, lambda pixels: pixels.nbytes)
        self._parts = _Latest[bytes](_KEPT_PARTS, len)

    def begin(self) -> None:
        """Start the processes that decode: the first who looks at a picture does not wait for them.

        What the machine refuses now, whoever looks at a picture is told; a server that ends meanwhile says
        nothing.
        """
        for _ in range(_AT_ONCE):
            apart = self._aparts.get()  # the queue hands them out in turn
            try:
                with suppress(OSError, ScanError):
                    apart.call(int)
            finally:
                self._aparts.put(apart)

    def close(self) -> None:
        """End the processes that nobody waits for; those of a request end with the program."""
        with suppress(Empty):
            while True:
                self._aparts.get_nowait().close()

    def pixels(self, store: Store, page: int, colours: Colours = Colours.GREY) -> Pixels:
        """Return the pixels of a page as it was scanned.

        Raises
        ------
        ScanError
            If its picture cannot be decoded.
        """
        place = place_of(store, page)
        if place is None:
            raise ScanError("damaged", detail=page)
        return self._pixels.get((place, colours), lambda: self._decoded(place, colours))

    def _decoded(self, place: PagePlace, colours: Colours) -> Pixels:
        encoded = self._pages.get(place, lambda: self._opened(place))
        with self._borrowed() as apart:
            pixels = apart.call(picture_of, encoded, in_colour=colours is Colours.AS_SCANNED)
        pixels = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])
        pixels.flags.writeable = False  # others look at the same ones
        return pixels

    def slip(self, store: Store, reading: int, colours: Colours = Colours.GREY) -> SlipPicture:
        """Return a slip that was read, with the map through its boxes as they were found.

        Raises
        ------
        ScanError
            If its picture cannot be decoded.
        """
        page, form = page_of(store, reading), form_of(store, reading)
        if page is None or form is None:
            raise ScanError("damaged", detail=reading)
        found = np.concatenate([mark.corners_px for mark in marks_of(store, form, reading)])
        printed = np.concatenate(
            [option.box.corners_mm for question in form.questions for option in question.options]
        )
        return SlipPicture(self.pixels(store, page, colours), fit_affine(printed, found))

    def part(self, store: Store, reading: int, area: Box, px_per_mm: float) -> bytes:
        """Return a rectangle of a slip's form, upright, as JPEG; what was read lies still, so it stays right.

        Raises
        ------
        ScanError
            If its picture cannot be decoded.
        """

        def made() -> bytes:
            slip = self.slip(store, reading)
            return jpeg(cut(slip.pixels, slip.scan_from_page, area, px_per_mm))

        return self._parts.get((reading, area, px_per_mm), made)

    def small(self, store: Store, page: int, width: int) -> bytes:
        """Return a page as it was scanned, made small, as JPEG.

        Raises
        ------
        ScanError
            If its picture cannot be decoded.
        """
        return self._parts.get((page, width), lambda: jpeg(thumbnail(self.pixels(store, page), width)))

    @contextmanager
    def _borrowed(self) -> Iterator[Apart]:
        apart = self._aparts.get()
        try:
            yield apart
        finally:
            self._aparts.put(apart)

    def _opened(self, place: PagePlace) -> EncodedPage:
        file = self._folder / place.path
        with self._borrowed() as apart:
            found = list(apart.stream(pages_from, file, place.number, place.picture, more=_AHEAD))
        if not found:
            raise ScanError("damaged", detail=place.number)
        for page in found[:0:-1]:
            self._pages.put(replace(place, number=page.page, picture=page.made_of), page)
        return found[0]


def cut(grey: Pixels, scan_from_page: Affine, box: Box, px_per_mm: float) -> Pixels:
    """Return one rectangle of the form, upright, at a chosen size; outside the scan it is white."""
    size = round(box.width_mm * px_per_mm), round(box.height_mm * px_per_mm)
    step = 1.0 / px_per_mm
    page_from_cut = np.array([[step, 0.0, box.x_mm + step / 2], [0.0, step, box.y_mm + step / 2]])
    linear = scan_from_page[:, :2] @ page_from_cut[:, :2]
    shift = scan_from_page[:, :2] @ page_from_cut[:, 2] + scan_from_page[:, 2]
    scan_from_cut = np.hstack([linear, shift[:, None]])
    # Halving first: a row that is shown smaller than it was scanned would else lose thin strokes.
    scale = float(np.sqrt(abs(np.linalg.det(linear))))
    while scale > 1.6:
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        scan_from_cut, scale = scan_from_cut / 2, scale / 2
    picture = cv2.warpAffine(
        grey,
        scan_from_cut,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(255, 255, 255),
    )
    return np.asarray(picture, np.uint8)


def thumbnail(grey: Pixels, width: int) -> Pixels:
    """Return the page, smaller."""
    height = max(1, round(grey.shape[0] * width / grey.shape[1]))
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as JPEG."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError(f"no JPEG of {picture.shape}")
    return data.tobytes()
