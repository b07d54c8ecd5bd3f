"""The server is killed while a file comes up, serials are printed, a plan and a report are made.

After the next start nothing is half done, nothing is done twice, and who asked is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx2 as httpx
import pypdfium2 as pdfium
import pytest
from people import PEOPLE, with_people
from scanned_stacks import slip, take_slips
from test_real_server import Desk, Server
from waiting import PATIENCE_S, until

from omr.records.inbox.inbox import Inbox, StackState
from omr.records.register.register import issued
from omr.records.store.store import Store
from omr.web.paper.sheet_kinds import PRINTS
from omr.words import Role
from omr.workspace import Workspace

MONTH = "2026-11"
PLAN = "đơn vị\tmẫu\tsố phiếu\nPC06\tDL-01\t25\nPC08\tDL-04\t25\n"
SCAN = b"%PDF-1.4\n" + b"0" * 200_000


@pytest.fixture
def server(workspace: Workspace, omr: Callable[..., object]) -> Iterator[Server]:
    with_people(workspace.path / "accounts.sqlite")
    omr("--workspace", workspace.path, "units", "import", "hai-phong-2023")
    take_slips(workspace, [slip()])
    made = Server(workspace)
    made.start()
    yield made
    made.close()


def begun(*acts: Callable[[], object]) -> list[threading.Thread]:
    """Begin what the server will not answer any more."""

    def do(act: Callable[[], object]) -> None:
        with suppress(httpx.TransportError):
            act()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    return threads


def taken(desk: Desk) -> str:
    """Lay a plan down; returns where it is taken."""
    headers = {"x-csrf-token": desk.csrf, "accept": "application/json"}
    query = {"name": "ke-hoach.csv", "period": MONTH}
    sent = desk.client.post("/sheets/plan", params=query, content=PLAN.encode(), headers=headers)
    return str(sent.json()["page"]).partition("?")[0]


def test_killed_at_the_desks_nothing_is_half_done_or_done_twice(server: Server, workspace: Workspace) -> None:
    inbox, prints = Inbox(workspace), workspace.path / PRINTS
    halfway, gone = threading.Event(), threading.Event()

    def half() -> Iterator[bytes]:
        yield SCAN[:100_000]
        halfway.set()
        gone.wait(PATIENCE_S)
        yield SCAN[100_000:]

    one_run = {"of_form": "DL-01", "unit": "PC06", "period": MONTH, "count": "200"}
    with server.client() as at_intake, server.client() as at_print, server.client() as at_plan:
        clerk, lead = Desk(at_intake, PEOPLE[Role.CLERK][0]), Desk(at_plan, PEOPLE[Role.LEAD][0])
        printer = Desk(at_print, PEOPLE[Role.LEAD][0])
        stack = str(clerk.post("/intake", expected="1").json()["stack"])
        headers = {"x-csrf-token": clerk.csrf, "content-length": str(len(SCAN))}
        plan, place = taken(lead), f"{stack}/file?name=a.pdf"
        threads = begun(
            lambda: at_intake.post(
                f"{stack}/file", params={"name": "a.pdf"}, content=half(), headers=headers
            ),
            lambda: printer.post("/print", **one_run),
        )
        assert halfway.wait(PATIENCE_S)
        until(lambda: any(prints.glob(".*.part")))  # the run is being printed
        assert lead.post(plan, period=MONTH).status_code == 303
        assert lead.post(f"/month/{MONTH}/report").status_code == 303  # waits behind the plan
        server.kill_with_all()
        gone.set()
        for thread in threads:
            thread.join()

    server.start()
    (kept,) = inbox.stacks()
    assert inbox.state(kept) is StackState.OPEN and inbox.files(kept) == []
    with server.client() as at_intake, server.client() as at_plan:
        clerk, lead = Desk(at_intake, PEOPLE[Role.CLERK][0]), Desk(at_plan, PEOPLE[Role.LEAD][0])
        assert at_plan.get("/").text.count("bị ngắt, chưa xong") == 2
        headers = {"x-csrf-token": clerk.csrf}
        assert at_intake.post(place, content=SCAN, headers=headers).status_code == 204
        assert [file.name for file in inbox.files(kept)] == ["a.pdf"]
        for path in (plan, plan):  # taken again, and once more: the rest of it, then nothing
            done = lead.post(path, period=MONTH)
            until(lambda where=done.headers["location"]: at_plan.get(where).status_code == 303)
        made = lead.post(f"/month/{MONTH}/report").headers["location"]
        until(lambda: at_plan.get(made).status_code == 303)
        with Store.open(workspace.database) as store:
            runs = issued(store)
            left = store.value("SELECT count(*) FROM print_runs WHERE state = 'printing'")
        assert left == 0
        assert sorted((run.unit, run.form, run.count) for run in runs if run.count == 25) == [
            ("PC06", "DL-01", 25),
            ("PC08", "DL-04", 25),
        ]
        for run in runs[1:]:  # the first is the test's own slip
            with pdfium.PdfDocument(at_plan.get(f"/print/runs/{run.run}.pdf").content) as document:
                assert len(document) == run.count
    assert list(prints.rglob(".*.part")) == []


def test_a_print_file_that_a_kill_left_under_another_name_is_offered_still(
    server: Server, workspace: Workspace
) -> None:
    with server.client() as client:
        lead = Desk(client, PEOPLE[Role.LEAD][0])
        told = {"of_form": "DL-01", "unit": "PC06", "period": MONTH, "count": "2"}
        run = lead.post("/print", **told).headers["location"].partition("#r-")[2]
        file = workspace.path / PRINTS / f"{run}.pdf"
        file.rename(file.with_name(f"{'0' * 32}.pdf"))  # killed between the print and its name
        assert client.get(f"/print/runs/{run}.pdf").status_code == 200
