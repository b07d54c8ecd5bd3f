"""The sample scans are read in a workspace made as their README says, and read as their truth says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from omr.forms.layout import list_forms
from omr.forms.template import fingerprint

SAMPLES = Path(__file__).parent.parent / "samples"
SCANS = sorted(SAMPLES.glob("*.pdf"))
README = (SAMPLES / "README.md").read_text("utf-8")


def test_the_samples_were_printed_from_today_s_forms() -> None:
    printed = json.loads((SAMPLES / "forms.json").read_text("utf-8"))
    assert printed == {form.form: fingerprint(form) for form in list_forms(None)}, (
        "run python samples/make.py"
    )


def test_every_sample_has_its_truth_and_its_line_in_the_readme() -> None:
    assert len(SCANS) == 5
    for scan in SCANS:
        assert scan.with_suffix(".json").is_file()
        assert f"`{scan.name}`" in README
    assert "simulated" in README
    assert sum(file.stat().st_size for file in SAMPLES.iterdir()) < 6e6


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples") / "try"


def test_the_readme_s_commands_read_the_samples(
    workspace: Path, omr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    omr("init", workspace)
    monkeypatch.chdir(workspace)
    commands = re.findall(r"^    omr (.*)$", README, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["init", *["issue"] * 5, "read"]
    assert omr("units", "import", "hai-phong-2023").code == 0
    for command in commands[1:-1]:
        assert omr(*shlex.split(command)).code == 0, command
    made = omr("read", SAMPLES, "--json").json
    truths = {
        p["serial"]: p
        for scan in SCANS
        for p in json.loads(scan.with_suffix(".json").read_text("utf-8"))["pages"]
    }
    assert made["read"] == made["pages"] == len(truths) == 20
    for slip in omr("answers", "--json").json:
        truth = truths.pop(slip["serial"])["answers"]
        for question, answer in slip["answers"].items():
            if answer["state"] != "doubtful":
                assert sorted(answer["codes"]) == sorted(truth[question]), (slip["serial"], question)
    assert not truths
