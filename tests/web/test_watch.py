"""A folder into which a scanner writes: nothing half-written is taken, nothing is taken twice or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omr.records.intake.hot_folder import HotFolder
from omr.records.intake.inbox import Inbox, StackState

PDF = b"%PDF-1.4\n"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "scanner"
    made.mkdir()
    return made


def test_a_file_that_grows_waits_until_it_is_quiet(folder):
    hot, file = HotFolder(folder, quiet_s=5), folder / "a.pdf"
    for second in range(4):
        file.write_bytes(PDF * (second + 1))
        assert hot.complete(float(second)) == []
    assert hot.complete(7.9) == []
    assert hot.complete(8.1) == [file]


def test_one_growing_file_keeps_the_stack_open(folder):
    hot = HotFolder(folder, quiet_s=5)
    (folder / "1.jpg").write_bytes(b"\xff\xd8\xff")
    assert hot.complete(0.0) == []
    (folder / "2.jpg").write_bytes(b"\xff\xd8\xff")
    assert hot.complete(6.0) == []
    assert len(hot.complete(11.5)) == 2


def test_empty_hidden_and_linked_files_are_left(folder, tmp_path):
    (folder / ".part.pdf").write_bytes(PDF)
    (folder / "empty.pdf").touch()
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    hot = HotFolder(folder, quiet_s=0)
    assert hot.complete(0.0) == hot.complete(9.0) == []


def test_taken_files_move_and_strangers_go_aside(folder, workspace):
    inbox, hot = Inbox(workspace), HotFolder(folder, quiet_s=0)
    for name, content in (("a.pdf", PDF), ("b.pdf", PDF), ("c.exe", b"MZ"), ("d.pdf", b"MZ")):
        (folder / name).write_bytes(content)
    assert len(hot.complete(0.0)) == 4
    stack, strangers = hot.take(inbox, unit="PC06", period=None, by="test")
    assert stack is not None and inbox.state(stack) is StackState.WAITING
    assert [file.name for file in inbox.files(stack)] == ["a.pdf", "b.pdf"]
    assert sorted(file.name for file in strangers) == ["c.exe", "d.pdf"]
    assert sorted(p.name for p in (folder / "taken").iterdir()) == ["a.pdf", "b.pdf"]
    assert [p for p in folder.iterdir() if p.is_file()] == []
    (folder / "a.pdf").write_bytes(PDF)
    hot.complete(1.0)
    hot.take(inbox, unit=None, period=None, by="test")
    assert (folder / "taken" / "a (2).pdf").is_file()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_nothing_is_complete_before_its_pause(tmp_path_factory, growth):
    folder = tmp_path_factory.mktemp("hot")
    hot, file, last = HotFolder(folder, quiet_s=3), folder / "a.pdf", 0
    file.write_bytes(b"x")
    hot.complete(0.0)
    for second, grows in enumerate(growth, start=1):
        if grows == 0:
            file.write_bytes(file.read_bytes() + b"x")
            last = second
        assert bool(hot.complete(float(second))) == (second - last >= 3)
