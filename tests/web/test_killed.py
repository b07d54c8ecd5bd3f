"""What is left when programs are killed: stacks are read in the end, or say why not."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from omr.office import read_waiting
from omr.records.intake.inbox import Inbox, Progress, Stack, StackState
from omr.web.worker import MOST_TRIES, Worker

# Stands in for the reading: notes each start, dies as often as it is told, then ends the stack.
READER = """
import os, signal, sys
from pathlib import Path
from omr.records.intake.inbox import Inbox, Progress
from omr.workspace import Workspace
inbox = Inbox(Workspace.open(Path(sys.argv[2])))
with inbox.reading():
    stack = inbox.find(sys.argv[3])
    starts = inbox.folder / "starts"
    starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
    inbox.tell(stack, Progress(total=4, pages=2, read=2))
    if len(starts.read_text()) <= int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    inbox.finish(stack, "B000001")
"""


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


def until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


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
    with inbox.reading():  # somebody else reads: ours waits
        worker = worked(workspace, deaths=0)
        until(lambda: worker._process is not None)
        worker.stop()
    assert inbox.state(stack) in (StackState.WAITING, StackState.READING)
    assert inbox.failure(stack) is None


def test_two_programs_never_read_at_once(workspace, inbox):
    inside, most = [0], [0]

    def hold() -> None:
        with inbox.reading():
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
    holding += "from omr.records.intake.inbox import Inbox; i = Inbox(Workspace.open(Path(sys.argv[1])))\n"
    holding += "with i.reading(): print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", holding, str(workspace.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    process.stdout.close()
    with inbox.reading():
        pass


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
