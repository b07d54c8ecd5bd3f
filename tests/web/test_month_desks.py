"""The month's desks: figures that open, what came in beside paper, texts, the report, the proof."""

from __future__ import annotations

import html
import io
import re
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import docx
import pytest
from people import Person
from scanned_stacks import slip, take_slips
from test_paper_desks import ended, post, send

from omr.means import Means
from omr.messages import LANGUAGES, catalogue
from omr.reading.ink.measure import FEATURES
from omr.reading.reader import ReadPage, RejectedPage
from omr.records.counts.tallies import Channel, SlipState
from omr.records.exchange.electronic import imports
from omr.records.inbox.inbox import Inbox
from omr.records.month.behind import SATISFIED, UNSATISFIED, Want, slips_behind
from omr.records.offices.periods import parse_period
from omr.records.offices.statements import Subject, statements_of
from omr.records.offices.surveys import surveys_of
from omr.records.offices.visits import visits_of
from omr.records.store.measured import unpack
from omr.records.store.store import Store
from omr.reports import monthly
from omr.trust.export import export
from omr.trust.rekeying import latest_draw
from omr.web.incoming.travel import STICK
from omr.web.month import report
from omr.words import Role

MONTH = "2026-11"
GSHEET = "Dấu thời gian,Đơn vị," + ",".join(f"B{at}" for at in range(1, 11)) + "\n"


@pytest.fixture
def stacks(office):
    """PC06 with good, bad and empty slips; PC08 with one."""
    take_slips(
        office.workspace,
        [slip(), slip(B4="2"), slip(B4="2", B1="1"), slip(A5="", B1="", B2="", B3="", B4=""), slip()],
    )
    take_slips(office.workspace, [slip(B3="1")], unit="PC08", name="khac")


@pytest.fixture
def store(office, stacks):
    with Store.open(office.workspace.database) as opened:
        yield opened


@pytest.fixture
def lead(person, stacks) -> Person:
    return person(Role.LEAD)


def links(text: str) -> dict[str, str]:
    """Every figure that leads to slips: its address, and what it says."""
    found = re.findall(r'<a href="(/month/2026-11/slips[^"]*)">([^<]*)</a>', text)
    return {html.unescape(address): said for address, said in found}


def test_every_figure_that_opens_leads_to_as_many_slips_as_it_says(lead) -> None:
    found = links(lead.client.get("/overview", params={"period": MONTH}).text)
    assert len(found) > 20
    for address, said in found.items():
        listed = lead.client.get(address)
        assert listed.status_code == 200, address
        count = re.search(r"<strong>([\d.]+) phiếu</strong>", listed.text)
        assert count, address
        assert count[1] == said.strip(), address
        serials = set(re.findall(r'href="/slips/(\w+)"', listed.text))
        assert len(serials) == int(said), address
        opened = [lead.client.get(f"/slips/{serial}").status_code for serial in sorted(serials)[:1]]
        assert opened in ([], [200])


def test_lists_agree_with_the_tallies(store) -> None:
    month = monthly.gather(store, MONTH)
    for unit in ("", "PC06", "PC08"):
        pool = month.pool(unit or None, channel=Channel.PAPER)
        for state, count in (
            (SlipState.VALID, pool.valid),
            (SlipState.INVALID, pool.invalid),
            (SlipState.HELD, pool.held),
            (None, pool.returned),
        ):
            want = Want(unit=unit, state=state, channel=Channel.PAPER)
            assert len(list(slips_behind(store, MONTH, want))) == count
    asked = {mark: "B4" for mark in month.forms}
    sides = [
        len(list(slips_behind(store, MONTH, Want(state=SlipState.VALID, asked=asked, said=said))))
        for said in (SATISFIED, UNSATISFIED, "")
    ]
    overall = month.pool().overall
    assert sides == [overall.part, overall.whole - overall.part, overall.whole]


def test_the_head_of_a_unit_sees_the_own_slips_and_no_answers(person, lead) -> None:
    head = person(Role.VIEWER)  # of PC06
    listed = head.client.get(f"/month/{MONTH}/slips", params={"unit": "PC08"})
    assert "<strong>5 phiếu</strong>" in listed.text  # the own ones, whatever is asked for
    assert 'href="/slips/' not in listed.text
    for query in ({"item": "overall"}, {"said": "satisfied"}, {"item": "DL-01/B4", "said": "2"}):
        assert head.client.get(f"/month/{MONTH}/slips", params=query).status_code == 404
    shown = head.client.get("/overview", params={"period": MONTH}).text
    assert links(shown) and not any("item=" in address for address in links(shown))


@pytest.mark.parametrize(
    "query", [{"state": "bad"}, {"channel": "bad"}, {"item": "DL-77/B1"}, {"item": "x"}], ids=str
)
def test_a_list_that_nobody_can_mean_is_not_found(lead, query) -> None:
    assert lead.client.get(f"/month/{MONTH}/slips", params=query).status_code == 404


def test_a_group_of_too_few_people_is_not_listed(office, lead, store) -> None:
    shown = lead.client.get(f"/month/{MONTH}/slips", params={"item": "/A5", "said": "other"})
    assert shown.status_code == 200
    few = lead.client.get(f"/month/{MONTH}/slips", params={"item": "/A5", "said": "id_card", "unit": "PC08"})
    assert "Số người quá ít" in few.text and 'href="/slips/' not in few.text


def test_electronic_answers_are_looked_at_taken_listed_and_withdrawn(office, lead, store) -> None:
    rows = "2026-11-03 08:00:00,PC06" + ",Hài lòng" * 10 + "\n"
    rows += "2026-11-04 09:00:00,PC08" + ",Rất hài lòng" * 9 + ",Không hài lòng\n"
    look = send(lead, "electronic", GSHEET + rows, "gg.csv")
    assert "Hãy chọn mẫu phiếu" in lead.client.get(look).text
    told = {"of_form": "DL-01", "period": MONTH, "days": ""}
    path = look.partition("?")[0]
    seen = lead.client.get(path, params=told)
    for text in ("2 dòng: 2 phiếu mới", "11/2026", "PC06", "PC08"):
        assert text in seen.text, seen.text
    assert imports(store) == []
    assert post(lead, path, **told).headers["location"] == "/imports"
    (made,) = imports(store)
    assert (made.responses, made.months, made.units) == (2, (MONTH,), ("PC06", "PC08"))
    assert "Không có gì mới" in lead.client.get(path, params=told).text
    shown = lead.client.get(f"/month/{MONTH}/imports").text
    assert "gg.csv" in shown
    assert post(lead, f"/month/{MONTH}/imports/withdraw", number=str(made.number), why=" ").status_code == 400
    back = post(lead, f"/month/{MONTH}/imports/withdraw", number=str(made.number), why="nhầm tháng")
    assert back.status_code == 303
    assert imports(store)[0].withdrawn == "nhầm tháng"


def test_columns_and_answers_that_are_not_understood_are_chosen_from_lists(office, lead, store) -> None:
    """What --map says in a file: here the headings are a stranger's, and one answer is nobody's word."""
    head = "Khi nào,Quầy," + ",".join(f"Mục {at}" for at in range(1, 11)) + "\n"
    look = send(lead, "electronic", head + "2026-11-03 08:00:00,x" + ",Hài lòng" * 9 + ",Tuyệt\n", "la.csv")
    path, told = look.partition("?")[0], {"of_form": "DL-01", "period": MONTH, "days": ""}
    shown = lead.client.get(path, params=told).text
    assert "hãy chọn cột ở" in shown and '<select id="column-B1"' in shown
    told |= {"column-day": "0", "unit-of-all": "PC06"} | {f"column-B{at}": str(at + 1) for at in range(1, 11)}
    shown = lead.client.get(path, params=told).text
    assert "“Tuyệt” không phải phương án" in shown
    ((field, label),) = re.findall(r'<label for="(answer-[0-9a-f]{12})">([^<]*)<', shown)
    assert "Câu B10: “Tuyệt” là" in label
    told[field] = "5"
    seen = lead.client.get(path, params=told).text
    assert "1 dòng: 1 phiếu mới" in seen and "không có cột cho câu: A1" in seen
    assert post(lead, path, **told).headers["location"] == "/imports"
    said = store.rows("SELECT question, codes FROM electronic_answers WHERE codes <> ''")
    assert {row["question"]: row["codes"] for row in said} == {f"B{at}": "4" for at in range(1, 10)} | {
        "B10": "5"
    }
    assert imports(store)[0].units == ("PC06",)


def test_the_lead_says_which_survey_a_printed_form_belongs_to(lead, person, store) -> None:
    assert "linh-vuc-thu" in lead.client.get(f"/month/{MONTH}/report").text
    assert post(lead, f"/month/{MONTH}/surveys", form="DL-01", survey="noi-bo").status_code == 303
    assert list(surveys_of(store)) == ["noi-bo"]
    assert post(lead, f"/month/{MONTH}/surveys", form="DL-01", survey="").status_code == 303  # and back
    assert list(surveys_of(store)) == ["linh-vuc-thu"]
    wrong = post(lead, f"/month/{MONTH}/surveys", form="DL-01", survey="nội bộ!")
    assert wrong.status_code == 400 and "nội bộ!" in wrong.text
    assert post(person(Role.REVIEWER), f"/month/{MONTH}/surveys", form="DL-01", survey="x").status_code == 403


def test_an_export_of_any_office_is_checked_on_the_desk(office, lead, store, tmp_path) -> None:
    file = tmp_path / "ket-xuat.zip"
    export(store, office.workspace.path, parse_period(MONTH), file)

    def checked(content: bytes, key: str = "") -> str:
        answer = lead.client.post(
            f"/month/{MONTH}/proof/check",
            params={"name": "x.zip", "key": key},
            content=content,
            headers={"X-CSRF-Token": lead.token("/"), "Accept": "application/json"},
        )
        path = answer.json()["page"]
        ended(lead, path)
        return html.unescape(lead.client.get(path).text)

    told = checked(file.read_bytes())
    assert "KHỚP: kỳ 11/2026" in told and "chưa biết ai lập" in told
    key = re.search(r"[0-9a-f]{64}(?=[^0-9a-f]*Chưa ghi)", told)
    assert key is not None and "chưa biết ai lập" not in checked(file.read_bytes(), key[0])
    assert "KHÔNG CHỨNG MINH ĐƯỢC" in checked(file.read_bytes(), "0" * 64)
    broken = checked(b"PK\x03\x04 x")
    assert 'class="note bad' in broken and "KHỚP" not in broken
    assert "x.zip không phải tệp kết xuất" in broken and "to-check" not in broken  # as its sender calls it
    assert not list((office.workspace.path / "to-check").iterdir())


def test_visits_are_taken_back_with_a_reason(lead, store) -> None:
    post(lead, f"/month/{MONTH}/visits", unit="PC06", visits="70")
    assert visits_of(store, MONTH) == {"PC06": 70}
    assert post(lead, f"/month/{MONTH}/visits/withdraw", unit="PC06", why="nhầm").status_code == 303
    assert visits_of(store, MONTH) == {}


def test_texts_of_heads_are_written_on_the_desk(person, lead, store) -> None:
    head = person(Role.VIEWER)
    path = f"/month/{MONTH}/statements"
    kept = post(head, path, unit="PC06", about="solutions", text="Bố trí thêm quầy.")
    assert kept.status_code == 303
    assert post(head, path, unit="PC08", about="solutions", text="x").status_code == 403
    assert post(head, path, unit="", about="solutions", text="x").status_code == 403
    assert post(lead, path, unit="", about="causes", text="Mạng chậm.").status_code == 303
    assert statements_of(store, MONTH) == {
        ("PC06", Subject.SOLUTIONS): "Bố trí thêm quầy.",
        ("", Subject.CAUSES): "Mạng chậm.",
    }
    assert "Bố trí thêm quầy." in lead.client.get(path, params={"unit": "PC06"}).text
    assert post(lead, path, unit="", about="gossip", text="x").status_code == 404
    assert post(lead, path, unit="", about="causes", text="x" * 5000).status_code == 400


def test_a_report_is_made_looked_at_and_fetched(person, lead) -> None:
    post(lead, f"/month/{MONTH}/statements", unit="", about="solutions", text="Mở thêm quầy buổi trưa.")
    begun = post(lead, f"/month/{MONTH}/report", annex="1")
    made = ended(lead, begun.headers["location"])
    shown = lead.client.get(made)
    assert "KẾT QUẢ" in shown.text and "Mở thêm quầy buổi trưa." in shown.text
    pictures = re.findall(r'src="(/made/[^"]+\.png)"', shown.text)
    assert pictures and lead.client.get(pictures[0]).headers["content-type"] == "image/png"
    packed = lead.client.get(f"{made}/all.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        names = set(archive.namelist())
        document = docx.Document(io.BytesIO(archive.read(f"bao-cao-{MONTH}.docx")))
    assert {f"bieu-{MONTH}.xlsx", f"so-lieu-{MONTH}.csv", f"phu-luc-lanh-dao-{MONTH}.docx"} <= names
    assert any("Mở thêm quầy" in paragraph.text for paragraph in document.paragraphs)
    # the city's report is not the unit head's, and the head's is that unit alone
    head = person(Role.VIEWER)
    assert head.client.get(made).status_code == 404
    own = ended(head, post(head, f"/month/{MONTH}/report", unit="PC08", annex="1").headers["location"])
    mine = head.client.get(own)
    assert f"bao-cao-{MONTH}-PC06.docx" in mine.text and "phu-luc" not in mine.text
    assert head.client.get(f"{own}/made.json").status_code == 404
    reviewer = person(Role.REVIEWER)
    assert reviewer.client.get(made).status_code == 404
    assert post(lead, f"/month/{MONTH}/report", unit="PC99").status_code == 400
    assert post(lead, "/month/2020-01/report").status_code in (303, 404)


def test_what_was_made_belongs_to_who_may_see_it(lead, office) -> None:
    for path in ("/made/x", "/made/..%2Fomr.toml", "/made/20261101T000000-00000000"):
        assert lead.client.get(path).status_code == 404
    assert report.REPORT == "report"


def test_slips_are_drawn_and_keyed_on_the_desk(person, lead, store) -> None:
    path = f"/month/{MONTH}/proof"
    assert post(person(Role.REVIEWER), f"{path}/draw", seed="1").status_code == 403
    assert post(lead, f"{path}/draw", seed="", points="2,5").status_code == 400
    assert post(lead, f"{path}/draw", seed="1", points="nhiều").status_code == 400
    assert post(lead, f"{path}/draw", seed="20261130 12345", points="2,5").status_code == 303
    from omr.records.offices.periods import parse_period

    draw = latest_draw(store, parse_period(MONTH))
    assert draw is not None and draw.seed == "20261130 12345"
    assert latest_draw(store, parse_period(MONTH), "noi-bo") is None  # each survey has draws of its own
    assert lead.client.get(path, params={"survey": "noi-bo"}).status_code == 404
    listed = lead.client.get(f"{path}/list.csv")
    assert listed.text.startswith("\ufeffno,serial,form,paper")
    keyer = person(Role.REVIEWER)
    for _ in draw.serials:
        shown = keyer.client.get(f"{path}/key")
        serial = re.search(r'name="serial" value="(\w+)"', shown.text)
        assert serial
        assert post(keyer, f"{path}/key", serial=serial[1], paper="").status_code == 400
        answers = {"q-A5": "id_card", **{f"q-B{at}": "5" for at in (1, 2, 3, 4)}}
        kept = post(keyer, f"{path}/key", serial=serial[1], paper="ok", **answers)
        assert kept.status_code == 303, kept.text
    assert keyer.client.get(f"{path}/key").headers["location"].partition("?")[0] == path
    shown = lead.client.get(path).text
    assert "chưa nhập" not in shown and "20261130 12345" in shown


def test_the_chain_is_verified_and_the_month_exported(lead, person) -> None:
    begun = post(lead, f"/month/{MONTH}/proof/verify")
    ended(lead, begun.headers["location"])
    shown = lead.client.get(begun.headers["location"])
    assert "note lines good" in shown.text
    begun = post(lead, f"/month/{MONTH}/proof/export")
    made = ended(lead, begun.headers["location"])
    assert "không che ô nào" in lead.client.get(made).text  # where it is taken
    assert person(Role.VIEWER).client.get(made).status_code == 404
    assert person(Role.CLERK).client.get(made).status_code == 403
    fetched = lead.client.get(f"{made}/ket-xuat-{MONTH}.zip")
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
        assert "signature" in archive.namelist()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_these_pages_put_together_is_in_the_catalogues(language: str) -> None:
    from omr.web.paper.sheet_kinds import KINDS

    month, paper = catalogue(language, "month"), catalogue(language, "paper")
    for kind in KINDS.values():
        assert {f"kind_{kind.name}", f"take_{kind.name}"} <= paper.keys()
        assert {f"ask_{name}" for name in kind.asks} <= paper.keys()
    assert {f"state_{state}" for state in SlipState} | {f"channel_{one}" for one in Channel} <= month.keys()


def test_batches_are_packed_and_come_in_as_stacks_of_their_own(office, lead) -> None:
    made = ended(lead, post(lead, f"/month/{MONTH}/travel", unit="PC08").headers["location"])
    packed = lead.client.get(f"{made}/goi-{MONTH}-PC08.zip")
    assert packed.status_code == 200
    headers = {"X-CSRF-Token": lead.token("/"), "Accept": "application/json"}
    for content, good in ((packed.content, True), (packed.content[:-9], False), (b"PK", False)):
        sent = lead.client.post("/bundles", params={"name": "goi.zip"}, content=content, headers=headers)
        assert sent.status_code == 200, sent.text
        ended(lead, sent.json()["page"])
        shown = lead.client.get(sent.json()["page"]).text
        assert ("note lines good" in shown) is good, shown
    waiting = [stack for stack in Inbox(office.workspace).unread() if stack.unit == "PC08"]
    assert [(stack.unit, stack.period, stack.expected) for stack in waiting] == [("PC08", MONTH, 1)]
    assert list((office.workspace.path / STICK).iterdir()) == []
    assert post(lead, f"/month/{MONTH}/travel", unit="PC99").status_code == 400


def test_deciding_again_is_tried_before_it_is_kept(lead, store) -> None:
    begun = post(lead, f"/month/{MONTH}/proof/redecide")
    ended(lead, begun.headers["location"])
    assert "Chưa giữ gì" in lead.client.get(begun.headers["location"]).text
    assert store.value("SELECT count(*) FROM events WHERE act = 'redecide'") == 0


class ReaderOfToday(Means):
    """Measures the first slip of each stack otherwise, and does not read the second any more."""

    judge = staticmethod(lambda questions, marks, calibration, written: ((), ()))  # changes no answer

    def __init__(self, store: Store) -> None:
        rows = store.rows(
            """SELECT picture, serial, fingerprint, marks FROM slips
            JOIN pages ON pages.page = slips.page JOIN measured USING (reading)"""
        )
        forms = store.forms
        self.slips = {
            row["picture"]: (row["serial"], unpack(forms[row["fingerprint"]], row["marks"])) for row in rows
        }

    def read_pages(self, pages, desk, *, workers=None, overlay=None):
        for page in pages:
            serial, marks = self.slips[page.made_of]
            if page.page == 1:
                marks = [replace(mark, features=(0.5,) * len(FEATURES)) for mark in marks]
            shown = SimpleNamespace(serial=serial, number=1)
            read = ReadPage(shown, tuple(marks), (), (), "test")
            yield RejectedPage(page.file, page.page, "rows_displaced", {}) if page.page == 2 else read


def test_a_month_is_measured_again_from_its_originals_only_where_asked(lead, office, store) -> None:
    office.means = ReaderOfToday(store)
    said = []
    for fields in ({"measure": "1"}, {"measure": "1", "keep": "1"}, {"measure": "1"}):
        begun = post(lead, f"/month/{MONTH}/proof/redecide", **fields)
        ended(lead, begun.headers["location"])
        said.append(lead.client.get(begun.headers["location"]).text)
    assert "Đã đo lại 5 trang phiếu, 2 trang có số đo khác trước." in said[0] and "Chưa giữ gì" in said[0]
    assert "1 trang phiếu giữ số đo cũ" in said[0]  # and which
    assert "Đã đo lại 5 trang phiếu, 2 trang có số đo khác trước." in said[1] and "Chưa giữ gì" not in said[1]
    assert "Đã đo lại 5 trang phiếu, 0 trang có số đo khác trước." in said[2]
    assert store.value("SELECT count(*) FROM measurings") == 2
    assert store.value("SELECT count(*) FROM events WHERE act = 'redecide'") == 1


def test_signals_are_told_in_full(lead) -> None:
    shown = lead.client.get(f"/overview/{MONTH}/signals").text
    assert "phép thử" in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_the_desk_no_message_names_a_command(language: str) -> None:
    """Each stands for a message of the command line, wants nothing more, and sends nobody to a terminal."""
    for key, text in catalogue(language, "at_desk").items():
        area, _, name = key.partition("_")
        other = catalogue(language, area)[name]
        assert set(re.findall(r"{(\w+)}", text)) <= set(re.findall(r"{(\w+)}", other)), key
        assert "omr " not in text and "--" not in text, key
    # a file of a withdrawn batch sent once more told a clerk to type a command
    assert {"batch_read_withdrawn", "batch_withdrawn", "review_no_item"} <= catalogue(
        language, "at_desk"
    ).keys()


def test_a_refusal_at_the_desk_is_told_in_the_desks_words(lead) -> None:
    look = send(lead, "visits", "đơn vị,lượt\nKhông có,3\n", period=MONTH)
    shown = lead.client.get(look).text
    assert "không có đơn vị" in shown and "omr units" not in shown
