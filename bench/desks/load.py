"""Load on the desks: many people at once while a stack is being read, and how fast one reviewer can be.

    python bench desks load WORKSPACE [--scan FILE] [--sessions 100] [--seconds 20] [--streams 10]

The workspace needs slips (`omr demo` makes one); it gets 10 accounts named ``load-…`` and,
with ``--scan``, one more batch, so take a copy. Each session opens a page, waits as a
person does, and opens the next; the figures are server times over loopback, in ms. With
``--scan`` the stack is sent first, so that reading goes on meanwhile, and ``--streams`` people follow it.
Reviewers decide, too: each decision is timed with the row that comes after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import click
import httpx2 as httpx
from harness import folder_argument, measurement, path_option

from omr.web.people.accounts import Accounts
from omr.words import Role

ACCOUNTS = 10
THINKING_S = 3.0  # mean pause of a person between two pages; twice that of a reviewer at plain marks
ROLES = [Role.CLERK, Role.REVIEWER, Role.LEAD, Role.VIEWER]
PAGES = {
    Role.CLERK: ["/", "/intake"],
    Role.REVIEWER: ["/", "/review", "/cases", "/intake", "ROW", "ROW", "DECIDE", "DECIDE", "DECIDE"],
    Role.LEAD: ["/", "/overview", "/month", "/review", "ROW"],
    Role.VIEWER: ["/", "/overview"],
}


@measurement(__doc__)
@folder_argument
@path_option("--scan", help="sent first, and read meanwhile")
@click.option("--sessions", default=100, show_default=True)
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--streams", default=10, show_default=True, help="people who follow the reading")
@path_option("--json", "kept")
def main(
    folder: Path, scan: Path | None, sessions: int, seconds: float, streams: int, kept: Path | None
) -> None:
    """Run and print the table."""
    people = add_people(folder)
    server, url = start(folder)
    try:
        figures = asyncio.run(load(url, people, Load(scan, sessions, seconds, streams)))
    finally:
        server.terminate()
        server.wait(20)
    print_table(figures)
    if kept:
        kept.write_text(json.dumps(figures, indent=2))


@dataclass(frozen=True, slots=True)
class Load:
    """How many people do what, and for how long."""

    scan: Path | None
    sessions: int
    seconds: float
    streams: int


def add_people(workspace: Path) -> list[tuple[str, str, Role]]:
    """Add accounts past their first login; returns name, password, role."""
    accounts = Accounts.open(workspace / "accounts.sqlite")
    people = []
    for number in range(ACCOUNTS):
        role, password = ROLES[number % len(ROLES)], secrets.token_urlsafe(12)
        name = f"load-{secrets.token_hex(3)}"
        first = accounts.add(name, [role], "PC06", by="load_web")
        accounts.change_password(name, first, password)
        people.append((name, password, role))
    accounts.close()
    return people


def start(workspace: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the server in a process of its own; returns it and its address."""
    command = [sys.executable, "-c", "from omr.cli import main; main()", "--workspace", str(workspace)]
    command += ["--lang", "en", "serve", "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"http://\S+/", line):
            return server, found[0].rstrip("/")
    raise SystemExit("the server did not start")


async def load(url: str, people: list[tuple[str, str, Role]], told: Load) -> dict[str, object]:
    """Sign everybody in, let them work, then let one reviewer work alone."""
    took: dict[str, list[float]] = defaultdict(list)
    sessions = [await sign_in(url, *people[n % len(people)]) for n in range(told.sessions)]
    reading = None
    if told.scan:
        reading = await send_stack(next(c for c, role in sessions if role is Role.REVIEWER), told.scan)
    until = time.monotonic() + told.seconds
    people_ = [person(client, role, took, until) for client, role in sessions]
    readers = [c for c, role in sessions if role is Role.REVIEWER][: told.streams if reading else 0]
    streams = [asyncio.create_task(follow(client, str(reading))) for client in readers]
    await asyncio.gather(*people_)
    for stream in streams:
        stream.cancel()
    told_events = sum(await asyncio.gather(*streams))
    read = await pages_read(sessions, reading) if reading else None
    reviewer = next(client for client, role in sessions if role is Role.REVIEWER)
    alone = await review_alone(reviewer, 100)
    for client, _ in sessions:
        await client.aclose()
    every = [one for times in took.values() for one in times]
    return {
        "sessions": told.sessions,
        "requests": len(every),
        "cores": os.cpu_count(),
        "pages_read_meanwhile": read,
        "asked_again": AsBrowsersAsk.again,
        "streams": len(streams),
        "stream_events": told_events,
        "all": summary(every),
        "by_page": {path: summary(times) for path, times in sorted(took.items())},
        "one_reviewer": alone,
    }


class AsBrowsersAsk(httpx.AsyncHTTPTransport):
    """Asks once more where a connection that was kept open ended before a byte of the answer came.

    Every server closes idle connections, and a request may be on its way in that moment. Browsers ask again
    over a new connection, and nobody notices; what fails on a new one is a failure.
    """

    again = 0  # of all sessions

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and ask again where the connection was an old one."""
        steps = list[str]()

        async def note(step: str, _: object) -> None:
            steps.append(step)

        request.extensions = {**request.extensions, "trace": note}
        try:
            return await super().handle_async_request(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if any(step.startswith("connection.connect") for step in steps):
                raise
            AsBrowsersAsk.again += 1
            return await super().handle_async_request(request)


async def sign_in(url: str, name: str, password: str, role: Role) -> tuple[httpx.AsyncClient, Role]:
    """Open a session."""
    client = httpx.AsyncClient(base_url=url, timeout=60.0, transport=AsBrowsersAsk())
    token = csrf((await client.get("/login")).text)
    answer = await client.post("/login", data={"csrf": token, "name": name, "password": password})
    assert answer.status_code == 303, answer.status_code
    return client, role


async def person(client: httpx.AsyncClient, role: Role, took: dict[str, list[float]], until: float) -> None:
    """Open pages as somebody at a desk does."""
    chance = random.Random(id(client))
    row = ""
    await asyncio.sleep(chance.uniform(0, THINKING_S))
    while time.monotonic() < until:
        wanted = chance.choice(PAGES[role])
        if wanted == "DECIDE":
            await decide_one(client, took)
            await asyncio.sleep(chance.expovariate(1 / THINKING_S))
            continue
        path = row if wanted == "ROW" else wanted
        if path:
            started = time.perf_counter()
            answer = await client.get(path, follow_redirects=True)
            took["row picture" if wanted == "ROW" else path].append(1000 * (time.perf_counter() - started))
            assert answer.status_code == 200, (path, answer.status_code)
            if found := re.search(r'src="(/review/row/[^"]+)"', answer.text if wanted != "ROW" else ""):
                row = found[1]
        await asyncio.sleep(chance.expovariate(1 / THINKING_S))


async def decide_one(client: httpx.AsyncClient, took: dict[str, list[float]]) -> None:
    """Decide the item that is shown, as a key does."""
    page = (await client.get("/review", follow_redirects=True)).text
    found = re.search(r'data-item="([^"]+)"', page)
    if found is None:
        return
    started = time.perf_counter()
    told = {"csrf": csrf(page), "item": found[1], "answer": "undecidable"}
    answer = await client.post("/review/decide", data=told, headers={"hx-request": "true"})
    took["decision"].append(1000 * (time.perf_counter() - started))
    assert answer.status_code in (200, 400), answer.status_code  # 400: a colleague was faster


async def follow(client: httpx.AsyncClient, stack: str) -> int:
    """Follow the reading of a stack until it ends or nobody waits any more; return how much was told."""
    events = 0
    try:
        async with client.stream("GET", f"{stack}/progress", timeout=None) as stream:
            async for line in stream.aiter_lines():
                events += line.startswith(("data:", "event:"))
    except asyncio.CancelledError:
        pass
    return events


async def send_stack(client: httpx.AsyncClient, scan: Path) -> str:
    """Send a scan to be read; returns the stack's address."""
    token = csrf((await client.get("/intake")).text)
    headers = {"x-csrf-token": token, "accept": "application/json"}
    stack = str((await client.post("/intake", data={"csrf": token})).json()["stack"])
    await client.post(f"{stack}/file", params={"name": scan.name}, content=scan.read_bytes(), headers=headers)
    await client.post(f"{stack}/send", data={"csrf": token})
    return stack


async def pages_read(sessions: list[tuple[httpx.AsyncClient, Role]], stack: str) -> str:
    """Say where the stack is now."""
    client = next(c for c, role in sessions if role is Role.REVIEWER)
    page = await client.get(stack)
    if page.status_code == 303:
        return "all"
    found = re.search(r"<strong>([\d.,]+ / [\d.,]+)</strong>", page.text)
    return found[1] if found else "none"


async def review_alone(client: httpx.AsyncClient, most: int) -> dict[str, object]:
    """Decide items as fast as the server lets: the time from a key to the next row's picture."""
    page = (await client.get("/review", follow_redirects=True)).text
    token, times = csrf(page), []
    while len(times) < most and (found := re.search(r'data-item="([^"]+)"', page)):
        started = time.perf_counter()
        page = (
            await client.post(
                "/review/decide",
                data={"csrf": token, "item": found[1], "answer": "undecidable"},
                headers={"hx-request": "true"},
            )
        ).text
        if picture := re.search(r'src="(/review/row/[^"]+)"', page):
            await client.get(picture[1])
        times.append(1000 * (time.perf_counter() - started))
    return summary(times)


def summary(times: list[float]) -> dict[str, object]:
    """Return count, median, 95th percentile and maximum in ms."""
    if len(times) < 2:
        return {"n": len(times)}
    ranks = statistics.quantiles(times, n=20)
    return {
        "n": len(times),
        "median": round(ranks[9], 1),
        "p95": round(ranks[18], 1),
        "max": round(max(times), 1),
    }


def csrf(page: str) -> str:
    """Return a page's token."""
    found = re.search(r'name="csrf" content="([^"]+)"', page)
    assert found
    return found[1]


def print_table(figures: dict[str, object]) -> None:
    """Print what was measured."""
    print(
        f"{figures['sessions']} sessions, {figures['requests']} requests, {figures['cores']} cores, "
        f"pages read meanwhile: {figures['pages_read_meanwhile']}, "
        f"asked again after a connection had ended: {figures['asked_again']}"
    )
    by_page = figures["by_page"]
    assert isinstance(by_page, dict)
    for name, line in {
        **by_page,
        "all": figures["all"],
        "one reviewer, per item": figures["one_reviewer"],
    }.items():
        assert isinstance(line, dict)
        print(f"{name:24} " + "  ".join(f"{key} {value}" for key, value in line.items()))
