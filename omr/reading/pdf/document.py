"""PDF -> pages: the embedded picture where a page is nothing else, any other page to be rendered.

A document is taken apart by pikepdf; PDFium, which reads it in its own way, counts again.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Dictionary, Name, Object, Pdf

from omr.errors import ScanError
from omr.reading.files.source import Attached, Source
from omr.reading.pdf.before import PdfBefore
from omr.reading.pdf.drawn import lacks_picture
from omr.reading.pdf.inside import attached, joined, joins
from omr.reading.pdf.only_picture import only_picture
from omr.reading.pdf.render import opened

INHERITED: Final = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
DEEPEST: Final = 64  # of a tree of pages; a thousand pages in twos have 10
# What says nothing about how a page looks, or leads away from it.
_BESIDE: Final = ("/Parent", "/StructParents", "/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/B")
# What it thinks of broken documents is told by what comes out of them, not on standard error.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())
# What pikepdf raises on a document that is not as it should be.
DAMAGE: Final = (
    pikepdf.PdfError,
    pikepdf.ForeignObjectError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class PdfPart:
    """One page on its own: a JPEG and how it lies on the page, or a PDF of one page."""

    data: bytes
    is_jpeg: bool
    orientation: int = 1  # of a JPEG, as EXIF counts
    dpi: tuple[float, float] | None = None  # of a JPEG, along the page's x and y
    identity: str = ""  # of a PDF: SHA-256 of what the page is made of, however it is written down
    older: tuple[str, ...] = ()  # what earlier versions called it


@dataclass(slots=True)
class _Tree:
    """The pages as they hang in their tree; None where one should be and is not."""

    leaves: list[Dictionary | None] = field(default_factory=list)
    is_sound: bool = True


def split(source: Source, most_pages: int) -> Iterator[PdfPart | Attached | ScanError]:
    """Yield each page, or the error in its place, and each file that hangs on the document.

    Documents that were joined to one file come one after the other. Where others find more pages in
    one than were yielded, the last thing yielded of it says so.

    Raises
    ------
    ScanError
        If the document cannot be opened: damaged, or locked with a password.
    """
    documents = joined(source)
    if len(documents) == 1:
        yield from _split(source, most_pages)
        return
    for one in documents:
        try:
            yield from _split(one, most_pages)
        except ScanError as error:  # the others are no worse for it
            yield error


def _split(source: Source, most_pages: int) -> Iterator[PdfPart | Attached | ScanError]:
    by_pdfium = _counted(source)
    try:
        document = Pdf.open(_for_pikepdf(source), suppress_warnings=True, inherit_page_attributes=False)
    except pikepdf.PasswordError as error:
        raise ScanError("encrypted") from error
    except DAMAGE as error:  # nobody knows how many pages it held
        raise ScanError("unopened") from error
    with document:
        tree = _Tree()
        _walk(document.Root.get("/Pages"), {}, tree, set(), most_pages)
        if len(tree.leaves) > most_pages:
            raise ScanError("too_many_pages", most=most_pages)
        with PdfBefore(source) as before:
            for index, leaf in enumerate(tree.leaves):
                part = _part(document, leaf)
                if isinstance(part, PdfPart) and not part.is_jpeg and leaf is not None:
                    # Where PDFium counts otherwise, its numbers are not those of the tree.
                    is_counted = None not in tree.leaves and index < (by_pdfium or 0)
                    names = before.name(index) if is_counted else ()
                    part = replace(part, older=(*names, *_name_of_jpeg(leaf)))
                yield part
        counts = {by_pdfium, _objects(document), len(tree.leaves)} - {None}
        more = joins(source)  # of documents that could not be told apart
        yield from attached(document, tree.leaves)
    if more or not tree.is_sound or len(counts) > 1:
        found = len(tree.leaves)
        other = max((one for one in counts if one is not None), key=lambda one: abs(one - found))
        yield ScanError("pages_may_be_missing", found=found, counted=other + more)


def _for_pikepdf(source: Source) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source  # a path it opens, and closes, itself


def _counted(source: Source) -> int | None:
    """Return how many pages PDFium finds; None where it cannot open the document."""
    try:
        with opened(source) as document:
            return len(document)
    except (ScanError, pdfium.PdfiumError):
        return None


def _walk(
    node: Object | None, above: dict[str, Object], tree: _Tree, path: set[tuple[int, int]], most: int
) -> None:
    """Collect the pages under a node, in order, each with what it inherits."""
    if len(tree.leaves) > most:
        return
    if not isinstance(node, Dictionary):
        tree.leaves.append(None)
        return
    if node.objgen in path or len(path) > DEEPEST:
        tree.is_sound = False
        return
    here = above | {key: node[key] for key in INHERITED if key in node}
    kids = node.get("/Kids")
    if isinstance(kids, Array):
        inside = path | {node.objgen} if node.is_indirect else path
        for kid in kids:
            _walk(kid, here, tree, inside, most)
        return
    for key, value in here.items():
        if key not in node:
            node[key] = value
    tree.leaves.append(node)


def _objects(document: Pdf) -> int | None:
    """Return how many pages there are among the document's objects, in the tree or not."""
    with suppress(*DAMAGE):
        return sum(
            1
            for one in document.objects
            if isinstance(one, Dictionary) and one.get("/Type") == Name.Page and "/Kids" not in one
        )
    return None


def _part(document: Pdf, leaf: Dictionary | None) -> PdfPart | ScanError:
    if leaf is None:
        return ScanError("damaged", detail="page")
    try:
        found = only_picture(leaf)
        if found is not None:
            return PdfPart(found.data, True, found.orientation, found.dpi)
        if lacks_picture(leaf):
            return ScanError("damaged", detail="picture")
        return PdfPart(_alone(document, leaf), False, identity=_identity(document, leaf))
    except DAMAGE as error:
        return ScanError("damaged", detail=type(error).__name__)


def _name_of_jpeg(leaf: Dictionary) -> tuple[str, ...]:
    """Return what earlier versions called a page of which they saw only its one JPEG."""
    with suppress(*DAMAGE, AttributeError):
        images = [one for one in leaf.Resources.XObject.values() if one.get("/Subtype") == Name.Image]
        if len(images) == 1 and images[0].get("/Filter") == Name.DCTDecode:
            return (hashlib.sha256(images[0].read_raw_bytes()).hexdigest(),)
    return ()


def _alone(document: Pdf, leaf: Dictionary) -> bytes:
    """Return a page as a document of its own, with what decides how it looks: its layers, its form fields."""
    out = io.BytesIO()
    with Pdf.new() as single:
        # A page that stands in the list itself can only be copied once it is an object of its own.
        page = leaf if leaf.is_indirect else document.make_indirect(leaf)
        single.pages.append(pikepdf.Page(page))
        root = document.Root
        if "/OCProperties" in root:
            single.Root.OCProperties = single.copy_foreign(document.make_indirect(root.OCProperties))
        if "/AcroForm" in root and "/Annots" in leaf:
            # PDFium draws the fields that it finds on the page; the list of all would bring all pages.
            single.Root.AcroForm = Dictionary(Fields=Array())
        single.save(out, static_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def _identity(document: Pdf, leaf: Dictionary) -> str:
    """Return the SHA-256 of a page and all that it uses, independent of how a library writes it down."""
    digest = hashlib.sha256()
    seen: dict[tuple[int, int], int] = {}
    todo: list[Object | bytes] = [leaf]
    if "/OCProperties" in document.Root:
        todo.append(document.Root.OCProperties)
    while todo:
        one = todo.pop()
        if isinstance(one, bytes):
            digest.update(one)
            continue
        if isinstance(one, Object) and one.is_indirect and one.objgen != (0, 0):
            if one.objgen in seen:
                digest.update(b"again %d;" % seen[one.objgen])
                continue
            seen[one.objgen] = len(seen)
        match one:
            case pikepdf.Stream():
                digest.update(b"stream;%b;" % one.read_raw_bytes())
                todo += _inside(one.stream_dict)
            case Dictionary():
                todo += _inside(one)
            case Array():
                digest.update(b"%d items;" % len(one))
                todo += reversed([_plain(item) for item in one])
            case _:
                digest.update(_bytes(one))
    return digest.hexdigest()


def _inside(one: Dictionary) -> list[Object | bytes]:
    keys = sorted(key for key in map(str, one.keys()) if key not in _BESIDE and key != "/Length")
    inside: list[Object | bytes] = []
    for key in reversed(keys):
        inside += [_plain(one[key]), key.encode()]
    return [*inside, b"%d keys;" % len(keys)]


def _plain(value: object) -> Object | bytes:
    return value if isinstance(value, Object) else _bytes(value)


def _bytes(value: object) -> bytes:
    return (value.unparse() if isinstance(value, Object) else repr(value).encode()) + b";"
