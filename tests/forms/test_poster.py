"""The board at the counter: its codes are read again, its texts are whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import zxingcpp

from omr.errors import OmrError
from omr.forms.printing.poster import Code, print_poster

FIELDS = ("Quản lý hành chính về trật tự xã hội", "Phòng cháy, chữa cháy", "Xuất, nhập cảnh", "Giao thông")
CODES = [Code(field, f"https://khaosat.example.vn/p/{n}?dv=PC06") for n, field in enumerate(FIELDS)]


def poster(path: Path, codes: list[Code], **more: str) -> bytes:
    texts = {"office": "Công an thành phố Hải Phòng", "unit": "Phòng Quản lý xuất nhập cảnh"} | more
    print_poster(path, codes=codes, **texts)
    return path.read_bytes()


def page_of(path: Path) -> pypdfium2.PdfPage:
    return pypdfium2.PdfDocument(path)[0]


def read(path: Path, dpi: int = 150) -> set[str]:
    grey = np.asarray(page_of(path).render(scale=dpi / 72, grayscale=True).to_numpy())
    return {found.text for found in zxingcpp.read_barcodes(np.ascontiguousarray(grey.squeeze()))}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("paper", ["A4", "A3"])
def test_every_code_is_read_and_every_text_is_there(tmp_path: Path, count: int, paper: str) -> None:
    codes = (CODES * 2)[:count]
    codes = [Code(code.field, f"{code.address}&n={n}") for n, code in enumerate(codes)]
    path = tmp_path / "poster.pdf"
    poster(path, codes, phone="0225 3 123 456", paper=paper)
    assert read(path) == {code.address for code in codes}
    text = " ".join(page_of(path).get_textpage().get_text_bounded().split())
    for wanted in ("ĐÁNH GIÁ MỨC ĐỘ HÀI LÒNG", "PHÒNG QUẢN LÝ XUẤT NHẬP CẢNH", "0225 3 123 456"):
        assert wanted in text
    width, height = page_of(path).get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == {"A4": (210, 297), "A3": (297, 420)}[
        paper
    ]


def test_no_ink_leaves_the_page_or_stands_on_other_ink(tmp_path: Path) -> None:
    path = tmp_path / "poster.pdf"
    long = [Code("Lĩnh vực có tên rất dài để phải xuống dòng hai lần " * 2, code.address) for code in CODES]
    poster(path, long, phone="0225 3 123 456")
    grey = np.asarray(page_of(path).render(scale=1, grayscale=True).to_numpy()).squeeze()
    sides = grey[:20], grey[-20:], grey[:, :20], grey[:, -20:]
    assert min(side.min() for side in sides) == 255
    assert read(path) == {code.address for code in long}


def test_the_same_board_is_the_same_bytes(tmp_path: Path) -> None:
    assert poster(tmp_path / "a.pdf", CODES) == poster(tmp_path / "b.pdf", CODES)


@pytest.mark.parametrize(
    ("codes", "more", "told"),
    [
        ([], {}, "1 đến 6"),
        (CODES, {"unit": "Công an 海防"}, "海防"),
        ([Code("Dài", "https://x.vn/" + "a" * 900)], {}, "mm"),
        ([Code("Dài", "https://x.vn/" + "a" * 9000)], {}, "https://x.vn"),
    ],
)
def test_what_cannot_be_a_board_is_refused_and_leaves_nothing(
    tmp_path: Path, codes: list[Code], more: dict[str, str], told: str
) -> None:
    with pytest.raises(OmrError, match=told):
        poster(tmp_path / "poster.pdf", codes, **more)
    assert list(tmp_path.iterdir()) == []
