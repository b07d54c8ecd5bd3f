"""What the pages of a month cost the server when the month is large: CPU seconds, first and second time.

    python bench scale year DIR --slips 200000 --months 2     two months of 100,000 slips
    python bench scale close DIR                              what is timed then looks at what was kept
    python bench desks pages DIR                              the latest month, as the lead opens it

The folder gets one account more. The first time stands for the first visitor after something changed. The
signals are left out: copied slips have no measurements.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Final

import click
import httpx2 as httpx
from harness import folder_argument, measurement, table

from desks.load import sign_in, start
from omr.records.review.progress import periods
from omr.records.store.store import Store
from omr.web.people.accounts import Accounts
from omr.words import Role

PAGES: Final = (
    "/",
    "/overview?period={period}",
    "/month/{period}",
    "/month/{period}/slips",
    "/month/{period}/slips?state=valid",
    "/month/{period}/slips?unit={unit}",
    "/month/{period}/slips?item=overall&said=satisfied",
    "/month/{period}/slips?at=99900",
    "/month/{period}/report",
    "/overview/{period}/report.zip",
    "/search",
)


@measurement(__doc__)
@folder_argument
@click.option("--unit", default="PC06", show_default=True)
def main(folder: Path, unit: str) -> None:
    """Run and print the table."""
    with Store.open(folder / "omr.sqlite") as store:
        period = periods(store)[0]
    name, password = f"pages-{secrets.token_hex(3)}", secrets.token_urlsafe(12)
    accounts = Accounts.open(folder / "accounts.sqlite")
    first = accounts.add(name, [Role.LEAD], None, by="bench")
    accounts.change_password(name, first, password)
    accounts.close()
    server, url = start(folder)
    try:
        asyncio.run(open_each(url, server.pid, (name, password), period, unit))
    finally:
        server.terminate()
        server.wait(60)


async def open_each(url: str, server: int, person: tuple[str, str], period: str, unit: str) -> None:
    """Open each page twice."""
    client, _ = await sign_in(url, *person, Role.LEAD)
    client.timeout = httpx.Timeout(600.0)
    rows = []
    for page in PAGES:
        costs, size = [], 0
        for _ in range(2):
            before = cpu_s(server)
            answer = await client.get(page.format(period=period, unit=unit))
            assert answer.status_code == 200, (page, answer.status_code)
            costs.append(cpu_s(server) - before)
            size = len(answer.content)
        rows.append({"page": page, "CPU s": costs[0], "again": costs[1], "kB": size // 1000})
        print(f"{page.format(period=period, unit=unit)}: {costs[0]:.2f}", flush=True)
    await client.aclose()
    print()
    table(rows)


def cpu_s(process: int) -> float:
    """Return the CPU seconds that a process has taken."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
