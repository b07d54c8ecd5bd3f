"""Who waits for a stack at a terminal sees how many pages of all were read, and how long it will take."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from omr.cli.scans import read
from omr.forms.serial import IssuedSerials
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk, RejectedPage


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("screen", "told"), [(Screen(), "3/3"), (io.StringIO(), "")])
def test_a_terminal_is_told_the_whole_and_a_pipe_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, told: str
) -> None:
    picture = Image.fromarray(np.full((900, 640), 255, np.uint8))
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[picture])
    picture.save(tmp_path / "b.png")
    files = [tmp_path / "a.tif", tmp_path / "b.png"]
    results = [RejectedPage(file.name, 1, "no_fiducials", {}) for file in [*files, files[0]]]
    monkeypatch.setattr("sys.stderr", screen)
    desk = Desk(IssuedSerials([]), {}, load_calibration())
    assert list(read._shown(lambda pages, desk: iter(results), files)([], desk)) == results
    assert told in screen.getvalue() and bool(screen.getvalue()) == bool(told)
