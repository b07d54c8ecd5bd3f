"""What is read is what others show: the table of kinds of files, each beside a viewer of another maker."""

import os
from pathlib import Path

import kinds
import pytest

from omr.errors import ScanError
from omr.reading.scan.pages import decode, open_pages

# In the gate every fifth kind and those that went wrong once; `make kinds` takes all.
ALL = bool(os.environ.get("OMR_ALL_KINDS"))
INCIDENTS = {
    *("pdf-layer-in-content-off", "pdf-dct-grey-decode", "pdf-soft-mask", "pdf-dct-cmyk-inverted"),
    *(
        "tiff-1-group4-orientation-2",
        "tiff-L-raw-orientation-5",
        "tiff-16-little-0",
        "tiff-16-big-0",
        "tiff-big-tiff",
    ),
    *("tiff-float", "jpeg-density-204x98", "pdf-colour-key", "pdf-clipped", "pdf-annotation"),
    *("pdf-one-colour-soft-mask", "pdf-one-colour-mask"),
}
# Mean grey levels, after smoothing. Of 250 kinds the same picture is off by at most 4.2 (a page turned a
# little, rendered on another grid), all others by at most 3; mirrored, turned or inverted by 30 and more.
MOST_OFF = 5.0


def test_a_page_is_what_others_show_or_is_refused(tmp_path: Path) -> None:
    table = kinds.all_kinds()
    chosen = [kind for n, kind in enumerate(table) if ALL or n % 5 == 0 or kind.name in INCIDENTS]
    assert len(table) >= 150 and {kind.name for kind in table} >= INCIDENTS
    for kind in chosen:
        kind.write(tmp_path / kind.name)
    shown = kinds.shown_by_others(tmp_path, chosen)
    wrong: dict[str, object] = {}
    same = refused = 0
    for kind in chosen:
        (page,) = open_pages(tmp_path / kind.name)
        try:
            grey = decode(page).grey
        except ScanError as error:
            refused += 1
            if not (kind.may_be_refused and error.reason == "unsupported"):
                wrong[kind.name] = str(error)
            continue
        # A viewer that cannot show a file proves nothing about it.
        off = kinds.off(grey, shown[kind.name]) if kind.name in shown else "nobody shows it"
        same += isinstance(off, float) and off <= MOST_OFF
        if not (isinstance(off, float) and off <= MOST_OFF):
            wrong[kind.name] = off
    print(f"{len(chosen)} kinds: {same} show the same picture, {refused} are refused, {len(wrong)} wrong")
    assert not wrong


def test_the_measure_tells_pictures_apart() -> None:
    grey = kinds.GREY
    others = [255 - grey, grey[::-1], grey[:, ::-1], grey[::-1, ::-1]]
    assert kinds.off(grey, grey) == 0
    assert min(kinds.off(grey, other) for other in others) > 5 * MOST_OFF


@pytest.mark.parametrize("photometric", [0, 1])
def test_numbers_without_a_white_are_refused(tmp_path: Path, photometric: int) -> None:
    path = tmp_path / "float.tif"
    path.write_bytes(kinds.raw_tiff((kinds.GREY * 3.0).astype("<f4"), 32, photometric, 3))
    (page,) = open_pages(path)
    with pytest.raises(ScanError) as caught:
        decode(page)
    assert caught.value.reason == "unsupported"
