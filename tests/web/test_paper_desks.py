"""The paper's desks: a plan in one act, tables looked at before they are taken, stock, counters, units."""

from __future__ import annotations

import io
import time
import zipfile

import pypdfium2
import pytest
from people import Person
from waiting import PATIENCE_S

from omr.handing_out import hand_out
from omr.records.offices.units import find_unit, list_units
from omr.records.offices.visits import visits_of
from omr.records.register.counters import counters
from omr.records.register.custody import Span
from omr.records.register.handovers import hand_overs
from omr.records.register.register import issued
from omr.records.register.stamping import stamped_serials
from omr.records.store.store import Store
from omr.web.frame.desks import DESKS
from omr.web.paper.sheet_kinds import KINDS
from omr.web.paper.sheets import DRAWER
from omr.words import Role

PLAN = "đơn vị\tmẫu\tsố phiếu\nPC06\tDL-01\t3\nPC06\tDL-04\t2\nPC08\tDL-04\t4\n"


def post(visitor, path: str, **fields: str):
    return visitor.client.post(path, data={"csrf": visitor.token("/"), **fields})


def send(visitor: Person, kind: str, text: str | bytes, name: str = "bang.csv", **told: str) -> str:
    """Send a table as the page's script does; return where it is looked at."""
    content = text.encode() if isinstance(text, str) else text
    answer = visitor.client.post(
        f"/sheets/{kind}",
        params={"name": name, **told},
        content=content,
        headers={"X-CSRF-Token": visitor.token("/"), "Accept": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    page: str = answer.json()["page"]
    return page


def ended(visitor: Person, path: str) -> str:
    """Wait for an errand and return where it leads."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if not visitor.client.get(path, headers={"Accept": "application/json"}).json()["under_way"]:
            return visitor.client.get(path).headers.get("location", "")
        time.sleep(0.05)
    raise AssertionError("the errand does not end")


@pytest.fixture
def pv01(person):
    return person(Role.REVIEWER)


@pytest.fixture
def store(office):
    with Store.open(office.workspace.database) as opened:
        yield opened


def test_a_plan_is_looked_at_then_printed_and_handed_over_in_one_act(office, pv01, store) -> None:
    look = send(pv01, "plan", PLAN, period="2026-11")
    seen = pv01.client.get(look)
    assert "9 phiếu cho 2 đơn vị" in seen.text
    assert issued(store) == []  # looked at, nothing more
    begun = post(pv01, look.partition("?")[0], period="2026-11")
    assert begun.status_code == 303
    done = ended(pv01, begun.headers["location"])
    runs = issued(store)
    assert [(run.unit, run.form, run.count) for run in runs] == [
        ("PC06", "DL-01", 3),
        ("PC06", "DL-04", 2),
        ("PC08", "DL-04", 4),
    ]
    given = {one.unit: one for one in hand_overs(store)}
    assert {unit: one.slips for unit, one in given.items()} == {"PC06": 5, "PC08": 4}
    shown = pv01.client.get(done)
    assert "bien-ban-2026-11-PC06.docx" in shown.text
    packed = pv01.client.get(f"{done}/all.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert {"PC06-DL-01.pdf", "PC08-DL-04.pdf", "bien-ban-2026-11-PC08.pdf"} <= set(archive.namelist())
    one = pv01.client.get(f"/print/runs/{runs[2].run}.pdf")
    assert len(pypdfium2.PdfDocument(one.content)) == 4
    # once more: nothing is printed twice
    assert "Không có gì mới" in pv01.client.get(look).text
    assert (office.workspace.path / DRAWER).stat().st_mode & 0o077 == 0


def test_a_wrong_plan_names_its_lines_and_prints_nothing(pv01, store) -> None:
    look = send(pv01, "plan", PLAN + "Không có\tDL-01\t5\nPC07\tDL-01\tmười\n", period="2026-11")
    seen = pv01.client.get(look)
    assert "Không có" in seen.text and "mười" in seen.text
    assert post(pv01, look.partition("?")[0], period="2026-11").status_code == 400
    assert "Hãy chọn kỳ" in pv01.client.get(look.partition("?")[0]).text
    assert issued(store) == []


def test_a_plan_that_was_interrupted_goes_on_where_it_was(office, pv01, store) -> None:
    look = send(pv01, "plan", PLAN, period="2026-11").partition("?")[0]

    class Stopped(Exception):
        pass

    from omr.records.offices.periods import parse_period
    from omr.records.register.plan import read_plan
    from omr.web.paper.sheet_kinds import PRINTS

    hall = office.hall(store, "xem.pv01")
    token = look.rsplit("/", 1)[1]
    file = next((office.workspace.path / DRAWER / token).iterdir())
    when = parse_period("2026-11")

    def stop(done: int, total: int) -> None:
        if done == 5:  # PC06 is printed and handed over, PC08 is not
            raise Stopped

    folder = office.workspace.path / PRINTS / f"plan-{token}"
    with pytest.raises(Stopped):
        hand_out(hall, read_plan(store, file, when, hall.form), when, folder, stop)
    assert len(issued(store)) == 2
    begun = post(pv01, look, period="2026-11")
    ended(pv01, begun.headers["location"])
    assert len(issued(store)) == 3
    assert sorted((one.unit, one.slips) for one in hand_overs(store)) == [("PC06", 5), ("PC08", 4)]


def test_visits_are_looked_at_before_they_are_taken(pv01, store) -> None:
    look = send(pv01, "visits", "đơn vị,lượt,kỳ\nPC06,120,10/2026\nPC08,1.300,10/2026\n")
    seen = pv01.client.get(look)
    for text in ("2 dòng: 2 mới", "10/2026", "PC08", "1.300"):
        assert text in seen.text
    assert visits_of(store, "2026-10") == {}
    assert post(pv01, look).headers["location"] == "/month/2026-10"
    assert visits_of(store, "2026-10") == {"PC06": 120, "PC08": 1300}
    assert "Không có gì mới" in pv01.client.get(look).text


def test_what_is_no_table_is_refused_where_it_is_sent(pv01) -> None:
    for name, content in (("anh.docx", b"PK"), ("", b"a,b")):
        answer = pv01.client.post(
            "/sheets/visits",
            params={"name": name},
            content=content,
            headers={"X-CSRF-Token": pv01.token("/"), "Accept": "application/json"},
        )
        assert answer.status_code == 400
    assert pv01.client.get("/sheets/nothing/0123456789abcdef").status_code == 404
    assert pv01.client.get("/sheets/visits/0123456789abcdef").status_code == 404
    assert pv01.client.get("/sheets/visits/..%2F..%2Fomr.toml").status_code == 404


def test_stamps_covers_and_the_stock_card(office, pv01, store) -> None:
    assert post(pv01, "/print", of_form="DL-01", unit="PC06", period="2026-11", count="6").status_code == 303
    (run,) = issued(store)
    first, third, last = (run.serial(run.first + at) for at in (0, 2, 5))
    assert "Đã ghi đóng dấu 6 phiếu" in post(pv01, "/hand-overs/stamped", runs=run.run).text
    assert "1 phiếu chưa đóng dấu" in post(pv01, "/hand-overs/stamped", first=str(last), undo="1").text
    assert stamped_serials(store)[run.run].pairs == ((run.first, run.last - 1),)
    assert post(pv01, "/hand-overs/spoiled", first=str(third), why="nhòe").status_code == 200
    told = {"of_form": "DL-01", "unit": "PC06", "period": "2026-11", "count": "6"}
    sheet = post(pv01, "/hand-overs/cover", first=str(first), last=str(last), **told)
    assert sheet.content.startswith(b"%PDF")
    card = pv01.client.get("/stock", params={"unit": "pc06"})
    assert card.headers["location"] == "/stock/PC06/2026-11"
    shown = pv01.client.get("/stock/PC06/2026-11").text
    assert "Chưa kiểm đếm tồn" in shown
    assert third.printed in shown
    counted = post(
        pv01, "/stock/PC06/2026-11", of_form="DL-01", in_stock=f"{run.serial(run.last - 1)}..{last}"
    )
    assert counted.status_code == 303
    shown = pv01.client.get("/stock/PC06/2026-11").text
    assert "Chưa kiểm đếm tồn" not in shown
    assert f"{first.printed}..{run.serial(run.first + 1).printed}" in shown  # not returned
    gone = post(pv01, "/stock/PC06/2026-11/withdraw", of_form="DL-01", why="đếm nhầm")
    assert gone.status_code == 303
    assert "Chưa kiểm đếm tồn" in pv01.client.get("/stock/PC06/2026-11").text
    assert post(pv01, "/stock/PC06/2026-11", of_form="DL-01", in_stock="bừa").status_code == 400
    assert pv01.client.get("/stock/PC99/2026-11").status_code == 404
    assert [span for one in hand_overs(store) for span in one.spans] == list[Span]()


def test_counters_are_recorded_given_slips_and_get_their_board(office, pv01, store) -> None:
    told = {"counter": "pc06-1", "unit": "PC06", "name": "Quầy 1", "phone": "0225 1", "officer": "Thiếu úy A"}
    assert post(pv01, "/counters", board="0", **told).status_code == 303
    (made,) = counters(store)
    assert (made.counter, made.board, made.phone) == ("PC06-1", False, "0225 1")
    assert post(pv01, "/counters", board="1", **told).status_code == 303
    assert [one.board for one in counters(store)] == [True]
    assert post(pv01, "/counters", board="1", **{**told, "unit": "PC99"}).status_code == 400
    look = send(pv01, "counters", "mã,đơn vị,tên,bảng\nPC08-1,PC08,Quầy đăng ký xe,không\n")
    assert "1 địa điểm mới" in pv01.client.get(look).text
    post(pv01, look)
    assert [one.counter for one in counters(store)] == ["PC06-1", "PC08-1"]
    assert "1/2 địa điểm có bảng QR" in pv01.client.get("/counters").text
    post(pv01, "/print", of_form="DL-01", unit="PC06", period="2026-11", count="3")
    (run,) = issued(store)
    assert post(pv01, "/counters/give", counter="PC06-1", runs=run.run).status_code == 303
    assert post(pv01, "/counters/give", counter="KHONG-CO", runs=run.run).status_code == 400
    assert "electronic_form_url" in pv01.client.get("/counters").text
    assert post(pv01, "/counters/poster", unit="PC06").status_code == 400  # no address, no board


def test_units_are_found_mended_and_those_that_ended_are_not_offered(office, pv01, store) -> None:
    assert "Công an quận Lê Chân" in pv01.client.get("/units", params={"q": "le chan"}).text
    entry = next(unit for unit in list_units(store) if unit.unit == "PC07")
    told = {"unit": "PC07", "kind": entry.kind.value, "valid_from": entry.valid_from.isoformat()}
    mended = post(pv01, "/units", name=entry.name, valid_to="2026-10-31", successor="PC06", **told)
    assert mended.status_code == 303
    assert find_unit(store, "PC07").successor == "PC06"
    assert 'value="PC07"' not in pv01.client.get("/print").text
    assert "PC07" not in pv01.client.get("/units").text
    assert "PC07" in pv01.client.get("/units", params={"ended": "1"}).text
    wrong = post(pv01, "/units", name=entry.name, valid_to="2020-01-01", **told)
    assert wrong.status_code == 400
    look = send(pv01, "units", "unit,name,kind,valid_from\nPX01,Phòng Tổ chức cán bộ,phòng,2026-01-01\n")
    assert "1 mới hoặc thay đổi" in pv01.client.get(look).text
    post(pv01, look)
    assert find_unit(store, "PX01").name == "Phòng Tổ chức cán bộ"


def test_a_form_with_faults_is_shown_with_them_and_hides_no_other(office, pv01) -> None:
    folder = office.workspace.forms
    folder.mkdir(exist_ok=True)
    (folder / "dl-09.toml").write_text('form = "DL-09"\n', "utf-8")
    shown = pv01.client.get("/print").text
    assert "DL-09" in shown and "tệp mẫu phiếu có lỗi" in shown
    assert '<option value="DL-09"' not in shown
    assert '<option value="DL-01"' in shown
    assert pv01.client.get("/print/forms/DL-01.png").headers["content-type"] == "image/png"
    assert pv01.client.get("/print/forms/DL-99.png").status_code == 404
    assert post(pv01, "/print", of_form="DL-09", unit="PC06", period="2026-11", count="2").status_code == 400


def test_a_table_that_is_looked_at_belongs_to_one_desk() -> None:
    """Visits of a month stood under printing."""
    for kind in KINDS:
        assert sum(desk.is_at(f"/sheets/{kind}/x") for desk in DESKS) == 1, kind
