"""Every file and every page is accounted for: read, refused by name, or said to be missing."""

import io
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image

from omr.errors import OmrError, ScanError
from omr.messages import shown
from omr.reading.apart import page_at
from omr.reading.files.find import find_files
from omr.reading.scan.pages import DEEPEST, decode, open_pages

PAPER = np.full((420, 300), 240, np.uint8)
PAPER[200:240, 50:250] = 20


def jpeg(size: tuple[int, int] = (300, 420)) -> bytes:
    out = io.BytesIO()
    Image.fromarray(cv2.resize(PAPER, size)).save(out, "JPEG")
    return out.getvalue()


def pdf(pages: int, change: Callable[[pikepdf.Pdf], None] = lambda document: None) -> bytes:
    out = io.BytesIO()
    with pikepdf.Pdf.new() as document:
        for _ in range(pages):
            image = pikepdf.Stream(document, jpeg(), Subtype=Name.Image, Width=300, Height=420)
            image.Filter, image.ColorSpace, image.BitsPerComponent = Name.DCTDecode, Name.DeviceGray, 8
            page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 300, 420])
            page.Contents = document.make_stream(b"q 300 0 0 420 0 0 cm /Im Do Q")
            page.Resources = Dictionary(XObject=Dictionary(Im=document.make_indirect(image)))
            document.pages.append(pikepdf.Page(document.make_indirect(page)))
        change(document)
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def read(path: Path, data: bytes | None = None) -> tuple[int, list[str]]:
    """Return how many pages of a file can be decoded, and the reasons of the others."""
    if data is not None:
        path.write_bytes(data)
    good, reasons = 0, []
    for page in open_pages(path):
        try:
            decode(page)
            good += 1
        except ScanError as error:
            assert str(error)
            reasons.append(error.reason)
    return good, reasons


def test_a_page_that_stands_in_the_list_itself_is_read(tmp_path: Path) -> None:
    """Not every writer makes objects of its pages; those that are to be rendered ended in a traceback."""

    def change(document: pikepdf.Pdf) -> None:
        tree = document.Root.Pages
        for page in tree.Kids:
            page.Contents = document.make_stream(b"q 300 0 0 420 0 0 cm /Im Do Q 0 g 9 9 30 30 re f")
        tree.Kids = pikepdf.Array([Dictionary(page) for page in tree.Kids])

    assert read(tmp_path / "scan.pdf", pdf(3, change)) == (3, [])


# --- pages of a PDF ---------------------------------------------------------------------------------


def _kids(data: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """Change the references in the tree of pages; nothing else moves unless they grow longer."""
    begin = data.index(b"/Kids [") + 7
    end = data.index(b"]", begin)
    kids = [part.strip() + b" R" for part in data[begin:end].split(b"R") if part.strip()]
    return data[:begin] + (b" " + b" ".join(change(kids))).ljust(end - begin) + data[end:]


@pytest.mark.parametrize(
    ("name", "data", "good", "reasons"),
    [
        ("whole", pdf(4), 4, []),
        ("count too small", pdf(4).replace(b"/Count 4", b"/Count 2"), 4, ["pages_may_be_missing"]),
        ("count too large", pdf(2).replace(b"/Count 2", b"/Count 9"), 2, ["pages_may_be_missing"]),
        ("kid is null", _kids(pdf(3), lambda k: [k[0], b"null", k[2]]), 2, ["damaged"]),
        ("kid is nowhere", _kids(pdf(3), lambda k: [k[0], b"99 0 R", k[2]]), 2, ["damaged"]),
        ("page outside the tree", _kids(pdf(3), lambda k: k[:2]), 2, ["pages_may_be_missing"]),
        ("two documents joined", pdf(3) + pdf(2), 5, []),
        ("joined, one broken", pdf(2) + pdf(1)[:-99] + b"%%EOF\n" + pdf(1), 1, ["pages_may_be_missing"]),
        ("appended to", pdf(2) + b"\n% a comment\n%%EOF\n", 2, []),
    ],
)
def test_pages_of_a_pdf(tmp_path: Path, name: str, data: bytes, good: int, reasons: list[str]) -> None:
    assert read(tmp_path / "scan.pdf", data) == (good, reasons)


def test_a_tree_that_runs_in_a_circle_ends(tmp_path: Path) -> None:
    data = pdf(2)
    with pikepdf.open(io.BytesIO(data)) as document:
        tree = document.Root.Pages.objgen
    round_and_round = _kids(data, lambda k: [*k, b"%d %d R" % tree])
    assert read(tmp_path / "scan.pdf", round_and_round) in [(2, ["pages_may_be_missing"]), (0, ["unopened"])]


def hung(document: pikepdf.Pdf, **files: bytes) -> None:
    for name, data in files.items():
        document.attachments[name] = pikepdf.AttachedFileSpec(document, data, filename=f"{name}.bin")


def test_scans_that_hang_on_a_document_are_read(tmp_path: Path) -> None:
    """A portfolio, or a mail that a program saved: each attachment is a file with pages of its own."""
    inner = pdf(1, lambda document: hung(document, deeper=tiff((300, 420, 0), (300, 420, 0))))
    path = tmp_path / "portfolio.pdf"
    files = {"a": inner, "b": jpeg(), "c": pdf(2) + pdf(1), "d": b"<invoice/>", "e": b"", "f": jpeg()[:400]}
    assert read(path, pdf(1, lambda document: hung(document, **files))) == (
        1 + 1 + 2 + 1 + 3,
        ["attached_not_read", "attached_not_read", "damaged"],
    )
    pages = list(open_pages(path))
    assert [page.page for page in pages] == list(range(1, len(pages) + 1))
    names = ["", "a.bin", "deeper.bin", "deeper.bin", "b.bin", *["c.bin"] * 3, "d.bin", "e.bin", "f.bin"]
    assert [page.inside for page in pages] == names
    said = [str(page.fault) for page in pages if page.fault is not None]
    assert "d.bin" in said[0] and "e.bin" in said[1]


def test_a_scan_pinned_to_a_page_is_read_once(tmp_path: Path) -> None:
    def pinned(document: pikepdf.Pdf) -> None:
        hung(document, slip=pdf(1))
        spec = document.attachments["slip"].obj
        for page in document.pages:
            pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=spec)
            page.obj.Annots = [document.make_indirect(pin)]

    assert read(tmp_path / "pinned.pdf", pdf(2, pinned)) == (3, [])

    def only_pinned(document: pikepdf.Pdf) -> None:
        pinned(document)
        del document.Root.Names

    assert read(tmp_path / "pinned.pdf", pdf(2, only_pinned)) == (3, [])


def test_files_inside_of_files_come_to_an_end(tmp_path: Path) -> None:
    data = jpeg()
    for _ in range(DEEPEST + 2):
        data = pdf(1, lambda document, data=data: hung(document, more=data))
    assert read(tmp_path / "deep.pdf", data) == (DEEPEST + 1, ["attached_not_read"])


def _replaced(document: pikepdf.Pdf, picture: bytes) -> None:
    document.pages[0].obj.Resources.XObject.Im.write(picture, filter=Name.DCTDecode)


def test_a_page_stays_the_one_that_was_read(tmp_path: Path) -> None:
    """A version that counts pages in another way shows the same page, and never another in its place."""
    path = tmp_path / "joined.pdf"
    path.write_bytes(pdf(1, lambda document: _replaced(document, jpeg((210, 420)))) + pdf(1))
    first, second = open_pages(path)
    found = page_at(path, 1, second.made_of)
    assert found is not None and found.made_of == second.made_of != first.made_of
    plain = page_at(path, 1)
    assert plain is not None and plain.made_of == first.made_of
    unknown = page_at(path, 2, "0" * 64)
    assert unknown is not None and unknown.page == 2
    assert page_at(path, 3) is None


def test_what_a_page_inherits_comes_with_it(tmp_path: Path) -> None:
    def handed_up(document: pikepdf.Pdf) -> None:
        first = document.pages[0].obj
        root = document.Root.Pages
        root.Rotate, root.MediaBox = 90, first.MediaBox
        for page in document.pages:
            del page.obj["/MediaBox"]
            page.obj.Contents = document.make_stream(b"q 300 0 0 420 0 0 cm /Im Do Q 1 0 0 rg 5 5 9 9 re f")

    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(2, handed_up))
    for page in open_pages(path):
        height, width = decode(page).grey.shape
        assert width / height == pytest.approx(420 / 300, rel=0.01)


# --- pages of a TIFF --------------------------------------------------------------------------------


def tiff(*pages: tuple[int, int, int]) -> bytes:
    """Return a TIFF of pictures by width, height and new subfile type."""
    out = io.BytesIO()
    images = []
    for width, height, kind in pages:
        image = Image.fromarray(cv2.resize(PAPER, (width, height)))
        image.encoderinfo = {"tiffinfo": {254: kind}}
        images.append(image)
    images[0].save(out, "TIFF", save_all=True, append_images=images[1:], tiffinfo={254: pages[0][2]})
    return out.getvalue()


@pytest.mark.parametrize(
    ("pages", "good", "previews"),
    [
        ([(300, 420, 0), (300, 420, 1), (300, 420, 1), (300, 420, 1)], 4, 0),  # as some scanners write it
        ([(600, 840, 0), (300, 420, 1)], 1, 1),
        ([(600, 840, 0), (300, 420, 1), (600, 840, 0), (300, 420, 1)], 2, 2),
        ([(300, 420, 1), (600, 840, 0)], 2, 0),  # before its page: whose preview is it?
        ([(600, 840, 0), (420, 310, 1)], 2, 0),  # another sheet
        ([(600, 840, 0), (300, 420, 0)], 2, 0),
    ],
)
def test_a_reduced_picture_is_left_out_only_behind_its_page(
    tmp_path: Path, pages: list[tuple[int, int, int]], good: int, previews: int
) -> None:
    path = tmp_path / "scan.tif"
    assert read(path, tiff(*pages)) == (good, [])
    assert sum(page.previews for page in open_pages(path)) == previews


def test_a_reduced_picture_of_another_page_is_a_page(tmp_path: Path) -> None:
    """A scanner that takes one sheet with fewer pixels and flags it as it likes: nothing is dropped."""
    path = tmp_path / "scan.tif"
    whole, other = cv2.resize(PAPER, (600, 840)), cv2.resize(PAPER, (400, 560))
    other[200:240, 100:140] = 255 - other[200:240, 100:140]
    images = [Image.fromarray(one) for one in (whole, other)]
    images[1].encoderinfo = {"tiffinfo": {254: 1}}
    images[0].save(path, "TIFF", save_all=True, append_images=images[1:])
    assert [page.previews for page in open_pages(path)] == [0, 0]
    images[1] = Image.fromarray(cv2.resize(whole, (400, 560), interpolation=cv2.INTER_AREA))
    images[1].encoderinfo = {"tiffinfo": {254: 1}}
    images[0].save(path, "TIFF", save_all=True, append_images=images[1:])
    assert [page.previews for page in open_pages(path)] == [1]


def test_a_chain_of_pages_that_breaks_is_said(tmp_path: Path) -> None:
    data = bytearray(tiff(*[(300, 420, 0)] * 3))
    at = struct.unpack("<I", data[4:8])[0]
    entries = struct.unpack("<H", data[at : at + 2])[0]
    link = at + 2 + 12 * entries
    data[link : link + 4] = struct.pack("<I", len(data) + 100)
    assert read(tmp_path / "scan.tif", bytes(data)) == (1, ["damaged"])


def test_a_file_without_any_page_is_refused(tmp_path: Path) -> None:
    """A list of pages with nothing in it is no reason to say nothing."""
    assert read(tmp_path / "scan.tif", b"II*\0" + bytes(60)) == (0, ["damaged"])
    assert read(tmp_path / "scan.tif", b"MM\0*" + bytes(60)) == (0, ["damaged"])
    assert read(tmp_path / "scan.pdf", pdf(0)) == (0, ["damaged"])


# --- other files ------------------------------------------------------------------------------------


def test_a_second_picture_behind_a_jpeg_is_mentioned(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    assert read(path, jpeg() + jpeg()) == (1, ["pages_may_be_missing"])
    assert read(path, jpeg() + jpeg((150, 210))) == (1, [])  # the small one that phones add
    assert read(path, jpeg() + b"MotionPhoto_Data" + bytes(500)) == (1, [])


@pytest.mark.parametrize(("suffix", "options"), [("gif", {}), ("webp", {"lossless": True}), ("png", {})])
def test_several_pictures_in_one_file_are_refused(
    tmp_path: Path, suffix: str, options: dict[str, bool]
) -> None:
    path = tmp_path / f"scan.{suffix}"
    images = [Image.fromarray(np.roll(PAPER, 40 * n, axis=0)) for n in range(3)]
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    assert read(path) == (0, ["several_pictures"])


def test_damaged_data_are_no_picture(tmp_path: Path) -> None:
    """Decoders fill what is missing with grey, and an end may stand where no end is."""
    data = jpeg((1200, 1680))
    assert read(tmp_path / "scan.jpg", data[: len(data) * 2 // 3] + b"\xff\xd9") == (0, ["damaged"])
    assert read(tmp_path / "scan.jpg", data + b"\0\0 and what a mail program adds") == (1, [])


def test_this_machines_trouble_is_not_the_files(tmp_path: Path) -> None:
    with pytest.raises(OmrError) as caught:
        list(open_pages(tmp_path / "gone.pdf"))
    assert caught.value.key == "page.cannot_open"


# --- folders and names ------------------------------------------------------------------------------


def test_folders_are_searched_in_the_order_a_person_counts(tmp_path: Path) -> None:
    for name in ("10.jpg", "9.JPG", "b/2.tif", "b/11.png", "noname"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    (tmp_path / "empty.pdf").write_bytes(b"")  # it should have been a scan: it is reported
    found = find_files([tmp_path, tmp_path / "10.jpg"])
    names = [str(path.relative_to(tmp_path)) for path in found.files]
    assert names == ["9.JPG", "10.jpg", "b/2.tif", "b/11.png", "empty.pdf", "noname"]
    assert not found.left_out
    with pytest.raises(OmrError, match="nothing-here"):
        find_files([tmp_path / "nothing-here"])


def test_files_in_a_folder_are_read_or_named(tmp_path: Path) -> None:
    """Law: files = read + left out, whatever lies in the folder."""
    files = {
        "a.jpg": None,
        "scan.zip": "archive",
        "notes.txt": "not_a_scan",
        ".hidden.jpg": "hidden",
        ".Trash-1000/files/s9.jpg": "trash",
        "$RECYCLE.BIN/s8.jpg": "trash",
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg": "thumbnails",
        "b/Thumbs.db": "system_file",
        "b/c/d.jpg": None,
    }
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(
            b"PK\x03\x04" if name.endswith("zip") else jpeg() if "jpg" in name else b"x"
        )
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere.pdf")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    found = find_files([tmp_path])
    assert [path.name for path in found.files] == ["a.jpg", "d.jpg"]
    reasons = {one.path: one.reason for one in found.left_out}
    wanted = {name: reason for name, reason in files.items() if reason} | {"gone.pdf": "broken_link"}
    for name, reason in wanted.items():
        top = next(path for path in (name, name.split("/")[0]) if path in reasons)
        assert reasons.pop(top) == reason
    assert not reasons
    total = sum(len(names) for _, _, names in os.walk(tmp_path))  # a link to a folder is no file
    assert len(found.files) + sum(one.files for one in found.left_out) == total
    assert all(one.detail for one in found.left_out)
    assert {one.reason for one in found.left_out if one.reason.waits} == {
        "archive",
        "not_a_scan",
        "broken_link",
    }


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "zero.pdf").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket.pdf"))
        for given in ([tmp_path], sorted(tmp_path.iterdir())):
            found = find_files(given)
            assert not found.files
            assert [one.reason for one in found.left_out] == ["special_file"] * 3


def test_a_file_that_is_all_holes_fills_no_disk(tmp_path: Path) -> None:
    for name, head in (("holes.pdf", b"%PDF-1.4\n"), ("holes", b"II*\0"), ("holes.txt", b"")):
        with (tmp_path / name).open("wb") as file:
            file.write(head)
            file.truncate(2**40)
    reasons = {one.path: one.reason for one in find_files([tmp_path]).left_out}
    assert reasons == {"holes.pdf": "too_large", "holes": "too_large", "holes.txt": "not_a_scan"}
    (one,) = find_files([tmp_path / "holes.txt"]).left_out
    assert one.reason == "too_large" and one.reason.waits


def test_a_link_that_leads_up_brings_nothing_that_nobody_gave(tmp_path: Path) -> None:
    given = tmp_path / "here" / "given"
    given.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "here", given):
        (folder / "slip.jpg").write_bytes(jpeg())
    (given / "up").symlink_to("..")
    (given / "top").symlink_to(tmp_path)
    (given / "self").symlink_to("self")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "slip.jpg").write_bytes(jpeg())
    (given / "link").symlink_to(tmp_path / "other")
    found = find_files([given])
    assert [path.relative_to(given).as_posix() for path in found.files] == ["link/slip.jpg", "slip.jpg"]
    assert [(one.path, one.reason) for one in found.left_out] == [("self", "broken_link")]


def test_what_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked.pdf").write_bytes(pdf(1))
    inside, opening = Path.iterdir, Path.open

    def refused(path: Path, *how: object, **more: object) -> object:
        if path.stem == "locked":  # as root, every right is there
            raise PermissionError(13, "Permission denied")
        return (opening if how else inside)(path, *how, **more)

    monkeypatch.setattr(Path, "iterdir", refused)
    monkeypatch.setattr(Path, "open", refused)
    reasons = {one.path: one.reason for one in find_files([tmp_path]).left_out}
    assert reasons == {"locked": "unreadable_folder", "locked.pdf": "unreadable_file"}


@pytest.mark.parametrize(
    "name",
    [
        b"phi\xea\xd2u.jpg",
        b"a\n40 pages read.jpg",
        b"a\x1b[2K\x1b[1A.jpg",
        "a\u202egpj.jpg".encode(),
        "a\u2028b\x85c.jpg".encode(),
        b"a\rb\tc.jpg",
    ],
    ids=repr,
)
def test_names_cannot_drive_a_terminal_or_forge_a_line(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(jpeg())
    (page,) = open_pages(find_files([tmp_path]).files[0])
    assert page.file == shown(path.name)
    assert page.file.isprintable() and page.file.encode()
    assert len(page.file.splitlines()) == 1


def test_names_in_vietnamese_stay_as_they_are() -> None:
    name = "Phiếu khảo sát – tháng 11 (đợt 2).pdf"
    assert shown(name) == name


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_damaged_fax_data_are_named(
    tmp_path: Path, compression: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A decoder goes on behind a gap with white lines, which look like a streak of the scanner."""
    out = io.BytesIO()
    page = cv2.resize(PAPER, (1200, 1680))
    for row in range(60, 1600, 40):
        cv2.putText(page, "slip 1260000001", (100, row), 0, 1.0, 0, 2)
    Image.fromarray(page).point(lambda tone: 255 * (tone > 128)).convert("1").save(
        out, "TIFF", compression=compression
    )
    data = bytearray(out.getvalue())
    assert read(tmp_path / "scan.tif", bytes(data)) == (1, [])
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(range(40))
    assert read(tmp_path / "scan.tif", bytes(data)) == (0, ["damaged"])
    assert capfd.readouterr().err == ""
