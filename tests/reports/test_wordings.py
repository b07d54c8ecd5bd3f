"""A whole report in Word, read as an office writer reads it: what was mended once does not come back."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import docx
import pytest
from months import make_month

from omr.forms.layout import find_form
from omr.records.exchange.comments import Commented
from omr.reports import monthly
from omr.reports.document.document import document
from omr.reports.tables.wording import written_out
from omr.workspace import ReportSettings

# as it was -> as an office writer has it; "" where it only has to be gone
WORDINGS = {
    r"\d điểm %": "điểm phần trăm",
    "do tổ chức thay đổi": "do có thay đổi về tổ chức",
    r"(?<!\d)[1-9] phiếu không hợp lệ|(?<!\d)[1-9] đơn vị": "",
    "73 phiếu có ghi ý kiến": "73 phiếu có ý kiến viết tay, đã nhập 0; phiếu điện tử: 44 phiếu có ý kiến",
    "phiếu được tính tốt hơn": "",
    "khả năng kiểm tra này không phát hiện được": "",
    "số phiếu lớn hơn số lượt giao dịch, cần giải trình, so với": "",
    "để xét riêng": "",
    "phiếu lạ": "",
}


@pytest.fixture(scope="module")
def whole_report() -> str:
    march, settings = make_month("2025-03"), ReportSettings()
    month = replace(march, comments=Commented(paper=73, typed=0, electronic=44, with_topic=0))
    before = make_month("2025-02")
    written = document(month, before, monthly.annex(month, before, settings), settings)
    made = docx.Document(io.BytesIO(written))
    cells = (cell.text for table in made.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in made.paragraphs), *cells])


@pytest.mark.parametrize("was", WORDINGS)
def test_a_report_is_worded_as_an_office_writes(whole_report: str, was: str) -> None:
    assert not re.search(was, whole_report)
    better = WORDINGS[was]
    assert better.casefold() in whole_report.casefold()


def test_the_report_says_where_and_why_there(whole_report: str) -> None:
    assert re.search(r"Câu có tỷ lệ hài lòng thấp nhất: B\d.*, rõ nhất ở .*Biểu 08", whole_report)


def test_what_a_printed_line_had_no_room_for_is_written_out() -> None:
    labels = [
        o.label for name in ("DL-01", "DL-02") for q in find_form(name, None).questions for o in q.options
    ]
    short = [label for label in labels if "ANTT" in label or "PCCC" in label]
    assert short and not any(re.search("ANTT|PCCC", written_out(label)) for label in short)
