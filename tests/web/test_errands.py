"""What the machine does behind the desks: who asked learns what became of it, also after a restart."""

from __future__ import annotations

import threading

import pytest
from waiting import PATIENCE_S, until

from omr.errors import OmrError
from omr.web.work.errands import Came, Errands
from omr.words import Role


@pytest.fixture
def before(office):
    """The errands of a server that has ended since without a word, with one under way."""
    server, ending = Errands(office.workspace.path), threading.Event()

    def never(tell):
        ending.wait()
        raise OmrError("paper.nothing_chosen")

    yield server, server.begin("Lập báo cáo 11/2026", "truong.pv01", "/month/2026-11/report", never)
    ending.set()
    server.stop()


def test_what_a_restart_interrupted_is_told_to_who_asked(before, person, office):
    _, errand = before
    lead = person(Role.LEAD)
    home = lead.client.get("/").text
    assert "Lập báo cáo 11/2026" in home and "bị ngắt, chưa xong" in home
    text = lead.client.get(f"/errands/{errand.name}").text
    assert "chưa xong thì máy chủ dừng" in text and 'href="/month/2026-11/report"' in text
    assert "Lập báo cáo" not in lead.client.get("/").text  # it was seen
    assert person(Role.ADMIN).client.get(f"/errands/{errand.name}").status_code == 404
    assert "Lập báo cáo" not in person(Role.ADMIN).client.get("/").text


def test_an_end_is_known_to_the_next_server_too(office, person):
    server = Errands(office.workspace.path)
    good = server.begin("Sao lưu", "truong.pv01", "/backup", lambda tell: Came(says="Đã sao lưu."))

    def fail(tell):
        raise OmrError("keeping.no_place")

    bad = server.begin("Sao lưu nữa", "truong.pv01", "/backup", fail)
    until(lambda: not bad.under_way)
    server.stop()
    lead = person(Role.LEAD)
    assert "không làm được" in lead.client.get("/").text
    assert "Đã sao lưu." in lead.client.get(f"/errands/{good.name}").text
    assert str(bad.problem) in lead.client.get(f"/errands/{bad.name}").text
    assert "Sao lưu" not in lead.client.get("/").text.split("desk-cards")[0]


def test_a_server_that_ends_in_order_leaves_what_it_did_not_finish_as_interrupted(office):
    server = Errands(office.workspace.path)
    told = threading.Event()

    def slowly(tell):
        for step in range(10**9):
            tell(step, 10**9)
            told.set()
        return Came()

    errand = server.begin("Gói", "truong.pv01", "/month", slowly)
    waits = server.begin("Gói nữa", "truong.pv01", "/month", slowly)
    assert told.wait(PATIENCE_S)
    server.stop()
    for one in (errand, waits):
        found = office.errands.find(one.name)
        assert found is not None and found.interrupted and not found.under_way


@pytest.mark.parametrize("name", ["../../omr", "20261129T101112-zz", "", "20261129T101112-" + "0" * 16])
def test_no_path_instead_of_an_errand(name, person):
    assert person(Role.LEAD).client.get(f"/errands/{name}").status_code == 404


class _Looking(Errands):
    """Somebody opens the front page in the moment in which an errand is written down."""

    def _keep(self, errand) -> None:
        super()._keep(errand)
        self.seen = self.find(errand.name)


def test_what_is_just_begun_is_never_called_interrupted(office):
    """Its file was there before the server knew of it: a page that was opened in between said so."""
    server = _Looking(office.workspace.path)
    try:
        errand = server.begin("Lập báo cáo", "lan.pv01", "/month", lambda tell: Came(says="xong"))
        assert server.seen is errand and not server.seen.interrupted
    finally:
        server.stop()
