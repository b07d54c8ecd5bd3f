"""What an earlier version wrote: it opens, migrates with a copy kept, and gives the same answers.

``tests/golden/make.py`` says how the workspaces were made, and with which version.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omr.reading.scan.pages import open_pages
from omr.records.proof.chain import row_problem
from omr.records.safekeeping.earlier import let_go
from omr.records.store.schema import migrations
from omr.records.store.store import Store

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.tar.xz"))


@dataclass(frozen=True)
class Earlier:
    """A workspace of an earlier version, and what that version said about it."""

    workspace: Path
    said: Any
    run: Callable[..., Any]

    def json(self, *words: object) -> Any:
        return self.run("--workspace", self.workspace, *words, "--json").json


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "office"


@pytest.fixture(params=GOLDEN, ids=lambda file: file.name.partition(".")[0])
def earlier(request: pytest.FixtureRequest, tmp_path: Path, omr: Callable[..., Any]) -> Earlier:
    workspace = unpack(request.param, tmp_path)
    return Earlier(workspace, json.loads((tmp_path / "answers.json").read_text("utf-8")), omr)


def differences(said: Any, before: Any, where: str = "") -> list[str]:
    """Return what was said before and is not said now; a later version may say more.

    A small cell of a report may be hidden now that was not hidden then: it is None, never another number.
    """
    if isinstance(before, dict) and isinstance(said, dict):
        inside = [differences(said.get(key, "absent"), before[key], f"{where}/{key}") for key in before]
        return [line for lines in inside for line in lines]
    if isinstance(before, list) and isinstance(said, list) and len(said) == len(before):
        inside = [
            differences(*pair, f"{where}/{at}") for at, pair in enumerate(zip(said, before, strict=True))
        ]
        return [line for lines in inside for line in lines]
    hidden = said is None and where.startswith("/questions/") and isinstance(before, int)
    return [] if said == before or hidden else [f"{where}: {before} -> {said}"]


def counted(text: str) -> dict[tuple[str, ...], str]:
    """Return the counts of a tidy table by what they are counts of."""
    keys = ("period", "unit", "form", "channel", "question", "state", "option")
    return {
        tuple(row[key] for key in keys): row["slips"]
        for row in csv.DictReader(io.StringIO(text))
        if row["slips"] not in ("", "*")
    }


def dump(database: Path) -> list[str]:
    """Return a database as the statements that make it."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as raw:
        return list(raw.iterdump())


def test_it_migrates_and_keeps_a_copy_that_is_as_it_was(earlier: Earlier) -> None:
    database = earlier.workspace / "omr.sqlite"
    before = dump(database)
    with Store.open(database) as store:
        applied = list(store.rows("SELECT name FROM _sqlite_migrations WHERE migration_set = 'omr'"))
    assert len(applied) == len(migrations._migrations)
    (copy,) = earlier.workspace.glob("omr.after-*.sqlite")
    assert dump(copy) == before
    assert dump(database) != before

    # Years later others lie beside it: the register goes on from where an earlier version's ended.
    older = [copy.with_name(f"omr.after-m000_first.{day}T000000Z.sqlite") for day in (20200101, 20200102)]
    for one in older:
        shutil.copy(copy, one)
    with Store.open(database) as store:
        assert let_go(store) == (older[0].name,)


def test_the_chain_of_events_holds_and_ends_where_it_ended(earlier: Earlier) -> None:
    with Store.open(earlier.workspace / "omr.sqlite") as store:
        assert row_problem(store) is None
    if "head" in earlier.said:  # the demonstration is kept without its originals, which this asks for
        assert differences(earlier.json("audit", "verify"), earlier.said["head"]) == []


def test_every_answer_is_what_it_was(earlier: Earlier) -> None:
    assert earlier.said["answers"]
    assert differences(earlier.json("answers"), earlier.said["answers"]) == []


def test_what_waited_waits(earlier: Earlier) -> None:
    assert earlier.said["waiting"]
    assert differences(earlier.json("review", "list"), earlier.said["waiting"]) == []


def test_the_register_balances_as_it_did(earlier: Earlier) -> None:
    for period, before in earlier.said["reconciled"].items():
        assert differences(earlier.json("register", "reconcile", "--period", period), before) == [], period


def test_every_figure_is_what_it_was(earlier: Earlier, tmp_path: Path) -> None:
    compared = 0
    for period, before in earlier.said["reports"].items():
        words = ("--period", period, "--format", "csv", "-o", tmp_path / period)
        made = earlier.json("report", *words)
        assert differences(made["figures"], before["figures"]) == [], period
        (file,) = (Path(file) for file in made["files"] if Path(file).name == f"so-lieu-{period}.csv")
        now, then = counted(file.read_text("utf-8-sig")), counted(before["csv"][file.name])
        both = now.keys() & then.keys()
        assert {key: now[key] for key in both} == {key: then[key] for key in both}, period
        compared += len(both)
    assert compared > 100


def test_two_copies_give_the_same_report_byte_for_byte(earlier: Earlier, tmp_path: Path) -> None:
    """One copy migrates while it is asked, the other was migrated before."""
    period = min(earlier.said["reports"])  # the closed month, where there is one
    hashes = []
    for name in ("one", "other"):
        workspace = shutil.copytree(earlier.workspace, tmp_path / name)
        if name == "other":
            Store.open(workspace / "omr.sqlite").close()
        words = ("--workspace", workspace, "report", "--period", period, "-o", tmp_path / f"{name} report")
        files = map(Path, earlier.run(*words, "--json").json["files"])
        hashes.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) >= 5


def test_every_page_is_known_again_by_the_name_it_has(earlier: Earlier) -> None:
    """Pages are named in another way today; the names of before still match, so nothing counts twice."""
    sql = "SELECT path, number, picture FROM pages JOIN originals USING (original)"
    with closing(sqlite3.connect(earlier.workspace / "omr.sqlite")) as raw:
        known = [row for row in raw.execute(sql) if (earlier.workspace / row[0]).exists()]
    if not known:
        pytest.skip("a workspace that was packed without its scans")
    files = {path: list(open_pages(earlier.workspace / path)) for path in {row[0] for row in known}}
    pages = {(path, page.page): page for path, found in files.items() for page in found}
    for path, number, picture in known:
        page = pages[path, number]
        names = (page.identity or hashlib.sha256(page.data).hexdigest(), *page.older)
        assert picture in names, (path, number)
