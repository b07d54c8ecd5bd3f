"""The log and the bundle: what happened, and nothing about people."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import pytest
from offices import Office
from scanned import slip

from omr import log
from omr.errors import OmrError
from omr.log import KEPT, MOST_BYTES, recent


def lines(office: Office) -> list[dict[str, object]]:
    return [json.loads(line) for line in recent(office.workspace.path)]


def test_each_line_is_json_with_a_word_of_ours(office: Office) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1), slip(run, 2)))
    office("receipt", "B999999", code=1)
    told = lines(office)
    assert [one["event"] for one in told] == ["read", "command_failed"]
    assert (told[0]["pages"], told[0]["batch"]) == (2, "B000001")
    assert (told[1]["command"], told[1]["key"]) == ("receipt", "records.no_batch")
    assert all({"at", "level", "process"} <= set(one) for one in told)


def test_no_text_of_people_enters_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by a value, nor by an error's own words, nor by what a library says."""
    log.begin(tmp_path)
    try:
        try:
            raise ValueError("Nguyễn Văn A, 0912345678")
        except ValueError as error:
            log.failure("broken", error, file="Nguyễn Văn A.pdf", count=3, reason="no_serial")
        log.event("refused", key="Trần Thị B")
        logging.getLogger("asyncio").warning("GET /serial/%s", "126000001ABCDEF")
    finally:
        log.end()
    journal = capsys.readouterr().err  # no terminal: a service's journal
    assert json.loads(journal)["library"] == "asyncio"
    text = "".join([*recent(tmp_path), journal])
    for secret in ("Nguyễn", "Trần", "0912345678", "126000001"):
        assert secret not in text
    first, second, third = map(json.loads, recent(tmp_path))
    assert (first["event"], first["error"], first["count"], first["reason"]) == (
        "broken",
        "ValueError",
        3,
        "no_serial",
    )
    assert "file" not in first and "key" not in second
    assert (third["event"], third["library"]) == ("library", "asyncio")


def test_the_log_is_bounded_and_private(tmp_path: Path) -> None:
    log.begin(tmp_path)
    try:
        for _ in range(KEPT + 3):
            for file in (tmp_path / "log").glob("omr.jsonl"):
                file.write_text("x" * (MOST_BYTES + 1))
            log.event("again")
    finally:
        log.end()
    files = sorted(file.name for file in (tmp_path / "log").glob("omr.jsonl*"))
    assert len(files) == KEPT + 1
    assert (tmp_path / "log" / "omr.jsonl").stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")  # a file where the folder should be
    log.begin(tmp_path)
    try:
        log.event("unheard")
    finally:
        log.end()


def test_the_bundle_says_what_helps_and_nothing_about_people(office: Office, tmp_path: Path) -> None:
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1, B1="?")), code=3)
    settings = office.workspace.path / "omr.toml"
    settings.write_text('office = "Bí mật"\nelectronic_form_url = "https://bi-mat.example.vn/"\n')
    made = tmp_path / "bundle.zip"
    office("doctor", "--bundle", made, "--json", code=None)
    with zipfile.ZipFile(made) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(parts) == {"versions.json", "checks.json", "settings.json", "register.json", "log.jsonl"}
    told = json.loads(parts["register.json"])
    assert told["rows"]["readings"] == 1
    assert {"state": "doubtful", "count": 1} in told["reasons"]["answers"]
    whole = "".join(parts.values())
    for secret in ("Bí mật", "bi-mat", str(run.serial(1)), run.key.hex(), str(office.workspace.path), "PC06"):
        assert secret not in whole
    assert made.stat().st_size < 100_000


@pytest.mark.parametrize("broken", ["no workspace", "no database", "no settings"])
def test_the_bundle_is_made_of_what_is_broken_too(office: Office, tmp_path: Path, broken: str) -> None:
    folder = office.workspace.path
    if broken == "no workspace":
        folder = tmp_path / "nothing"
    elif broken == "no database":
        office.workspace.database.unlink()
    else:
        (folder / "omr.toml").write_text("=")
    made = tmp_path / "bundle.zip"
    ran = office._run("--workspace", folder, "doctor", "--bundle", made)
    assert ran.code in (0, 3)
    with zipfile.ZipFile(made) as bundle:
        assert json.loads(bundle.read("register.json"))


def test_an_error_of_ours_keeps_its_key_alone(tmp_path: Path) -> None:
    log.begin(tmp_path)
    try:
        log.failure("command_failed", OmrError("records.no_batch", batch="Nguyễn"))
    finally:
        log.end()
    (line,) = recent(tmp_path)
    assert json.loads(line)["key"] == "records.no_batch"
    assert "Nguy" not in line
