"""Accounts, settings, backups, the scanner check and batches: each by its own people, without a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from people import Clock, Person
from PIL import Image
from scanned_stacks import slip, take_slips
from waiting import until

from omr.messages import LANGUAGES, catalogue
from omr.records.batches.batches import find_batch
from omr.records.safekeeping.backup import last_backup
from omr.records.store.store import Store
from omr.web.frame.front import FrontOffice
from omr.web.keeping.settings import FIELDS
from omr.web.keeping.settings_file import version_of
from omr.words import Role
from omr.workspace import Workspace

Enter = Callable[[Role | None], Person]


# --- accounts


def test_a_person_is_promoted_and_signs_with_rank_and_name(office: FrontOffice, person: Enter) -> None:
    reviewer, admin = person(Role.REVIEWER), person(Role.ADMIN)
    answer = admin.post(
        "/accounts/xem.pv01", roles="reviewer lead", full_name=" Nguyễn  Thị Hoa ", rank="Thiếu tá"
    )
    assert answer.status_code == 303
    user = office.accounts.find("xem.pv01")
    assert user is not None
    assert (user.roles, user.signature) == ({Role.REVIEWER, Role.LEAD}, "Thiếu tá Nguyễn Thị Hoa")
    assert reviewer.client.get("/review").status_code == 303  # signed out: the rights are other ones now
    assert "Thiếu tá Nguyễn Thị Hoa" in admin.client.get("/accounts").text


def test_a_name_alone_signs_nobody_out(office: FrontOffice, person: Enter) -> None:
    reviewer, admin = person(Role.REVIEWER), person(Role.ADMIN)
    admin.post("/accounts/xem.pv01", roles="reviewer", full_name="Nguyễn Thị Hoa", rank="")
    assert reviewer.client.get("/review").status_code == 200


def test_a_clerk_moves_to_another_unit(office: FrontOffice, person: Enter) -> None:
    person(Role.ADMIN).post("/accounts/quet.pc06", roles="clerk", unit="PC08")
    user = office.accounts.find("quet.pc06")
    assert user is not None and user.unit == "PC08"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/quantri/active", {"active": "0"}),
        ("/accounts/quantri/reset", {}),
        ("/accounts/quantri", {"roles": "lead"}),
    ],
)
def test_nobody_locks_oneself_out(
    office: FrontOffice, person: Enter, path: str, fields: dict[str, str]
) -> None:
    """Also not with a second administrator there: a slip of the hand is no decision of two."""
    office.accounts.add("thu.hai", [Role.ADMIN], None, by="test")
    admin = person(Role.ADMIN)
    answer = admin.post(path, **fields)
    assert answer.status_code == 400 and "Không ai tự khóa" in answer.text
    user = office.accounts.find("quantri")
    assert user is not None and user.active and Role.ADMIN in user.roles and not user.must_change
    assert "/reset" not in admin.client.get("/accounts/quantri").text  # nor is it offered


def test_sessions_are_listed_and_ended(office: FrontOffice, person: Enter, clock: Clock) -> None:
    first, second, admin = person(Role.REVIEWER), person(Role.REVIEWER), person(Role.ADMIN)
    text = second.client.get("/password").text
    assert text.count("testclient") == 2 and text.count("máy này") == 1
    assert second.post("/password/sign-out").status_code == 303
    assert first.client.get("/review").status_code == 303 and second.client.get("/review").status_code == 200
    admin.post("/accounts/xem.pv01/sign-out")
    assert second.client.get("/review").status_code == 303
    person(Role.REVIEWER)
    clock.forward(minutes=31)
    assert office.accounts.sessions.of("xem.pv01") == []  # what is over is no session


def test_what_takes_a_password_away_is_behind_a_step_that_says_so(person: Enter) -> None:
    """One click threw a colleague out."""
    admin = person(Role.ADMIN)
    assert "/reset" not in admin.client.get("/accounts").text
    text = admin.client.get("/accounts/xem.pv01").text
    for word in ("reset", "active"):
        assert re.search(rf"<details>.*?/accounts/xem.pv01/{word}.*?</details>", text, re.S), word


def test_accounts_of_an_earlier_version_are_kept(office: FrontOffice, furnished: Path) -> None:
    user = office.accounts.find("quet.pc06")
    assert user is not None and (user.full_name, user.signature) == ("", "quet.pc06")


# --- settings


def seen(office: FrontOffice) -> str:
    return version_of(office.workspace)


def form_of(visitor: Person) -> dict[str, str]:
    """The settings form as it stands in the page: what a browser would send."""
    text = visitor.client.get("/settings").text
    fields = dict(re.findall(r'<input id="s-\w+" name="(\w+)"[^>]* value="([^"]*)"', text))
    fields |= dict(re.findall(r'<textarea id="s-\w+" name="(\w+)"[^>]*>([^<]*)</textarea>', text))
    return {**fields, "seen": re.findall(r'name="seen" value="(\w+)"', text)[0]}


def test_a_setting_is_changed_at_once_and_the_rest_of_the_file_stays(
    office: FrontOffice, person: Enter
) -> None:
    file = office.workspace.path / "omr.toml"
    file.write_text("# của phòng\noffice = 'Công an'  # tạm\n[report]\nranked_from = 50\n", "utf-8")
    office.take_settings()
    lead = person(Role.LEAD)
    answer = lead.post("/settings", **{**form_of(lead), "report_signer": "PHÓ TRƯỞNG PHÒNG"})
    assert answer.headers["location"] == "/settings?saved=1"
    assert office.workspace.settings.report.signer == "PHÓ TRƯỞNG PHÒNG"
    text = file.read_text("utf-8")
    assert text.startswith("# của phòng\noffice = 'Công an'  # tạm\n[report]\nranked_from = 50\n")
    assert (
        "truong.pv01: " in (page := lead.client.get("/settings").text)
        and "report.signer: TRƯỞNG PHÒNG →" in page
    )


def test_saving_what_nobody_changed_writes_nothing(office: FrontOffice, person: Enter) -> None:
    admin, before = person(Role.ADMIN), seen(office)
    assert admin.post("/settings", **form_of(admin)).headers["location"] == "/settings"
    assert seen(office) == before


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("report_target_low", "120", "100"),
        ("report_ranked_from", "nhiều", "không phải là số"),
        ("report_smallest_cell", "0", "1"),
        ("backup_every_hours", "", "every_hours"),
    ],
)
def test_a_value_that_is_none_is_refused_and_stays_typed(
    office: FrontOffice, person: Enter, name: str, text: str, says: str
) -> None:
    admin = person(Role.ADMIN)
    before = seen(office)
    if name == "backup_every_hours":  # an empty number is the default's again
        assert admin.post("/settings", **{**form_of(admin), name: text}).status_code == 303
        assert office.workspace.settings.backup.every_hours == 12
        return
    answer = admin.post("/settings", **{**form_of(admin), name: text})
    assert answer.status_code == 400 and says in answer.text and f'value="{text}"' in answer.text
    assert seen(office) == before


def test_who_looked_at_an_older_file_overwrites_nothing(office: FrontOffice, person: Enter) -> None:
    lead, admin = person(Role.LEAD), person(Role.ADMIN)
    old = form_of(lead)
    admin.post("/settings", **{**form_of(admin), "office": "Công an A"})
    answer = lead.post("/settings", **{**old, "office": "Công an B"})
    assert answer.status_code == 400 and "vừa được người khác đổi" in answer.text
    assert office.workspace.settings.office == "Công an A"


def test_a_lead_sets_no_backup_and_no_rights(office: FrontOffice, person: Enter) -> None:
    lead = person(Role.LEAD)
    lead.post("/settings", **{**form_of(lead), "backup_to": "/tmp/x", "access_own_unit": "1"})
    assert office.workspace.settings.backup.to == "" and not office.workspace.settings.access.own_unit


def test_a_scanner_and_a_folder_are_entered_and_removed(
    office: FrontOffice, person: Enter, tmp_path: Path
) -> None:
    admin = person(Role.ADMIN)
    told = {"name": "Quầy 1", "device": "escl:http://x", "dpi": "300", "feeder": "1", "units": "pc06, PC08"}
    assert admin.post("/settings/scanners", **told, seen=seen(office)).status_code == 303
    scanner = Workspace.open(office.workspace.path).settings.scanners["Quầy 1"]
    assert (scanner.dpi, scanner.feeder, scanner.colour, scanner.units) == (
        300,
        True,
        False,
        ("PC06", "PC08"),
    )
    assert admin.post("/settings/scanners", **{**told, "units": "PC99"}, seen=seen(office)).status_code == 400
    assert (
        admin.post("/settings/folders", folder=str(tmp_path), unit="PC06", seen=seen(office)).status_code
        == 303
    )
    assert admin.post("/settings/folders", folder="/nowhere", seen=seen(office)).status_code == 400
    assert [one.folder for one in office.workspace.settings.watch] == [str(tmp_path)]
    admin.post("/settings/folders/remove", folder=str(tmp_path), seen=seen(office))
    admin.post("/settings/scanners/remove", name="Quầy 1", seen=seen(office))
    assert (office.workspace.settings.watch, office.workspace.settings.scanners) == ((), {})


def test_every_setting_on_the_page_has_its_words() -> None:
    for language in LANGUAGES:
        words = catalogue(language, "settings").keys()
        assert {f"{kind}_{field.name}" for field in FIELDS for kind in ("key", "about")} <= words


# --- backups


def test_a_backup_is_made_from_the_desk_and_its_state_told(
    office: FrontOffice, person: Enter, tmp_path: Path
) -> None:
    admin = person(Role.ADMIN)
    assert "Chưa chọn nơi sao lưu" in admin.client.get("/backup").text
    admin.post("/settings", **{**form_of(admin), "backup_to": str(tmp_path / "copy")})
    place = admin.post("/backup").headers["location"]
    until(lambda: "Đã sao lưu và đọc lại" in admin.client.get(place).text)
    assert last_backup(tmp_path / "copy") is not None
    assert "Bản sao còn mới" in admin.client.get("/backup").text
    (tmp_path / "file").write_text("x")
    admin.post("/settings", **{**form_of(admin), "backup_to": str(tmp_path / "file")})
    place = admin.post("/backup").headers["location"]
    until(lambda: str(tmp_path / "file") in admin.client.get(place).text)
    assert str(tmp_path / "file") in admin.client.get("/backup").text


# --- the scanner check


def sent(visitor: Person, picture: Image.Image, name: str = "tờ trắng.png"):
    content = io.BytesIO()
    picture.save(content, "PNG", dpi=(200, 200))
    headers = {"x-csrf-token": visitor.token(), "accept": "application/json"}
    return visitor.client.post(
        "/scanner-check/file", params={"name": name}, content=content.getvalue(), headers=headers
    )


def test_a_scanner_is_checked_with_a_sheet_and_the_advice_is_said(person: Enter) -> None:
    clerk = person(Role.CLERK)
    sheet = Image.new("L", (1166, 1654), 235)
    assert "máy quét tốt" in sent(clerk, sheet).text
    for y in range(1654):
        for x in (400, 401, 402):
            sheet.putpixel((x, y), 90)
    answer = sent(clerk, sheet).text
    assert "51 mm" in answer and "lau kính" in answer
    assert sent(clerk, sheet, "thư.docx").status_code == 400


# --- batches


def test_a_clerk_takes_no_batch_back(office: FrontOffice, person: Enter) -> None:
    batch = take_slips(office.workspace, [slip(), slip()])
    clerk = person(Role.CLERK)
    assert clerk.post(f"/batches/{batch}/withdraw", why="x", sure="1").status_code == 403
    assert "/withdraw" not in clerk.client.get(f"/batches/{batch}").text


def test_pv01_takes_a_batch_back_and_lets_it_count_again(office: FrontOffice, person: Enter) -> None:
    batch = take_slips(office.workspace, [slip(), slip()])
    reviewer = person(Role.REVIEWER)
    assert "2 → 0" in reviewer.post(f"/batches/{batch}/withdraw", why="quét nhầm").text
    reviewer.post(f"/batches/{batch}/withdraw", why="quét nhầm", sure="1")
    assert "Đã rút" in reviewer.client.get("/intake").text
    assert "Cho tính lại lô" in reviewer.client.get(f"/batches/{batch}").text
    reviewer.post(f"/batches/{batch}/restore", why="đúng lô", sure="1")
    assert "Đã rút" not in reviewer.client.get("/intake").text


def test_a_batch_is_taken_back_only_with_a_reason(office: FrontOffice, person: Enter) -> None:
    batch = take_slips(office.workspace, [slip()])
    answer = person(Role.LEAD).post(f"/batches/{batch}/withdraw", sure="1")
    assert answer.status_code == 400 and f"Biên nhận lô {batch}" in answer.text
    with Store.open(office.workspace.database) as store:
        assert not find_batch(store, batch).withdrawn


def test_screen_and_paper_are_one_receipt(office: FrontOffice, person: Enter) -> None:
    """The desk's print had no proving code, the command line's no pictures, and the two other figures."""
    batch = take_slips(office.workspace, [slip(), slip(B2="?3"), None])
    office.accounts.describe("quet.pc06", "Trần Văn Hải", "Đại úy", "test")
    clerk = person(Role.CLERK)
    paper = clerk.client.get(f"/batches/{batch}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    with pdfium.PdfDocument(paper.content) as document:
        assert len(document) == 1
        printed = document[0].get_textpage().get_text_range()
    shown = clerk.client.get(f"/batches/{batch}").text
    for name in ("sheets", "read", "rejected", "counting", "again", "review", "root", "head"):
        label = catalogue("vi", "receipt")[f"name_{name}"]
        value = re.search(rf"<dt>{label}</dt><dd[^>]*>([^<]+)</dd>", shown)
        assert value, name
        assert value[1] in re.sub(r"\s", "", printed) or value[1] in printed, (name, value[1])


def test_a_receipt_takes_as_few_pages_as_it_needs(office: FrontOffice, person: Enter) -> None:
    batch = take_slips(office.workspace, [slip(), *[None] * 12])
    paper = person(Role.CLERK).client.get(f"/batches/{batch}.pdf").content
    with pdfium.PdfDocument(paper) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) <= 2 and all(len(text) > 200 for text in pages)
