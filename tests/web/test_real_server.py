"""`omr serve` as a process of its own, killed without warning: nothing is lost, nothing counted twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest
from people import PASSWORD, PEOPLE, with_people
from scanned_stacks import slip, take_slips
from waiting import PATIENCE_S, until

from omr.records.batches.receipt import receipt_of
from omr.records.inbox.inbox import Inbox, Stack, StackState
from omr.records.store.store import Store
from omr.words import Role
from omr.workspace import Workspace

SLIPS = 60  # more than are written in one act, so that one kill falls before it and one behind


class Server:
    """One start of the server after the other, each in a process group of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._started: list[subprocess.Popen[str]] = []
        self._url = ""

    def start(self) -> None:
        command = [sys.executable, "-c", "from omr.cli import main; main()"]
        command += ["--workspace", str(self._workspace.path), "serve", "--port", "0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self._started.append(process)
        assert process.stderr is not None
        told = re.search(r"http://\S+/", process.stderr.readline())
        assert told, "the server did not start"
        self._url = told[0]

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, timeout=PATIENCE_S)

    def kill_alone(self) -> None:
        """Kill the server; the process that reads for it lives on."""
        self._started[-1].kill()
        self._started[-1].wait()

    def kill_with_all(self) -> None:
        """Kill everything that it started too, as a power cut does."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        self.kill_with_all()
        for process in self._started:
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Server]:
    with_people(workspace.path / "accounts.sqlite")
    made = Server(workspace)
    yield made
    made.close()


class Desk:
    """Somebody at a desk of the real server."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self.client = client
        fields = {"csrf": self._token("/login"), "name": name, "password": PASSWORD}
        assert client.post("/login", data=fields).status_code == 303
        self.csrf = self._token("/")

    def _token(self, path: str) -> str:
        found = re.search(r'name="csrf" content="([^"]+)"', self.client.get(path).text)
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"csrf": self.csrf, **fields})


def scan(omr: Callable[..., object], workspace: Workspace, folder: Path) -> Path:
    """Print, fill in and scan real slips."""
    printed, scanned = folder / "printed.pdf", folder / "scanned.pdf"
    here = ("--workspace", workspace.path)
    omr(*here, "units", "import", "hai-phong-2023")
    words = ("--unit", "PC06", "--count", SLIPS, "--period", "2026-11", "--seed", 3)
    omr(*here, "issue", "DL-01", *words, "-o", printed)
    omr(*here, "simulate", printed, "-o", scanned, "--depth", "grey", "--seed", 3)
    return scanned


def send(desk: Desk, workspace: Workspace, file: Path) -> Stack:
    """Send a file as the clerk's page does."""
    stack = desk.post("/intake", period="2026-11", expected=str(SLIPS)).json()["stack"]
    headers = {"x-csrf-token": desk.csrf}
    content = file.read_bytes()
    sent = desk.client.post(f"{stack}/file", params={"name": "a.pdf"}, content=content, headers=headers)
    assert sent.status_code == 204
    assert desk.post(f"{stack}/send").status_code == 303
    (made,) = Inbox(workspace).stacks()
    return made


def test_killed_while_reading_every_slip_is_read_once(
    server: Server, workspace: Workspace, omr: Callable[..., object], tmp_path: Path
) -> None:
    file, inbox = scan(omr, workspace, tmp_path), Inbox(workspace)
    server.start()
    with server.client() as client:
        stack = send(Desk(client, PEOPLE[Role.CLERK][0]), workspace, file)

    def seen(pages: int) -> bool:
        progress = inbox.progress(stack)
        done = inbox.state(stack) is StackState.DONE
        return done or (progress is not None and progress.pages >= pages)

    until(lambda: seen(5))
    server.kill_with_all()
    assert inbox.state(stack) is StackState.READING
    server.start()
    until(lambda: seen(50))
    server.kill_alone()
    server.start()
    until(lambda: inbox.state(stack) is StackState.DONE)

    batch = inbox.batch(stack)
    assert batch is not None
    truth = {
        page["serial"]: page["answers"] for page in json.loads(file.with_suffix(".json").read_text())["pages"]
    }
    with Store.open(workspace.database) as store:
        receipt = receipt_of(store, batch)
        assert (receipt.came.pages, receipt.came.read, receipt.duplicates) == (SLIPS, SLIPS, 0)
        standings = Counter(row["standing"] for row in store.rows("SELECT standing FROM slips"))
        assert standings == {"counts": SLIPS}
        answered = store.rows(
            "SELECT serial, question, codes FROM current_answers JOIN slips USING (reading) "
            "WHERE state = 'answered'"
        )
        assert len({row["serial"] for row in answered}) > SLIPS - 5  # somebody may answer nothing
        for row in answered:
            assert row["codes"].split() == truth[row["serial"]][row["question"]]
    with server.client() as client:
        Desk(client, PEOPLE[Role.CLERK][0])
        assert batch in client.get(f"/batches/{batch}").text


def test_killed_while_two_people_decide_what_was_confirmed_is_kept(
    server: Server, workspace: Workspace
) -> None:
    slips = [slip(B1="?5", B2="?4") for _ in range(20)]
    take_slips(workspace, slips)
    names = ("xem.pv01", "truong.pv01")
    confirmed: list[tuple[str, str]] = []  # item and who decided it

    def work(name: str) -> None:
        with suppress(httpx.TransportError), server.client() as client:  # the server may go away
            desk = Desk(client, name)
            page, idle = client.get("/review").text, 0
            while idle < 10:
                found = re.search(r'data-item="([^"]+)"', page)
                if found is None:  # the other one may still leave something for a second reader
                    idle += 1
                    time.sleep(0.1)
                    page = client.get("/review").text
                    continue
                idle = 0
                told = {"csrf": desk.csrf, "item": found[1], "answer": "4"}
                answer = client.post("/review/decide", data=told, headers={"hx-request": "true"})
                assert answer.status_code == 200 and 'role="alert"' not in answer.text
                confirmed.append((found[1], name))
                page = answer.text

    def at_work() -> list[threading.Thread]:
        server.start()
        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        return threads

    threads = at_work()
    until(lambda: len(confirmed) >= 15)
    server.kill_with_all()
    for thread in threads:
        thread.join()
    before = len(confirmed)
    assert 15 <= before < 2 * len(slips)
    for thread in at_work():
        thread.join()

    with Store.open(workspace.database) as store:
        stored = Counter(
            (f"A{row['reading']}-{row['question']}", row["by"])
            for row in store.rows("SELECT * FROM decided_answers JOIN events USING (event)")
        )
        left = store.value("SELECT count(*) FROM current_answers WHERE state = 'doubtful'")
    assert max(stored.values()) == 1
    assert set(confirmed) <= set(stored)
    assert len(set(stored) - set(confirmed)) <= len(names)  # written, but the answer never arrived
    assert left == 0
