"""The intake desk: what may come in, whose it is, and what happens to hostile files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanned_stacks import slip, take_slips

from omr.errors import OmrError
from omr.office import Office
from omr.records.inbox.inbox import Inbox, StackState
from omr.records.inbox.names import clean_name
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.store.store import Store
from omr.words import Role

PDF = b"%PDF-1.4\n"


@pytest.fixture
def units(office):
    with Store.open(office.workspace.database) as store:
        import_units(store, read_units(shipped_units("hai-phong-2023").read_bytes()), by="test")


def begin(visitor, **fields) -> str:
    answer = visitor.post("/intake", **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["stack"]


def send(visitor, address: str, name: str, content: bytes, **headers: str):
    token = visitor.token("/")
    return visitor.client.post(
        f"{address}/file",
        params={"name": name},
        content=content,
        headers={"x-csrf-token": token, "accept": "application/json", **headers},
    )


def test_a_stack_comes_in_and_waits(person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk, period="2026-11", expected="12")
    assert send(clerk, address, "a.pdf", PDF).status_code == 204
    assert send(clerk, address, "a.pdf", PDF + b"2").status_code == 204
    assert clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")}).status_code == 303
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    assert (stack.unit, stack.period, stack.expected, stack.by) == ("PC06", "2026-11", 12, "quet.pc06")
    assert inbox.state(stack) is StackState.WAITING
    assert [file.read_bytes() for file in inbox.files(stack)] == [PDF, PDF + b"2"]
    assert send(clerk, address, "late.pdf", PDF).status_code == 400


def test_a_clerk_scans_for_no_other_unit(person, units):
    clerk = person(Role.CLERK)
    address = begin(clerk, unit="PC08")
    assert "PC06" in clerk.client.get(address).text
    reviewer = person(Role.REVIEWER)
    foreign = begin(reviewer, unit="PC08")
    for method, path in (("GET", ""), ("GET", "/progress"), ("POST", "/send"), ("POST", "/drop")):
        data = {"csrf": clerk.token("/")} if method == "POST" else None
        assert clerk.client.request(method, foreign + path, data=data).status_code == 404, path
    assert send(clerk, foreign, "a.pdf", PDF).status_code == 404
    assert foreign not in clerk.client.get("/intake").text
    assert foreign in reviewer.client.get("/intake").text


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.exe", PDF),
        ("a.pdf", b"MZ\x90\x00 this is a program"),
        ("a.pdf", b""),
        ("a", PDF),
        ("", PDF),
        (".pdf", b"<html>"),
        ("a.pdf.html", PDF),
        ("\x00.svg", PDF),
    ],
)
def test_what_is_no_scan_does_not_come_in(name, content, person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    assert send(clerk, address, name, content).status_code == 400
    inbox = Inbox(office.workspace)
    assert inbox.files(inbox.stacks()[0]) == []
    assert clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")}).status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "../../../../evil.pdf",
        "..\\..\\evil.pdf",
        "/etc/cron.d/evil.pdf",
        "C:\\evil.pdf",
        "a\nb\x00.pdf",
        "é" * 400 + ".pdf",
    ],
)
def test_a_file_name_never_leaves_its_folder(name, person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    assert send(clerk, address, name, PDF).status_code == 204
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    (file,) = inbox.files(stack)
    assert file.resolve().is_relative_to((inbox.folder / stack.name / "files").resolve())
    outside = [p for p in office.workspace.path.parent.rglob("*evil*") if not p.is_relative_to(inbox.folder)]
    assert outside == []


@given(st.text(max_size=300), st.sampled_from([".pdf", ".PNG", ".tiff"]))
def test_clean_names_are_plain_names(stem, suffix):
    name = clean_name(stem + suffix)
    assert "/" not in name and "\\" not in name and not name.startswith(".") and name.isprintable()
    assert len(name.encode()) <= 220


def test_a_body_shorter_or_longer_than_declared_leaves_nothing(person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    short = send(clerk, address, "a.pdf", PDF, **{"content-length": "100"})
    assert short.status_code == 400
    huge = send(clerk, address, "a.pdf", PDF, **{"content-length": str(3 * 2**30)})
    assert huge.status_code == 400
    inbox = Inbox(office.workspace)
    assert list((inbox.folder / inbox.stacks()[0].name / "files").iterdir()) == []


def test_no_upload_without_the_token(person, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    assert send(clerk, address, "a.pdf", PDF, **{"x-csrf-token": "x"}).status_code == 403


@pytest.mark.parametrize("stack", ["20260101-000000-00000000", "x", "%2e%2e%2f%2e%2e", "..%2f..", "1%00"])
def test_no_path_instead_of_a_stack(stack, person):
    assert person(Role.REVIEWER).client.get(f"/intake/{stack}").status_code in (303, 404)


def test_wrong_counts_months_and_units_are_one_line(person, units):
    reviewer = person(Role.REVIEWER)
    for field in ({"expected": "-1"}, {"expected": "many"}, {"period": "2026-13"}, {"unit": "X99"}):
        answer = reviewer.post("/intake", **field)
        assert answer.status_code == 400, field


def test_a_full_disk_is_said_before_it_is_full(person, office, units, monkeypatch):
    from omr.records.inbox import inbox as module

    clerk = person(Role.CLERK)
    address = begin(clerk)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1})())
    assert send(clerk, address, "a.pdf", PDF).status_code == 503


def test_a_failed_stack_says_why_and_waits_again(person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    send(clerk, address, "a.pdf", PDF)
    clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")})
    inbox = Inbox(office.workspace)
    (stack,) = inbox.stacks()
    inbox.fail(stack, OmrError("inbox.crashed", code=-9))
    assert "-9" in clerk.client.get(address).text
    clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")})
    assert inbox.unread() == [stack]


def test_progress_is_told_until_the_end(person, office, units):
    clerk = person(Role.CLERK)
    address = begin(clerk)
    inbox = Inbox(office.workspace)
    inbox.fail(inbox.stacks()[0], OmrError("inbox.crashed", code=1))
    told = clerk.client.get(f"{address}/progress")
    assert told.headers["content-type"].startswith("text/event-stream")
    assert "event: end" in told.text


def sent_again(office, clerk, batch_file, **told: str) -> str:
    """Send files that were read before, have them read, and return where the desk leads."""
    address = begin(clerk, **told)
    for file in batch_file:
        assert send(clerk, address, file.name, file.read_bytes()).status_code == 204
    clerk.client.post(f"{address}/send", data={"csrf": clerk.token("/")})
    inbox = Inbox(office.workspace)
    (stack,) = inbox.not_done()  # names of one second are in no order
    with Office.open(office.workspace, by="quet.pc06") as hall:
        hall.read_stack(stack, lambda pages, desk: iter([*pages][:0]))
    answer = clerk.client.get(address)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def test_who_sends_a_file_again_is_told_so_and_what_was_told_otherwise(person, office):
    batch = take_slips(office.workspace, [slip(), slip()])
    scan = office.workspace.path / "scan.tif"
    clerk = person(Role.CLERK)
    text = clerk.client.get(sent_again(office, clerk, [scan], expected="3")).text
    assert "Không có gì mới" in text and f"lô {batch}" in text
    assert "lần này ghi 3, lần đọc ấy ghi 2" in text
    assert re.search(r'name="expected"[^>]*value="3"', text)  # what was told now is offered as the correction
    same = clerk.client.get(sent_again(office, clerk, [scan], expected="2")).text
    assert "Không có gì mới" in same and "lần đọc ấy ghi" not in same
    assert "Không có gì mới" not in clerk.client.get(f"/batches/{batch}").text
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT count(*) FROM batches") == 1


def test_what_another_unit_sent_before_is_said_without_its_receipt(person, office):
    take_slips(office.workspace, [slip()], unit="PC08")
    text = sent_again(office, person(Role.CLERK), [office.workspace.path / "scan.tif"])
    assert "không thuộc đơn vị" in text and "B000001" in text


def test_a_clerk_gets_no_receipt_paper_or_picture_of_another_unit(person, office):
    own = take_slips(office.workspace, [slip(), None])
    other = take_slips(office.workspace, [slip(B1="3"), None], unit="PC08", name="khac")
    clerk, lead = person(Role.CLERK), person(Role.LEAD)
    with Store.open(office.workspace.database) as store:
        rows = store.rows("SELECT batch, page FROM pages WHERE outcome = 'rejected'")
        refused = {row["batch"]: row["page"] for row in rows}
    for batch, code in ((own, 200), (other, 404)):
        for address in ("", ".pdf", f"/{refused[batch]}.jpg"):
            assert clerk.client.get(f"/batches/{batch}{address}").status_code == code, address
            assert lead.client.get(f"/batches/{batch}{address}").status_code == 200, address
        told = {"expected": "3", "why": "đếm lại"}
        assert clerk.post(f"/batches/{batch}/correct", **told).status_code == code
    # A page of theirs under the name of the own stack is none of the own stack's.
    assert clerk.client.get(f"/batches/{own}/{refused[other]}.jpg").status_code == 404


def test_nobody_reads_another_stack_through_a_receipt(person, office):
    batch = take_slips(office.workspace, [slip()])
    clerk = person(Role.CLERK)
    for wrong in ("x", "20261122-080000-00000000", "../..", "'--"):
        assert "Không có gì mới" not in clerk.client.get(f"/batches/{batch}", params={"sent": wrong}).text
