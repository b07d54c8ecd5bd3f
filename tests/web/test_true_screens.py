"""Screens that once led to a wrong answer, or said what was not so; each test is one kind."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips
from test_browser import PAGES
from test_paper_desks import send

from omr.messages import LANGUAGES, catalogue, choose_language
from omr.records.review.progress import Undecided, undecided
from omr.records.store.store import Store
from omr.web.cases import cases
from omr.web.frame.pages import _environment, static_url
from omr.web.people.journal import NOTED
from omr.words import Aside, Role, SlipDoubt


def post(visitor, path: str, **fields: str):
    return visitor.client.post(path, data={"csrf": visitor.token("/"), **fields})


def test_nobody_is_asked_for_the_month_that_the_slip_says(person) -> None:
    """With today's month as default, every stack of the first days of a month was held."""
    for role in (Role.CLERK, Role.REVIEWER):
        text = person(role).client.get("/intake").text
        first = re.search(r'<select id="period"[^>]*><option value="([^"]*)"', text)
        assert first is not None and first[1] == ""


def test_a_clerk_opens_a_stack_without_naming_a_month(person) -> None:
    answer = post(person(Role.CLERK), "/intake", expected="40")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("typed", "kept"), [("pc06", "PC06"), ("Phòng Cảnh sát giao thông", "PC08")])
def test_a_unit_of_an_account_is_one_of_the_list_however_it_is_written(office, person, typed, kept) -> None:
    answer = post(person(Role.ADMIN), "/accounts", name="moi.lan", roles="clerk", unit=typed)
    assert answer.status_code == 200, answer.text
    assert {user.name: user.unit for user in office.accounts.users()}["moi.lan"] == kept


def test_an_unknown_unit_makes_no_account(office, person) -> None:
    answer = post(person(Role.ADMIN), "/accounts", name="moi.lan", roles="clerk", unit="PC99")
    assert answer.status_code == 400
    assert "PC99" in answer.text
    assert "moi.lan" not in {user.name for user in office.accounts.users()}


def test_the_language_changes_and_the_place_stays(person) -> None:
    visitor = person(Role.LEAD)
    text = visitor.client.get("/search", params={"q": "pc06 11/2026"}).text
    (here,) = re.findall(r'name="next" value="([^"]*)"', text)
    changed = post(visitor, "/language", language="en", next=here.replace("&amp;", "&"))
    assert changed.headers["location"] == "/search?q=pc06+11%2F2026"


def test_after_something_was_sent_the_language_leads_to_its_desk(person) -> None:
    """The address of what was sent cannot be opened: it would be a page that is not there."""
    visitor = person(Role.ADMIN)
    text = post(visitor, "/accounts", name="moi.lan", roles="reviewer").text
    (here,) = re.findall(r'name="next" value="([^"]*)"', text)
    assert visitor.client.get(here).status_code == 200


def test_an_empty_filter_is_not_told_as_an_empty_queue(office, person) -> None:
    take_slips(office.workspace, [slip(B2="?3")])
    visitor = person(Role.REVIEWER)
    filtered = visitor.client.get("/review", params={"unit": "PC08"}).text
    assert "Không có câu nào khớp bộ lọc" in filtered
    assert "chờ người khác" not in filtered


def test_an_empty_queue_waits_for_nobody(office, person) -> None:
    take_slips(office.workspace, [slip()])
    shown = person(Role.REVIEWER).client.get("/review").text
    assert "Không còn câu nào chờ bạn" in shown
    assert "0 câu" not in shown


def test_a_month_that_never_was_has_no_figures(office, person) -> None:
    take_slips(office.workspace, [slip()])
    lead = person(Role.LEAD)
    assert lead.client.get("/overview", params={"period": "2026-11"}).status_code == 200
    assert lead.client.get("/overview", params={"period": "2025-01"}).status_code == 404
    assert lead.client.get("/overview/2025-01/report.zip").status_code == 404


def test_figures_that_can_still_change_say_so_and_how_far(office, person) -> None:
    take_slips(office.workspace, [slip(), slip(B4="?3"), slip(B4="2"), None])
    with Store.open(office.workspace.database) as store:
        assert undecided(store, "2026-11") == Undecided(may_come=2, may_go=0)
        assert undecided(store, "2026-10") == Undecided(may_come=0, may_go=0)
    shown = person(Role.LEAD).client.get("/overview").text
    assert "tạm tính" in shown
    assert "từ 25,00% đến 75,00%" in shown  # 1 of 2 today, two may come


@given(st.integers(0, 40), st.integers(0, 40), st.data())
def test_the_final_figure_lies_within_what_was_said(may_come: int, may_go: int, data: st.DataObject) -> None:
    whole = data.draw(st.integers(may_go, 200))
    part = data.draw(st.integers(0, whole))
    bounds = Undecided(may_come, may_go).bounds(part, whole)
    gone = data.draw(st.integers(0, may_go))
    gone_good = data.draw(st.integers(max(0, gone - (whole - part)), min(gone, part)))
    come = data.draw(st.integers(0, may_come))
    come_good = data.draw(st.integers(0, come))
    final_part, final_whole = part - gone_good + come_good, whole - gone + come
    if bounds is None:
        assert (final_part, final_whole) == (part, whole)
    elif final_whole:
        low_part, low_whole, high_part, high_whole = bounds
        assert low_part * final_whole <= final_part * low_whole
        assert final_part * high_whole <= high_part * final_whole


def test_fonts_are_kept_by_the_browser(person) -> None:
    """Without their hash they came anew with every page: 100 kB each time."""
    visitor = person(None)
    css = visitor.client.get(static_url("desks.css")).text
    fonts = re.findall(r"url\(([^)]+)\)", css)
    assert fonts
    for font in fonts:
        answer = visitor.client.get(f"/static/{font}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_browsers_find_the_sign_where_they_look_for_it(person) -> None:
    assert person(None).client.get("/favicon.ico").status_code == 308


@pytest.mark.parametrize("doubt", list(SlipDoubt))
def test_a_case_keeps_its_reason_from_the_list_to_its_page(office, person, doubt) -> None:
    """The list said "no red stamp", the page "look at the whole slip", and the stamp was out of reach."""
    take_slips(office.workspace, [slip()])
    with Store.open(office.workspace.database) as store, store.act("read", by="test") as act:
        act.add("doubts", {"reading": 1, "reason": doubt.value})
    visitor = person(Role.REVIEWER)
    named = catalogue("vi", "web")[doubt.label.removeprefix("web.")]
    assert named in visitor.client.get("/cases").text
    shown = visitor.client.get("/cases/S1").text
    assert named in shown
    for word in doubt.offered or ("counts", "refused"):
        assert f'value="{word}"' in shown
    assert ("stamp.jpg" in shown) == (doubt is SlipDoubt.NO_STAMP)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_case_desk_is_in_the_catalogues(language: str) -> None:
    """Keys that are built at run time: one that lacked was an error page when it was needed."""
    known = catalogue(language, "web").keys()
    offered = {word for doubt in SlipDoubt for word in doubt.offered}
    offered |= {word for aside in Aside for word in aside.meanwhile.offered}
    offered |= {*cases.OTHER_SLIPS, *cases.PAGES}
    assert {f"word_{word}" for word in offered} <= known
    labels = {word.label.removeprefix("web.") for word in (*Aside, *SlipDoubt)}
    labels |= {f"case_{reason}" for reason in cases.NAMED_PAGES} | {"case_page", "case_slip"}
    assert labels <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_that_is_noted_has_its_words(language: str) -> None:
    acts = {name.removeprefix("act_") for name in catalogue(language, "web") if name.startswith("act_")}
    assert acts == NOTED


def test_the_administrator_sees_whatever_was_noted(office, person) -> None:
    """After the chain was verified, a report made, a plan printed, the page of accounts was a 500."""
    for act in NOTED:
        office.accounts.journal.note("lan.pv01", act, "2026-11")
    office.accounts.journal.note("lan.pv01", "of_a_later_version", "2026-11")
    shown = person(Role.ADMIN).client.get("/accounts")
    assert shown.status_code == 200
    assert "Kiểm tra chuỗi sự kiện" in shown.text and "of_a_later_version" in shown.text


def test_a_form_is_called_what_is_printed_on_it_wherever_a_sentence_names_it(office, person) -> None:
    """Errors of the register said DL-01 beside screens that say ĐL-01."""
    lead = person(Role.LEAD)
    take_slips(office.workspace, [slip()])
    told = {"unit": "PC08", "in_stock": "", "why": "nhầm"}
    for path, form in (("/stock/PC06/2026-11/withdraw", "DL-01"), ("/month/2026-11/stock", "DL-77")):
        shown = post(lead, path, **told, of_form=form).text
        assert f"Đ{form[1:]}" in shown, path
        assert not re.search(rf">[^<]*\b{form}", shown), path


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.VIEWER])
def test_no_page_shows_a_form_by_the_name_of_its_file(office, person, role) -> None:
    take_slips(office.workspace, [slip(B2="?3"), slip(A5="id_card ?other"), slip(), None])
    visitor = person(role)
    for path in ["/", *PAGES[role], "/forms", "/overview", "/month/2026-11/slips?item=DL-01/B1"]:
        text = visitor.client.get(path, follow_redirects=True).text
        seen = re.sub(
            r"<script.*?</script>|<style.*?</style>|<textarea.*?</textarea>|<[^>]*>", " ", text, flags=re.S
        )
        assert not re.search(r"\bDL-\d", seen), path


def test_a_plan_names_forms_as_they_are_printed_and_says_what_becomes_of_each_line(person) -> None:
    lead = person(Role.LEAD)
    head = "đơn vị,mẫu,số phiếu\n"
    look = send(lead, "plan", f"{head}PC06,đl-01,2\nPC07,DL-02,3\n", period="2026-11")
    seen = re.sub("<[^>]*>", "|", lead.client.get(look).text)
    assert "ĐL-01" in seen and "ĐL-02" in seen and not re.search(r"\bDL-\d", seen)
    assert seen.count("sẽ in") == 2
    look = send(lead, "plan", f"{head}PC06,DL-9,2\n", period="2026-11")
    assert "các mẫu hiện có: ĐL-01, ĐL-02" in lead.client.get(look).text


def test_no_table_makes_its_page_wider_than_a_phone() -> None:
    """A stack that was being read did, for months: its table was there while nobody looked."""
    region = re.compile(r'<div class="[^"]*\bscroll\b[^>]*>\s*$')
    for name in resources.files("omr").joinpath("web/pages").iterdir():
        text = re.sub("{%.*?%}", "", name.read_text("utf-8"))
        for table in re.finditer("<table", text):
            assert region.search(text[: table.start()]), name


def test_without_javascript_a_decision_leads_to_a_whole_page(office, person) -> None:
    """It was a naked part of one, without style or a way back."""
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(B2="?3"), slip(B2="?4")])
    visitor = person(Role.REVIEWER)
    whole = post(visitor, "/review/decide", item="A1-B2", answer="3")
    assert 'data-item="A2-B2"' in whole.text and "<nav" in whole.text
    csrf, headers = visitor.token("/"), {"hx-request": "true"}
    part = visitor.client.post(
        "/review/decide", data={"csrf": csrf, "item": "", "answer": "3"}, headers=headers
    )
    assert "<nav" not in part.text


OLD_WORDS = ("Theo số phiếu đã in", "Quyết định phiếu hợp lệ", "Ai", "Dấu hiệu", "Cấp mật khẩu", "Trường hợp")


def test_what_was_misread_is_called_otherwise() -> None:
    """ "Theo số phiếu đã in" was read as a number of slips, "Ai" as a question."""
    areas = resources.files("omr").joinpath("catalogues", "vi").iterdir()
    texts = {text.strip(" .:") for area in areas for text in catalogue("vi", Path(area.name).stem).values()}
    assert not texts & set(OLD_WORDS)
    assert {"Theo số in trên phiếu", "Người gửi", "Phiếu cần xử lý", "Cấp lại mật khẩu"} <= texts


def test_a_constant_on_a_page_is_written_in_the_language_of_who_reads_it() -> None:
    """Pages are compiled once, in the language of who opens them first."""
    shown = _environment().from_string("{{ 2.5|number('.1f') }}")
    for code, text in (("vi", "2,5"), ("en", "2.5"), ("vi", "2,5")):
        choose_language(code)
        assert shown.render() == text
