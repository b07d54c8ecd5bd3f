"""What is computed from the benchmark's reports: changes beyond noise, the capacity plan."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from speed import reports


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


def real(new: dict[str, Any]) -> list[str]:
    return [change.what for change in reports.changes(report(), new) if change.is_real]


def test_what_lies_within_the_noise_has_not_changed() -> None:
    new = deepcopy(report())
    new["costs"][0]["ratio"] += 0.19
    new["costs"][0]["stages_ms"]["align"] *= 3  # too short to be timed
    assert real(new) == []


def test_a_stage_that_became_slower_is_named() -> None:
    new = deepcopy(report())
    new["costs"][0]["ratio"] += 0.6
    new["costs"][0]["stages_ms"]["measure"] += 3.0
    assert real(new) == ["a5-200-grey mixed: x decode", "a5-200-grey mixed: measure"]


def test_the_plan_grows_with_the_slips_and_splits_by_database() -> None:
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
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports.capacity([], standalone_mode=False)
    assert "| slips a month | 30,000 |" in capsys.readouterr().out
