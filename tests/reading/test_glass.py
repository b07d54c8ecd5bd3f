"""The scanner's self-test: what it names, where, and that a good scanner passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import paper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from omr.cli import EXIT_DONE, EXIT_WAITING
from omr.messages import catalogue
from omr.reading.glass.selftest import inspect
from omr.reading.scan.pages import Depth

PX = 200 / 25.4  # a mm


def empty(rng: np.random.Generator, level: int = 245) -> np.ndarray:
    return paper.noisy(np.full((1654, 1165), level, np.uint8), rng)


def keys(grey: np.ndarray, **about: Any) -> list[str]:
    return [fault.key for fault in inspect(paper.page(grey, **about))[1]]


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("angle", [0.0, 1.5, 180.0])
def test_a_good_scanner_passes(sheet, rng, dpi, angle):
    grey, _ = paper.scan_of(sheet, rng, dpi, angle)
    assert inspect(paper.page(grey, dpi)) == (True, ())


def test_a_good_scanner_passes_by_an_empty_sheet(rng):
    assert inspect(paper.page(empty(rng))) == (False, ())


def test_a_streak_is_named_by_its_distance_from_the_left(sheet, rng):
    grey, _ = paper.scan_of(sheet, rng)
    at = round(63 * PX)
    grey[:, at - 1 : at + 2] = 120
    (fault,) = inspect(paper.page(grey))[1]
    assert fault.key == "streak"
    assert fault.values["at_mm"] == pytest.approx(63, abs=0.3)


def test_dirt_is_named_by_its_place(rng):
    grey = empty(rng)
    cv2.circle(grey, (round(40 * PX), round(90 * PX)), 4, 60, -1)
    (fault,) = inspect(paper.page(grey))[1]
    assert fault.key == "dirt"
    assert (fault.values["at_mm"], fault.values["down_mm"]) == pytest.approx((40, 90), abs=0.3)


def test_dust_all_over_is_one_fault(rng):
    grey = empty(rng)
    for x, y in rng.uniform(10, 130, (30, 2)) * PX:
        cv2.circle(grey, (int(x), int(y)), 3, 60, -1)
    assert keys(grey) == ["dust"]


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_dark_edge_is_named_by_its_side_and_width(rng, side):
    turns = {"top": 0, "left": 1, "bottom": 2, "right": 3}[side]
    grey = np.rot90(empty(rng), -turns).copy()
    grey[: round(5 * PX)] = 40
    faults = inspect(paper.page(np.ascontiguousarray(np.rot90(grey, turns))))[1]
    assert [fault.key for fault in faults] == [f"edge_{side}"]
    assert faults[0].values["width_mm"] == pytest.approx(5, abs=0.3)


def test_dark_paper_and_pale_print_are_told_apart(sheet, rng):
    grey, _ = paper.scan_of(sheet, rng)
    assert keys((grey * 0.6).astype(np.uint8)) == ["dark"]
    assert keys((150 + grey * 0.4).astype(np.uint8)) == ["light"]


def test_uneven_light_is_named(rng):
    shade = np.linspace(0.75, 1.0, 1165)
    assert keys((empty(rng) * shade).astype(np.uint8)) == ["uneven"]


@pytest.mark.parametrize(("stated", "expected"), [(300, ["wrong_dpi"]), (None, ["no_dpi"]), (200, [])])
def test_the_stated_resolution_is_held_against_the_form(sheet, rng, stated, expected):
    grey, _ = paper.scan_of(sheet, rng)
    assert keys(grey, dpi=stated) == expected


def test_a_stretched_feed_is_named(sheet, rng):
    grey, _ = paper.scan_of(sheet, rng, stretch=1.02)
    assert "stretched" in keys(grey)


def test_one_bit_scans_are_not_asked_about_tones(sheet, rng):
    grey, _ = paper.scan_of(sheet, rng)
    assert keys(np.where(grey > 128, 255, 0).astype(np.uint8), depth=Depth.BILEVEL) == []


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(90, 120), st.integers(90, 120))),
    st.sampled_from([None, 72.0, 300.0]),
)
def test_no_picture_raises(grey: np.ndarray, dpi: float | None) -> None:
    inspect(paper.page(grey, dpi))


def test_the_command_says_what_to_clean(tmp_path: Path, omr: Callable[..., Any], rng) -> None:
    clean, dirty = tmp_path / "clean.png", tmp_path / "dirty.png"
    grey = empty(rng)
    cv2.imwrite(str(clean), grey)
    grey[:, 500:503] = 100
    cv2.imwrite(str(dirty), grey)
    assert omr("calibrate", "blank", clean).code == EXIT_DONE
    ran = omr("calibrate", "blank", clean, dirty, "--json")
    assert ran.code == EXIT_WAITING
    assert [[fault["fault"] for fault in one["faults"]] for one in ran.json] == [[], ["streak"]]
    assert omr("calibrate", "blank", dirty).code == EXIT_WAITING


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_fault_has_its_sentence(language: str) -> None:
    text = Path(__file__).parents[2].joinpath("omr/reading/glass/selftest.py").read_text("utf-8")
    said = catalogue(language, "glass")
    for key in said.keys() - {"pass_form", "pass_sheet", "fault"}:
        assert key in text or key.startswith("edge_"), f"nothing says {key}"
