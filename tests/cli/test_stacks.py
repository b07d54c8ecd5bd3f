"""Cover sheets and receipts: what lies on a stack, and what is signed for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pypdfium2
import pytest
from offices import Office
from PIL import Image
from scanned import BLANK, rejected, slip

from omr.forms.printing.cover import Cover, parse_cover, print_cover
from omr.forms.serial import IssuedSerials
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, RejectedPage, read_page
from omr.reading.scan.cover import find_cover
from omr.reading.scan.pages import open_pages


def cover_page(office: Office, target: Path, *words: object, dpi: int = 200, turned: int = 0) -> Image.Image:
    """Print a cover sheet and scan it."""
    office("cover", "--unit", "PC06", "--period", "2026-11", "--form", "ĐL-01", *words, "-o", target)
    with pypdfium2.PdfDocument(target) as document:
        return (
            document[0]
            .render(scale=dpi / 72)
            .to_pil()
            .convert("L")
            .rotate(turned, expand=True, fillcolor=255)
        )


def stack(office: Office, cover: Image.Image, name: str, *outcomes: object) -> Path:
    """Put a cover on top of a scanned stack."""
    below = office.scanner.scan("below.tif", *outcomes)
    office.scanner.pages |= {
        (name, page + 1): outcome for (_, page), outcome in list(office.scanner.pages.items())
    }
    with Image.open(below) as slips:
        pages = []
        for at in range(slips.n_frames):
            slips.seek(at)
            pages.append(slips.copy())
    path = office.folder / name
    cover.save(path, save_all=True, append_images=pages, compression="tiff_lzw")
    return path


@pytest.mark.parametrize(("dpi", "turned"), [(150, 0), (200, 180), (300, 90), (200, 2)])
def test_a_cover_sheet_is_read_any_way_up(office: Office, tmp_path: Path, dpi: int, turned: int) -> None:
    run = office.issue("PC06", 240, "2026-11")
    serials = f"{run.serial(1)}..{run.serial(240)}"
    words = ("--count", 240, "--serials", serials)
    picture = cover_page(office, tmp_path / "cover.pdf", *words, dpi=dpi, turned=turned)
    picture.save(tmp_path / "cover.png")
    (page,) = open_pages(tmp_path / "cover.png")
    found = find_cover(page)
    assert found is not None
    assert (found.unit, found.period, found.form, found.count) == ("PC06", "2026-11", "DL-01", 240)
    assert found.serials == f"{run.serial(1).printed}..{run.serial(240).printed}"


def test_a_code_that_is_no_cover_is_none() -> None:
    good = Cover("PC06", "2026-11", "DL-01", 240).payload
    assert parse_cover(good) == Cover("PC06", "2026-11", "DL-01", 240)
    for text in (
        "",
        "1260000042KMTM3",
        "https://example.vn",
        good.replace("240", "241"),
        good[:-1],
        "OMR-BATCH" + good,
        Cover("PC06", "2026-11", "DL-01", -1).payload,
        Cover("PC06", "2026-11", "DL-01", 10**9).payload,
        Cover("PC06", "2026-11", "DL-01", "nhiều").payload,
    ):
        assert parse_cover(text) is None


def test_a_cover_supplies_unit_period_and_count(office: Office, tmp_path: Path) -> None:
    run, other = office.issue("PC06", 5, "2026-11"), office.issue("PC08", 5, "2026-11")
    cover = cover_page(office, tmp_path / "cover.pdf", "--count", 3)
    file = stack(office, cover, "stack.tif", slip(run, 1), BLANK, slip(run, 2), slip(other, other.first))
    made = office.json("read", file, code=3)
    assert (made["pages"], made["covers"], made["sheets"], made["read"], made["blank_backs"]) == (
        5,
        1,
        3,
        3,
        1,
    )
    assert (made["expected"], [one["reason"] for one in made["problems"]]) == (
        3,
        ["blank_alone", "other_unit"],
    )
    assert office.json("read", file, code=3)["duplicates"] == 5
    assert len(office.json("answers")) == 3


def test_a_cover_of_another_stack_is_refused(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    cover = cover_page(office, tmp_path / "cover.pdf", "--count", 1)
    file = stack(office, cover, "stack.tif", slip(run, 1))
    for words in (("--unit", "PC08"), ("--period", "2026-12"), ("--expect", 2)):
        assert office("read", file, *words, code=1).err
    assert office.json("answers") == []
    office("read", file, "--unit", "PC06", "--expect", 1)


@pytest.mark.parametrize("said", [("PC99", "2026-11"), ("PC06", "2026-13"), ("PC06", "2023-02")])
def test_a_cover_that_names_no_unit_or_period_is_refused(
    office: Office, tmp_path: Path, said: tuple[str, str]
) -> None:
    run = office.issue("PC06", 5, "2026-11")
    print_cover(Cover(*said, "DL-01", 1), "?", "?", tmp_path / "cover.pdf")
    with pypdfium2.PdfDocument(tmp_path / "cover.pdf") as document:
        cover = document[0].render(scale=200 / 72).to_pil().convert("L")
    ran = office("read", stack(office, cover, "stack.tif", slip(run, 1)), code=1)
    assert len(ran.err.splitlines()) == 1
    assert office.json("answers") == []


def test_two_stacks_scanned_as_one_are_told(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    cover = cover_page(office, tmp_path / "cover.pdf", "--count", 1)
    cover.save(tmp_path / "inside.png", dpi=(200, 200))
    (page,) = open_pages(tmp_path / "inside.png")
    said = read_page(page, Desk(IssuedSerials([]), {}, load_calibration()))
    assert isinstance(said, RejectedPage)
    made = office.json("read", stack(office, cover, "stack.tif", slip(run, 1), said), code=3)
    assert made["rejected"] == {"cover_inside": 1}
    assert made["problems"][0]["detail"]


def test_the_receipt_is_printed_for_signing(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    outcomes = (slip(run, 1), slip(run, 1), rejected("serial_unreadable"))
    read = office.json("read", office.scan(*outcomes), "--expect", 2, code=3)
    target = tmp_path / "biên nhận.pdf"
    made = office.json("receipt", read["batch"], "-o", target)
    assert made["pdf"] == str(target)
    assert {key: made[key] for key in ("pages", "read", "rejected", "duplicates")} == {
        key: read[key] for key in ("pages", "read", "rejected", "duplicates")
    }
    said = subprocess.run(
        ["pdftotext", "-layout", target, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "BIÊN NHẬN LÔ PHIẾU B000001" in said
    assert "SỐ TỜ KHÔNG KHỚP" in said
    assert "NGƯỜI GIAO" in said and "NGƯỜI NHẬN" in said
    assert "Mã xác thực lô" in said
    assert office("receipt", read["batch"]).out.startswith("BIÊN NHẬN")
    assert office("receipt", "B9", code=1).err
