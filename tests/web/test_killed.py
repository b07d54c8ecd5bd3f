"""What is left when programs are killed: stacks are read in the end, or say why not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from waiting import PATIENCE_S, until

from omr.records.inbox.inbox import Inbox, Progress, Stack, StackState, Way
from omr.records.inbox.leftovers import remove_leftovers
from omr.records.inbox.outlook import outlook
from omr.records.intake.claims import Claims
from omr.stacks import read_waiting
from omr.web.work.worker import LATER, MOST_TRIES, READ, Worker

# Stands in for the reading: notes each start, dies as often as it is told, then ends the stack.
READER = """
import os, signal, sys
from pathlib import Path
from omr.records.inbox.inbox import Inbox, Progress
from omr.workspace import Workspace
inbox = Inbox(Workspace.open(Path(sys.argv[2])))
with inbox.turn(), inbox.claims.at_once(sys.argv[3]):
    stack = inbox.find(sys.argv[3])
    starts = inbox.folder / "starts"
    starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
    inbox.tell(stack, Progress(total=4, pages=2, read=2))
    if len(starts.read_text()) <= int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    inbox.finish(stack, "B000001")
"""


def reader_that(does: str) -> tuple[str, ...]:
    """Return a reading process that notes its start and then does this."""
    begin = READER[: READER.index("    inbox.tell")]
    return (
        sys.executable,
        "-c",
        begin.replace("import os", "import json, os") + textwrap.indent(does, "    "),
        "0",
    )


def reader(deaths: int) -> tuple[str, ...]:
    return sys.executable, "-c", READER, str(deaths)


@pytest.fixture
def inbox(workspace) -> Inbox:
    return Inbox(workspace)


@pytest.fixture
def stack(inbox) -> Stack:
    made = inbox.begin("PC06", "2026-11", 1, by="test")
    part = inbox.place_for(made, "a.pdf")
    part.write_bytes(b"%PDF-1.4")
    inbox.take(part)
    inbox.send(made)
    return made


def worked(workspace, deaths: int) -> Worker:
    worker = Worker(workspace, reader(deaths))
    worker.start()
    return worker


def test_a_reading_that_is_killed_starts_again(workspace, inbox, stack):
    worker = worked(workspace, deaths=1)
    try:
        until(lambda: (worker.call(), inbox.state(stack))[1] is StackState.DONE)
    finally:
        worker.stop()
    assert inbox.batch(stack) == "B000001"
    assert (inbox.folder / "starts").read_text() == "xx"


def test_a_stack_that_kills_its_reader_every_time_waits_for_a_person(workspace, inbox, stack):
    worker = worked(workspace, deaths=99)
    try:
        until(lambda: (worker.call(), inbox.state(stack))[1] is StackState.FAILED)
    finally:
        worker.stop()
    assert (inbox.folder / "starts").read_text() == "x" * MOST_TRIES
    assert "-9" in str(inbox.failure(stack))
    assert inbox.files(stack)  # the files are still there: it can be sent again


def test_what_a_killed_server_left_half_read_the_next_one_reads(workspace, inbox, stack):
    inbox.tell(stack, Progress(total=4, pages=2, read=2))
    assert inbox.state(stack) is StackState.READING
    worker = worked(workspace, deaths=0)
    try:
        until(lambda: inbox.state(stack) is StackState.DONE)
    finally:
        worker.stop()


def test_stopping_the_server_leaves_a_stack_to_the_next_start(workspace, inbox, stack):
    with inbox.turn():  # somebody else reads: ours waits
        worker = worked(workspace, deaths=0)
        until(lambda: worker._process is not None)
        worker.stop()
    assert inbox.state(stack) in (StackState.WAITING, StackState.READING)
    assert inbox.failure(stack) is None


def test_two_programs_never_read_at_once(workspace, inbox):
    inside, most = [0], [0]

    def hold() -> None:
        with inbox.turn():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_the_lock_of_a_killed_program_is_free(workspace, inbox):
    holding = "import sys, time; from pathlib import Path; from omr.workspace import Workspace; "
    holding += "from omr.records.inbox.inbox import Inbox; i = Inbox(Workspace.open(Path(sys.argv[1])))\n"
    holding += "with i.turn(): print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", holding, str(workspace.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    process.stdout.close()
    with inbox.turn():
        pass


def test_what_the_machine_refuses_is_told_once_and_tried_until_it_passes(workspace, inbox, stack):
    """A full disk: nobody uploads into a void, and the stack is no worse for it."""
    told: list[str] = []
    refusals = reader_that("""
if len(starts.read_text()) < 4:
    print(json.dumps({"key": "outside.disk_full", "values": {"path": "/srv/office", "detail": ""}}))
    sys.exit(75)
inbox.finish(stack, "B000001")
""")
    worker = Worker(workspace, refusals, tell=lambda error: told.append(str(error)), try_again_s=0.01)
    worker.start()
    try:
        until(lambda: worker.trouble is not None or inbox.state(stack) is StackState.DONE)
        until(lambda: inbox.state(stack) is StackState.DONE)
        until(lambda: worker.trouble is None)
    finally:
        worker.stop()
    assert len(told) == 1 and "/srv/office" in told[0]
    assert (inbox.folder / "starts").read_text() == "xxxx"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EMFILE, errno.ENOMEM, errno.EACCES, errno.EIO])
def test_the_worker_outlives_what_the_system_refuses_it(workspace, inbox, stack, monkeypatch, code):
    refused = threading.Event()

    def refuse(*_: object, **__: object) -> None:
        refused.set()
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", refuse)
        worker = Worker(workspace, reader(0), try_again_s=0.01)
        worker.start()
        assert refused.wait(PATIENCE_S)
        until(lambda: worker.trouble is not None)
    try:
        until(lambda: inbox.state(stack) is StackState.DONE)
    finally:
        worker.stop()
    assert not worker.is_alive()


def test_the_worker_outlives_a_fault_of_its_own(workspace, inbox, stack, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("a fault nobody thought of")

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "unread", broken)
        worker = Worker(workspace, reader(0), try_again_s=0.01)
        worker.start()
        until(lambda: worker.trouble is not None)
        assert "a fault nobody thought of" in str(worker.trouble.error)
    try:
        until(lambda: inbox.state(stack) is StackState.DONE)
    finally:
        worker.stop()


def test_a_stack_that_somebody_reads_is_left_to_them(workspace, inbox, stack):
    with inbox.claims.at_once(stack.name):
        read_waiting(workspace, stack.name)
        worker = worked(workspace, deaths=0)
        worker.call()
        worker.stop()
    assert inbox.state(stack) is StackState.WAITING
    assert not (inbox.folder / "starts").exists()


def test_the_reading_process_says_what_the_machine_refused(workspace, inbox, stack, tmp_path):
    (workspace.path / "omr.sqlite").mkdir()  # a folder where the register should be
    command = [*READ, str(workspace.path), stack.name]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == LATER
    assert "omr.sqlite" in str(json.loads(ended.stdout)) and ended.stderr == b""
    assert inbox.state(stack) is not StackState.FAILED


def test_what_dead_programs_left_half_written_is_removed(workspace, inbox):
    (workspace.path / "scans").mkdir(exist_ok=True)
    dead, alive = 2**22 + 1, os.getpid()  # above the highest number that a process gets
    left = [
        workspace.path / "scans" / f".incoming-ab12.{dead}.part",
        inbox.folder / f".making-20260101-000000-00000000.{dead}.part",
        workspace.path / f".omr.sqlite.{dead}.part",
    ]
    ours = workspace.path / "scans" / f".incoming-cd34.{alive}.part"
    inbox.folder.mkdir()
    for path in (*left, ours):
        path.write_bytes(b"half")
    begun = inbox.begin(None, None, None, by="test", way=Way.WATCH)  # by a watch that was killed
    uploading = inbox.begin(None, None, None, by="test")  # its sender may come back
    assert sorted(remove_leftovers(workspace)) == sorted([*left, inbox.folder / begun.name])
    assert ours.exists() and inbox.find(uploading.name) is not None


def test_what_is_done_or_gone_is_not_read_again(workspace, inbox, stack):
    inbox.finish(stack, "B000001")
    read_waiting(workspace, stack.name)
    read_waiting(workspace, "20260101-000000-00000000")
    assert inbox.batch(stack) == "B000001"


def test_a_file_that_was_being_written_when_the_power_went_is_not_sent(workspace, inbox):
    stack = inbox.begin(None, None, None, by="test")
    inbox.place_for(stack, "half.pdf").write_bytes(b"%PDF-1.")
    whole = inbox.place_for(stack, "whole.pdf")
    whole.write_bytes(b"%PDF-1.4")
    inbox.take(whole)
    inbox.send(stack)
    assert [file.name for file in inbox.files(stack)] == ["whole.pdf"]
    assert list(Path(inbox.folder / stack.name).rglob("*.part")) == []


def test_a_process_that_begins_while_the_server_ends_ends_with_it(workspace, stack):
    """It was there only after the server had looked for one: it read on, and held its stack."""
    worker = Worker(workspace, (sys.executable, "-c", "import time; time.sleep(600)"))
    worker.stop()
    assert worker._read(stack) is None


def test_a_stack_whose_reader_ends_it_while_somebody_looks_does_not_wait(inbox, stack):
    """It was seen as read, then without a reader: so it waited, though it was done."""

    class Ending(Claims):
        def is_owned(self, name: str) -> bool:
            if name == stack.name and inbox.state(stack) is StackState.READING:
                inbox.finish(stack, "B000001")
            return False

    inbox.tell(stack, Progress(total=4, pages=2, read=2))
    inbox.claims = Ending(inbox.folder / ".claims")
    seen = outlook(inbox)
    assert not (seen.waiting or seen.reading or seen.failed)
