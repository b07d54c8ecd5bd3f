"""The PDF: true millimetres, codes that two decoders read, embedded typefaces, the same bytes again."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pyzbar import pyzbar

from omr.errors import OmrError
from omr.forms.layout import find_form, lay_out
from omr.forms.loading import load_template
from omr.forms.printing.printing import print_forms, print_specimen
from omr.forms.serial import Issue, parse_serial
from omr.forms.symbols import code128, outlines, qr
from omr.forms.template import OUTLINE_MM, Form, fingerprint
from omr.geometry import Box, px_from_mm

Grey = NDArray[np.uint8]
URL = "https://danh-gia.catp.example/{form}"


def a_run(form: Form, count: int = 3) -> Issue:
    return Issue("r7", form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, 42, count, bytes(32))


@pytest.fixture
def printed(form: Form, tmp_path: Path) -> Path:
    target = tmp_path / "run.pdf"
    print_forms(form, a_run(form).serials(), target, run="r7", electronic_url=URL)
    return target


def pages(file: Path, dpi: float) -> Iterator[Grey]:
    """Render each page in grey."""
    with pypdfium2.PdfDocument(file) as document:
        for page in document:
            yield np.array(page.render(scale=dpi / 72).to_pil().convert("L"))


def first_page(file: Path, dpi: float) -> Grey:
    return next(pages(file, dpi))


def cut(page: Grey, box: Box, dpi: float) -> Grey:
    """Cut the pixels of a box of the page."""
    left, top = (round(px_from_mm(length, dpi)) for length in (box.x_mm, box.y_mm))
    width, height = (round(px_from_mm(length, dpi)) for length in (box.width_mm, box.height_mm))
    return page[top : top + height, left : left + width]


def test_every_carrier_is_read_by_both_decoders(form: Form, printed: Path):
    run = a_run(form)
    for serial, page in zip(run.serials(), pages(printed, 300), strict=True):
        for box in (form.frame.ladder, form.frame.qr):
            patch = np.ascontiguousarray(cut(page, box, 300))
            by_zxing = [code.text for code in zxingcpp.read_barcodes(patch)]
            kinds = [pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.QRCODE]
            upright = cv2.resize(np.ascontiguousarray(np.rot90(patch)), None, fx=2, fy=2)
            by_zbar = [code.data.decode() for code in pyzbar.decode(upright, symbols=kinds)]
            assert by_zxing == by_zbar == [str(serial)]
        assert run.holds(parse_serial(by_zxing[0]))


def test_the_electronic_code_leads_to_the_form_and_is_no_serial(form: Form, printed: Path):
    assert form.electronic is not None
    patch = np.ascontiguousarray(cut(first_page(printed, 300), form.electronic.box, 300))
    (code,) = zxingcpp.read_barcodes(patch)
    assert code.text == f"https://danh-gia.catp.example/{form.form}"
    with pytest.raises(OmrError):
        parse_serial(code.text)


def test_all_fiducials_are_found_where_they_belong(form: Form, printed: Path):
    finder = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    for page in pages(printed, 200):
        corners, ids, _ = finder.detectMarkers(page)
        found = {int(id_): quad.reshape(4, 2) for id_, quad in zip(ids.ravel(), corners, strict=True)}
        assert sorted(found) == sorted(mark.id for mark in form.frame.fiducials)
        for mark in form.frame.fiducials:
            expected = px_from_mm(1, 200) * mark.box.corners_mm - 0.5
            assert np.abs(found[mark.id] - expected).max() < 1.5


def test_boxes_are_printed_where_the_form_says(form: Form, printed: Path):
    """Within 0.05 mm: the middle of each printed line against the middle of the outline."""
    dpi = 600
    ink = 255.0 - first_page(printed, dpi).astype(np.float64)
    reach = px_from_mm(0.55, dpi)
    for question in form.questions:
        for option in question.options:
            (left, top), _, (right, bottom), _ = px_from_mm(1, dpi) * option.box.corners_mm
            rows = slice(round(top + reach * 2), round(bottom - reach * 2))
            columns = slice(round(left + reach * 2), round(right - reach * 2))
            across, down = ink[rows].mean(axis=0), ink[:, columns].mean(axis=1)
            line = px_from_mm(OUTLINE_MM, dpi) / 2
            for profile, edge, inward in (
                (across, left, line),
                (across, right, -line),
                (down, top, line),
                (down, bottom, -line),
            ):
                start = round(edge - reach)
                window = profile[start : round(edge + reach)]
                at = start + 0.5 + float(np.average(np.arange(len(window)), weights=window))
                assert abs(at - (edge + inward)) < px_from_mm(0.05, dpi)


def test_codes_have_their_module_widths(tmp_path: Path):
    form, dpi = find_form("DL-01", None), 1200
    print_forms(form, a_run(form).serials(), tmp_path / "x.pdf", run="r7")
    page = first_page(tmp_path / "x.pdf", dpi)
    ladder = cut(page, form.frame.ladder, dpi)
    dark = np.flatnonzero(ladder.mean(axis=1) < 128)
    assert (dark[-1] - dark[0] + 1) / dpi * 25.4 == pytest.approx(156 * 0.33, abs=0.05)
    code = cut(page, form.frame.qr, dpi) < 128
    for axis in (0, 1):
        dark = np.flatnonzero(code.any(axis=axis))
        assert (dark[-1] - dark[0] + 1) / dpi * 25.4 == pytest.approx(21 * 0.42, abs=0.05)
        assert dark[0] / dpi * 25.4 == pytest.approx(4 * 0.42, abs=0.05)


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts (poppler-utils) is not installed")
def test_every_typeface_is_embedded(form: Form, printed: Path):
    said = subprocess.run(["pdffonts", printed], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in said.splitlines()[2:]]
    assert {row[0].split("+")[1] for row in rows} >= {"NotoSans-Condensed", "DejaVuSansMono"}
    assert all(row[-5] == row[-4] == "yes" for row in rows)  # embedded, subset


def test_text_can_be_searched_in_vietnamese(form: Form, printed: Path):
    with pypdfium2.PdfDocument(printed) as document:
        text = document[0].get_textpage().get_text_bounded()
        information = document.get_metadata_dict()
        assert document[0].get_size() == pytest.approx((148 / 25.4 * 72, 210 / 25.4 * 72), abs=0.01)
        assert len(document) == 3
    assert "MỨC ĐỘ HÀI LÒNG" in text and "tô kín ô" in text
    assert a_run(form).serial(42).printed in text
    assert information["Keywords"] == f"omr form={form.form} fingerprint={fingerprint(form)} run=r7"


def test_the_same_run_gives_the_same_bytes(tmp_path: Path):
    form = find_form("DL-02", None)
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        print_forms(form, a_run(form).serials(), file, run="r7")
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_shared_art_stands_in_the_file_once(tmp_path: Path):
    form = find_form("DL-02", None)
    sizes = []
    for count in (1, 101):
        print_forms(form, a_run(form, count).serials(), tmp_path / "x.pdf", run="r7")
        sizes.append((tmp_path / "x.pdf").stat().st_size)
    assert (sizes[1] - sizes[0]) / 100 < 3_000


def test_an_interrupted_print_leaves_nothing_and_spares_the_old_file(tmp_path: Path):
    form = find_form("DL-02", None)
    target = tmp_path / "x.pdf"
    target.write_bytes(b"old")

    def serials() -> Iterator[object]:
        yield a_run(form).serial(42)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        print_forms(form, serials(), target, run="r7")
    assert [file.name for file in tmp_path.iterdir()] == ["x.pdf"]
    assert target.read_bytes() == b"old"


def test_a_specimen_is_marked_and_holds_no_serial(form: Form, tmp_path: Path):
    target = tmp_path / "specimen.pdf"
    print_specimen(form, target)
    (page,) = pages(target, 300)
    assert zxingcpp.read_barcodes(page) == []
    with pypdfium2.PdfDocument(target) as document:
        text = document[0].get_textpage().get_text_bounded()
        assert "run=" not in document.get_metadata_dict()["Keywords"]
    assert "MẪU" in text
    assert not re.search(r"\d \d\d \d{7} [A-Z]{3}", text)


@pytest.mark.parametrize("length", [120, 5000])
def test_an_address_too_long_for_a_phone_is_refused(tmp_path: Path, length: int):
    form = find_form("DL-01", None)
    with pytest.raises(OmrError, match="địa chỉ phiếu điện tử"):
        print_forms(form, a_run(form).serials(), tmp_path / "x.pdf", run="r7", electronic_url="x" * length)
    assert list(tmp_path.iterdir()) == []


def test_without_an_address_no_code_is_printed(tmp_path: Path):
    form = find_form("DL-01", None)
    assert form.electronic is not None
    print_forms(form, a_run(form).serials(), tmp_path / "x.pdf", run="r7")
    assert cut(first_page(tmp_path / "x.pdf", 100), form.electronic.box, 100).min() == 255


def test_a4_is_printed_too(write: Callable[..., Path], tmp_path: Path):
    form = lay_out(load_template(write(('paper = "A5"', 'paper = "A4"'))))
    print_forms(form, a_run(form).serials(), tmp_path / "x.pdf", run="r7")
    page = np.ascontiguousarray(first_page(tmp_path / "x.pdf", 200))
    assert page.shape == (2339, 1654)
    assert {code.text for code in zxingcpp.read_barcodes(page)} == {str(a_run(form).serial(42))}
    finder = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    assert sorted(finder.detectMarkers(page)[1].ravel()) == [4, 6, 7, 8]


# --- symbols -------------------------------------------------------------------------------------


def test_a_serial_takes_156_modules_and_a_qr_code_of_version_1():
    for serial in a_run(find_form("DL-01", None), 200).serials():
        assert code128(str(serial)).shape == (156, 1)
        assert qr(str(serial)).shape == (21, 21)


def test_what_is_longer_than_a_serial_is_not_squeezed():
    with pytest.raises(ValueError, match="room for a serial"):
        code128("1260000042KMTM3X2")  # a serial, or a serial with its page
    with pytest.raises(ValueError, match="room for a serial"):
        qr("1260000042KMTM3" * 2)


@settings(deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_outlines_filled_give_the_modules_again(black: NDArray[np.bool_]):
    """Filled by the even-odd rule, ten pixels a module, the outlines are the modules."""
    filled = np.zeros((black.shape[0] * 10, black.shape[1] * 10), bool)
    for loop in outlines(black):
        picture = Image.new("1", (filled.shape[1] + 1, filled.shape[0] + 1))
        ImageDraw.Draw(picture).polygon([(10 * x, 10 * y) for x, y in loop], fill=1)
        filled ^= np.array(picture)[:-1, :-1]
    assert np.array_equal(filled[5::10, 5::10], black)


def test_no_hairlines_between_modules(tmp_path: Path):
    """The border of a fiducial is black from end to end at an odd magnification."""
    form = find_form("DL-01", None)
    print_specimen(form, tmp_path / "x.pdf")
    mark = form.frame.fiducials[0].box
    strip = Box(mark.x_mm + 0.2, mark.y_mm + 0.2, mark.width_mm - 0.4, 0.9)
    assert cut(first_page(tmp_path / "x.pdf", 937), strip, 937).max() == 0
