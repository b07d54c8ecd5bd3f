"""``omr marks`` and ``omr calibrate`` at the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from omr.cli import EXIT_DONE, EXIT_FAILED, EXIT_WAITING

HEAD = "box,group,x1,y1,x2,y2,x3,y3,x4,y4"


Omr = Callable[..., Any]


@pytest.fixture
def form(tmp_path: Path) -> tuple[Path, Path]:
    """Six questions of four boxes, a cross in each; the picture has the name a scanner gave it."""
    page = np.full((600, 500), 255, np.uint8)
    lines = [HEAD]
    for row in range(6):
        for column in range(4):
            x, y = 60 + 90 * column, 60 + 80 * row
            cv2.rectangle(page, (x, y), (x + 36, y + 36), 0, 2)
            lines.append(f"{row}{column},q{row},{x},{y},{x + 36},{y},{x + 36},{y + 36},{x},{y + 36}")
        x, y, bow = 60 + 90 * (row % 4), 60 + 80 * row, 3 * (row % 3)
        cv2.line(page, (x + 5 + bow, y + 4), (x + 30, y + 31 - bow), 40, 3, cv2.LINE_AA)
        cv2.line(page, (x + 31 - bow, y + 6), (x + 6, y + 30 + bow), 40, 3, cv2.LINE_AA)
    picture, boxes = tmp_path / "scan.tif.1", tmp_path / "boxes.csv"
    picture.write_bytes(cv2.imencode(".tif", np.where(page > 128, 255, 0).astype(np.uint8))[1].tobytes())
    boxes.write_text("\n".join(lines), "utf-8")
    return picture, boxes


def test_json_has_a_line_for_each_box(form: tuple[Path, Path], omr: Omr) -> None:
    ran = omr("marks", *form, "--json")
    found = ran.json
    assert ran.code == EXIT_DONE
    assert [box["box"] for box in found] == [f"{row}{column}" for row in range(6) for column in range(4)]
    assert {tuple(box) for box in found} == {("box", "ink_ratio", "state", "confidence", "review")}
    marked = {box["box"] for box in found if box["state"] == "marked"}
    assert marked == {f"{row}{row % 4}" for row in range(6)}
    assert all(box["state"] == "blank" for box in found if box["box"] not in marked)
    assert all(0 <= box["ink_ratio"] <= 1 and 0.9 < box["confidence"] <= 1 for box in found)


def test_boxes_that_nobody_can_see_wait(form: tuple[Path, Path], omr: Omr) -> None:
    picture, boxes = form
    with boxes.open("a") as file:
        file.write("\nfar,q9,9000,9000,9036,9000,9036,9036,9000,9036\n")
    ran = omr("marks", picture, boxes, "--json")
    last = ran.json[-1]
    assert ran.code == EXIT_WAITING
    assert (last["box"], last["state"], last["review"]) == ("far", "doubtful", True)


def test_people_read_words_in_their_language(form: tuple[Path, Path], omr: Omr) -> None:
    assert "đã đánh dấu" in omr("marks", *form).out
    assert "24 boxes, 0 to review" in omr("marks", *form, "--lang", "en").out


@pytest.mark.parametrize("fault", ["no picture", "no list", "no picture in it", "bad list", "no calibration"])
def test_one_line_says_what_is_wrong(fault: str, form: tuple[Path, Path], omr: Omr) -> None:
    picture, boxes = form
    words: list[object] = ["marks", picture, boxes, "--json"]
    if fault == "no picture":
        words[1] = picture.with_name("absent.png")
    elif fault == "no list":
        words[2] = boxes.with_name("absent.csv")
    elif fault == "no picture in it":
        picture.write_bytes(b"II*\0" + bytes(40))
    elif fault == "bad list":
        boxes.write_text(f"{HEAD}\na,q,1,2,3\n", "utf-8")
    else:
        words += ["--calibration", "absent"]
    ran = omr(*words)
    assert (ran.code, ran.out) == (EXIT_FAILED, "")
    assert len(ran.err.strip().splitlines()) == 1


def test_a_calibration_is_fitted_shown_and_used(form: tuple[Path, Path], tmp_path: Path, omr: Omr) -> None:
    picture, boxes = form
    lines = boxes.read_text("utf-8").splitlines()
    labels = tmp_path / "labels.csv"
    label = {True: "marked", False: "blank"}
    labels.write_text(
        "\n".join(
            [f"image,{HEAD},class"]
            + [f"{picture.name},{line},{label[int(line[0]) % 4 == int(line[1])]}" for line in lines[1:]]
        ),
        "utf-8",
    )
    room = ("--workspace", tmp_path)
    ran = omr(*room, "calibrate", "fit", labels, "--practice", 6, "--name", "own", "--json")
    told = ran.json
    assert ran.code == EXIT_DONE
    assert told["data"]["labels"] == {"pages": 1, "blank": 18, "cancelled": 0, "marked": 6}
    curve = tmp_path / "curve.svg"
    ran = omr(*room, "calibrate", "show", "own", "--picture", curve, "--lang", "en")
    assert ran.code == EXIT_DONE
    assert "labels: 1 pages, 18 blank, 6 marked" in ran.out
    assert b"<svg" in curve.read_bytes()
    ran = omr(*room, "marks", picture, boxes, "--calibration", "own", "--json")
    assert ran.code in (EXIT_DONE, EXIT_WAITING)
    assert any(box["state"] == "marked" for box in ran.json)
