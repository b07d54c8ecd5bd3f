"""The demonstration: the whole job in one command, and its own truth to compare with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scanned import open_to_others

from omr.demo import PERIOD, fresh_folder
from omr.records.register.register import issued
from omr.records.store.store import Store

SLIPS = 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


def test_the_whole_job_in_one_command(folder: Path, omr: Any) -> None:
    ran = omr("demo", folder, "--slips", SLIPS, "--seed", 5, "--json")
    assert ran.code == 0, ran.err
    shown = ran.json
    assert shown["decode_ratio"] > 1  # reading decodes, too: less would mean that somebody's work is not seen
    assert {
        "slips",
        "pages",
        "read",
        "rejected",
        "to_review",
        "misread",
        "positions",
        "files",
    } <= shown.keys()
    assert shown["misread"] == 0, shown["misread_answers"]
    assert shown["slips"] == SLIPS and shown["pages"] == SLIPS + 2, "one sheet twice, one forged slip"
    assert shown["read"] + shown["rejected"] == shown["pages"]
    assert shown["rejected_reasons"] == {"serial_unknown": 1}, "only the forged slip"
    assert shown["duplicates"] == 1
    assert shown["positions"] > 60 * SLIPS
    assert 0 < shown["satisfied"] <= shown["answered"] <= SLIPS
    for place in shown["files"].values():
        assert Path(place).exists() and (Path(place).is_file() or any(Path(place).iterdir()))
    annotated = list(Path(shown["files"]["annotated"]).iterdir())
    assert len(annotated) == 10, "two pages of each scan"
    assert open_to_others(folder) == []


def test_the_register_knows_the_slips_that_did_not_come_back(folder: Path) -> None:
    with Store.open(folder / "omr.sqlite") as store:
        assert sum(run.count for run in issued(store)) == SLIPS + 5 * 5
        assert {run.period for run in issued(store)} == {PERIOD}


def test_every_scan_has_its_truth_beside_it(folder: Path) -> None:
    truths = [json.loads(file.read_text("utf-8")) for file in (folder / "ban-quet").glob("*.json")]
    assert len(truths) == 5
    assert sum(len(truth["pages"]) for truth in truths) == SLIPS + 2


def test_an_existing_folder_is_left_alone(folder: Path, tmp_path: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    assert fresh_folder(folder) == folder.with_name("demo-2")
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before
    empty = tmp_path / "empty"
    empty.mkdir()
    assert fresh_folder(empty) == empty
