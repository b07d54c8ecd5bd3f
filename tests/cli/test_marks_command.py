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
    assert {tuple(box) for box in found} == {("box", "ink_ratio", "state", "confidence", "review", "reason")}
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
    assert last["reason"] == "cut_off" and not any(box["reason"] for box in ran.json[:-1])


def test_a_cross_between_two_options_is_asked_about(form: tuple[Path, Path], omr: Omr) -> None:
    picture, boxes = form
    page = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    x, y = 60 + 90 * 2, 60 + 80 * 2  # the third question's answer is moved half way to the fourth option
    mark = page[y + 2 : y + 35, x + 2 : x + 35].copy()
    page[y + 3 : y + 34, x + 3 : x + 34] = 255
    page[y + 2 : y + 35, x + 47 : x + 80] = mark
    picture.write_bytes(cv2.imencode(".tif", page)[1].tobytes())
    ran = omr("marks", picture, boxes, "--json")
    asked = {box["box"]: box["reason"] for box in ran.json if box["review"]}
    assert ran.code == EXIT_WAITING
    assert asked == {"22": "ink_beside", "23": "ink_beside"}


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
    assert "labels: 1 page, 18 blank, 6 marked" in ran.out
    assert b"<svg" in curve.read_bytes()
    ran = omr(*room, "marks", picture, boxes, "--calibration", "own", "--json")
    assert ran.code in (EXIT_DONE, EXIT_WAITING)
    assert any(box["state"] == "marked" for box in ran.json)


@pytest.fixture
def all_marked(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A page of three boxes, all of them crossed alike, its boxes, and an unfilled copy fed askew."""
    rng = np.random.default_rng(7)
    page = np.full((700, 600), 255, np.uint8)
    for row in range(14):
        words = "".join(rng.choice(list("abdeghkmnoprstuvxy   "), 34))
        cv2.putText(page, words, (20, 40 + 48 * row), cv2.FONT_HERSHEY_COMPLEX, 0.7, 0, 1, cv2.LINE_AA)
    places = [(60, 160), (60, 350), (60, 540)]
    for x, y in places:
        cv2.rectangle(page, (x - 8, y - 8), (x + 44, y + 44), 255, -1)
        cv2.rectangle(page, (x, y), (x + 36, y + 36), 0, 2)
    turn = cv2.getRotationMatrix2D((300, 350), 1.2, 1.03)
    turn[:, 2] += 9
    blank = cv2.warpAffine(page, turn, (620, 720), borderValue=(255,))
    lines = [HEAD]
    for number, (x, y) in enumerate(places):
        cv2.line(page, (x + 6, y + 6), (x + 30, y + 30), 30, 4, cv2.LINE_AA)
        cv2.line(page, (x + 30, y + 6), (x + 6, y + 30), 30, 4, cv2.LINE_AA)
        lines.append(f"{number},q{number},{x},{y},{x + 36},{y},{x + 36},{y + 36},{x},{y + 36}")
    files = tmp_path / "page.png", tmp_path / "boxes.csv", tmp_path / "unfilled.png"
    cv2.imwrite(str(files[0]), page)
    files[1].write_text("\n".join(lines), "utf-8")
    cv2.imwrite(str(files[2]), blank)
    return files


def test_an_unfilled_copy_tells_marks_from_print(all_marked: tuple[Path, Path, Path], omr: Omr) -> None:
    page, boxes, blank = all_marked
    alone = omr("marks", page, boxes, "--json").json
    assert all(box["state"] != "blank" or box["review"] for box in alone)
    assert not any(box["state"] == "marked" for box in alone)
    told = omr("marks", page, boxes, "--blank", blank, "--json")
    assert told.code == EXIT_DONE
    assert [box["state"] for box in told.json] == ["marked"] * 3
    unfilled = omr("marks", blank, _moved(boxes), "--blank", page, "--json").json
    assert not any(box["state"] == "marked" and not box["review"] for box in unfilled)


def _moved(boxes: Path) -> Path:
    """The boxes on the unfilled copy."""
    turn = cv2.getRotationMatrix2D((300, 350), 1.2, 1.03)
    turn[:, 2] += 9
    head, *rows = boxes.read_text("utf-8").splitlines()
    out = [head]
    for row in rows:
        name, group, *corners = row.split(",")
        places = np.array(corners, float).reshape(4, 2) @ turn[:, :2].T + turn[:, 2]
        out.append(",".join([name, group, *(f"{value:.2f}" for value in places.ravel())]))
    file = boxes.with_name("moved.csv")
    file.write_text("\n".join(out), "utf-8")
    return file


def test_another_form_is_no_unfilled_copy(
    all_marked: tuple[Path, Path, Path], form: tuple[Path, Path], omr: Omr
) -> None:
    page, boxes, blank = all_marked
    ran = omr("marks", page, boxes, "--blank", form[0])
    assert ran.code == EXIT_FAILED and "scan.tif.1" in ran.err and not ran.out
    assert omr("marks", page, boxes, "--same", blank, "--same", blank).code == EXIT_FAILED
    assert omr("marks", page, boxes, "--same", blank, "--blank", blank).code == EXIT_FAILED
