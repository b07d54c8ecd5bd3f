"""What is computed from the benchmark's reports: changes beyond noise, the capacity plan."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script, which is in no package."""
    monkeypatch.syspath_prepend(str(BENCH))
    import reports as script

    yield script
    del sys.modules["reports"]


def report() -> dict[str, Any]:
    row = {
        "pages": "a5-200-grey",
        "condition": "mixed",
        "count": 100,
        "decode_ms": 5.0,
        "read_ms": 14.0,
        "whole_ms": 15.0,
        "ratio": 2.8,
        "noise": 0.1,
        "stages_ms": {"decode": 5.0, "measure": 6.0, "align": 0.1, "open, write": 2.9},
        "database_bytes_per_page": 18_000.0,
        "scan_bytes_per_page": 300_000.0,
        "waiting": 5,
    }
    return {"costs": [row]}


def real(reports: ModuleType, new: dict[str, Any]) -> list[str]:
    return [change.what for change in reports.changes(report(), new) if change.is_real]


def test_what_lies_within_the_noise_has_not_changed(reports: ModuleType) -> None:
    new = deepcopy(report())
    new["costs"][0]["ratio"] += 0.19
    new["costs"][0]["stages_ms"]["align"] *= 3  # too short to be timed
    assert real(reports, new) == []


def test_a_stage_that_became_slower_is_named(reports: ModuleType) -> None:
    new = deepcopy(report())
    new["costs"][0]["ratio"] += 0.6
    new["costs"][0]["stages_ms"]["measure"] += 3.0
    assert real(reports, new) == ["a5-200-grey mixed: x decode", "a5-200-grey mixed: measure"]


def test_the_plan_grows_with_the_slips_and_splits_by_database(reports: ModuleType) -> None:
    one = reports.Measured.of(report(), "a5-200-grey")
    city, country = (
        reports.plan(reports.Place("", slips, databases), one, reports.ASSUMED)
        for slips, databases in ((100_000, 1), (3_400_000, 34))
    )
    for key in ("CPU hours a month", "originals a year, GB", "review hours a month"):
        assert country[key] == pytest.approx(34 * city[key])
    assert country["of it in each file, GB"] == pytest.approx(city["of it in each file, GB"])
    assert city["CPU hours a month"] == pytest.approx(100_000 * 0.015 / 3600)
    assert city["review hours a month"] == pytest.approx(100_000 * 0.05 * 10 / 3600)


def test_the_saved_report_gives_the_plan_that_the_documents_show(
    reports: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["reports.py", "capacity"])
    assert reports.main() == 0
    assert "| slips a month | 30,000 |" in capsys.readouterr().out
