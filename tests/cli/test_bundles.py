"""Batches carried between machines: whatever the order and however often, the same records."""

from __future__ import annotations

import random
import zipfile
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from offices import Office
from scanned import BLANK, slip

from omr.records.store.store import Store
from omr.workspace import Workspace


@pytest.fixture
def bundles(office: Office, tmp_path: Path) -> list[Path]:
    """Three bundles of a unit's machine, two of which hold the same batch."""
    runs = office.issue("PC06", 9, "2026-11"), office.issue("PC08", 9, "2026-11")
    ours, theirs = runs
    files = [
        office.scan(slip(ours, 1), BLANK, slip(ours, 2, B1="?")),
        office.scan(slip(ours, 3), slip(ours, 1, B1="2")),
        office.scan(slip(theirs, theirs.first), slip(ours, 4)),
    ]
    office("read", files[0], "--unit", "PC06", "--period", "2026-11", "--expect", 2, code=3)
    office("read", files[1], "--unit", "PC06", code=3)
    office("read", files[2], "--unit", "PC08", code=3)
    made = []
    for at, words in enumerate((("--unit", "PC06"), ("--batch", "B000002"), ("--batch", "B000003"))):
        made.append(tmp_path / f"{at}.zip")
        assert office.json("bundle", "export", *words, "-o", made[-1])["batches"] == (2 if at == 0 else 1)
    return made


def elsewhere(office: Office, folder: Path, without: str = "") -> Workspace:
    """Return the machine of PV01: the same register, perhaps without a unit; nothing read yet."""
    workspace = Workspace.create(folder)
    with (
        Store.open(office.workspace.database) as here,
        Store.open(workspace.database) as there,
        there.act("copy", by="test") as act,
    ):
        for table in ("forms", "form_questions", "form_options", "unit_entries", "runs", "run_ends"):
            rows = [dict(row) for row in here.rows(f"SELECT * FROM {table}")]
            kept = [row for row in rows if table != "unit_entries" or row["unit"] != without]
            act.add(table, *({**row, "event": act.event} for row in kept))
    return workspace


def said(office: Office, workspace: Workspace) -> Any:
    ran = office._run("--workspace", workspace.path, "answers", "--json")
    return sorted((slip["serial"], slip["valid"], str(slip["answers"])) for slip in ran.json)


def take(office: Office, workspace: Workspace, file: Path) -> Any:
    """Import a bundle and return what was printed."""
    ran = office._run("--workspace", workspace.path, "bundle", "import", file, "--json")
    assert ran.code in (0, 3), ran.err
    return ran.json


def refused(office: Office, workspace: Workspace, file: Path) -> bool:
    """Whether an import ends with one line that says why."""
    ran = office._run("--workspace", workspace.path, "bundle", "import", file)
    return ran.code == 1 and len(ran.err.splitlines()) == 1


def test_a_bundle_brings_what_was_read_there(office: Office, bundles: list[Path], tmp_path: Path) -> None:
    there = elsewhere(office, tmp_path / "pv01")
    made = take(office, there, bundles[0])
    assert made["office"] == "Công an thành phố Hải Phòng"
    first, second = made["batches"]
    assert (first["pages"], first["read"], first["blank_backs"], first["expected"]) == (3, 2, 1, 2)
    assert second["duplicates"] == 1
    take(office, there, bundles[2])
    assert said(office, there) == said(office, office.workspace)
    with Store.open(there.database) as store:
        assert store.value("SELECT count(*) FROM originals") == 3


def test_neither_order_nor_repetition_changes_which_slips_count(
    office: Office, bundles: list[Path], tmp_path: Path
) -> None:
    ends = set()
    for order in permutations(bundles):
        there = elsewhere(office, tmp_path / "-".join(path.stem for path in order))
        for file in (*order, order[0]):
            take(office, there, file)
        with Store.open(there.database) as store:
            rows = store.rows(
                "SELECT DISTINCT serial FROM slips WHERE standing IN ('counts', 'held') ORDER BY serial"
            )
            files = store.rows("SELECT original FROM originals ORDER BY original")
            pages = store.value("SELECT count(*) FROM pages")
            ends.add((tuple(row[0] for row in rows), tuple(row[0] for row in files), pages))
    assert len(ends) == 1


def test_a_changed_bundle_is_refused_whole(office: Office, bundles: list[Path], tmp_path: Path) -> None:
    there = elsewhere(office, tmp_path / "pv01")
    with zipfile.ZipFile(bundles[0]) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    chance, changed = random.Random(1), tmp_path / "changed.zip"
    for name in parts:
        part = bytearray(parts[name])
        part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
        with zipfile.ZipFile(changed, "w") as archive:
            for other, content in {**parts, name: bytes(part)}.items():
                archive.writestr(other, content)
        assert refused(office, there, changed)
    for extra in ("../../etc/passwd", "originals/" + "0" * 64):
        with zipfile.ZipFile(changed, "w") as archive:
            for other, content in {**parts, extra: b"x"}.items():
                archive.writestr(other, content)
        assert refused(office, there, changed)
    changed.write_bytes(b"PK")
    assert refused(office, there, changed)
    with Store.open(there.database) as store:
        assert store.value("SELECT count(*) FROM originals") == 0


def test_a_bundle_with_a_unit_that_is_unknown_here_is_refused_whole(
    office: Office, bundles: list[Path], tmp_path: Path
) -> None:
    there, whole = elsewhere(office, tmp_path / "pv01", without="PC08"), tmp_path / "all.zip"
    office("bundle", "export", "-o", whole)
    assert refused(office, there, whole)
    with Store.open(there.database) as store:
        assert store.value("SELECT count(*) FROM originals") == 0


def test_a_bundle_of_another_key_is_refused_when_one_was_named(
    office: Office, bundles: list[Path], tmp_path: Path
) -> None:
    there = elsewhere(office, tmp_path / "pv01")
    words = ("--workspace", there.path, "bundle", "import", bundles[2])
    assert office._run(*words, "--key", "0" * 64).code == 1
    signer = office._run(*words, "--json").json["signer"]
    assert office._run(*words, "--key", signer).code == 3


def test_what_is_not_there_is_not_bundled(office: Office, bundles: list[Path], tmp_path: Path) -> None:
    for words in (("--unit", "PC07"), ("--period", "2026-12"), ("--batch", "B000009"), ("--unit", "PC99")):
        assert office("bundle", "export", *words, "-o", tmp_path / "x.zip", code=1).err
    (original,) = list(office.workspace.scans.rglob("*.tif"))[:1]
    original.chmod(0o600)
    original.write_bytes(original.read_bytes() + b"x")
    assert office("bundle", "export", "-o", tmp_path / "x.zip", code=1).err
    assert not (tmp_path / "x.zip").exists()
