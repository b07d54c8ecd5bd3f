"""Stamps: single marks cut out of real scans, freed of the paper and the print they were made on.

    python bench ink stamps [--sheets DIR]     cut them all into out/ink/stamps.npz

A stamp is what one pen stroke group took away of the paper's light, at `PX_PER_MM`, with its
width, its pressure and its way over the box's edge. The print under it is known from boxes that
stayed empty: on the same page, and in the same place of other sheets of the form. Where the print
is so dark that ink does not show, the ink around it is continued.

Third-party scans: the cut stamps stay in out/, which is no part of the project.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from harness import measurement, path_option
from numpy.typing import NDArray
from papers.labels import ROOT, SETS, SURVEYS, pages

from omr.reading.papers.labels import LabelledPage
from omr.reading.pictures.picture import load
from omr.reading.pictures.pixels import grey_of

Float = NDArray[np.float32]

PX_PER_MM: Final = 300 / 25.4
REACH_MM: Final = 7.0  # from the box's middle to the edge of the patch that a stamp is looked for in
STORE: Final = Path(__file__).resolve().parents[2] / "out" / "ink" / "stamps.npz"
# Scans' resolutions, dpi; the phone's from the size of its printed squares. Not in every file's header.
DPI: Final = {
    "eppler": 300, "sbs": 300, "iu": 200, "thai32": 98, "odk": 245, "cse464": 150,
    "open-mcr/75q-core-1": 299, "open-mcr/75q-core-3": 200,
}  # fmt: skip
_ONE_FORM: Final = {"eppler", "sbs", "iu", "thai32", "open-mcr/75q-core-1", "open-mcr/75q-core-3", "cse464"}
_ONE_HAND: Final = {"sbs", "odk"}  # a surveyor, a developer: all pages by the same person
# Filled by a program that draws discs, not by a person.
_DRAWN: Final = ("numeric", "ordered", "code+scoring", "keepas", "ignoreblank", "modulo")
_RASTERED: Final = {"iu"}  # scans that turned ink into dots: no pen's stroke any more
# Looked at (`--sheets`): a digit or a line of print that no empty box shows is left beside the mark.
_WITH_PRINT: Final = {
    ("multiple__image_2", "1/1"), ("multiple__image_2", "2/1"), ("multiple__image_3", "2/4"),
    ("multiple__image_3", "3/3"), ("multiple__image_4", "6/4"),
}  # fmt: skip
_LIKE: Final = 9  # empty boxes that tell what is printed
_MOST: Final = {"thai32": 1.15}  # box sides that a mark may measure where rows touch; 3.6 elsewhere
_INK: Final = 0.14  # share of light taken from which on it is ink and not the paper's grain
_DARK_PRINT: Final = 0.45  # share of light left by print under which ink cannot be seen
_LEAST_MM2: Final = 0.25  # of ink: less is no mark that a label could mean


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One mark: what it took of the light, its place against its box, and whose it is."""

    cover: NDArray[np.uint8]  # (H, W), 255 takes all light, at PX_PER_MM
    middle_px: tuple[float, float]  # (x, y) of the box's middle in `cover`; may lie outside
    side_mm: float  # of the box it was made in: square root of its area
    kind: str  # cross, slash, tick, dash, fill, hatch, scribble, dot
    state: str  # marked, cancelled, unclear
    source: str
    person: str


def cut_all(names: Sequence[str] = (*SETS, *SURVEYS), most: int = 1000) -> Iterator[Stamp]:
    """Cut the stamps of sets, of their first pages at most so many."""
    for name in names:
        if name in _RASTERED:
            continue
        group: list[LabelledPage] = []
        for page in itertools.islice(pages(name), most):
            if not page.image.name.startswith(_DRAWN):
                group.append(page)
        if name in _ONE_FORM:
            yield from _cut(name, group)
        else:
            forms = defaultdict(list)
            for page in group:
                forms[page.image.name.split("__")[0][: 2 if name == "sqs" else 40], len(page.states)].append(
                    page
                )
            for members in forms.values():
                yield from _cut(name, members)


def _cut(name: str, group: Sequence[LabelledPage]) -> Iterator[Stamp]:
    """Cut the stamps of sheets of one form: boxes of one place share their print."""
    patches = {page.image: _patches(name, page) for page in group}
    empties: dict[str, list[Float]] = defaultdict(list)
    for page in group:
        for box, state, patch in zip(page.boxes.names, page.states, patches[page.image], strict=True):
            if state == "blank":
                empties[box].append(patch)
    for page in group:
        own = [p for p, state in zip(patches[page.image], page.states, strict=True) if state == "blank"]
        person = name if name in _ONE_HAND else f"{name}/{page.image.stem}"
        corners = page.boxes.corners_px
        sides = np.sqrt(
            np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
            * np.linalg.norm(corners[:, 3] - corners[:, 0], axis=1)
        )
        for i, state in enumerate(page.states):
            if state == "blank" or (page.image.stem, page.boxes.names[i]) in _WITH_PRINT:
                continue
            blanks = [p for p in empties[page.boxes.names[i]]]
            side_mm = float(sides[i]) / _px_per_mm(name, page)
            found = _freed(patches[page.image][i], blanks, own, side_mm, _MOST.get(name, 3.6))
            if found is not None:
                cover, middle = found
                yield Stamp(cover, middle, side_mm, kind_of(cover, middle, side_mm), state, name, person)


def _px_per_mm(name: str, page: LabelledPage) -> float:
    if name in DPI:
        return DPI[name] / 25.4
    height = _picture(page.image).shape[0]  # amc, sqs: whole A4 sheets
    return height / 297


@cache
def _picture(image: Path) -> NDArray[np.uint8]:
    return grey_of(load(image.read_bytes(), None, colour=False).pixels)


def _patches(name: str, page: LabelledPage) -> list[Float]:
    """Return the surroundings of each box as light, 1 = its own paper, at PX_PER_MM."""
    picture, scale = _picture(page.image), PX_PER_MM / _px_per_mm(name, page)
    size = 2 * round(REACH_MM * PX_PER_MM) + 1
    out = []
    for quad in page.boxes.corners_px:
        x, y = quad.mean(axis=0)
        map_ = np.array([[scale, 0, size / 2 - scale * x], [0, scale, size / 2 - scale * y]])
        source = picture if scale > 0.9 else cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
        patch = cv2.warpAffine(
            source,
            map_,
            (size, size),
            flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA,
            borderValue=255,
        ).astype(np.float32)
        out.append(np.clip(patch / max(60.0, float(np.percentile(patch, 85))), 0, 1).astype(np.float32))
    return out


def _freed(
    patch: Float, same: list[Float], own: list[Float], side_mm: float, most: float
) -> tuple[NDArray[np.uint8], tuple[float, float]] | None:
    """Take the print away; None where no whole mark stands free."""
    size, middle = patch.shape[0], patch.shape[0] // 2
    core = round(min(0.75 * side_mm, 3.0) * PX_PER_MM)
    centre = slice(middle - core, middle + core + 1)
    choices = (same if len(same) >= 3 else []) or own
    if len(same) < 3:
        choices = same + own
    if not choices:
        return None
    # The blanks most alike: the mark costs each of them the same, print of another place much more.
    small = cv2.resize(patch[centre, centre], (48, 48), interpolation=cv2.INTER_AREA)
    apart = [
        float(
            np.minimum(
                np.abs(small - cv2.resize(c[centre, centre], (48, 48), interpolation=cv2.INTER_AREA)), 0.3
            ).mean()
        )
        for c in choices[:80]
    ]
    best = [choices[i] for i in np.argsort(apart)[:_LIKE]]
    laid = [_laid(blank, patch, centre) for blank in best]
    print_ = np.median(laid, axis=0).astype(np.float32)
    low = cv2.erode(
        cv2.GaussianBlur(print_, (0, 0), 0.6), np.ones((5, 5), np.uint8)
    )  # print may lie 2 px off
    taken = np.clip(1 - patch / np.maximum(low, 0.05), 0, 1).astype(np.float32)
    hidden = low < _DARK_PRINT
    seen = (np.where(hidden, 0, taken) * 255).astype(np.uint8)
    filled = cv2.inpaint(seen, hidden.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    # Ink goes on under a line of print where it is on both sides of it.
    across = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    filled = np.where(hidden, np.maximum(filled, across), filled)
    ink = (filled > 255 * _INK).astype(np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    half = round(0.45 * side_mm * PX_PER_MM)
    inside = labels[middle - half : middle + half + 1, middle - half : middle + half + 1]
    keep = [
        k
        for k in range(1, count)
        if (inside == k).sum() > 0.15 * stats[k, cv2.CC_STAT_AREA] or (inside == k).sum() > 40
    ]
    if not keep:
        return None
    left, top = stats[keep, cv2.CC_STAT_LEFT].min(), stats[keep, cv2.CC_STAT_TOP].min()
    right = (stats[keep, cv2.CC_STAT_LEFT] + stats[keep, cv2.CC_STAT_WIDTH]).max()
    bottom = (stats[keep, cv2.CC_STAT_TOP] + stats[keep, cv2.CC_STAT_HEIGHT]).max()
    if left < 2 or top < 2 or right > size - 2 or bottom > size - 2:  # runs on: other marks hang on it
        return None
    if max(right - left, bottom - top) > most * side_mm * PX_PER_MM:  # a neighbour's mark hangs on it
        return None
    mask = cv2.dilate(np.isin(labels, keep).astype(np.uint8), np.ones((3, 3), np.uint8))
    cover = np.where(mask > 0, filled, 0).astype(np.uint8)
    area = float((cover > 255 * _INK).sum())
    solid = cv2.morphologyEx(
        (cover > 255 * _INK).astype(np.uint8), cv2.MORPH_OPEN, np.ones((17, 17), np.uint8)
    ).sum()
    if (
        area < _LEAST_MM2 * PX_PER_MM**2
        or solid < 0.5 * area
        and _frame_left(cover, middle, side_mm, left, top)
    ):
        return None
    pad = 3
    top, left = max(0, top - pad), max(0, left - pad)
    return cover[top : bottom + pad, left : right + pad], (size / 2 - left, size / 2 - top)


def _frame_left(cover: NDArray[np.uint8], middle: int, side_mm: float, left: int, top: int) -> bool:
    """Whether straight lines of print stayed: whole rows and columns of ink near the box's edge."""
    ink = cover > 255 * _INK
    half, reach = 0.5 * side_mm * PX_PER_MM, round(0.2 * side_mm * PX_PER_MM) + 3
    lines = 0
    for axis in (0, 1):
        across = (
            ink[middle - round(half) : middle + round(half)]
            if axis == 0
            else ink[:, middle - round(half) : middle + round(half)].T
        )
        share = across.mean(axis=0)
        for edge in (middle - half, middle + half):
            near = share[max(0, round(edge) - reach) : round(edge) + reach]
            lines += bool(near.max() > 0.8 and near.min() < 0.3)
    return lines >= 2


def _laid(blank: Float, patch: Float, centre: slice) -> Float:
    """Shift an empty box so that its print lies on the marked one's, up to 4 px."""
    reach = 4
    inner = blank[centre.start - 8 : centre.stop + 8, centre.start - 8 : centre.stop + 8]
    outer = patch[
        centre.start - 8 - reach : centre.stop + 8 + reach, centre.start - 8 - reach : centre.stop + 8 + reach
    ]
    if inner.size == 0 or outer.shape[0] < inner.shape[0] + 2 * reach or inner.std() < 0.01:
        return blank
    # Where the patch is darker than any print, it is ink and says nothing about the place.
    score = cv2.matchTemplate(np.maximum(outer, 0.25), np.maximum(inner, 0.25), cv2.TM_CCOEFF_NORMED)
    _, _, _, (dx, dy) = cv2.minMaxLoc(score)
    map_ = np.array([[1, 0, dx - reach], [0, 1, dy - reach]], np.float64)
    return np.asarray(
        cv2.warpAffine(blank, map_, blank.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def kind_of(cover: NDArray[np.uint8], middle: tuple[float, float], side_mm: float) -> str:
    """Name a mark's kind, roughly, from its shape."""
    ink = (cover > 255 * _INK).astype(np.uint8)
    ys, xs = np.nonzero(ink)
    height, width = np.ptp(ys) + 1, np.ptp(xs) + 1
    box = side_mm * PX_PER_MM
    if max(height, width) < 0.3 * box:
        return "dot"
    density = ink.sum() / (height * width)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    solid = (
        cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))).sum()
        / ink.sum()
    )
    spread = np.linalg.eigvalsh(np.cov(np.stack([xs, ys]))) if len(xs) > 2 else np.zeros(2)
    thin = float(np.sqrt(max(spread[0], 1e-6) / max(spread[1], 1e-6)))
    if solid > 0.6:
        return "fill" if thin > 0.3 else "slash"
    if solid > 0.25 or density > 0.5:
        return "hatch" if thin > 0.25 else "slash"
    if thin < 0.16:
        flat = abs(np.degrees(np.arctan2(np.cov(np.stack([xs, ys]))[0, 1], np.var(xs))))
        return "dash" if width > 3.5 * height or flat < 12 else "slash"
    return "cross" if _arms(ink) >= 4 else "tick"


def _arms(ink: NDArray[np.uint8]) -> int:
    """Count the strokes that leave a ring around the ink's densest crossing."""
    blur = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 4)
    ys, xs = np.nonzero(ink)
    reach = 0.5 * min(np.ptp(ys), np.ptp(xs))
    cy, cx = divmod(int(np.argmax(blur)), ink.shape[1])
    turns = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    most = 0
    for share in (0.4, 0.55, 0.7):
        py = np.clip(np.round(cy + share * reach * np.sin(turns)).astype(int), 0, ink.shape[0] - 1)
        px = np.clip(np.round(cx + share * reach * np.cos(turns)).astype(int), 0, ink.shape[1] - 1)
        ring = ink[py, px].astype(bool)
        most = max(most, int((ring & ~np.roll(ring, 1)).sum()))
    return most


def save(stamps: Sequence[Stamp], file: Path = STORE) -> None:
    """Keep stamps for later runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = {f"cover{i}": stamp.cover for i, stamp in enumerate(stamps)}
    texts = [[s.kind, s.state, s.source, s.person] for s in stamps]
    numbers = [[*s.middle_px, s.side_mm] for s in stamps]
    np.savez_compressed(file, texts=np.array(texts), numbers=np.array(numbers), **columns)


@cache
def stamps_of(file: Path = STORE) -> tuple[Stamp, ...]:
    """Return the stamps that were cut, cutting them first where that was not yet done."""
    if not file.exists():
        save(list(cut_all()), file)
    with np.load(file) as kept:
        return tuple(
            Stamp(kept[f"cover{i}"], (float(x), float(y)), float(side), *(str(t) for t in texts))
            for i, (texts, (x, y, side)) in enumerate(zip(kept["texts"], kept["numbers"], strict=True))
        )


def sheet(stamps: Sequence[Stamp], title: str, across: int = 12, cell: int = 130) -> NDArray[np.uint8]:
    """Draw stamps with their box, kind and state, to be looked at."""
    cells = []
    for stamp in stamps:
        canvas = np.full((cell, cell), 255, np.uint8)
        scale = cell / (2 * 5.5 * PX_PER_MM)
        map_ = np.array(
            [
                [scale, 0, cell / 2 - scale * stamp.middle_px[0]],
                [0, scale, cell / 2 - scale * stamp.middle_px[1]],
            ]
        )
        ink = cv2.warpAffine(stamp.cover, map_, (cell, cell), flags=cv2.INTER_AREA)
        canvas = (255 - ink).astype(np.uint8)
        half = round(stamp.side_mm * PX_PER_MM * scale / 2)
        cv2.rectangle(
            canvas, (cell // 2 - half, cell // 2 - half), (cell // 2 + half, cell // 2 + half), 190, 1
        )
        cv2.putText(
            canvas, f"{stamp.kind} {stamp.state[:2]}", (2, cell - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 90, 1
        )
        cells.append(np.pad(canvas, 1, constant_values=200))
    cells += [np.full_like(cells[0], 225)] * (-len(cells) % across)
    body = np.vstack([np.hstack(cells[i : i + across]) for i in range(0, len(cells), across)])
    head = np.full((18, body.shape[1]), 255, np.uint8)
    cv2.putText(head, title, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 0, 1)
    return np.vstack([head, body])


@measurement(__doc__)
@path_option("--sheets")
def main(sheets: Path | None) -> None:
    """Cut all stamps, count them, and draw them where asked."""
    if not ROOT.is_dir():
        print(f"skipped: there is no real ink at {ROOT}")
        return
    STORE.unlink(missing_ok=True)
    persons: dict[str, list[Stamp]] = defaultdict(list)
    for stamp in stamps_of():
        persons[stamp.person].append(stamp)
    for person, own in persons.items():
        kinds = defaultdict(int)
        for stamp in own:
            kinds[stamp.kind if stamp.state == "marked" else stamp.state] += 1
        print(f"{person:<45}{len(own):>4}  {dict(kinds)}")
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        for person, own in persons.items():
            cv2.imwrite(
                str(sheets / f"{person.replace('/', '-').replace(' ', '_')}.png"),
                sheet(own[:48], person),
            )
