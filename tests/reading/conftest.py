"""A print run of DL-01, its pages as the printer puts them on paper, and a desk that reads it."""

import numpy as np
import paper
import pypdfium2 as pdfium
import pytest

from omr.forms.layout import find_form
from omr.forms.printing.printing import print_forms
from omr.forms.serial import Issue, IssuedSerials
from omr.forms.template import fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import Desk


@pytest.fixture(scope="session")
def form():
    return find_form("DL-01", None)


@pytest.fixture(scope="session")
def issue(form):
    return Issue("R1", form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, 1, 500, b"k" * 32)


@pytest.fixture(scope="session")
def issued(issue):
    return IssuedSerials([issue])


@pytest.fixture(scope="session")
def desk(form, issue, issued):
    return Desk(issued, {issue.fingerprint: form}, load_calibration())


@pytest.fixture(scope="session")
def sheets(form, issue, tmp_path_factory):
    """The first slips of the run at `paper.PRINT_DPI`; tests must not change them."""
    path = tmp_path_factory.mktemp("run") / "run.pdf"
    print_forms(form, [issue.serial(number) for number in range(1, 5)], path, run=issue.run)
    with pdfium.PdfDocument(path) as document:
        scale = paper.PRINT_DPI / 72
        pages = [page.render(scale=scale, grayscale=True).to_numpy().squeeze().copy() for page in document]
    for page in pages:
        page.setflags(write=False)
    return pages


@pytest.fixture(scope="session")
def sheet(sheets):
    """One slip."""
    return sheets[0]


@pytest.fixture
def rng():
    return np.random.default_rng(20261124)
