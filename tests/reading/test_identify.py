"""The serial is read through every carrier, and no wrong one is accepted."""

import shutil
from dataclasses import replace

import cv2
import numpy as np
import paper
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import AlignmentError, SerialError
from omr.forms.printing.carriers import CODES
from omr.forms.serial import CHECK_ALPHABET, IssuedSerials
from omr.geometry import CODE128_MODULE_MM, Box, apply
from omr.reading.place import identify as module
from omr.reading.place.align import align
from omr.reading.place.identify import identify
from omr.reading.place.locate import locate
from omr.words import Carrier

FRAME = paper.A5
CARRIERS = {"ladder": FRAME.ladder, "qr": FRAME.qr, "text": FRAME.serial_text}


def aligned(grey, dpi=200):
    return align(locate(paper.page(grey, dpi)))


def without(sheet, *carriers):
    """The sheet with carriers painted over."""
    out = sheet.copy()
    for name in carriers:
        paper.covered(out, CARRIERS[name].corners_mm * paper.PRINT_PX_PER_MM, 255)
    return out


def put(sheet, box, picture):
    """Replace what is printed in a box."""
    (x0, y0), (x1, y1) = np.rint(box.corners_mm[[0, 2]] * paper.PRINT_PX_PER_MM).astype(int)
    sheet[y0:y1, x0:x1] = cv2.resize(picture, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)


def qr_of(text):
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    return np.pad(np.array(code.to_image(add_quiet_zones=False)), 4, constant_values=255)


def ladder_of(text):
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    bars = np.array(code.to_image(add_quiet_zones=False))[:1]
    return np.repeat(np.pad(bars, ((0, 0), (10, 10)), constant_values=255), 30, axis=0).T


def reason_of(grey, issued, dpi=200):
    with pytest.raises((SerialError, AlignmentError)) as caught:
        identify(aligned(grey, dpi), issued)
    assert str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("angle", [0, 2.5, 90, 182, 270])
@pytest.mark.parametrize("dpi", [150, 200, 300, 600])
def test_both_carriers_agree(sheet, issued, issue, rng, dpi, angle):
    grey, _ = paper.scan_of(sheet, rng, dpi, angle)
    page = identify(aligned(grey, dpi), issued)
    assert (page.serial, page.issue) == (issue.serial(1), issue)
    assert set(page.carriers) == {"ladder", "qr"}


@pytest.mark.parametrize(
    ("lost", "read"), [(("qr", "text"), ("ladder",)), (("ladder", "text"), ("qr",))], ids=["ladder", "qr"]
)
def test_one_carrier_is_enough(sheet, issued, issue, rng, lost, read):
    grey, _ = paper.scan_of(without(sheet, *lost), rng, angle_deg=-2)
    page = identify(aligned(grey), issued)
    assert (page.serial, page.carriers) == (issue.serial(1), read)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is absent")
def test_the_printed_text_is_the_last_resort(sheets, issued, issue, rng):
    read = 0
    for number, sheet in enumerate(sheets, start=1):
        grey, _ = paper.scan_of(without(sheet, "ladder", "qr"), rng, 300, 1.0)
        try:
            page = identify(aligned(grey, 300), issued)
        except SerialError:
            continue
        assert (page.serial, page.carriers) == (issue.serial(number), ("text",))
        read += 1
    assert read >= 2


def test_without_tesseract_a_page_is_refused_and_no_batch_ends(sheet, issued, rng, monkeypatch):
    import pytesseract

    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-program")
    grey, _ = paper.scan_of(without(sheet, "ladder", "qr"), rng)
    assert reason_of(grey, issued) == "serial_unreadable"


def harmed(name, grey, map_, rng):
    match name:
        case "blur":
            return cv2.GaussianBlur(grey, (0, 0), 1.6)
        case "noise":
            return paper.noisy(grey, rng, 30)
        case "streak along the ladder":
            x = int(apply(map_, np.array(FRAME.ladder.centre_mm))[0])
            grey[:, x - 2 : x + 2] = 30
        case "pen across the ladder":
            for y in range(650, 1000, 40):
                cv2.line(grey, (1050, y), (1166, y + 60), 60, 4)
        case "one bit":
            return np.where(grey < 150, 0, 255).astype(np.uint8)
        case "faint":
            return (255 - (255 - grey.astype(float)) * 0.3).astype(np.uint8)
    return grey


HARMS = ["blur", "noise", "streak along the ladder", "pen across the ladder", "one bit", "faint"]


@pytest.mark.parametrize("name", HARMS)
def test_harmed_carriers_are_read(sheet, issued, issue, rng, name):
    for angle in (0.0, 1.5):
        grey, map_ = paper.scan_of(sheet, rng, angle_deg=angle)
        assert identify(aligned(harmed(name, grey, map_, rng)), issued).serial == issue.serial(1)


def test_ladder_and_qr_that_disagree_are_never_a_choice(sheet, issued, issue, rng):
    sheet = sheet.copy()
    put(sheet, FRAME.qr, qr_of(str(issue.serial(2))))
    grey, _ = paper.scan_of(sheet, rng)
    assert reason_of(grey, issued) == "serial_conflict"


def test_a_sound_serial_that_was_never_issued_is_refused(sheet, issue, rng):
    grey, _ = paper.scan_of(sheet, rng)
    others = IssuedSerials([replace(issue, first=100, count=10)])
    assert reason_of(grey, others) == "serial_unknown"


def test_a_made_up_serial_with_right_check_characters_is_refused(sheet, issued, issue, rng):
    """Whoever knows the check characters still does not know the guard letters."""
    real = issue.serial(7)
    forged = replace(real, guard="ACD" if real.guard != "ACD" else "ACE")
    sheet = without(sheet, "text")
    put(sheet, FRAME.qr, qr_of(str(forged)))
    put(sheet, FRAME.ladder, ladder_of(str(forged)))
    grey, _ = paper.scan_of(sheet, rng)
    assert reason_of(grey, issued) == "serial_unknown"


def test_a_carrier_beside_its_place_is_refused(sheet, issued, issue, rng):
    """A second slip lies over this one, or the map is wrong: its boxes would be too."""
    place = FRAME.ladder
    moved = Box(place.x_mm, place.y_mm + 2.6, place.width_mm, place.height_mm)
    sheet = without(sheet, "ladder", "qr")
    put(sheet, moved, ladder_of(str(issue.serial(1))))
    grey, _ = paper.scan_of(sheet, rng)
    assert reason_of(grey, issued) == "carrier_displaced"


def test_a_blurred_code128_at_150_dpi_is_never_read_wrong(issued, issue, rng):
    """Decoders return wrong text with a valid flag there: 39 of 174 real labels."""
    wrong = 0
    for number in range(1, 41):
        bars = ladder_of(str(issue.serial(number))).T
        width = round(bars.shape[1] * CODE128_MODULE_MM / 25.4 * 150)
        patch = cv2.resize(bars, (width * 4, 120), interpolation=cv2.INTER_NEAREST)
        patch = cv2.GaussianBlur(patch, (0, 0), float(rng.uniform(2, 8)))
        patch = paper.noisy(cv2.resize(patch, (width, 30), interpolation=cv2.INTER_AREA), rng, 12)
        for attempt in module._ATTEMPTS:
            for symbol in attempt(CODES[Carrier.LADDER], patch):
                serial = module._sound(symbol.text)
                if serial is not None and issued.find(serial) is not None:
                    wrong += serial != issue.serial(number)
    assert wrong == 0


@given(
    number=st.integers(1, 500),
    changes=st.lists(st.tuples(st.integers(0, 14), st.sampled_from(CHECK_ALPHABET)), min_size=1, max_size=8),
)
@settings(max_examples=500)
def test_a_misread_serial_is_never_another_one(issued, issue, number, changes):
    """Law: a changed text is the same serial, or none that was issued."""
    text = list(str(issue.serial(number)))
    for place, character in changes:
        text[place] = character
    serial = module._sound("".join(text))
    if serial is not None and serial != issue.serial(number):
        assert issued.find(serial) is None
