"""The sentences say what the figures are, in the words of the service."""

import io
import re
from dataclasses import replace

import docx
import pytest
from months import FORMS, make_month, slips_of
from tallying import count

from omr.figures import Share
from omr.records.counts.tallies import Channel, SlipState, Stratum
from omr.records.offices.periods import parse_period
from omr.reports.document import method
from omr.reports.document.document import document
from omr.reports.document.summary import summary
from omr.reports.figures.statistics import Checking, Month, Stock
from omr.reports.prose import sections as prose
from omr.reports.prose.voices import UNTESTED
from omr.reports.tables.wording import many, names, period_name
from omr.workspace import ReportSettings

SETTINGS = ReportSettings()


def told(month, before=None, settings=SETTINGS):
    sections = prose.results(month, before, settings)
    return "\n".join(
        [*prose.deployment(month), *(text for section in sections for text in section.paragraphs)]
    )


@pytest.fixture(scope="module")
def march():
    return make_month("2025-03")


def test_every_share_stands_with_n_and_n(march):
    text = told(march, make_month("2025-02"))
    overall = march.pool().overall
    assert f"{overall.part:,}/{overall.whole:,} phiếu đánh giá từ mức".replace(",", ".") in text
    answers = march.pool().by_answers
    assert f"{answers.part:,}/{answers.whole:,} lượt".replace(",", ".") in text
    assert "không so sánh được với tháng 02 năm 2025 do mẫu ĐL-02 thay đổi phiên bản" in text
    assert "17/18 đơn vị được cấp phiếu đã nộp phiếu" in text
    assert "01 đơn vị chưa nộp phiếu: Công an phường Đằng Giang" in text


@pytest.mark.parametrize(
    ("visits", "said"),
    [
        (2_952, "chiếm 100,00%, vượt mục tiêu 60–80%"),
        (2_951, "số phiếu lớn hơn số lượt giao dịch, cần giải trình"),
        (3_690, "chiếm 80,00%, đạt mục tiêu 60–80%"),
        (4_920, "chiếm 60,00%, đạt mục tiêu 60–80%"),
        (4_921, "chiếm 59,99%, chưa đạt mục tiêu 60–80%"),
    ],
)
def test_participation_is_told_against_its_target(march, visits, said):
    assert march.pool(channel=Channel.PAPER).returned == 2_952
    all_units = dict.fromkeys(march.visits, 0)
    spread = all_units | {"PC06": visits}
    assert said in told(replace(march, visits=spread))


def test_without_visits_there_is_no_participation_and_no_order(march):
    text = told(replace(march, visits={}))
    assert "chưa có số lượt người đến giao dịch trực tiếp" in text
    assert "; chưa có số lượt giao dịch nên chưa xác định được cỡ mẫu để đánh giá riêng từng đơn vị." in text
    assert "Cao nhất" not in text and "đủ cỡ mẫu" not in text
    sure = {point.asks: point.says for point in summary(replace(march, visits={}), None, SETTINGS)}
    assert any("Chưa có số lượt giao dịch nên chưa xác định được" in said for said in sure.values())


def test_of_a_unit_without_visits_nobody_says_that_its_sample_is_too_small(march):
    """Seen: 79 slips, and `chưa có đơn vị nào đủ cỡ mẫu (từ 30 phiếu trở lên)`."""
    unit = next(iter(march.visits))
    text = told(replace(march, visits={one: 40 for one in march.visits if one != unit}))
    assert "; 01 đơn vị chưa có số lượt giao dịch nên chưa xác định được cỡ mẫu; " in text


def test_only_units_with_a_sufficient_sample_are_ordered(march):
    few = {unit: 40 for unit in march.visits}  # every unit has more slips than its sample needs
    text = told(replace(march, visits=few))
    best, worst = (text.split(word)[1].split(".")[0] for word in ("Cao nhất: ", "Thấp nhất: "))
    shares = {march.names[unit]: march.pool(unit).overall for unit in march.reporting}
    ranked = {name: share for name, share in shares.items() if share.whole >= SETTINGS.ranked_from}
    top = max(ranked, key=lambda name: ranked[name].part / ranked[name].whole)
    low = min(ranked, key=lambda name: ranked[name].part / ranked[name].whole)
    assert best.startswith(top) and worst.startswith(low)


def test_stock_that_nobody_counted_is_said_and_not_guessed(march):
    line = Stock("PC06", "DL-01", 0, 500, 400, 0, None, None)
    text = told(replace(march, stock=(line,)))
    assert "01 đơn vị chưa kiểm kê phiếu tồn" in text
    assert "thất lạc" in text and "phát ra 0" not in text and "tỷ lệ thu hồi" not in text


def test_another_survey_speaks_neither_of_citizens_nor_of_their_procedures(march):
    """Officers on logistics answer no order on procedures, and nobody came to a counter for it."""
    inside = replace(march, survey="noi-bo", visits={})
    text = told(inside, make_month("2025-02"))
    assert not re.search("người dân|thủ tục hành chính|SIPAS|giao dịch trực tiếp|mọi người làm thủ tục", text)
    assert "Người trả lời đánh giá bằng" in text and "những người không trả lời" in text
    asked = [point.asks for point in summary(inside, None, SETTINGS)]
    assert "Tỷ lệ tham gia" not in asked and "Người dân nói gì" not in asked
    paper = docx.Document(io.BytesIO(document(inside, None, [], SETTINGS)))
    opening = "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert "tổng hợp, báo cáo kết quả khảo sát tháng 3 năm 2025 như sau:" in opening
    assert SETTINGS.basis not in opening


def test_a_change_of_few_slips_is_said_to_be_one(march):
    before = make_month("2025-02")
    few = replace(march, tallies=count(slips_of("2025-03")[:20], FORMS), forms=FORMS)
    unit = slips_of("2025-03")[0].stratum.unit
    only = few.only(unit)
    assert "chỉ để tham khảo vì có kỳ dưới 30 phiếu" in told(only, before.only(unit))
    (change,) = [p.says for p in summary(only, before.only(unit), SETTINGS) if p.asks == "So với kỳ trước"]
    assert "chỉ để tham khảo" in change
    whole = march.only(unit)
    assert "chỉ để tham khảo" not in told(whole, before.only(unit))


def test_answers_that_wait_for_a_person_are_said(march):
    doubtful = FORMS["DL-01@2025-01"].questions[4].key
    stratum = Stratum("PC06", "DL-01@2025-01", Channel.PAPER)
    rows = march.tallies.answers
    row = next(row for row in rows if row.stratum == stratum and row.question == doubtful)
    waiting = row._replace(state="doubtful", code="", slips=7)
    text = told(replace(march, tallies=replace(march.tallies, answers=(*rows, waiting))))
    assert "Còn 07 câu trả lời máy không chắc chắn" in text


def test_the_audit_by_hand_speaks_for_itself(march):
    assert UNTESTED in told(march)
    audited = replace(march, checking=Checking(10, 1, audit="Kiểm tra thủ công: rút công khai 84 phiếu."))
    assert "rút công khai 84 phiếu" in told(audited)
    assert UNTESTED not in told(audited)


def test_a_month_without_anything_has_whole_sentences():
    text = told(Month(parse_period("2025-04"), {}, ()))
    for odd in ("None", "nan", "0/0", "–%", "  ", " ."):
        assert odd not in text
    assert "không có đơn vị nào được cấp phiếu" in text


def test_words_of_the_service():
    assert period_name(parse_period("2023-03-pilot")) == "đợt thí điểm tháng 3 năm 2023"
    assert [many(n) for n in (0, 5, 12, 1200)] == ["0", "05", "12", "1.200"]
    assert names([f"U{n}" for n in range(11)], {}) == "U0; U1; U2; U3; U4; U5; U6; U7 và 03 đơn vị khác"


def test_the_method_is_the_settings():
    texts = " ".join(method.formulas(replace_settings(target_low=50, ranked_from=25, smallest_cell=3)))
    assert "50–80%" in texts and "dưới 25 phiếu" in texts and "dưới 3 phiếu" in texts
    codes = " ".join(method.validity())
    assert all(f"KHL{n}:" in codes for n in range(1, 8))


def replace_settings(**changes):
    return SETTINGS.model_copy(update=changes)


def test_states_and_shares_of_the_fixture_are_what_the_sentences_count(march):
    paper = march.pool(channel=Channel.PAPER)
    assert paper.slips[SlipState.VALID] + paper.invalid + paper.held == paper.returned
    assert Share(paper.valid, paper.returned) == paper.validity
