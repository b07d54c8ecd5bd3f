"""Files: those that appear whole or not at all, locks, hashes, and what a scan looks like.

One strength of durability for all of them: when a function returns, content and name are on
the disk. The same on every system; where Windows differs, a comment says how.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from filelock import FileLock

# How long one waits for what another program holds, in this thread: who writes holds it for milliseconds.
WAIT_S: Final = ContextVar("wait_s", default=30.0)

SCAN_SUFFIXES: Final = (
    *(".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png"),
    *(".bmp", ".gif", ".webp", ".jp2", ".j2k", ".heic", ".heif", ".avif"),
)
MOST_FILE_BYTES: Final = 2 * 2**30  # of one scan: 2,000 pages of A4 at 300 dpi in colour
SCAN_HEAD_BYTES: Final = 1024  # what `scan_kind` must see: a PDF may begin late, Acrobat looks this far


class ScanKind(StrEnum):
    """Kinds of files that are read."""

    PDF = "pdf"
    TIFF = "tiff"
    JPEG = "jpeg"
    PNG = "png"
    BMP = "bmp"
    GIF = "gif"
    WEBP = "webp"
    JPEG2000 = "jpeg2000"
    HEIF = "heif"  # HEIC of phones, AVIF


_SIGNATURES: Final = {
    b"\xff\xd8\xff": ScanKind.JPEG,
    b"\x89PNG\r\n\x1a\n": ScanKind.PNG,
    b"II*\0": ScanKind.TIFF,
    b"MM\0*": ScanKind.TIFF,
    b"II+\0": ScanKind.TIFF,
    b"MM\0+": ScanKind.TIFF,
    b"GIF87a": ScanKind.GIF,
    b"GIF89a": ScanKind.GIF,
    b"\0\0\0\x0cjP  \r\n\x87\n": ScanKind.JPEG2000,
    b"\xff\x4f\xff\x51": ScanKind.JPEG2000,  # the code stream alone
}
_HEIF_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08")
_BLOCK: Final = 1 << 20
_OTHERS: Final = 0o077  # of a mode: what is not its owner's
_PROBE_BYTES: Final = 1 << 17  # SQLite writes 32 kB at once
# Windows: who reads a file keeps it from being replaced, moved and removed; a virus guard or the
# index of the search for some tenths of a second. What lasts longer is told as it is.
_OTHERS_READ_S: Final = 2.0
_LOOK_AGAIN_S: Final = 0.02

# Names that are a device on Windows, whatever ending they have: such a file cannot be made there.
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"}
)


def is_device(name: str) -> bool:
    """Say whether a name means a device on Windows.

    Examples
    --------
    >>> is_device("CON.pdf"), is_device("com1 .tar.gz"), is_device("console.pdf")
    (True, True, False)
    """
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


@contextmanager
def appearing(target: Path, *, part: Path | None = None, mode: int | None = None) -> Iterator[Path]:
    """Yield where to write; when the block is done, the file stands at `target`, else nothing does.

    Parameters
    ----------
    target : Path
        The file as it will be; what stood there is replaced.
    part : Path, optional
        The file as it is being written, in the same folder; by default a hidden name that nobody else has.
    mode : int, optional
        Its permissions once it is there, as `put_in_place` gives them.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with appearing(Path(folder, "a.txt")) as part:
    ...         _ = part.write_text("whole")
    ...     Path(folder, "a.txt").read_text(), len(list(Path(folder).iterdir()))
    ('whole', 1)
    """
    # The number says whose it is: what a process that died left behind can be told, and removed.
    part = part or target.with_name(f".{target.name}.{secrets.token_hex(4)}.{os.getpid()}.part")
    try:
        yield part
        put_in_place(part, target, mode=mode)
    finally:
        remove(part)


@contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder for files that go on from there; what is left goes, at the latest at the next start.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    lent = folder / f".passing.{secrets.token_hex(4)}.{os.getpid()}.part"
    lent.mkdir(mode=0o700)
    try:
        yield lent
    finally:
        with suppress(OSError):
            remove_folder(lent)


def others_may(folder: Path) -> int:
    """Return what others than its owner may do with a folder, as bits of a mode; of the nearest there is.

    What is made in a folder gives others no more than the folder does: in one that is its owner's alone
    nothing is ever open to them, however it is moved later.
    """
    if os.name == "nt":  # what is made there has the rights of its folder anyway
        return _OTHERS
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.stat().st_mode & _OTHERS


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, as private as the one in which it begins; one that is there stays.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700 | others_may(folder.parent), exist_ok=True)


def begin_file(target: Path) -> None:
    """Make an empty file for somebody who opens it by its name: others may no more than with its folder."""
    target.touch(mode=0o666 & (0o600 | others_may(target.parent)))


def write_whole(target: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Write a file that is there whole or not at all; text as UTF-8, its line ends as they are.

    Parameters
    ----------
    mode : int, optional
        Who may do what with it: that, and at no moment more. Said where it is not as its folder, such as
        a certificate that all may read; by default others may no more than with its folder.
    """
    data = content.encode() if isinstance(content, str) else content
    first = 0o666 & (0o600 | others_may(target.parent)) if mode is None else mode
    with appearing(target, mode=mode) as part:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(part, flags, first), "wb") as file:
            file.write(data)


def put_in_place(part: Path, target: Path, *, mode: int | None = None) -> None:
    """Rename a finished file to its name; on the disk, whole, when this returns.

    Parameters
    ----------
    mode : int, optional
        Its permissions from now on, for example ``0o444``: kept as it is. By default its own, but
        for others no more than its folder's.
    """
    # Windows syncs nothing through a handle that only reads.
    with part.open("r+b") as written:
        os.fsync(written.fileno())
    own = part.stat().st_mode & 0o777
    wanted = own & (0o700 | others_may(target.parent)) if mode is None else mode
    if wanted != own:
        part.chmod(wanted)
    _patiently(lambda: part.replace(target), target.parent, lambda error: target)
    sync_folder(target.parent)


def move(old: Path, new: Path) -> None:
    """Rename a file or folder, also while Windows refuses because somebody reads it for a moment.

    Raises
    ------
    OSError
        As `Path.rename` does; a file that stands at `new` is replaced or refused, as the system has it.
    """
    _patiently(lambda: old.rename(new), new.parent)


def _patiently(
    act: Callable[[], object],
    folder: Path,
    hinders: Callable[[PermissionError], Path | None] = lambda error: None,
) -> None:
    """Do what Windows refuses for a moment, or because a file may not be written.

    Parameters
    ----------
    folder : Path
        Where names change: without the right to write there, waiting is of no use.
    hinders : callable, optional
        Says which file has to allow writing first.
    """
    until = time.monotonic() + _OTHERS_READ_S
    while True:
        try:
            act()
            return
        except PermissionError as error:
            if time.monotonic() > until or not os.access(folder, os.W_OK):
                raise
            path = hinders(error)
            if path is not None:
                with suppress(FileNotFoundError):
                    _allow_writing(path)
            time.sleep(_LOOK_AGAIN_S)


def append(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Add to the end of a file, which is made where it is missing; on the disk when this returns."""
    fresh = not path.exists()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, mode)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError("short write")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file if it is there, also one that may only be read, or that is just being read."""
    _patiently(lambda: path.unlink(missing_ok=True), path.parent, lambda error: path)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also what may only be read, or is just being read.

    Raises
    ------
    OSError
        If something stays; the rest may be gone.
    """

    def stays(error: PermissionError) -> Path | None:
        return Path(error.filename) if isinstance(error.filename, str | os.PathLike) else None

    _patiently(lambda: shutil.rmtree(folder), folder.parent, stays)


def _allow_writing(path: Path) -> None:
    mode = path.stat().st_mode
    if not mode & stat.S_IWRITE:
        path.chmod(mode | stat.S_IWRITE)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no folders, and NTFS keeps a journal of the names
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refusal(folder: Path) -> OSError | None:
    """Return what the system says when something is written into a folder; None if it goes well.

    For libraries that only say that they could not: disk full, no rights and no file handles
    are different advice.
    """
    try:
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
    except OSError as error:
        return error
    return None


@contextmanager
def locked(file: Path, *, seconds: float = -1.0) -> Iterator[None]:
    """Hold a lock among all programs of this machine; the system lets go when a process ends.

    Parameters
    ----------
    file : Path
        An empty file of its own, made where it is missing.
    seconds : float
        How long to wait for who holds it; negative: as long as it takes.

    Raises
    ------
    TimeoutError
        If somebody else held it all that time.
    """
    with FileLock(file, timeout=seconds, mode=0o666 & (0o600 | others_may(file.parent))):
        yield


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with file.open("rb") as source:
        return hashed_copy(source)[0]


def hashed_copy(source: IO[bytes], target: IO[bytes] | None = None) -> tuple[str, int]:
    """Read a stream to its end, copy it if told where to, and return its SHA-256 in hex and its length.

    Examples
    --------
    >>> import io
    >>> hashed_copy(io.BytesIO(b"abc"))
    ('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 3)
    """
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        size += len(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest(), size


def scan_kind(head: bytes) -> ScanKind | None:
    r"""Say by its first `SCAN_HEAD_BYTES` what kind of scan a file is, None if it is none.

    Examples
    --------
    >>> scan_kind(b"\xff\xd8\xff\xe0").value, scan_kind(b"\r\n%PDF-1.7").value, scan_kind(b"serial,paper")
    ('jpeg', 'pdf', None)
    """
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return ScanKind.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return ScanKind.HEIF
    # "BM" alone begins many a text: what follows the size of a bitmap is zero.
    if head.startswith(b"BM") and len(head) > 26 and head[6:10] == b"\0\0\0\0":
        return ScanKind.BMP
    return ScanKind.PDF if b"%PDF-" in head else None


def is_archive(head: bytes) -> bool:
    """Say by its first bytes whether a file is a ZIP or the like: its files are to be unpacked first."""
    return head.startswith(_ARCHIVES)


def kind_of_scan(file: Path) -> ScanKind | None:
    """Return the same of a file."""
    with file.open("rb") as source:
        return scan_kind(source.read(SCAN_HEAD_BYTES))
