"""Boxes on any picture: a CSV of corners, from another program, checked row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from omr.errors import OmrError
from omr.reading.papers.patches import Quads
from omr.tables_in import read_sheet
from omr.words import Labelled

CORNERS: Final = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
MOST_BYTES: Final = 32 * 2**20
MOST_BOXES: Final = 50_000  # a page holds at most some hundred
MOST_LETTERS: Final = 500  # of a box's or group's name

_Name = Annotated[str, Field(max_length=MOST_LETTERS)]
# Excel writes decimals as its region does: "10,5" beside semicolons.
_Pixel = Annotated[float, BeforeValidator(lambda text: str(text).replace(",", ".")), Field(ge=-1e6, le=1e6)]


class BoxRow(BaseModel):
    """One line of a list of boxes."""

    model_config = ConfigDict(allow_inf_nan=False, str_strip_whitespace=True)
    box: Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
    group: _Name = ""
    x1: _Pixel
    y1: _Pixel
    x2: _Pixel
    y2: _Pixel
    x3: _Pixel
    y3: _Pixel
    x4: _Pixel
    y4: _Pixel


class LabelledRow(BoxRow):
    """One line of a list of boxes of which somebody said what they are."""

    image: Annotated[str, Field(min_length=1, max_length=4096)]
    state: Annotated[Labelled, Field(alias="class")]


Row = TypeVar("Row", bound=BoxRow)


@dataclass(frozen=True, slots=True, eq=False)
class BoxList:
    """The boxes of one picture, in the order of the file."""

    names: tuple[str, ...]
    groups: tuple[str, ...]  # "" where a box belongs to no question
    corners_px: Quads  # (N, 4, 2), clockwise from the top left

    @classmethod
    def of(cls, rows: Sequence[BoxRow]) -> BoxList:
        """Put checked lines together."""
        corners = np.array([[getattr(row, corner) for corner in CORNERS] for row in rows])
        names, groups = tuple(row.box for row in rows), tuple(row.group for row in rows)
        return cls(names, groups, corners.reshape(-1, 4, 2))


def read_boxes(file: Path) -> BoxList:
    """Read ``box,group,x1,y1,x2,y2,x3,y3,x4,y4``; other columns are passed over.

    Raises
    ------
    OmrError
        Naming the line and the column of the first thing that is wrong.
    """
    rows = list(read_rows(file, BoxRow))
    if not rows:
        raise OmrError("marks.no_boxes", file=file)
    name, count = Counter(row.box for row in rows).most_common(1)[0]
    if count > 1:
        raise OmrError("marks.box_twice", file=file, box=name)
    return BoxList.of(rows)


def read_rows(file: Path, kind: type[Row]) -> Iterator[Row]:
    """Read and check the lines of a CSV file one by one; raises as `read_boxes` does."""
    sheet = read_sheet(file, most_bytes=MOST_BYTES)
    given = {heading.lower(): heading for heading in sheet.columns}
    columns = [field.alias or name for name, field in kind.model_fields.items()]
    absent = [name for name in columns if name not in given and name != "group"]
    if absent:
        raise OmrError("marks.no_column", file=file, absent=", ".join(absent), columns=",".join(columns))
    if len(sheet.rows) > MOST_BOXES:
        raise OmrError("marks.too_many_boxes", file=file, most=MOST_BOXES)
    for line, cells in sheet.rows:
        yield _checked(file, line, {name: cells[given[name]] for name in columns if name in given}, kind)


def _checked(file: Path, line: int, values: dict[str, str], kind: type[Row]) -> Row:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        column = str(error.errors()[0]["loc"][0])
        shown = values.get(column, "")[:40]
        raise OmrError("marks.bad_row", file=file, line=line, column=column, value=shown) from error
