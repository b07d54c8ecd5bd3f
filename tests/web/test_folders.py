"""Folders that the server watches, and the desk that shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from people import Person
from scanned_stacks import slip, take_slips

from omr.records.inbox.inbox import Inbox, Way
from omr.web.frame.front import FrontOffice
from omr.words import Role

Enter = Callable[[Role | None], Person]


@pytest.fixture
def incoming(office: FrontOffice, tmp_path: Path) -> Path:
    """A folder into which the scanner of PC06 writes."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    settings = f'[[watch]]\nfolder = "{folder}"\nunit = "PC06"\n[[watch]]\nfolder = "gone"\n'
    (office.workspace.path / "omr.toml").write_text(settings)
    office.take_settings()
    return folder


def test_what_lies_in_a_folder_is_shown_with_its_reason(
    office: FrontOffice, person: Enter, incoming: Path
) -> None:
    (incoming / "hai.pdf.tmp").write_bytes(b"%PDF-1.4")
    office.folders.step()
    text = person(Role.CLERK).client.get("/folders").text
    assert str(incoming) in text and "hai.pdf.tmp" in text and "đang theo dõi" in text
    lead = person(Role.LEAD).client.get("/folders").text
    assert "Không theo dõi được gone" in lead
    assert "/folders" in person(Role.CLERK).client.get("/intake").text


def test_a_folder_that_is_made_later_is_watched_then_and_one_that_is_unset_no_more(
    office: FrontOffice, incoming: Path
) -> None:
    office.folders.step()
    assert list(office.folders.problems) == ["gone"]
    (office.workspace.path / "gone").mkdir()
    office.folders.step()
    assert office.folders.problems == {}
    (office.workspace.path / "omr.toml").write_text("")
    office.take_settings()
    office.folders.step()
    office.folders.step()
    assert office.folders.problems == {}


def test_what_came_from_a_folder_is_shown_with_how_it_ended(
    office: FrontOffice, person: Enter, incoming: Path
) -> None:
    batch = take_slips(office.workspace, [slip(), None])
    inbox = Inbox(office.workspace)
    stack = inbox.begin("PC06", None, None, "omr serve", way=Way.WATCH, folder=str(incoming))
    inbox.finish(stack, batch)
    other = inbox.begin("PC08", None, None, "omr serve", way=Way.WATCH, folder="/other")
    inbox.send(other) if inbox.files(other) else None
    text = person(Role.CLERK).client.get("/folders").text
    assert f'href="/batches/{batch}"' in text and "quét lại 1 tờ" in text
    assert "/other" not in text


def test_a_unit_sees_only_its_own_folder(office: FrontOffice, person: Enter, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (office.workspace.path / "omr.toml").write_text(f'[[watch]]\nfolder = "{folder}"\nunit = "PC08"\n')
    office.take_settings()
    office.folders.step()
    assert str(folder) not in person(Role.CLERK).client.get("/folders").text
    assert str(folder) in person(Role.REVIEWER).client.get("/folders").text
