"""Scanned pages become a file as a document scanner writes it: one embedded picture per page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pikepdf

from omr.errors import OmrError, why
from omr.files import appearing, make_folder, write_whole
from omr.reading.scan.pages import Depth
from omr.simulate.slips import Picture, Truth


def write_scan(pages: Iterable[tuple[Picture, Truth]], target: Path) -> list[Truth]:
    """Write a scan as a PDF and its truth beside it as JSON; returns the truths.

    Raises
    ------
    OmrError
        If a file cannot be written.
    """
    truths: list[Truth] = []

    def pictures() -> Iterator[Picture]:
        for picture, truth in pages:
            truths.append(truth)
            yield picture

    try:
        make_folder(target.parent)
        with appearing(target) as part:
            write_pdf(pictures(), part)
        write_whole(target.with_suffix(".json"), truth_json(truths))
    except OSError as error:
        raise OmrError("simulate.cannot_write", file=target, detail=why(error)) from error
    return truths


def write_pdf(pictures: Iterable[Picture], target: Path) -> None:
    """Write a PDF whose pages are exactly the pictures, embedded as they are."""
    with pikepdf.new() as pdf:
        pdf.docinfo["/Producer"] = "omr simulate"
        for picture in pictures:
            width_pt, height_pt = (v * 72 / picture.dpi for v in (picture.width_px, picture.height_px))
            page = pdf.add_blank_page(page_size=(width_pt, height_pt))
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=_image(pdf, picture)))
            content = f"q {width_pt:.4f} 0 0 {height_pt:.4f} 0 0 cm /Im0 Do Q"
            page.Contents = pdf.make_stream(content.encode("ascii"))
        pdf.save(target)


def _image(pdf: pikepdf.Pdf, picture: Picture) -> pikepdf.Stream:
    image = pdf.make_stream(picture.data)
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height = picture.width_px, picture.height_px
    image.ColorSpace = pikepdf.Name.DeviceRGB if picture.depth is Depth.COLOUR else pikepdf.Name.DeviceGray
    if picture.kind == "jpeg":
        image.BitsPerComponent, image.Filter = 8, pikepdf.Name.DCTDecode
    else:
        image.BitsPerComponent, image.Filter = 1, pikepdf.Name.CCITTFaxDecode
        image.DecodeParms = pikepdf.Dictionary(K=-1, Columns=picture.width_px, Rows=picture.height_px)
    return image


def truth_json(truths: Iterable[Truth]) -> str:
    """Return the truth as the JSON document of ``omr simulate``."""
    pages = [
        {
            "page": truth.page,
            "serial": truth.serial,
            "answers": {key: list(codes) for key, codes in truth.answers.items()},
            "harm": list(truth.harm),
            "pen": truth.pen,
            "marks": truth.marks,
            "comments": truth.comments,
        }
        for truth in truths
    ]
    return json.dumps({"pages": pages}, ensure_ascii=False, indent=1) + "\n"
