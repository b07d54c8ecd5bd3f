"""Wrong alignments accepted: perturbed pages with exactly known geometry, read or refused.

    python bench simulated alignment                   minutes: 1,500 pages
    python bench simulated alignment --pages 30000     an hour or two, unattended; an interrupted run goes on

Every finished piece is a line of the state file; the same command takes up where it stopped.
Results of other code are not mixed in: each line names what it measured.

Every page is a slip of DL-01 put under a scanner by a known map, then harmed. What counts is
where the reader believes its boxes to be: off by more than half a millimetre is a wrong
alignment, refused is none. Page k of a harm never depends on the others: ``--seed`` and the
numbers printed give every page again.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from csv import writer
from dataclasses import astuple, dataclass, field, fields
from functools import cache
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Final

import click
import cv2
import numpy as np
import pypdfium2 as pdfium
from harness import Line, measured_with, measurement, resumable, resumed, table, upper_bound

from omr.errors import PageError
from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import fingerprint
from omr.geometry import MM_PER_INCH, Affine, Points, apply
from omr.reading.place.align import align
from omr.reading.place.identify import identify
from omr.reading.place.locate import locate
from omr.reading.place.refine import outlines_of, refine
from omr.reading.scan.pages import Depth, Grey, ScannedPage

WRONG_MM: Final = 0.5  # half of the white between a box and the next print
PRINT_DPI: Final = 400
SLIPS: Final = 8
EACH: Final = 10  # pages of each harm in one piece
# What a random byte stands for, in standard deviations: noise at a twentieth of what drawing it costs.
_NORMAL: Final = np.array([NormalDist().inv_cdf((byte + 0.5) / 256) for byte in range(256)], np.float32)

Rng = np.random.Generator
Truth = Callable[[Points], Points]  # where a point of the unharmed scan is in the harmed one


@dataclass(slots=True)
class Scan:
    """A scan that is being harmed."""

    grey: Grey
    map_: Affine
    dpi: int
    truth: Truth = field(default=lambda points: points)

    @property
    def px_per_mm(self) -> float:
        """Its resolution."""
        return self.dpi / MM_PER_INCH

    def add_noise(self, rng: Rng, sigma: float) -> None:
        """Add so many grey levels to each pixel."""
        some = rng.integers(0, 256, self.grey.shape, np.uint8)
        levels = cv2.LUT(some, np.rint(sigma * _NORMAL).astype(np.int16))
        self.grey = np.asarray(cv2.add(self.grey, levels, dtype=cv2.CV_8U), np.uint8)

    def marker(self, rng: Rng) -> Points:
        """Return the corners of one of the four markers."""
        fiducial = _print().frame.fiducials[int(rng.integers(4))]
        return apply(self.map_, fiducial.box.corners_mm)

    def paint(self, points: Points, value: int, width_mm: float) -> None:
        """Draw a line."""
        line = np.rint(points).astype(np.int32)
        cv2.polylines(self.grey, [line], False, value, max(1, round(width_mm * self.px_per_mm)), cv2.LINE_AA)


# --- harms ----------------------------------------------------------------------------------------


def none(scan: Scan, rng: Rng) -> None:
    """Only rotation, size, stretch and shear, as for all."""


def blur(scan: Scan, rng: Rng) -> None:
    """Unsharp by up to 0.18 mm."""
    sigma = rng.uniform(0.06, 0.18) * scan.px_per_mm
    scan.grey = np.asarray(cv2.GaussianBlur(scan.grey, (0, 0), sigma), np.uint8)


def noise(scan: Scan, rng: Rng) -> None:
    """Of up to 28 grey levels a pixel."""
    scan.add_noise(rng, rng.uniform(8, 28))


def one_bit(scan: Scan, rng: Rng) -> None:
    """Cut at any level that leaves print and paper."""
    scan.grey = np.where(scan.grey < rng.integers(90, 200), 0, 255).astype(np.uint8)


def jpeg(scan: Scan, rng: Rng) -> None:
    """Of quality 20 to 40."""
    quality = int(rng.integers(20, 40))
    data = cv2.imencode(".jpg", scan.grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    scan.grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def light(scan: Scan, rng: Rng) -> None:
    """Faint print."""
    scan.grey = (255 - (255 - scan.grey.astype(np.float32)) * rng.uniform(0.25, 0.7)).astype(np.uint8)


def shade(scan: Scan, rng: Rng) -> None:
    """Darker towards one side."""
    scan.grey = (scan.grey * np.linspace(1, rng.uniform(0.45, 0.9), scan.grey.shape[1])).astype(np.uint8)


def streak(scan: Scan, rng: Rng) -> None:
    """Up to three, one of them through a marker."""
    quad = scan.marker(rng)
    for x in (rng.uniform(quad[:, 0].min(), quad[:, 0].max()), *rng.uniform(0, scan.grey.shape[1], 2)):
        width = max(1, round(rng.uniform(0.1, 0.6) * scan.px_per_mm))
        scan.grey[:, int(x) : int(x) + width] = rng.choice([0, 60, 150, 235])


def marker_lost(scan: Scan, rng: Rng) -> None:
    """Up to three corners torn off or covered."""
    for _ in range(int(rng.integers(1, 4))):
        middle = scan.marker(rng).mean(axis=0)
        reach = 7 * scan.px_per_mm
        low, high = np.maximum(middle - reach, 0).astype(int), (middle + reach).astype(int)
        scan.grey[low[1] : high[1], low[0] : high[0]] = rng.choice([20, 255])


def marker_scribbled(scan: Scan, rng: Rng) -> None:
    """Up to three written over, or scratched."""
    for _ in range(int(rng.integers(1, 4))):
        points = scan.marker(rng).mean(axis=0) + rng.normal(0, 3 * scan.px_per_mm, (8, 2))
        scan.paint(points, int(rng.choice([20, 90, 255])), rng.uniform(0.3, 1.2))


def marker_moved(scan: Scan, rng: Rng) -> None:
    """Move one or two markers: a folded corner, an imprint."""
    for _ in range(int(rng.integers(1, 3))):
        quad = scan.marker(rng)
        size = np.array(scan.grey.shape[::-1])
        low = np.maximum(np.floor(quad.min(axis=0) - scan.px_per_mm), 0).astype(int)
        high = np.minimum(np.ceil(quad.max(axis=0) + scan.px_per_mm), size).astype(int)
        cut = scan.grey[low[1] : high[1], low[0] : high[0]].copy()
        scan.grey[low[1] : high[1], low[0] : high[0]] = 255
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 6) * scan.px_per_mm
        at = low + np.rint(far * np.array([np.cos(angle), np.sin(angle)])).astype(int)
        at = np.clip(at, 0, size - cut.shape[::-1])
        scan.grey[at[1] : at[1] + cut.shape[0], at[0] : at[0] + cut.shape[1]] = cut


def marker_doubled(scan: Scan, rng: Rng) -> None:
    """Another slip's marker on this one: a sheet peeks out."""
    quad = scan.marker(rng)
    low, high = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int), np.ceil(quad.max(axis=0)).astype(int)
    cut = scan.grey[low[1] : high[1], low[0] : high[0]].copy()
    at = rng.integers(0, np.array(scan.grey.shape[::-1]) - cut.shape[::-1])
    scan.grey[at[1] : at[1] + cut.shape[0], at[0] : at[0] + cut.shape[1]] = cut


def serial_harmed(scan: Scan, rng: Rng) -> None:
    """Strokes over ladder and QR code."""
    frame = _print().frame
    for box in (frame.ladder, frame.qr):
        middle = apply(scan.map_, np.array(box.centre_mm))
        spread = np.array([box.width_mm, box.height_mm]) * scan.px_per_mm / 2
        scan.paint(middle + rng.normal(0, 1, (6, 2)) * spread, 40, rng.uniform(0.3, 1.5))


def perspective(scan: Scan, rng: Rng) -> None:
    """As a photograph has it."""
    height, width = scan.grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    tilt = rng.uniform(0.002, 0.04)
    seen = (corners + rng.uniform(-tilt, tilt, (4, 2)) * (width, height)).astype(np.float32)
    lens = cv2.getPerspectiveTransform(corners, seen)
    scan.grey = np.asarray(cv2.warpPerspective(scan.grey, lens, (width, height), borderValue=210), np.uint8)
    scan.truth = lambda points: np.asarray(cv2.perspectiveTransform(points[:, None], lens)[:, 0])


def wobble(scan: Scan, rng: Rng) -> None:
    """Uneven feeding along the scan's y."""
    height, width = scan.grey.shape
    rows = np.arange(height, dtype=np.float32)
    far, period = rng.uniform(0.05, 0.7) * scan.px_per_mm, rng.uniform(0.1, 0.8) * height
    source = (rows + far * np.sin(2 * np.pi * rows / period + rng.uniform(0, 6))).astype(np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), source)
    scan.grey = np.asarray(cv2.remap(scan.grey, x, y, cv2.INTER_LINEAR, borderValue=255), np.uint8)
    scan.truth = lambda points: np.column_stack([points[:, 0], np.interp(points[:, 1], source, rows)])


HARMS: Final = (
    *(none, blur, noise, one_bit, jpeg, light, shade, streak, marker_lost, marker_scribbled),
    *(marker_moved, marker_doubled, serial_harmed, perspective, wobble),
)


# --- one page -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one page."""

    harm: str
    number: int
    reason: str  # why it was refused; "" when it was read
    off_mm: float
    seconds: float  # of CPU


@cache
def _print() -> _Print:
    return _Print()


class _Print:
    """A few printed slips, made once in each process."""

    def __init__(self) -> None:
        form = find_form("DL-01", None)
        run = "R", form.form, fingerprint(form), "PC06", "2026-11"
        issue = Issue(*run, digit=form.digit, year=26, first=1, count=SLIPS, key=b"k" * 32)
        self.frame = form.frame
        self.issued = IssuedSerials([issue])
        self.outlines = outlines_of(form)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.pdf"
            print_forms(form, issue.serials(), path, run="R")
            with pdfium.PdfDocument(path) as document:
                scale = PRINT_DPI / 72
                pages = [page.render(scale=scale, grayscale=True).to_numpy().squeeze() for page in document]
                self.pages = [np.array(page, np.uint8) for page in pages]
        self._blurred: dict[tuple[int, int], Grey] = {}

    def seen_at(self, dpi: int, slip: int) -> Grey:
        """Return a slip as cells of a scanner's line see it, still at `PRINT_DPI`."""
        if (dpi, slip) not in self._blurred:
            blurred = cv2.GaussianBlur(self.pages[slip], (0, 0), 0.45 * PRINT_DPI / dpi)
            self._blurred[dpi, slip] = np.asarray(blurred, np.uint8)
        return self._blurred[dpi, slip]


def _scanned(rng: Rng) -> Scan:
    """Put a slip under a scanner: any way up, askew, some printed or fed to another size."""
    frame = _print().frame
    dpi = int(rng.choice([150, 200, 200, 300]))
    turn = int(rng.integers(4))
    angle = np.deg2rad(rng.uniform(-3, 3) + 90 * turn)
    size = rng.uniform(0.90, 1.05) if rng.random() < 0.3 else 1.0
    stretch = rng.uniform(0.97, 1.03) if rng.random() < 0.4 else 1.0
    shear = rng.uniform(-0.01, 0.01) if rng.random() < 0.3 else 0.0
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotation @ np.array([[1, shear], [0, stretch]]) * size * dpi / MM_PER_INCH
    sheet = np.array([frame.width_mm, frame.height_mm])
    glass = np.rint((sheet[::-1] if turn % 2 else sheet) * dpi / MM_PER_INCH).astype(int)
    middle = glass / 2 - 0.5 + rng.normal(0, 0.5, 2) * dpi / MM_PER_INCH
    map_ = np.hstack([linear, (middle - linear @ (sheet / 2))[:, None]])
    page_from_print = np.array([[1, 0, 0.5], [0, 1, 0.5]]) * MM_PER_INCH / PRINT_DPI
    scan_from_print = map_ @ np.vstack([page_from_print, [0, 0, 1]])
    printed = _print().seen_at(dpi, int(rng.integers(SLIPS)))
    background = int(rng.choice([255, 255, 20]))
    shape = int(glass[0]), int(glass[1])
    grey = cv2.warpAffine(printed, scan_from_print, shape, flags=cv2.INTER_LINEAR, borderValue=background)
    scan = Scan(np.asarray(grey, np.uint8), map_, dpi)
    scan.add_noise(rng, 3)
    return scan


def harmed(seed: int, index: int, number: int) -> tuple[Scan, ScannedPage]:
    """Make one page by seed, index of the harm, and number."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, number)))
    scan = _scanned(rng)
    HARMS[index](scan, rng)
    claim = scan.dpi if rng.random() < 0.8 else None
    return scan, ScannedPage("scan", number, np.ascontiguousarray(scan.grey), Depth.GREY, claim)


def one_page(seed: int, index: int, number: int) -> Outcome:
    """Harm and read one page."""
    scan, page = harmed(seed, index, number)
    started = time.process_time()
    reason, off_mm = "", 0.0
    try:
        aligned = align(locate(page))
        identify(aligned, _print().issued)
        corners = refine(aligned, _print().outlines).corners_px.reshape(-1, 2)
        truth = scan.truth(apply(scan.map_, _print().outlines.corners_mm.reshape(-1, 2)))
        off_mm = float(np.linalg.norm(corners - truth, axis=1).max()) / scan.px_per_mm
    except PageError as error:
        reason = error.reason
    return Outcome(HARMS[index].__name__, number, reason, off_mm, time.process_time() - started)


@dataclass(frozen=True, slots=True)
class Piece:
    """Pages `first` to before `end` of every harm."""

    seed: int
    first: int
    end: int


def work(piece: Piece) -> Line:
    """Do one piece in a worker process."""
    cv2.setNumThreads(1)
    pages = product(range(piece.first, piece.end), range(len(HARMS)))
    return {"outcomes": [astuple(one_page(piece.seed, index, number)) for number, index in pages]}


# --- the table ------------------------------------------------------------------------------------


def _percentile(values: list[float], share: float) -> float:
    return float(np.percentile(np.array(values), share)) if values else 0.0


def rows(outcomes: list[Outcome]) -> Iterator[dict[str, object]]:
    """Yield a row of the table for each harm."""
    for harm in HARMS:
        own = [one for one in outcomes if one.harm == harm.__name__]
        off = [one.off_mm for one in own if not one.reason]
        refused = Counter(one.reason for one in own if one.reason)
        yield {
            "harm": harm.__name__,
            "pages": len(own),
            "read": len(off),
            "wrong": sum(one > WRONG_MM for one in off),
            **{f"off mm p{share}": round(_percentile(off, share), 2) for share in (50, 99, 100)},
            "refused": ", ".join(f"{reason} {count}" for reason, count in refused.most_common()),
        }


@measurement(__doc__)
@click.option("--pages", default=1500, show_default=True)
@resumable("alignment")
def main(pages: int, seed: int, workers: int, state: Path, csv: Path) -> int:
    """Run what is missing, print the table, and name every wrong page; 1 where there is one."""
    each = -(-pages // len(HARMS))
    pieces = {}
    for first in range(0, each, EACH):
        piece = Piece(seed, first, min(first + EACH, each))
        pieces[f"{piece.seed}|{piece.first}|{piece.end}"] = piece
    done = resumed(pieces, work, state=state, version=measured_with(), workers=workers)
    outcomes = [Outcome(*one) for key in pieces for one in done[key]["outcomes"]]
    table(list(rows(outcomes)))
    wrong = [one for one in outcomes if one.off_mm > WRONG_MM]
    read = sum(not one.reason for one in outcomes)
    cpu_ms = 1000 * float(np.median([one.seconds for one in outcomes]))
    print(f"seed {seed}: {len(outcomes)} pages, {read} read, {len(wrong)} wrong, {cpu_ms:.1f} ms a page")
    print(f"95 % bound: {upper_bound(len(wrong), len(outcomes)):.1e}")
    for one in wrong:
        print(f"wrong: {one.harm} {one.number}: {one.off_mm:.2f} mm")
    csv.parent.mkdir(parents=True, exist_ok=True)
    with csv.open("w", newline="", encoding="utf-8") as file:
        lines = writer(file)
        lines.writerow([item.name for item in fields(Outcome)])
        lines.writerows(astuple(one) for one in outcomes)
    return 1 if wrong else 0
