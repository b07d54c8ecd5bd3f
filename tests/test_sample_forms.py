"""Two forms of `samples/forms` the whole way: checked, issued, filled, scanned, read, reported."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from omr.forms.layout import find_form
from omr.forms.template import VALUES
from omr.workspace import Workspace

FORMS = Path(__file__).parents[1] / "samples" / "forms"
PERIOD = "2026-11"


@pytest.fixture
def office(omr: Callable[..., Any], workspace: Workspace) -> Callable[..., Any]:
    def run(*words: object) -> Any:
        made = omr("--workspace", workspace.path, *words)
        assert made.code in (0, 3), made.err  # 3: something waits for a person
        return made

    run("units", "import", "hai-phong-2023")
    for file in FORMS.glob("*.toml"):
        shutil.copy(file, workspace.path / "forms")
    return run


@pytest.mark.parametrize(("form", "count", "pages"), [("CB-01", 3, 4), ("CE-01", 4, 1)])
def test_a_sample_form_lives_the_whole_way(
    office: Callable[..., Any], workspace: Workspace, tmp_path: Path, form: str, count: int, pages: int
) -> None:
    assert office("forms", "check", FORMS / f"{form.lower()}.toml", "--json").json["ok"]
    printed, scanned = tmp_path / "run.pdf", tmp_path / "scan.pdf"
    office("issue", form, "--unit", "PC06", "--count", count, "--period", PERIOD, "--seed", 3, "-o", printed)
    office("simulate", printed, "-o", scanned, "--seed", 5, "--depth", "grey")
    truth = json.loads(scanned.with_suffix(".json").read_text("utf-8"))["pages"]
    assert len(truth) == count * pages
    receipt = office("read", scanned, "--expect", count * max(1, pages // 2), "--json").json
    assert (receipt["read"], receipt["sheets"]) == (count * pages, count * max(1, pages // 2))
    assert not receipt["problems"]
    said = {slip["serial"]: slip["answers"] for slip in office("answers", "--json").json}
    assert len(said) == count  # questionnaires, not pages
    meant: dict[str, dict[str, list[str]]] = {}
    for page in truth:
        meant.setdefault(page["serial"], {}).update(page["answers"])
    lines = office("answers", "--lang", "en").out.splitlines()
    sure = 0
    for serial, answers in meant.items():
        assert set(said[serial]) == set(answers)
        for key, codes in answers.items():
            found = said[serial][key]
            if found["state"] in ("answered", "no_answer", "not_applicable"):  # also of a broken ranking
                assert found["codes"] == codes, (serial, key)
                sure += 1
            elif found["state"] == "doubtful":  # said to be so, whichever page it stands on, and why
                assert found["reason"], (serial, key)
                (line,) = (one for one in lines if one.startswith(serial))
                assert f"  {key}=doubtful" in line
    assert sure > 0.85 * sum(map(len, meant.values()))
    assert office("redecide", "--dry-run", "--json").json["changed"] == []  # also of what was written
    _reported(office, workspace, tmp_path, form, said)


def _reported(
    office: Callable[..., Any], workspace: Workspace, folder: Path, name: str, said: dict[str, Any]
) -> None:
    """The month's files know the form's kinds as what they are."""
    office("report", "--period", PERIOD, "-o", folder / "report", "--format", "csv,xlsx")
    form = find_form(name, workspace.path / "forms")
    (sheets,) = (openpyxl.load_workbook(file).sheetnames for file in (folder / "report").glob("bieu-*.xlsx"))
    assert ("Biểu 14" in sheets) == any(question.ranking for question in form.questions)
    assert ("Biểu 13" in sheets) == any(question.kind in VALUES for question in form.questions)
    assert any(sheet.startswith("Biểu 12") for sheet in sheets) == (name == "CB-01")
    (counts,) = (folder / "report").glob("so-lieu-*.csv")
    rows = list(csv.DictReader(counts.read_text("utf-8-sig").splitlines()))
    told = {row["question"]: int(row["slips"]) for row in rows if row["state"] == "not_applicable"}
    for key, slips in told.items():
        assert slips == sum(answers[key]["state"] == "not_applicable" for answers in said.values())
