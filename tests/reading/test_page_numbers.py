"""Pages of one questionnaire on paper: which is which, and none taken for another or for a blank back."""

from __future__ import annotations

from pathlib import Path

import pytest
from form_pieces import CHOICES, DIGITS, HEAD, MATRIX, SCALE

from omr.errors import OmrError
from omr.forms.layout import lay_out
from omr.forms.loading import load_template
from omr.forms.printing.printing import print_forms
from omr.forms.serial import CHECK_ALPHABET, Issue, IssuedSerials, parse_carried
from omr.forms.symbols import code128, qr
from omr.forms.template import Form, fingerprint
from omr.reading.marks.calibrate import load_calibration
from omr.reading.reader import BlankBack, Desk, ReadPage, RejectedPage, read_page
from omr.reading.scan.pages import Depth, open_pages
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_pdf
from omr.simulate.stacks import Stack, simulate_stack
from omr.words import AnswerState, Seal

BREAK = '\n[[section]]\nkind = "page"\n'


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    file = Path(tmp_path_factory.mktemp("form")) / "ks-01.toml"
    both = HEAD.replace('paper = "A4"', 'paper = "A4"\nduplex = true')
    file.write_text(both + CHOICES + MATRIX + BREAK + DIGITS + BREAK + SCALE, "utf-8")
    return lay_out(load_template(file), file)


@pytest.fixture(scope="module")
def issue(form: Form) -> Issue:
    return Issue(
        "t", form.form, fingerprint(form), "PC06", "2026-11", form.digit, 26, 1, 40, bytes(range(32))
    )


def test_the_codes_hold_the_page_under_its_own_check(issue: Issue) -> None:
    for serial in issue.serials():
        assert serial.carried(1) == str(serial)
        for page in (2, 9):
            held = serial.carried(page)
            assert parse_carried(held) == (serial, page)
            assert len(code128(held)) == 156 + 11 and len(qr(held)) == 21
            for other in "23456789":
                if other != held[13]:
                    with pytest.raises(OmrError):
                        parse_carried(held[:13] + other + held[14:])
            for place in (0, 5, 12, 14, 15):
                sign = CHECK_ALPHABET[(CHECK_ALPHABET.index(held[place]) + 1) % 36]
                with pytest.raises(OmrError):
                    parse_carried(held[:place] + sign + held[place + 1 :])


def test_print_files_keep_fronts_and_backs_in_register(form: Form, issue: Issue, tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    serials = [issue.serial(1), issue.serial(2)]
    print_forms(form, serials, tmp_path / "a.pdf", run="t")
    with pdfium.PdfDocument(tmp_path / "a.pdf") as document:
        said = [page.get_textpage().get_text_range() for page in document]
    assert len(said) == 8  # a white back behind each third page
    assert [text.strip() == "" for text in said] == [False, False, False, True] * 2
    assert all(serials[place // 4].printed in text for place, text in enumerate(said) if text.strip())
    assert b"/Duplex /DuplexFlipLongEdge" in (tmp_path / "a.pdf").read_bytes()


def test_pages_are_read_each_as_what_it_is(form: Form, issue: Issue, tmp_path: Path) -> None:
    serials = [issue.serial(1), issue.serial(2)]
    print_forms(form, serials, tmp_path / "a.pdf", run="t")
    empty = {str(serials[1]): {}}  # handed in unfilled: its pages are pages all the same
    stack = Stack(PrintedRun(tmp_path / "a.pdf", form, 8), 200, Depth.GREY, 3, told=empty)
    pages = list(simulate_stack(stack))
    write_pdf((picture for picture, _ in pages), tmp_path / "scan.pdf")
    desk = Desk(IssuedSerials([issue]), {fingerprint(form): form}, load_calibration())
    results = [read_page(page, desk) for page in open_pages(tmp_path / "scan.pdf")]
    found = [(r.page.serial, r.page.number) for r in results if isinstance(r, ReadPage)]
    assert found == [(serial, page) for serial in serials for page in (1, 2, 3)]
    for result, (_, truth) in zip(results, pages, strict=True):
        if not isinstance(result, ReadPage):
            assert truth.serial == "" and isinstance(result, BlankBack | RejectedPage)
            continue
        assert result.seal is Seal.UNKNOWN or result.page.number == 1
        assert {answer.question for answer in result.answers} == set(truth.answers)
        for answer in result.answers:
            if answer.state is not AnswerState.DOUBTFUL:
                assert set(answer.codes) == set(truth.answers[answer.question])
