"""A print that a program turned into a picture is told from paper that went through a scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from omr.errors import RegisterError
from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import fingerprint
from omr.geometry import apply
from omr.reading.apart import Apart
from omr.reading.limits import USUAL
from omr.reading.marks.calibrate import load_calibration
from omr.reading.place.align import align
from omr.reading.place.drawn import is_drawn
from omr.reading.place.locate import locate
from omr.reading.reader import Desk, Result, read_page
from omr.reading.scan.pages import EncodedPage, decode, open_pages
from omr.records.intake.prints import refuse_pictures
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack

FORM = find_form("DL-01", None)
RUN = Issue("R26-0001", FORM.form, fingerprint(FORM), "PC06", "2026-11", FORM.digit, 26, 1, 4, b"1" * 32)
DPI = 150


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("drawn") / "in.pdf"
    print_forms(FORM, [RUN.serial(number) for number in (1, 2)], target, run=RUN.run)
    return target


@pytest.fixture(scope="module")
def pictures(printed: Path) -> list[Image.Image]:
    with pypdfium2.PdfDocument(printed) as document:
        return [page.render(scale=DPI / 72).to_pil().convert("L") for page in document]


def saved(pictures: list[Image.Image], kind: str, folder: Path) -> Path:
    """The pages as a program would save them."""
    first, *rest = pictures
    if kind.endswith(".jpg"):
        first.save(folder / "a.jpg", quality=int(kind.removesuffix(".jpg")), dpi=(DPI, DPI))
        return folder / "a.jpg"
    if kind == "no resolution.png":
        first.save(folder / "a.png")
        return folder / "a.png"
    target, mode = folder / "a.tif", "1" if kind == "fax.tif" else "RGB" if kind == "colour.tif" else "L"
    pages = [one.convert(mode, dither=Image.Dither.NONE) for one in (first, *rest)]
    how = "group4" if mode == "1" else "tiff_lzw"
    pages[0].save(target, save_all=True, append_images=pages[1:], compression=how, dpi=(DPI, DPI))
    return target


def refused(file: Path) -> bool:
    desk = Desk(IssuedSerials([RUN]), {RUN.fingerprint: FORM}, load_calibration("default", None))

    def read(pages: object) -> Iterator[Result]:
        return (read_page(page, desk) for page in pages)

    with Apart(USUAL) as apart:
        try:
            refuse_pictures([file], read, apart)
        except RegisterError as error:
            assert (error.key, error.values["run"]) == ("records.print_file", RUN.run)
            return True
    return False


@pytest.mark.parametrize(
    "kind", ["fax.tif", "grey.tif", "colour.tif", "50.jpg", "20.jpg", "10.jpg", "no resolution.png"]
)
def test_a_print_turned_into_pictures_is_refused(
    pictures: list[Image.Image], kind: str, tmp_path: Path
) -> None:
    assert refused(saved(pictures, kind, tmp_path))


@pytest.mark.parametrize(("dpi", "quality"), [(72, 50), (100, 50), (110, 20), (120, 80)])
def test_a_print_too_coarse_to_be_read_is_told_all_the_same(
    printed: Path, dpi: int, quality: int, tmp_path: Path
) -> None:
    with pypdfium2.PdfDocument(printed) as document:
        page = document[0].render(scale=dpi / 72).to_pil().convert("L")
    page.save(tmp_path / "a.jpg", quality=quality, dpi=(dpi, dpi))
    assert refused(tmp_path / "a.jpg")


def test_a_coarse_page_that_was_scanned_is_no_print(pictures: list[Image.Image], tmp_path: Path) -> None:
    """It is refused for what it is: too coarse."""
    page = Image.fromarray(moved(noisy(np.array(pictures[0])), 0.3, 4.0)).resize(
        (583, 827), Image.Resampling.BOX
    )
    page.save(tmp_path / "a.jpg", quality=80, dpi=(100, 100))
    assert not refused(tmp_path / "a.jpg")


def test_what_somebody_filled_in_on_a_screen_is_read(pictures: list[Image.Image], tmp_path: Path) -> None:
    page = np.array(pictures[0])
    place = align(locate(decode(next(open_pages(saved(pictures, "grey.tif", tmp_path)))))).scan_from_page
    for question in FORM.questions:
        if question.options:
            (left, top), *_, (_, bottom) = apply(place, question.options[0].box.corners_mm)
            size = int(bottom - top)
            cv2.line(page, (int(left), int(top)), (int(left) + size, int(top) + size), 0, 2)
            cv2.line(page, (int(left) + size, int(top)), (int(left), int(top) + size), 0, 2)
    assert not refused(saved([Image.fromarray(page)], "grey.tif", tmp_path))


def moved(page: np.ndarray, turn_deg: float, shift_px: float) -> np.ndarray:
    """The page as it lies in a scanner: turned around its middle, and off."""
    height, width = page.shape
    how = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1)
    how[:, 2] += shift_px
    return cv2.warpAffine(page, how, (width, height), borderValue=(255,))


def noisy(page: np.ndarray) -> np.ndarray:
    """The white of a scanner that delivers the tone of paper, and the least noise of any simulated one."""
    noise = np.random.default_rng(3).normal(0, 1.0, page.shape)
    return np.clip(page * (235 / 255) + noise, 0, 255).astype(np.uint8)


# One thing that paper does is enough, however well the scanner did everything else.
AS_PAPER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "turned by a fiftieth of a degree": lambda page: moved(page, 0.02, 0),
    "off by a millimetre": lambda page: moved(page, 0, DPI / 25.4),
    "paper has a tone": noisy,
}


@pytest.mark.parametrize("how", AS_PAPER)
def test_what_only_one_thing_tells_from_a_picture_is_a_scan(
    pictures: list[Image.Image], how: str, tmp_path: Path
) -> None:
    page = np.array(pictures[0])
    for name, picture in {"drawn": page, "scanned": AS_PAPER[how](page)}.items():
        file = saved([Image.fromarray(picture)], "grey.tif", tmp_path)
        assert is_drawn(decode(next(open_pages(file)))) == (name == "drawn")


def test_scans_in_good_order_are_no_pictures(printed: Path, tmp_path: Path) -> None:
    from omr.reading.scan.pages import Depth

    for seed, depth in enumerate(Depth):
        stack = Stack(PrintedRun(printed, FORM, 2), 200, depth, seed)
        write_pdf((picture for picture, _ in simulate_stack(stack)), tmp_path / "a.pdf")
        pages: list[EncodedPage] = list(islice(open_pages(tmp_path / "a.pdf"), 2))
        assert [is_drawn(decode(page)) for page in pages] == [False, False]
