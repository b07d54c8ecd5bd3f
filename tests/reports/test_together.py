"""What is counted together: only what asks the same, of one survey, on one scale."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from months import FORMS, LEVELS, answers_of, make_form, make_month
from tallying import Slip, count

from omr.figures import Change, Nothing, Share
from omr.forms.layout import find_form, form_names
from omr.forms.surveys import surveys
from omr.forms.template import Option, canonical, fingerprint
from omr.geometry import Box
from omr.records.counts.tallies import Channel, SlipState, Stratum
from omr.records.offices.statements import Subject
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.questions import Wordings
from omr.reports.figures.statistics import Closed, compare
from omr.reports.prose import sections as prose
from omr.reports.tables.changes import extremes, shifts
from omr.reports.tables.satisfaction_tables import criteria, questions_table, share_of
from omr.trust.chances import fisher_exact
from omr.workspace import ReportSettings

SETTINGS = ReportSettings()
PAY = "Ông/Bà có phải chi thêm tiền ngoài phí, lệ phí không"


def reworded(form, key, text, revision):
    questions = tuple(replace(q, text=text) if q.key == key else q for q in form.questions)
    return replace(form, revision=revision, questions=questions)


def month_of(forms, slips):
    month = make_month("2025-03")
    return replace(month, forms=forms, tallies=count(slips, forms), stock=(), visits={}, opinions=())


def slips_on(name, form, many, seed=1, unit="PC06"):
    dice = random.Random(seed)
    at = Stratum(unit, name, Channel.PAPER)
    return [Slip(at, SlipState.VALID, "", answers_of(form, dice, 1.0)) for _ in range(many)]


def test_a_revision_that_asks_something_else_under_a_key_is_not_added():
    old = make_form("DL-01", "2026-01")
    new = reworded(old, "B5", PAY, "2026-12")
    forms = {"old": old, "new": new}
    month = month_of(forms, [*slips_on("old", old, 20), *slips_on("new", new, 40, seed=2)])
    asked = {(c.key, c.text, c.revision): share_of(month.pool(), c) for c in criteria(month)}
    assert asked["B5", PAY, "2026-12"].whole < 41
    assert asked["B5", "Thời gian chờ đến lượt và thời gian làm việc tại quầy", "2026-01"].whole < 21
    assert ("DL-01", "B5@2026-01") in month.pool().items and ("DL-01", "B5") not in month.pool().items
    b4 = next(share for (key, _, _), share in asked.items() if key == "B4")
    assert b4.whole > 50  # the others ask the same and are one
    listed = [str(row.cells[1]) for row in questions_table(month).rows]
    assert f"{PAY} (phiên bản 2026-12)" in listed
    assert "Câu B5 mẫu ĐL-01 hỏi nội dung khác nhau" in " ".join(prose.deployment(month))


def test_a_declared_equivalence_makes_two_wordings_one():
    old = make_form("DL-01", "2026-01")
    new = reworded(old, "B5", "Chờ có lâu không", "2026-12")
    month = month_of({"old": old, "new": new}, [*slips_on("old", old, 20), *slips_on("new", new, 40)])
    words = next(q.text for q in old.questions if q.key == "B5")
    declared = replace(month, wordings=Wordings(((words, "chờ có lâu KHÔNG?"),)))
    assert ("DL-01", "B5") in declared.pool().items
    assert ("DL-01", "B5") not in month.pool().items


def test_two_forms_of_one_field_merge_only_what_asks_the_same():
    one = replace(make_form("DL-01"), form="DL-05")
    two = reworded(replace(make_form("DL-01"), form="DL-06"), "B9", "Câu 10 về trang phục", "1")
    month = month_of({"one": one, "two": two}, [*slips_on("one", one, 30), *slips_on("two", two, 30)])
    b9 = [criterion for criterion in criteria(month) if criterion.key == "B9"]
    assert len(b9) == 2 and all(share_of(month.pool(), c).whole <= 30 for c in b9)


def test_other_levels_are_another_question_and_another_survey():
    form = make_form("DL-01")
    three = tuple(
        Option(c, label, good, Box(0, 0, 4.5, 4.5)) for c, label, good in (LEVELS[0], LEVELS[2], LEVELS[4])
    )
    other = replace(
        form,
        form="DL-07",
        questions=tuple(replace(q, options=three) if q.core else q for q in form.questions),
    )
    parted = surveys({"a": form, "b": make_form("DL-02"), "c": other})
    assert {name: set(of) for name, of in parted.items()} == {"tthc": {"a", "b"}, "tthc:DL-07": {"c"}}


def test_forms_of_other_fields_are_other_surveys_unless_they_say_so():
    inside = replace(make_form("DL-01"), form="DL-05", field="Hậu cần")
    declared = replace(inside, form="DL-06", survey="tthc")
    forms = {"a": make_form("DL-01"), "b": inside, "c": declared}
    assert {name: set(of) for name, of in surveys(forms).items()} == {"tthc": {"a", "c"}, "hau-can": {"b"}}
    told = surveys(forms, {"DL-05": "noi-bo"})
    assert set(told) == {"tthc", "noi-bo"}


def test_a_form_without_a_survey_keeps_its_fingerprint():
    form = make_form("DL-01")
    assert "survey" not in canonical(form)
    assert fingerprint(replace(form, survey="noi-bo")) != fingerprint(form)


def test_an_option_that_means_something_else_is_a_group_of_its_own():
    old = make_form("DL-01", "1")
    options = tuple(
        replace(o, label="Sang tên xe") if o.code == "b" else o
        for q in old.questions
        if q.key == "A5"
        for o in q.options
    )
    new = replace(
        old,
        revision="2",
        questions=tuple(replace(q, options=options) if q.key == "A5" else q for q in old.questions),
    )
    month = month_of({"1": old, "2": new}, [*slips_on("1", old, 60), *slips_on("2", new, 60)])
    labels = [g.label for b in breakdowns(month, 1) if b.question == "A5" for g in b.groups]
    assert {"Sang tên xe", "Đăng ký thường trú, tạm trú"} <= set(labels)


def test_a_procedure_that_two_forms_word_differently_is_one_line():
    """DL-03-EN has less room than DL-03; a code that both have says the same in both."""
    full, short = find_form("DL-03", None), find_form("DL-03-EN", None)
    month = month_of({"1": full, "2": short}, [*slips_on("1", full, 70), *slips_on("2", short, 70)])
    (procedures,) = [b for b in breakdowns(month, 1) if b.question == "A5"]
    codes = [group.code for group in procedures.groups]
    assert len(set(codes)) == len(codes)
    labels = {group.label for group in procedures.groups}
    assert "Cấp hộ chiếu phổ thông" in labels and "Hộ chiếu phổ thông" not in labels
    assert sum(group.slips for group in procedures.groups) == month.pool().overall.whole
    other = replace(short, field="Giao thông đường bộ")  # another field: its own procedures
    apart = month_of({"1": full, "2": other}, [*slips_on("1", full, 70), *slips_on("2", other, 70)])
    assert len([b for b in breakdowns(apart, 1) if b.question == "A5"]) == 2


def test_codes_of_the_forms_of_one_field_say_the_same():
    said: dict[tuple[str, str, str], set[str]] = {}
    for name in form_names(None):
        form = find_form(name, None)
        for question in form.questions:
            for option in question.options:
                said.setdefault((form.field, question.key, option.code), set()).add(
                    Wordings().label(form, option)
                )
    assert len({field for field, _, _ in said}) >= 4
    assert [where for where, labels in said.items() if len(labels) > 1] == []


# --- what changed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "chance"),
    [
        ((8, 10, 1, 10), 0.0054774),
        ((3, 4, 1, 4), 0.4857143),
        ((10, 12, 5, 16), 0.0093238),
        ((0, 5, 0, 7), 1.0),
    ],
)
def test_fishers_exact_test(table, chance):
    """Reference values of scipy.stats.fisher_exact."""
    assert fisher_exact(*table) == pytest.approx(chance, abs=2e-6)


def test_chance_alone_marks_hardly_anything():
    """Two months of the same people: no change is one, and of 200 comparisons none should be marked."""
    form = make_form("DL-01")
    units = [f"U{n}" for n in range(20)]
    now, before = (
        month_of({"f": form}, [s for n, u in enumerate(units) for s in slips_on("f", form, 60, seed + n, u)])
        for seed in (1000, 2000)
    )
    tested = shifts(replace(now, units=()), replace(before, units=()), 30)
    assert len(tested) > 150
    assert sum(one.chance <= 0.05 for one in tested) > 2  # what would be told without the correction
    assert sum(one.beyond_chance for one in tested) <= 1


def test_a_real_fall_is_marked_and_named():
    form = make_form("DL-01")
    bad = [
        replace(slip, answers={**slip.answers, "B5": slip.answers["B5"]._replace(codes=("1",))})
        if slip.answers["B5"].codes and n % 2
        else slip
        for n, slip in enumerate(slips_on("f", form, 200))
    ]
    now = replace(month_of({"f": form}, bad), units=())
    before = replace(month_of({"f": form}, slips_on("f", form, 200, 9)), units=())
    (one,) = [shift for shift in shifts(now, before, 30) if shift.beyond_chance]
    assert (one.unit, one.criterion.key, one.up) == ("PC06", "B5", False)
    low, _ = extremes(now, 30)
    assert low.criterion.key == "B5" and low.unit[0] == "PC06"


def test_the_worst_question_needs_answers():
    form = make_form("DL-01")
    month = month_of({"f": form}, slips_on("f", form, 29))
    assert extremes(month, 30) is None
    assert "từ 30 câu trả lời trở lên" in " ".join(
        text for section in prose.results(month, None, SETTINGS) for text in section.paragraphs
    )


def test_a_unit_that_does_better_is_not_where_it_is_worst():
    """Only PC06 has answers enough, and its are good: the bad ones came from small units."""
    form = make_form("DL-01")

    def said(slips, code):
        return [
            replace(s, answers={**s.answers, "B5": s.answers["B1"]._replace(codes=(code,))}) for s in slips
        ]

    slips = [s for s in slips_on("f", form, 60) if s.answers["B1"].codes and len(s.answers["B1"].codes) == 1]
    few = [s for unit in ("CAX-02", "CAX-03") for s in slips_on("f", form, 20, unit=unit)]
    few = [s for s in few if s.answers["B1"].codes and len(s.answers["B1"].codes) == 1]
    month = month_of({"f": form}, [*said(slips[:25], "1"), *said(slips[25:], "5"), *said(few, "1")])
    low, high = extremes(month, 30)
    assert low.criterion.key == "B5" and low.unit is None
    assert high.unit is None or high.unit[1].part * high.share.whole >= high.share.part * high.unit[1].whole


# --- guards and history ---------------------------------------------------------------------------


def test_a_reorganised_unit_is_compared_nowhere():
    march, february = make_month("2025-03"), make_month("2025-02")
    unit = "CAX-10"  # took in a district's police
    now, before = march.only(unit), replace(february.only(unit), unit=unit)
    assert compare(now, before) is Nothing.NOT_COMPARABLE
    for field in now.fields:
        assert not isinstance(compare(now, before, field=field), Change)
    text = " ".join(text for part in prose.results(now, before, SETTINGS) for text in part.paragraphs)
    assert "điểm phần trăm" not in text
    assert "không so sánh được" in text and "có thay đổi về tổ chức" in text
    assert shifts(now, before, 1) == []


def test_an_adjusted_month_says_so():
    march = make_month("2025-03")
    first = Closed("2025-04-01T20:00:00Z", "hung", "", "a" * 64, 470, 468, Share(417, 470), {}, {"n": 470})
    again = Closed(
        "2025-04-09T03:00:00Z", "hung", "lô nộp muộn", "b" * 64, 527, 520, Share(470, 527), {}, {"n": 527}
    )
    told = " ".join(prose.deployment(replace(march, root="b" * 64, closings=(first, again))))
    for words in ("chốt ngày 02/4/2025", "417/470", "88,72%", "chốt lại ngày 09/4/2025", "470/527", "89,18%"):
        assert words in told
    assert "lý do: lô nộp muộn" in told and "được thay thế bằng báo cáo này" in told and "a" * 16 in told
    assert not replace(march, closings=(first, again)).only("PC06").closings  # the city's, no unit's


def test_what_an_adjustment_did_not_touch_is_not_told_as_changed():
    march = make_month("2025-03")
    first = Closed("2025-04-01T20:00:00Z", "hung", "", "a" * 64, 18, 18, Share(0, 18), {}, {"n": 18})
    again = replace(first, at="2025-04-09T03:00:00Z", why="tìm thấy hòm phiếu", root="b" * 64)
    told = " ".join(prose.deployment(replace(march, root="b" * 64, closings=(first, again))))
    assert (
        "không thay đổi so với lần chốt ngày 02/4/2025 (0/18 phiếu" in told and "tìm thấy hòm phiếu" in told
    )
    assert told.count("0/18") == 1 and "thay thế" not in told


def test_a_month_that_was_closed_before_its_end_says_so():
    early = Closed("2025-03-29T03:00:00Z", "hung", "", "a" * 64, 470, 468, Share(417, 470), {}, {})
    told = " ".join(prose.deployment(replace(make_month("2025-03"), root="a" * 64, closings=(early,))))
    assert "số liệu đã chốt ngày 29/3/2025, trước khi kỳ kết thúc" in told


def test_units_with_more_slips_than_visits_reach_no_target_until_they_explain():
    march = make_month("2025-03")
    month = replace(march, visits=dict.fromkeys(march.visits, 10_000) | {"PC06": 10})
    told = " ".join(prose.results(month, None, SETTINGS)[0].paragraphs)
    assert "01 đơn vị có số phiếu lớn hơn số lượt giao dịch" in told and "chưa kết luận" in told
    assert "Không tính các đơn vị này" in told
    explained = replace(month, statements={("PC06", Subject.PARTICIPATION): "Có buổi lưu động."})
    told = " ".join(prose.results(explained, None, SETTINGS)[0].paragraphs)
    assert "chưa kết luận" not in told and "giải trình: Có buổi lưu động." in told
    assert told.count("PC06") == 0  # by its name


def test_a_units_report_goes_to_that_unit_alone(tmp_path):
    import docx

    from omr.reports import monthly

    march = make_month("2025-03")
    (file,) = monthly.write(march.only("PC07"), None, tmp_path, ("docx",), SETTINGS)
    table = next(t for t in docx.Document(file).tables if "Nơi nhận:" in t.rows[0].cells[0].text)
    recipients = table.rows[0].cells[0].text.splitlines()[1:]
    assert recipients == [f"- {march.names['PC07']};", "- Lưu: VT, PV01."]
    assert FORMS  # the fixture's forms are the built-in fields
