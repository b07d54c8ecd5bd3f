"""Lists of boxes from other programs: hostile until checked, one clear line each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from box_pages import grid
from hypothesis import given, settings
from hypothesis import strategies as st

from omr.errors import OmrError
from omr.reading.papers.boxes import BoxList, read_boxes
from omr.reading.papers.labels import LabelledPage, read_labels, write_labels

HEAD = "box,group,x1,y1,x2,y2,x3,y3,x4,y4"
GOOD = "a,q1,10,10,40,10,40,40,10,40"


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "boxes.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    found = read_boxes(written(tmp_path, f"{HEAD}\n{GOOD}\n b ,,1,2,3,2,3,4,1,4.5\n"))
    assert found.names == ("a", "b")
    assert found.groups == ("q1", "")
    assert found.corners_px[1].tolist() == [[1, 2], [3, 2], [3, 4], [1, 4.5]]


def test_decimals_are_read_as_the_region_writes_them(tmp_path: Path) -> None:
    lines = f"{HEAD}\r\na,q1,10.5,20,30,20,30,40,10.5,40\r\n".replace(",", ";").replace(".", ",")
    assert read_boxes(written(tmp_path, lines)).corners_px[0, 0].tolist() == [10.5, 20]


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEAD}\r\n{GOOD}\r\n",
        f"note,{HEAD}\nx,{GOOD}\n",
        f"{HEAD}\n{GOOD}\n".replace(",", ";"),
        f"{HEAD.upper()}\n{GOOD}\n",
        f"{HEAD.replace(',group', '')}\n{GOOD.replace(',q1', '')}\n",
    ],
    ids=["excel", "more columns", "semicolons", "capitals", "no groups"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str) -> None:
    assert read_boxes(written(tmp_path, text)).names == ("a",)


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("", "sheet.empty", {}),
        (f"{HEAD}\n", "marks.no_boxes", {}),
        (f"{HEAD.replace(',x3', '')}\n{GOOD.rpartition(',')[0]}\n", "marks.no_column", {"absent": "x3"}),
        (f"{HEAD}\n{GOOD}\n{GOOD}\n", "marks.box_twice", {"box": "a"}),
        (f"{HEAD}\n{GOOD.replace('a,', ',', 1)}\n", "marks.bad_row", {"line": 2, "column": "box"}),
        (f"{HEAD}\n{GOOD}\nb,q1,ten,10,40,10,40,40,10,40\n", "marks.bad_row", {"line": 3, "column": "x1"}),
        (f"{HEAD}\n{GOOD.replace('40', 'NaN')}\n", "marks.bad_row", {"column": "x2"}),
        (f"{HEAD}\n{GOOD.replace('40', 'inf')}\n", "marks.bad_row", {"column": "x2"}),
        (f"{HEAD}\n{GOOD.replace('40', '1e300')}\n", "marks.bad_row", {"column": "x2"}),
        (f"{HEAD}\na,q1,10\n", "marks.bad_row", {"column": "y1"}),
        (b"\xff\xfe\x00\xd8", "sheet.not_text", {}),
        (f"{HEAD}\n\0\n", "sheet.not_text", {}),
        (f"{HEAD}\n{'x' * 200_000},q,1,1,2,1,2,2,1,2\n", "sheet.not_csv", {}),
    ],
)
def test_each_fault_is_named(tmp_path: Path, text: str | bytes, key: str, values: dict[str, object]) -> None:
    with pytest.raises(OmrError) as caught:
        read_boxes(written(tmp_path, text))
    assert caught.value.key == key
    assert values.items() <= caught.value.values.items()
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"{HEAD}\n{text}".encode())))
def test_any_file_is_boxes_or_one_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = written(tmp_path_factory.mktemp("any"), content)
    try:
        assert np.isfinite(read_boxes(file).corners_px).all()
    except OmrError as error:
        assert str(error)


def test_labels_come_back_as_they_were_written(tmp_path: Path) -> None:
    corners, groups = grid(2, 3)
    names = tuple("abcdef")
    page = LabelledPage(Path("scan.png"), BoxList(names, tuple(groups), corners), ("blank", "marked") * 3)
    write_labels([page], tmp_path / "labels.csv")
    (back,) = read_labels(tmp_path / "labels.csv")
    assert back.image == tmp_path / "scan.png"
    assert (back.boxes.names, back.boxes.groups, back.states) == (names, tuple(groups), page.states)
    assert np.array_equal(back.boxes.corners_px, corners)


def test_a_label_that_is_no_state_is_named(tmp_path: Path) -> None:
    with pytest.raises(OmrError) as caught:
        read_labels(written(tmp_path, f"image,{HEAD},class\ns.png,{GOOD},perhaps\n"))
    assert caught.value.values["column"] == "class"
