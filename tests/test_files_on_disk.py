"""Files: whole or not there, on the disk when told so, and the same on Windows."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.files import (
    SCAN_HEAD_BYTES,
    SCAN_SUFFIXES,
    appearing,
    append,
    begin_file,
    kind_of_scan,
    locked,
    make_folder,
    put_in_place,
    remove,
    scan_kind,
    sha256_of,
    write_whole,
)
from omr.reading.files.find import find_files


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "receipt.json"
    write_whole(target, "before")
    with pytest.raises(ValueError, match="on the way"), appearing(target) as part:
        part.write_text("half")
        raise ValueError("on the way")
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_added_stands_behind_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "log"
    for line in (b"one\n", b"two\n"):
        append(file, line, mode=0o600)
    assert file.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "progress.json"
    texts = [letter * 200_000 for letter in "abcdefgh"]
    writers = [threading.Thread(target=write_whole, args=(target, text)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert target.read_text() in texts
    assert list(tmp_path.iterdir()) == [target]


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    write_whole(tmp_path / "key", b"secret", mode=0o600)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions in another way")
def test_what_is_said_to_be_readable_is_so_also_in_a_private_folder_and_for_a_private_process(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o750)
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "certificate", "for all", mode=0o644)
    finally:
        os.umask(before)
    assert (tmp_path / "certificate").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions in another way")
@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o750, 0o640), (0o755, 0o644)])
def test_what_is_made_in_a_folder_is_as_private_as_the_folder(tmp_path: Path, folder: int, file: int) -> None:
    tmp_path.chmod(folder)
    inside = tmp_path / "a" / "b"
    make_folder(inside)
    make_folder(inside)
    write_whole(inside / "whole", "x")
    begin_file(inside / "begun")
    (inside / "part").touch(mode=0o644)
    put_in_place(inside / "part", inside / "placed")
    with locked(inside / "lock"):
        assert {one.name: one.stat().st_mode & 0o777 for one in inside.iterdir()} == dict.fromkeys(
            ("whole", "begun", "placed", "lock"), file
        )
    assert [one.stat().st_mode & 0o777 for one in (inside, inside.parent)] == [folder, folder]


def test_what_appears_is_synced_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        sync(descriptor)

    def rename(old: Path, new: Path) -> None:
        steps.append("name")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    write_whole(tmp_path / "a", b"a")
    assert steps == ["content", "name", "folder"]


def only_read(file: Path) -> bool:
    """Return whether a file is there and may not be written."""
    return file.exists() and not file.stat().st_mode & stat.S_IWRITE


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Make the system's calls refuse what Windows refuses; return the files that somebody reads."""
    being_read: set[Path] = set()
    real_open, sync, replace, unlink = os.open, os.fsync, os.replace, os.unlink

    def refuse(path: object) -> None:
        raise PermissionError(errno.EACCES, "Access is denied", str(path))

    def open_(path: str, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            refuse(path)
        return real_open(path, flags, mode)

    def fsync(descriptor: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        sync(descriptor)

    def rename(old: Path, new: Path) -> None:
        if Path(new) in being_read or only_read(Path(new)):
            being_read.discard(Path(new))  # closes it in a moment
            refuse(new)
        replace(old, new)

    def delete(path: Path) -> None:
        if only_read(path):
            refuse(path)
        unlink(path)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "unlink", delete)
    return being_read


def test_windows_replaces_what_may_only_be_read_or_is_being_read(tmp_path: Path, windows: set[Path]) -> None:
    target = tmp_path / "progress.json"
    write_whole(target, "1")
    target.chmod(0o444)
    write_whole(target, "2")
    assert target.read_text() == "2"
    windows.add(target)
    write_whole(target, "3")
    assert target.read_text() == "3"
    assert list(tmp_path.iterdir()) == [target]


def test_windows_keeps_and_removes_what_may_only_be_read(tmp_path: Path, windows: set[Path]) -> None:
    part, target = tmp_path / "part", tmp_path / "original"
    for content in ("1", "2"):
        part.write_text(content)
        put_in_place(part, target, mode=0o444)
        assert target.read_text() == content
        assert not target.stat().st_mode & stat.S_IWRITE
    remove(target)
    assert not target.exists()


def test_a_lock_is_waited_for_and_let_go(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    tried: list[str] = []

    def try_it() -> None:
        try:
            with locked(file, seconds=0):
                tried.append("held")
        except TimeoutError:
            tried.append("busy")

    with locked(file):
        other = threading.Thread(target=try_it)
        other.start()
        other.join()
    try_it()
    assert tried == ["busy", "held"]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (2 << 20) + 1])
def test_the_hash_is_that_of_the_whole_content(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@given(st.integers(0, SCAN_HEAD_BYTES - len(b"%PDF-")))
def test_a_pdf_may_begin_late(before: int) -> None:
    assert scan_kind((b"\n" * before + b"%PDF-1.4")[:SCAN_HEAD_BYTES]) == "pdf"


@pytest.mark.parametrize("suffix", SCAN_SUFFIXES)
def test_a_folder_gives_every_kind_of_scan(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"scan{suffix}"
    file.write_bytes(b"whatever")
    assert find_files([tmp_path]).files == (file,)
    assert kind_of_scan(file) is None
