"""Is this page the cover sheet of a batch? Its code says whose stack it is."""

from __future__ import annotations

import zxingcpp

from omr.errors import ScanError
from omr.forms.printing.cover import Cover, parse_cover
from omr.reading.scan.pages import EncodedPage, ScannedPage, decode

_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def find_cover(page: EncodedPage) -> Cover | None:
    """Return what a cover sheet says, or None if the page is not one."""
    try:
        return cover_on(decode(page))
    except ScanError:
        return None


def cover_on(scan: ScannedPage) -> Cover | None:
    """Return the same of a page that was decoded."""
    # Turned or not, anywhere on the page: a cover is looked for once a stack, never once a slip.
    for symbol in zxingcpp.read_barcodes(scan.grey, _QR):
        cover = parse_cover(symbol.text) if symbol.valid else None
        if cover is not None:
            return cover
    return None
