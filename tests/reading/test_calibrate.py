"""Calibrations: files, fitting, error curves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from box_pages import grid, mark, paper
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import OmrError
from omr.reading.marks import first
from omr.reading.marks.calibrate import load_calibration, save_calibration
from omr.reading.marks.fit import RISKS, Lesson, error_curve, fit, fit_weights
from omr.reading.marks.papers import EVIDENCE, FALLING, RISING, gather
from omr.reading.papers.paper import FEATURES, measure


def test_a_calibration_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    shipped = load_calibration()
    learned = replace(shipped.papers, bias=-2.5)
    save_calibration(replace(shipped, bias=-1.25, papers=learned), tmp_path / "office.json")
    office = load_calibration("office", tmp_path)
    assert (office.bias, office.papers.bias) == (-1.25, -2.5)
    assert np.array_equal(office.papers.weights, shipped.papers.weights)
    assert office.papers.limits == shipped.papers.limits
    assert np.array_equal(office.weights, shipped.weights)
    assert (office.limits, office.provenance) == (shipped.limits, shipped.provenance)


def test_the_offices_own_comes_before_the_shipped_one(tmp_path: Path) -> None:
    save_calibration(replace(load_calibration(), bias=7.0), tmp_path / "default.json")
    assert load_calibration("default", tmp_path).bias == 7.0
    assert load_calibration("default", None).bias != 7.0


def test_the_shipped_calibration_says_how_it_was_made() -> None:
    told = load_calibration().provenance
    assert told["command"].startswith("omr calibrate fit ")
    assert told["made"] and told["data"] and told["curve"]


def test_a_calibration_of_before_has_the_shipped_model_of_papers(tmp_path: Path) -> None:
    file = tmp_path / "office.json"
    save_calibration(load_calibration(), file)
    old = json.loads(file.read_text("utf-8"))
    del old["papers"], old["slips"]
    file.write_text(json.dumps(old), "utf-8")
    assert np.array_equal(
        load_calibration("office", tmp_path).papers.weights, load_calibration().papers.weights
    )


@pytest.mark.parametrize("name", ["absent", "../calibration/default", "a/b", ""])
def test_no_other_file_is_taken_for_a_calibration(name: str, tmp_path: Path) -> None:
    with pytest.raises(OmrError) as caught:
        load_calibration(name, tmp_path)
    assert caught.value.key == "marks.no_calibration"


def test_a_damaged_calibration_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    save_calibration(load_calibration(), file)
    good = json.loads(file.read_text("utf-8"))
    bad = [
        "{",
        json.dumps({}),
        json.dumps(good | {"bias": "high"}),
        json.dumps(good | {"weights": {"gain": 1.0}}),
        json.dumps(good | {"limits": good["limits"] | {"blank_below": 2}}),
        json.dumps(good | {"limits": good["limits"] | {"blank_below": 0.9, "marked_above": 0.1}}),
        json.dumps(good).replace(str(good["bias"]), "NaN"),
        json.dumps(good | {"papers": good["papers"] | {"weights": {"core": 1.0}}}),
        json.dumps(good | {"papers": good["papers"] | {"limits": {"unheard": 1.0}}}),
        json.dumps(good | {"papers": good["papers"] | {"limits": {"blank_below": 0.9, "marked_above": 0.1}}}),
    ]
    for text in bad:
        file.write_text(text, "utf-8")
        with pytest.raises(OmrError) as caught:
            load_calibration("bad", tmp_path)
        assert caught.value.key == "marks.bad_calibration"


def test_more_ink_never_weighs_against_a_mark() -> None:
    shipped = load_calibration()
    weights = dict(zip(EVIDENCE, shipped.papers.weights, strict=True))
    assert all(weights[name] >= 0 for name in RISING)
    assert all(weights[name] <= 0 for name in FALLING)
    then = dict(zip(first.EVIDENCE, shipped.weights, strict=True))
    assert all(then[name] >= 0 for name in first.RISING)
    assert all(then[name] <= 0 for name in first.CONTEXT)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_fit_finds_the_minimum_within_its_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, len(EVIDENCE)))
    truth = rng.normal(size=len(EVIDENCE))
    marked = rng.random(400) < 1 / (1 + np.exp(-(rows @ truth)))
    weights, bias = fit_weights(rows, marked, np.ones(400))

    def loss(w: np.ndarray, b: float) -> float:
        scaled = w * rows.std(axis=0)
        signs = np.where(marked, 1, -1)
        return float(np.logaddexp(0, -signs * (rows @ w + b)).sum() + 0.5 * scaled @ scaled)

    best = loss(weights, bias)
    for i in range(len(EVIDENCE)):
        for step in (-0.02, 0.02):
            moved = weights.copy()
            moved[i] += step
            allowed = not (EVIDENCE[i] in RISING and moved[i] < 0) and not (
                EVIDENCE[i] in FALLING and moved[i] > 0
            )
            assert not allowed or loss(moved, bias) >= best - 1e-6


def lessons(count: int) -> list[Lesson]:
    out = []
    for seed in range(count):
        quads, groups = grid(6, 4)
        page = paper(quads, letters="ABCD" if seed % 2 else "")
        states = ["blank"] * len(quads)
        for row in range(6):
            at = 4 * row + (row + seed) % 4
            mark(page, quads[at], ("cross", "tick", "fill")[seed % 3], seed=10 * seed + row)
            states[at] = "marked"
        out.append(Lesson("drawn", measure(page, quads, groups), tuple(groups), tuple(states), tuple(states)))
    return out


def test_a_fit_tells_pages_apart_that_it_has_not_seen() -> None:
    fitted = fit(lessons(10), "drawn", 0.1, {"made": "today"})
    assert fitted.provenance["data"] == {"drawn": {"pages": 10, "blank": 180, "cancelled": 0, "marked": 60}}
    curve = {(marks, risk): (boxes, silent) for marks, risk, boxes, silent, _ in fitted.provenance["curve"]}
    assert {risk for _, risk in curve} == set(RISKS)
    assert curve["blank", 0.1] == (180, 0)
    assert curve["marked", 0.1] == (60, 0)


def test_a_smaller_risk_asks_more_and_errs_less() -> None:
    points = error_curve(lessons(4), load_calibration())
    for kind in ("blank", "marked"):
        line = [point for point in points if point.marks == kind]  # from the largest risk down
        assert [p.reviewed for p in line] == sorted(p.reviewed for p in line)
        assert [p.silent for p in line] == sorted((p.silent for p in line), reverse=True)


def test_evidence_stands_for_nothing_where_boxes_cannot_be_seen() -> None:
    features = np.zeros((3, len(FEATURES)))
    assert np.isfinite(gather(features, ["q", "q", ""])).all()
    assert np.isfinite(first.gather(features, ["q", "q", ""])).all()
