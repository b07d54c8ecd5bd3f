"""The same commands with the real printer, simulated paper and the real reader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageDraw

from omr.cli import stand_somewhere
from omr.geometry import FRAMES
from omr.workspace import Workspace

COUNT = 4


@pytest.fixture
def office(omr: Callable[..., Any], workspace: Workspace) -> Callable[..., Any]:
    def run(*words: object) -> Any:
        return omr("--workspace", workspace.path, *words)

    run("units", "import", "hai-phong-2023")
    return run


@pytest.fixture
def scan(office: Callable[..., Any], tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Four slips, filled in and scanned, and what the respondents meant."""
    printed, scanned = tmp_path / "run.pdf", tmp_path / "scan.pdf"
    words = ("--unit", "PC06", "--count", COUNT, "--period", "2026-11", "--seed", 3)
    assert office("issue", "ĐL-01", *words, "-o", printed).code == 0
    assert office("simulate", printed, "-o", scanned, "--seed", 3).code == 0
    return scanned, json.loads(scanned.with_suffix(".json").read_text("utf-8"))["pages"]


def pictures(scan: Path) -> list[Image.Image]:
    """Return the pictures of a scanned PDF, at 200 dpi."""
    with pypdfium2.PdfDocument(scan) as document:
        return [page.render(scale=200 / 72).to_pil().convert("RGB") for page in document]


def test_what_was_meant_is_read_once(
    office: Callable[..., Any], scan: tuple[Path, list[dict[str, Any]]]
) -> None:
    file, truth = scan
    made = office("read", file, "--expect", COUNT)
    assert made.code in (0, 3), made.err  # a doubtful mark may wait for a person
    said = {slip["serial"]: slip["answers"] for slip in office("answers", "--json").json}
    assert set(said) == {page["serial"] for page in truth}
    for page in truth:
        for question, codes in page["answers"].items():
            answer = said[page["serial"]].get(question)
            if answer is not None and answer["state"] == "answered":
                assert answer["codes"] == codes
    again = office("read", file, "--json").json
    assert (again["duplicates"], again["read"]) == (COUNT, COUNT)
    assert len(office("answers", "--json").json) == COUNT
    # What is measured again on the same pages by the same reader is the same, and so is what is decided.
    measured = office("redecide", "--measure", "--workers", 1, "--json")
    assert measured.json["changed"] == []
    assert measured.json["measured"]["otherwise"] == 0
    assert (measured.code, measured.json["measured"]["kept"]) == (0, [])
    assert measured.json["measured"]["slips"] >= COUNT
    assert office("redecide", "--json").json["changed"] == []


def test_a_sheet_that_was_fed_again_is_the_same_sheet(
    office: Callable[..., Any], scan: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    file, _ = scan
    office("read", file)
    turned = tmp_path / "turned.tif"
    first, *rest = [picture.rotate(180) for picture in pictures(file)]
    first.save(turned, save_all=True, append_images=rest, compression="tiff_lzw", dpi=(200, 200))
    made = office("read", turned, "--json").json
    assert (made["read"], made["duplicates"], made["to_review"]) == (COUNT, COUNT, 0)
    assert {problem["reason"] for problem in made["problems"]} == {"same_sheet"}


def test_a_typed_serial_reads_the_page_that_waited(
    office: Callable[..., Any], scan: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    file, truth = scan
    page = pictures(file)[0]
    frame, px = FRAMES["A5"], 200 / 25.4
    draw = ImageDraw.Draw(page)
    for box in (frame.ladder, frame.qr, frame.serial_text):
        x, y = box.x_mm - 1.5, box.y_mm - 1.5
        area = [x * px, y * px, (x + box.width_mm + 3) * px, (y + box.height_mm + 3) * px]
        draw.rectangle(area, fill="white")
    harmed = tmp_path / "harmed.png"
    page.save(harmed, dpi=(200, 200))
    made = office("read", harmed, "--json")
    assert (made.code, made.json["rejected"]) == (3, {"serial_unreadable": 1})
    (item,) = office("review", "list", "--json").json
    decide = ("review", "decide", item["item"], "--by", "lan", "--why", "gõ số phiếu", "--answer")
    never = "1" + truth[0]["serial"][1:]
    wrong = never[:3] + ("1" if never[3] == "0" else "0") + never[4:]
    assert office(*decide, wrong).code == 1  # its check characters do not fit
    assert office(*decide, truth[0]["serial"]).code == 0
    (slip,) = office("answers", "--json").json
    assert slip["serial"] == truth[0]["serial"]
    for question, codes in truth[0]["answers"].items():
        answer = slip["answers"].get(question)
        if answer is not None and answer["state"] == "answered":
            assert answer["codes"] == codes
    again = office("redecide", "--measure", "--workers", 1, "--json").json  # also without a serial on it
    assert (again["measured"], again["changed"]) == ({"slips": 1, "otherwise": 0, "kept": []}, [])
    assert office("audit", "verify").code == 0


COMMANDS = "from omr.cli import main\nif __name__ == '__main__':\n    main()\n"
LIBRARY = """
import json, sys
from pathlib import Path
from omr.office import Office
from omr.records.batches.receipt_said import as_json
from omr.records.intake.orders import Orders
from omr.workspace import Workspace

if __name__ == "__main__":
    with Office.open(Workspace.open(Path(sys.argv[2])), by="lan") as office:
        made = office.read(Orders(), [Path(sys.argv[4])])
    print(json.dumps(as_json(made)))
"""


def test_programs_that_lie_beside_the_scans_are_not_run(
    workspace: Workspace, scan: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """A clerk reads from within the folder of a USB stick: Python would look there first, for anything.

    Whether by the command line, or by a program that calls the library.
    """
    stick, started = tmp_path / "stick", tmp_path / "bin" / "omr"
    stick.mkdir()
    started.parent.mkdir()
    shutil.copy(scan[0], stick)
    for name in ("omr", "cv2", "numpy"):
        text = "import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n"
        (stick / f"{name}.py").write_text(text)
    words = [sys.executable, started, "--workspace", workspace.path, "read", scan[0].name, "--json"]
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    for program in (LIBRARY, COMMANDS):
        started.write_text(program)
        ran = subprocess.run(words, cwd=stick, env=bare, capture_output=True, text=True, check=False)
        assert json.loads(ran.stdout)["read"] == COUNT, ran.stderr
        assert not list(stick.glob("*.ran"))


def test_from_a_folder_that_is_gone_or_closed_to_us_processes_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root types `omr read` in its own folder, which the register's user may not enter: nothing was read."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    stand_somewhere()
    assert Path.cwd() == gone
    gone.rmdir()
    stand_somewhere()
    assert Path.cwd() == Path(tmp_path.anchor)
