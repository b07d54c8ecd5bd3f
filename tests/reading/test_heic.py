"""HEIC as phones and programs write it: read as another libheif shows it, or refused by name."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import heic
import kinds
import numpy as np
import pytest
from heic import Item, box, file_of, full, ispe
from PIL import Image
from test_kinds import MOST_OFF

from omr.errors import ScanError
from omr.reading.pictures.picture import load

WIDTH, HEIGHT = 416, 576  # of tiles of 208 x 288
ALPHA = full("auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
REFUSED = {
    "two": "several_pictures",
    "two-second-first": "several_pictures",
    "burst": "unsupported",
    "burst-of-one": "unsupported",
    "thumbnail-alone": "unsupported",
    "cropped": "unsupported",
    "needs-the-unknown": "unsupported",
    "no-primary": "unsupported",
    "grid-tile-lacks": "unsupported",
    "grid-tile-broken": "damaged",
    "grid-tile-empty": "damaged",
    "grey-grid-tile-empty": "damaged",
    "broken-with-thumbnail": "damaged",
    "half": "damaged",
    "without-its-end": "damaged",
    "says-larger": "damaged",
    "says-huge": "too_many_pixels",
}


def turn(quarters: int) -> bytes:
    return box("irot", bytes([quarters]))


def mirror(axis: int) -> bytes:
    return box("imir", bytes([axis]))


def cropped(width: int, height: int) -> bytes:
    return box("clap", struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1))


def files(folder: Path) -> dict[str, bytes]:
    """Return the table: a file of each kind, by its name."""
    colour = np.ascontiguousarray(kinds.COLOUR[:HEIGHT, :WIDTH])
    half = np.full((HEIGHT, WIDTH), 255, np.uint8)
    half[: HEIGHT // 2] = 0

    def coded(pixels: kinds.Pixels) -> heic.Coded:
        return heic.coded(np.ascontiguousarray(pixels), folder)

    whole, other = coded(colour), coded(255 - colour)
    small = coded(cv2.resize(colour, (104, 144)))
    tiles = [
        heic.picture(coded(colour[y : y + HEIGHT // 2, x : x + WIDTH // 2]), hidden=True)
        for y in (0, HEIGHT // 2)
        for x in (0, WIDTH // 2)
    ]

    def picture(*more: bytes, **how: object) -> Item:
        return heic.picture(whole, *more, **how)

    def grid(width: int = WIDTH, height: int = HEIGHT, *more: bytes, of: int = 4) -> Item:
        shapes = [(ispe(width, height), False), *((extra, True) for extra in more)]
        return Item("grid", heic.grid(2, 2, width, height), shapes, [("dimg", list(range(1, of + 1)))])

    def tile(data: bytes) -> Item:
        return Item("hvc1", data, tiles[3].properties, hidden=True)

    def derived(kind: str, data: bytes, *more: bytes) -> bytes:
        shapes = [(ispe(WIDTH, HEIGHT), False), *((extra, True) for extra in more)]
        return file_of([picture(hidden=True), Item(kind, data, shapes, [("dimg", [1])])], 2)

    def masked(pixels: kinds.Pixels) -> bytes:
        mask = heic.picture(coded(pixels), ALPHA, refers=[("auxl", [1])], hidden=True)
        return file_of([picture(), mask])

    def claiming(width: int, height: int) -> bytes:
        return file_of([Item("hvc1", whole.data, [(whole.config, True), (ispe(width, height), False)])])

    grey = np.ascontiguousarray(colour.mean(axis=2).astype(np.uint8))
    halves = [heic.picture(coded(part), hidden=True) for part in np.split(grey, 2)]
    on_black = np.pad(grey[48:-48, 48:-48], 48)

    def tall(*parts: Item) -> bytes:
        shape = [(ispe(WIDTH, HEIGHT), False)]
        whole = Item("grid", heic.grid(2, 1, WIDTH, HEIGHT), shape, [("dimg", [1, 2])])
        return file_of([*parts, whole], 3)

    thumbnail = heic.picture(small, refers=[("thmb", [1])])
    single = file_of([picture()])
    over = struct.pack(">BB4HHHhh", 0, 0, *(65535,) * 4, WIDTH, HEIGHT, 0, 0)
    return {
        "single": single,
        "mif1": file_of([picture()], brand=b"mif1"),
        "heix": file_of([picture()], brand=b"heix"),
        **{f"turned-{n}": file_of([picture(turn(n))]) for n in (1, 2, 3)},
        **{f"mirrored-{n}": file_of([picture(mirror(n))]) for n in (0, 1)},
        "turned-mirrored": file_of([picture(turn(1), mirror(0))]),
        "optional-turn": file_of([Item("hvc1", whole.data, [*picture().properties, (turn(1), False)])]),
        "cropped": file_of([picture(cropped(400, 320))]),
        "grid": file_of([*tiles, grid()], 5),
        "grid-turned": file_of([*tiles, grid(WIDTH, HEIGHT, turn(1))], 5),
        "grid-cut": file_of([*tiles, grid(400, 560)], 5),
        "alpha": masked(np.full((HEIGHT, WIDTH), 255, np.uint8)),
        "alpha-half": masked(half),
        "thumbnail": file_of([picture(), thumbnail]),
        "thumbnail-first": file_of([picture(), thumbnail], 2),
        "second-hidden": file_of([picture(), heic.picture(other, hidden=True)]),
        "derived": derived("iden", b"", turn(1)),
        "overlay": derived("iovl", over),
        "two": file_of([picture(), heic.picture(other)]),
        "two-second-first": file_of([picture(), heic.picture(other)], 2),
        "burst": heic.sequence([whole, other, whole]),
        "burst-of-one": heic.sequence([whole]),
        "thumbnail-alone": file_of([heic.picture(small, refers=[("thmb", [2])])]),
        "needs-the-unknown": file_of([picture(box("xyzw", bytes(4)))]),
        "no-primary": file_of([picture()], 9),
        "grid-tile-lacks": file_of([*tiles[:3], grid(of=3)], 4),
        "grid-tile-broken": file_of([*tiles[:3], tile(tiles[3].data[:40]), grid()], 5),
        "grid-tile-empty": file_of([*tiles[:3], tile(b""), grid()], 5),
        "grey-grid": tall(*halves),
        "grey-on-black": file_of([heic.picture(coded(on_black))]),
        "grey-grid-tile-empty": tall(halves[0], Item("hvc1", b"", halves[1].properties, hidden=True)),
        "broken-with-thumbnail": file_of([Item("hvc1", whole.data[:100], picture().properties), thumbnail]),
        "half": single[: len(single) // 2],
        "without-its-end": single[:-10],
        "says-larger": claiming(2 * WIDTH, 2 * HEIGHT),
        "says-huge": claiming(60_000, 60_000),
    }


def shown_by_another(file: Path) -> kinds.Pixels:
    """Return what Debian's libheif shows, what is transparent over white paper."""
    target = file.with_suffix(".png")
    subprocess.run(["heif-convert", "--quiet", file, target], check=True, capture_output=True, timeout=120)
    with Image.open(target) as image:
        paper = Image.new("RGBA", image.size, "white")
        return np.array(Image.alpha_composite(paper, image.convert("RGBA")).convert("L"))


@pytest.mark.skipif(not shutil.which("heif-enc"), reason="libheif-examples is missing: make viewers")
def test_a_picture_is_what_another_viewer_shows_or_is_refused_by_name(tmp_path: Path) -> None:
    table = files(tmp_path)
    assert table.keys() > REFUSED.keys()
    for name, data in table.items():
        if name in REFUSED:
            with pytest.raises(ScanError) as caught:
                load(data, None, colour=True)
            assert caught.value.reason == REFUSED[name], name
            continue
        file = tmp_path / f"{name}.heic"
        file.write_bytes(data)
        pixels = load(data, None, colour=True).pixels
        grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        other = shown_by_another(file)
        assert grey.shape == other.shape, name
        assert kinds.off(grey, other) <= MOST_OFF, name
