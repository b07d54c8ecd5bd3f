"""How many keys and how much time a reviewer spends on slips of difficult hands, row by row and slip by slip.

    python bench desks reviewer [--slips 250] [--json FILE]

Makes a workspace of simulated people who ring, dot, press lightly and correct themselves, reads it, and
lets a scripted reviewer who knows the truth decide all doubtful rows twice, on copies: row by row as the
desk was before slip mode, and as it is now. Counted are the keys, the time of the server per slip (CPU of
this process: requests are answered in it), and a person's time by the keystroke-level model (Card, Moran,
Newell 1983): 0.28 s for a key, 1.35 s to look and decide, once for each row that comes alone, and for each
slip once and 0.4 s for each of its rows (a fixation and a saccade to the next). What is proposed is
compared with what was meant. The paper is simulated: it measures the desk, not the reading.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from harness import measurement, path_option
from starlette.testclient import TestClient

from omr.forms.template import Kind
from omr.office import Office
from omr.reading.scan.pages import Depth
from omr.records.intake.orders import Orders
from omr.records.offices.units import shipped_units
from omr.records.review.proposal import proposed
from omr.records.review.second_reading import DoubtfulItem, doubtful
from omr.records.review.worklist import MANY
from omr.records.store.store import Store
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_scan
from omr.simulate.stacks import Stack, simulate_stacks
from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.web.people.accounts import Accounts
from omr.words import Role
from omr.workspace import Workspace

FORMS: Final = (("DL-01", "PC06"), ("DL-03", "PC08"))
KEY_S: Final = 0.28
LOOK_S: Final = 1.35
ROW_S: Final = 0.4
NAME: Final = "scripted"
PASSWORD: Final = "bốn-cây-bút-chì-2026"
Truth = Mapping[str, Mapping[str, Any]]


def hands(folder: Path, slips: int, seed: int = 50) -> Truth:
    """Make a workspace of difficult hands, `slips` of each form, and read it; returns the truth by serial."""
    workspace = Workspace.create(folder)
    truth: dict[str, Mapping[str, Any]] = {}
    with Office.open(workspace, by="bench") as office:
        listed = shipped_units("hai-phong-2023")
        assert listed is not None
        office.import_units(listed.read_bytes())
        stacks = []
        for place, (name, unit) in enumerate(FORMS):
            form, target = office.form(name), folder / f"{name}.pdf"
            office.issue(form, unit=unit, period="2026-11", count=slips, target=target, seed=seed + place)
            run = PrintedRun(target, form, slips)
            stacks.append(Stack(run, 200, Depth.GREY, seed + place, crowd="troublesome"))
        for (name, unit), pages in zip(FORMS, simulate_stacks(stacks, 2), strict=True):
            scan = folder / f"{name}-scan.pdf"
            for one in write_scan(pages, scan):
                truth[one.serial] = {"answers": one.answers, "marks": one.marks}
            office.read(Orders(unit, "2026-11", slips), [scan])
    return truth


@measurement(__doc__)
@click.option("--slips", default=250, show_default=True, help="of each of the two forms")
@click.option("--seed", default=50, show_default=True)
@path_option("--json", "kept")
def main(slips: int, seed: int, kept: Path | None) -> None:
    """Run and print the tables."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        truth = hands(made, slips, seed)
        figures = {"proposals": proposals(made, truth)}
        for way in ("single", "slips"):
            copy = Path(folder) / way
            shutil.copytree(made, copy)
            figures[way] = Reviewer(copy, truth, way).work()
    print(json.dumps(figures, indent=1))
    if kept:
        kept.write_text(json.dumps(figures, indent=1), "utf-8")


def proposals(workspace: Path, truth: Truth) -> dict[str, Any]:
    """Count what slip mode proposes, and how many slips have how many doubtful rows."""
    with Store.open(workspace / "omr.sqlite") as store:
        items, forms = doubtful(store, lambda reading, question: False), store.forms
    rows = Counter(item.reading for item in items)
    outcome: Counter[str] = Counter()
    leans_to_none = none_is_right = 0
    for item in items:
        meant = set(truth[item.serial]["answers"].get(item.question, ()))
        if not item.leans:
            leans_to_none += 1
            none_is_right += not meant
        if rows[item.reading] >= MANY:
            said = proposed(item, forms[item.fingerprint].questions[item.position])
            outcome["asked" if not said else "right" if set(said) == meant else "wrong"] += 1
    return {
        "slips_by_doubtful_rows": dict(sorted(Counter(rows.values()).items())),
        "doubtful_rows": len(items),
        "rows_on_whole_slips": sum(n for n in rows.values() if n >= MANY),
        "whole_slips": sum(n >= MANY for n in rows.values()),
        "on_whole_slips": dict(outcome),
        "leans_to_none": leans_to_none,
        "none_is_right": none_is_right,
    }


class Reviewer:
    """Somebody who knows what was meant and works through the queue with keys."""

    def __init__(self, folder: Path, truth: Truth, way: str) -> None:
        self._truth, self._way = truth, way
        self._workspace = Workspace.open(folder)
        accounts = Accounts.open(folder / "accounts.sqlite")
        first = accounts.add(NAME, [Role.REVIEWER], None, by="bench")
        accounts.change_password(NAME, first, PASSWORD)
        self._office = FrontOffice.of(self._workspace, accounts)
        self._office.worklist.second_share = 0.0
        self._office.worklist._chance = lambda: 1.0  # no known items: they cost the same either way
        self._client = TestClient(create_app(self._office, hosts=("testserver",)))
        page = self._client.get("/login").text
        token = {"csrf": self._token(page), "name": NAME, "password": PASSWORD}
        self._csrf = self._token(self._client.post("/login", data=token).text)
        self.keys = self.rows = self.wrong = self.whole = 0
        self.person_s = 0.0
        self._slips: set[int] = set()

    def work(self) -> dict[str, Any]:
        """Decide all that waits; return what it took."""
        started = time.process_time()
        page = self._client.get("/review", params={"way": "single"} if self._way == "single" else {})
        while True:
            place = (
                str(page.url) if "/review/slips/" in str(page.url) else page.headers.get("hx-redirect", "")
            )
            found = re.search(r'data-item="([^"]+)"', page.text)
            if place:
                page = self._slip(int(re.findall(r"/review/slips/(\d+)", place)[0]))
            elif found:
                page = self._row(found[1])
            else:
                break
        spent = time.process_time() - started
        slips = len(self._slips)
        self._office.close()
        return {
            "rows": self.rows,
            "slips": slips,
            "shown_whole": self.whole,
            "keys": self.keys,
            "keys_per_slip": round(self.keys / slips, 2),
            "person_s_per_slip": round(self.person_s / slips, 2),
            "server_cpu_ms_per_slip": round(1000 * spent / slips, 1),
        }

    def _row(self, key: str) -> Any:
        item = self._item(key)
        self._look(item, whole=False)
        words = self._meant(item)
        # one key for an option; where several may be right one for each, and Enter
        several = self._question(item).kind is Kind.MULTIPLE and words != ["none"]
        self._press(len(words) + 1 if several else 1)
        data = {"csrf": self._csrf, "item": key, "answer": words}
        if self._way == "single":
            data["way"] = "single"
        return self._client.post("/review/decide", data=data, headers={"hx-request": "true"})

    def _slip(self, reading: int) -> Any:
        self._client.get(f"/review/slips/{reading}")
        with self._office.store() as store:
            items = self._office.worklist.slip(store, NAME, self._wanted(), reading)
        self.whole += 1
        self.person_s += LOOK_S
        data = {"csrf": self._csrf}
        for item in items:
            self._look(item, whole=True)
            words, read = self._meant(item), list(proposed(item, self._question(item)))
            if words != read:
                # the row is chosen with an arrow or comes by itself where nothing was read; then its key
                self._press(len(words) if not read else 1 + len(words))
                self.person_s += LOOK_S
            data[f"say-{item.item}"] = " ".join(words)
        self._press(1)
        return self._client.post(f"/review/slips/{reading}", data=data)

    def _look(self, item: DoubtfulItem, *, whole: bool) -> None:
        self.rows += 1
        self._slips.add(item.reading)
        self.person_s += ROW_S if whole else LOOK_S

    def _press(self, keys: int) -> None:
        self.keys += keys
        self.person_s += keys * KEY_S

    def _meant(self, item: DoubtfulItem) -> list[str]:
        codes = list(self._truth[item.serial]["answers"].get(item.question, ()))
        if len(codes) > 1 and self._question(item).kind is not Kind.MULTIPLE:
            return ["multiple"]
        return codes or ["none"]

    def _item(self, key: str) -> DoubtfulItem:
        with self._office.store() as store:
            item = self._office.worklist.find(store, key)
        assert item is not None
        return item

    def _question(self, item: DoubtfulItem) -> Any:
        with self._office.store() as store:
            return store.forms[item.fingerprint].questions[item.position]

    def _wanted(self) -> Any:
        from omr.records.review.worklist import Wanted

        return Wanted()

    @staticmethod
    def _token(page: str) -> str:
        found = re.search(r'name="csrf" content="([^"]+)"', page)
        assert found
        return found[1]
