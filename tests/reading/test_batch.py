"""A batch gives one result a page, in order, whatever dies on the way."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import paper
import pytest

from omr.errors import MissingToolError, OutsideError, outside
from omr.forms.serial import IssuedSerials
from omr.reading.crew import read_pages
from omr.reading.limits import Limits, context, start
from omr.reading.overlay import draw_overlay
from omr.reading.reader import BlankBack, ReadPage, RejectedPage, read_page
from omr.reading.scan.pages import EncodedPage, Encoding, decode


class Deadly(IssuedSerials):
    """Looking up some serials kills the process, never ends, or needs a tool that is absent."""

    def __init__(self, issues, deadly=0, endless=0, toolless=0, faulty=0):
        super().__init__(issues)
        self._deadly, self._endless, self._toolless, self._faulty = deadly, endless, toolless, faulty

    def find(self, serial):
        if serial.number == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if serial.number == self._endless:
            time.sleep(600)
        if serial.number == self._faulty:
            raise ZeroDivisionError
        if serial.number == self._toolless:
            raise MissingToolError("poppler", "poppler-utils")
        return super().find(serial)


@pytest.fixture(scope="module")
def slips(sheets):
    """Four slips as encoded pages."""
    pages = []
    for number, sheet in enumerate(sheets, start=1):
        grey = paper.scanned(sheet, paper.scan_from_page(150, 0.5), paper.size_px(150))
        data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
        pages.append(EncodedPage("stack.pdf", number, Encoding.PICTURE, data, dpi=(150.0, 150.0)))
    return pages


def told(result):
    match result:
        case ReadPage():
            return result.page.serial.number
        case RejectedPage():
            return result.reason
        case BlankBack():
            return "blank"


def test_results_come_in_order_and_without_pixels(slips, desk):
    pages = [slips[0], replace(slips[1], data=b"\xff\xd8\xff"), *slips[2:], *slips]
    for workers in (None, 0, 2):
        results = list(read_pages(iter(pages), desk, workers))
        assert [told(result) for result in results] == [1, "damaged", 3, 4, 1, 2, 3, 4]
        assert all(r.page.aligned.located.scan.grey.size == 0 for r in results if isinstance(r, ReadPage))


def test_workers_and_this_process_read_the_same(slips, desk):
    here, there = (list(read_pages(iter(slips), desk, workers)) for workers in (0, 2))
    for one, other in zip(here, there, strict=True):
        for mark, same in zip(one.marks, other.marks, strict=True):
            np.testing.assert_array_equal(mark.features, same.features)  # what nobody looked at is NaN
        assert one.verdicts == other.verdicts


def test_a_killed_worker_costs_only_the_page_that_killed_it(slips, desk, issue):
    """A ProcessPoolExecutor loses everything that is under way: 300 of 500 pages were seen to go."""
    deadly = replace(desk, issued=Deadly([issue], deadly=2))
    results = list(read_pages(iter([*slips, slips[0]]), deadly, 2))
    assert [told(result) for result in results] == [1, "crashed", 3, 4, 1]
    assert (results[1].file, results[1].page) == ("stack.pdf", 2)


def test_a_page_that_never_ends_costs_only_itself(slips, desk, issue):
    """Beside it are pages that need no time at all, however busy the machine is."""
    broken = replace(slips[0], data=b"\xff\xd8\xff")
    endless = replace(desk, issued=Deadly([issue], endless=3), limits=Limits(waiting_s=4.0))
    results = read_pages(iter([broken, slips[2], broken]), endless, 2)
    assert [told(result) for result in results] == ["damaged", "crashed", "damaged"]


def test_a_fault_of_ours_costs_its_page_and_is_written_down(slips, desk, issue, caplog):
    faulty = replace(desk, issued=Deadly([issue], faulty=2))
    assert [told(result) for result in read_pages(iter(slips), faulty, 0)] == [1, "crashed", 3, 4]
    assert "ZeroDivisionError" in caplog.text


def test_a_tool_that_is_absent_ends_the_batch_with_its_name(slips, desk, issue):
    toolless = replace(desk, issued=Deadly([issue], toolless=3))
    for workers in (0, 2):
        with pytest.raises(MissingToolError, match="poppler-utils"):
            list(read_pages(iter(slips), toolless, workers))


def test_pages_are_fetched_only_as_they_are_needed(slips, desk):
    """A file of ten thousand pages must not stand in memory."""
    fetched = 0

    def endless():
        nonlocal fetched
        while True:
            fetched += 1
            yield slips[fetched % 4]

    results = read_pages(endless(), desk, 2)
    for _ in range(6):
        next(results)
    results.close()
    assert fetched <= 6 + 2 * 32 + 4


@pytest.mark.parametrize("workers", [0, 2])
def test_what_the_machine_refuses_is_no_fault_of_a_page(slips, desk, tmp_path, workers):
    """A folder that cannot be written ends the reading with the cause; no page is called damaged for it."""
    (tmp_path / "overlay").write_text("a file where the folder should be")
    with pytest.raises(OutsideError) as caught:
        list(read_pages(iter(slips), desk, workers, tmp_path / "overlay"))
    assert str(tmp_path / "overlay") in str(caught.value)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="asks Linux")
def test_ctrl_c_is_for_the_program_and_not_for_its_workers():
    process = context().Process(target=time.sleep, args=(600,), daemon=True)
    start(process)
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        blocked = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk"))
        assert int(blocked, 16) >> (signal.SIGINT - 1) & 1
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())
    finally:
        process.kill()
        process.join()


def test_a_process_that_cannot_be_made_is_the_computers_refusal():
    """Its end of file was once told as an interruption by the user."""

    class Dead:
        def start(self):
            raise EOFError

    with pytest.raises(OSError, match="unavailable") as caught:
        start(Dead())
    assert outside(caught.value).key == "outside.no_process"


def test_every_page_gets_its_annotated_picture(slips, desk, tmp_path):
    pages = [slips[0], replace(slips[1], data=b"\xff\xd8\xff")]
    list(read_pages(iter(pages), desk, 0, tmp_path / "overlay"))
    names = sorted(path.name for path in (tmp_path / "overlay").iterdir())
    assert names == ["stack.pdf-0001.jpg", "stack.pdf-0002.jpg"]
    picture = draw_overlay(slips[0], read_page(slips[0], desk))
    assert picture.width >= 800
    greens = sum(count for count, (r, g, b) in picture.getcolors(1 << 24) if r < 80 and g > 90 and b < 110)
    assert greens > 400  # the outlines of four markers of 8 mm


def test_the_annotated_picture_stands_upright_whichever_way_the_page_lay(slips, desk):
    grey = decode(slips[0]).grey
    pictures = []
    for turns in range(4):
        data = cv2.imencode(".png", np.rot90(grey, turns))[1].tobytes()
        page = EncodedPage("stack.pdf", 1, Encoding.PICTURE, data)
        pictures.append(np.array(draw_overlay(page, read_page(page, desk))).astype(int)[100:])
    for picture in pictures[1:]:
        assert picture.shape == pictures[0].shape
        assert np.abs(picture - pictures[0]).mean() < 3


class Busy(IssuedSerials):
    """Looking up a serial computes for ever, or wants all the memory."""

    def __init__(self, issues, busy=0, greedy=0):
        super().__init__(issues)
        self._busy, self._greedy = busy, greedy

    def find(self, serial):
        while serial.number == self._busy:
            pass
        if serial.number == self._greedy:
            np.ones(1 << 40, np.uint8)
        return super().find(serial)


def test_what_computes_for_ever_is_ended_once_and_the_rest_is_read(slips, desk, issue):
    busy = replace(desk, issued=Busy([issue], busy=2, greedy=3), limits=Limits(seconds=2.0))
    results = list(read_pages(iter(slips), busy, 2))
    assert [told(result) for result in results] == [1, "too_long", "too_much_memory", 4]
    assert results[1].measured == {"seconds": 2.0}
