"""What files are called in the inbox: names from browsers, folders and shares, made safe to stand in ours."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath
from typing import Final

from omr.errors import OmrError
from omr.files import SCAN_SUFFIXES, is_device

_MOST_NAME_BYTES: Final = 200  # file systems stop at 255, and ".part" is added


def clean_name(name: str) -> str:
    r"""Return a file's name as it may stand in a folder of ours.

    Raises
    ------
    OmrError
        If it does not end as scans end.

    Examples
    --------
    >>> clean_name("..\\..\\Phiếu tháng 11.PDF")
    'Phiếu tháng 11.PDF'
    """
    plain = plain_name(name)
    if not plain.lower().endswith(SCAN_SUFFIXES):
        raise OmrError("inbox.not_a_scan", file=plain[:80])
    return plain


def name_with_folders(path: PurePath) -> str:
    """Return what a file is called that lay in folders: scanners begin with 0001 in each.

    Examples
    --------
    >>> name_with_folders(PurePath("job 12", "0001.jpg"))
    'job 12 › 0001.jpg'
    """
    parts = list(path.parts)
    while len(parts) > 1 and len(" › ".join(parts).encode("utf-8", "surrogateescape")) > _MOST_NAME_BYTES:
        del parts[0]
    return " › ".join(parts)


def plain_name(name: str) -> str:
    r"""Return the same of any file: without folders, and without what no name should hold.

    Examples
    --------
    >>> plain_name("scan\x1b[31m\udc90.tif"), plain_name("/etc/passwd"), plain_name(".pdf")
    ('scan[31m�.tif', 'passwd', 'scan.pdf')
    >>> plain_name("con.pdf")  # a device on Windows
    'con_.pdf'
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    text = last.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    plain = "".join(sign for sign in text if sign.isprintable() and sign not in '<>:"|?*').strip()
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem, ending = stem.strip(" ."), f".{suffix}" if suffix else ""
    while len((stem + ending).encode()) > _MOST_NAME_BYTES:
        stem, ending = (stem[:-1], ending) if stem else (stem, ending[:-1])
    stem = f"{stem}_" if is_device(stem) else stem or "scan"
    return stem + (ending if ending != ".part" else ".part_")  # `.part` is ours
