"""What is said about paper on its way through a feeder, and what of a device's own words is understood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from omr.errors import OmrError
from omr.web.scanning.feed import LONGER_MM, SAME_PLACE_MM, SeenPage, warnings
from omr.web.scanning.sane import ENDED, command, parse_options
from omr.workspace import ScannerSettings

PAGE = SeenPage(1, "trang-0001.png", "read", height_mm=212.0)


def pages(count: int, **every: object) -> list[SeenPage]:
    return [replace(PAGE, number=number, **every) for number in range(1, count + 1)]


def keys(*args: object, **more: object) -> list[str]:
    return [one.key for one in warnings(*args, **more)]


@given(st.lists(st.floats(0.0, 148.0), max_size=4), st.floats(0.0, SAME_PLACE_MM / 2))
def test_a_streak_is_dirt_only_where_it_comes_again(places: list[float], moved: float) -> None:
    alone = pages(5)
    alone[2] = replace(alone[2], streaks_mm=tuple(places))
    assert "glass" not in keys(alone)
    alone[3] = replace(alone[3], streaks_mm=tuple(place + moved for place in places))
    told = [one for one in warnings(alone) if one.key == "glass"]
    assert bool(told) == bool(places)
    assert all(one.values["first"] == 3 for one in told)


def test_dirt_on_one_of_two_glasses_is_found_between_clean_backs() -> None:
    front = pages(6)
    for place in (0, 2, 4):
        front[place] = replace(front[place], streaks_mm=(40.0,))
    assert "glass" not in keys(front)
    assert keys(front, duplex=True) == ["glass"]


def test_the_same_dirt_is_said_once() -> None:
    assert keys(pages(50, streaks_mm=(12.0, 90.0))) == ["glass", "glass"]


@given(st.floats(180.0, 300.0), st.integers(3, 20), st.floats(0.0, 40.0))
def test_a_page_is_long_beside_its_like(usual: float, count: int, more: float) -> None:
    """Whether the device cuts pages or not: where all come at one length, none is long."""
    stack = pages(count, height_mm=usual)
    assert "long" not in keys(stack)
    stack[-1] = replace(stack[-1], height_mm=usual + more)
    if abs(more - LONGER_MM) > 1e-6:
        assert (keys(stack) == ["long"]) == (more > LONGER_MM)


def test_two_sheets_on_each_other_and_one_sheet_twice() -> None:
    stack = pages(3)
    stack[1] = replace(stack[1], outcome="rejected", reason="two_slips")
    stack[2] = replace(stack[2], serial="1 26 0000001 ABC 0F")
    stack[0] = replace(stack[0], serial="1 26 0000001 ABC 0F")
    told = {one.key: one for one in warnings(stack)}
    assert told.keys() == {"two_at_once", "twice"}
    assert (told["two_at_once"].page, told["twice"].page, told["twice"].values["first"]) == (2, 3, 1)


@pytest.mark.parametrize(
    ("came", "done", "said"),
    [(3, False, []), (3, True, ["fewer_than_counted"]), (4, True, []), (5, False, ["more_than_counted"])],
)
def test_the_count_by_hand_is_held_against_the_sheets(came: int, done: bool, said: list[str]) -> None:
    backs = [replace(PAGE, number=100 + n, outcome="blank_back") for n in range(came)]
    assert keys([*pages(came), *backs], counted=4, done=done) == said


# What `scanimage -A` prints for devices of several makers: only the lines that matter here.
DEVICES = {
    "airscan": """
    --resolution 75|100|200|300|600dpi [300]
    --mode Color|Gray [Color]
    --source Flatbed|ADF|ADF Duplex [Flatbed]
    -l 0..215.9mm [0]
    -x 0..215.9mm [215.9]
    -y 0..355.6mm [297]
""",
    "fujitsu": """
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
    --mode Lineart|Halftone|Gray|Color [Lineart]
    --resolution 50..600dpi (in steps of 1) [600]
    --page-width 0..224.846mm (in steps of 0.0211639) [215.872]
    -x 0..215.872mm (in steps of 0.0211639) [215.872]
    -y 0..279.364mm (in steps of 0.0211639) [279.364]
""",
    "brother": """
    --mode Black & White|Gray[Error Diffusion]|True Gray|24bit Color[Fast] [24bit Color[Fast]]
    --resolution 100|150|200|300|400|600|1200dpi [200]
    --source FlatBed|Automatic Document Feeder(left)|Automatic Document Feeder(left,Duplex) [FlatBed]
""",
    "epjitsu": """
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
    --mode Lineart|Gray|Color [Lineart]
    --resolution 150|300|600dpi [300]
""",
    "kodak": """
    --adf-mode Simplex|Duplex [Simplex]
    --mode Lineart|Gray|Color [Gray]
    --resolution 200|300dpi [200]
""",
    "glass only": """
    --mode Lineart|Gray|Color [Color]
    --resolution 75|150|300dpi [75]
    --duplex[=(yes|no)] [inactive]
""",
}


@pytest.mark.parametrize(
    ("device", "wanted", "words"),
    [
        ("airscan", {}, ["--source=ADF", "--mode=Gray", "--resolution=200"]),
        ("airscan", {"duplex": True, "colour": True}, ["--source=ADF Duplex", "--mode=Color"]),
        (
            "airscan",
            {"feeder": False, "dpi": 250},
            ["--source=Flatbed", "--resolution=300", "--batch-count=1"],
        ),
        ("fujitsu", {"dpi": 240}, ["--source=ADF Front", "--mode=Gray", "--resolution=240"]),
        ("fujitsu", {"duplex": True}, ["--source=ADF Duplex"]),
        ("brother", {}, ["--source=Automatic Document Feeder(left)"]),
        ("brother", {"duplex": True}, ["--source=Automatic Document Feeder(left,Duplex)"]),
        ("brother", {"feeder": False, "colour": True}, ["--source=FlatBed", "--mode=24bit Color[Fast]"]),
        ("epjitsu", {}, ["--resolution=300"]),
        ("kodak", {"duplex": True}, ["--adf-mode=Duplex", "--mode=Gray"]),
        ("kodak", {}, ["--adf-mode=Simplex"]),
        ("glass only", {"feeder": False}, ["--mode=Gray", "--resolution=300"]),
    ],
)
def test_a_profile_is_said_in_the_devices_own_words(device, wanted, words, tmp_path) -> None:
    told = command(
        ScannerSettings(device="x", **wanted), parse_options(DEVICES[device]), tmp_path, first=1, most=None
    )
    assert [word for word in words if word not in told] == []


def test_a_grey_that_is_dithered_is_not_taken() -> None:
    told = command(
        ScannerSettings(device="x"),
        parse_options(DEVICES["brother"]),
        __import__("pathlib").Path("/x"),
        first=1,
        most=None,
    )
    assert "--mode=True Gray" in told


def test_a_device_that_cannot_is_told_before_paper_moves(tmp_path) -> None:
    for wanted, device, key in (
        ({"duplex": True}, "glass only", "scanning.no_duplex"),
        ({}, "flat", "scanning.no_feeder"),
    ):
        can = parse_options(DEVICES.get(device, "    --source Flatbed|Transparency [Flatbed]\n"))
        with pytest.raises(OmrError) as refused:
            command(ScannerSettings(device="x", **wanted), can, tmp_path, first=1, most=None)
        assert refused.value.key == key


@pytest.mark.parametrize(
    "option", ["--batch=/etc/x", "--output-file=/etc/x", "-o", "/etc/passwd", "--a\n--b", "--device-name=x"]
)
def test_a_further_option_is_the_devices_and_never_scanimages(option: str) -> None:
    with pytest.raises(ValidationError):
        ScannerSettings(device="x", options=(option,))
    assert ScannerSettings(device="x", options=("--brightness=10",)).options == ("--brightness=10",)


def test_every_end_has_its_words() -> None:
    from omr.messages import LANGUAGES, catalogue

    ends = {*ENDED.values(), "failed", "stopped", "refused", "interrupted"}
    for language in LANGUAGES:
        assert {f"ended_{word}" for word in ends} <= catalogue(language, "scanning").keys()
