"""Is a file one of our own prints, and no scan of it? It would come in as a stack of empty slips.

Told by its contents, whatever it is called: the very file that was printed; one that names a print
run in its keywords; or, saved again by another program, a PDF that was drawn and not scanned, with
the serial of an issued slip written on a page that holds no picture. A print that was turned into
pictures has none of that: its pages lie as no sheet lies in a scanner, and nothing is surely marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

from omr.errors import OmrError, RegisterError, ScanError
from omr.files import kind_of_scan, sha256_of
from omr.forms.serial import IssuedSerials, parse_serial
from omr.reading.apart import Apart, drawn_pages
from omr.reading.reader import ReadPage, Result
from omr.reading.scan.pages import EncodedPage
from omr.records.register.register import issued, printed_run
from omr.records.store.store import Store
from omr.words import AnswerState

_PAGES_LOOKED_AT: Final = 3  # a print file has a serial on each
_FILES_LOOKED_AT: Final = 5  # as pictures: what follows in a stack came from the same machine
# As printed: digit, year, seven digits of the number, three guard letters, check characters.
_SERIAL: Final = re.compile(r"\d\s?\d{2}\s?\d{7}\s?[A-Z]{3}\s?[A-Z0-9]{2}")


def refuse_prints(store: Store, files: Iterable[Path]) -> None:
    """Refuse files that are our own prints.

    Raises
    ------
    RegisterError
        Naming the first such file and its print run.
    """
    pdfs = [file for file in files if kind_of_scan(file) == "pdf"]
    if not pdfs:
        return
    printed = {
        row["pdf"]: row["run"] for row in store.rows("SELECT run, pdf FROM run_ends WHERE pdf IS NOT NULL")
    }
    serials: IssuedSerials | None = None
    for file in pdfs:
        run = printed.get(sha256_of(file)) or printed_run(file)
        if run is None:
            serials = serials or IssuedSerials(issued(store))
            run = _drawn_run(file, serials)
        if run is not None:
            raise RegisterError("records.print_file", file=file.name, run=run)


def refuse_pictures(
    files: Sequence[Path], read: Callable[[Iterable[EncodedPage]], Iterator[Result]], apart: Apart
) -> None:
    """Refuse files that hold pictures of our own prints, with nothing surely marked on their first pages.

    Raises
    ------
    RegisterError
        Naming the first such file and its print run.
    """
    for file in files[:_FILES_LOOKED_AT]:
        if pages := _drawn_pages(file, apart):
            results = list(read(pages))
            if run := _run_of_empty(results):
                raise RegisterError("records.print_file", file=file.name, run=run)


def _drawn_pages(file: Path, apart: Apart) -> list[EncodedPage]:
    try:
        return apart.call(drawn_pages, file, _PAGES_LOOKED_AT)
    except ScanError:  # reading will say what is wrong
        return []


def _run_of_empty(results: Sequence[Result]) -> str | None:
    """Return the run of the first page, if all pages are slips of ours on which surely nobody answered.

    Doubt is no answer: what strong compression leaves around the print looks like faint ink.
    """
    answered = AnswerState.ANSWERED, AnswerState.MULTIPLE
    for one in results:
        if not isinstance(one, ReadPage) or any(answer.state in answered for answer in one.answers):
            return None
    return next((one.page.issue.run for one in results if isinstance(one, ReadPage)), None)


def _drawn_run(file: Path, serials: IssuedSerials) -> str | None:
    """Return the run of the first issued serial that is written on a drawn page."""
    try:
        with pypdfium2.PdfDocument(file) as document:
            for number in range(min(len(document), _PAGES_LOOKED_AT)):
                page = document[number]
                if any(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3)):
                    return None
                for text in _serials(page.get_textpage().get_text_bounded()):
                    issue = serials.find(parse_serial(text))
                    if issue is not None:
                        return issue.run
    except (pypdfium2.PdfiumError, OmrError):
        return None
    return None


def _serials(text: str) -> Iterator[str]:
    for found in _SERIAL.findall(text):
        yield re.sub(r"\s", "", found)
