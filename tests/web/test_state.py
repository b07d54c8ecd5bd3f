"""How the house stands: for the front page, for a monitor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from people import Person
from starlette.testclient import TestClient

from omr.records.safekeeping.backup import back_up
from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.web.start.state import state_of
from omr.web.work.backups import Backups
from omr.words import Role


def test_a_monitor_is_told_in_numbers_and_words_of_ours(office: FrontOffice) -> None:
    with TestClient(create_app(office, hosts=("testserver",))) as client:
        answer = client.get("/health")
        told = answer.json()
        assert told["register"] == "ok"
        assert told["dead_workers"] == []
        assert (told["backup_age_s"], told["backups_wanted"]) == (None, False)
        assert answer.status_code == (200 if told["ok"] else 503)
        assert not {"name", "unit", "path"} & set(told)


def test_a_register_that_is_gone_and_a_thread_that_died_are_told(office: FrontOffice) -> None:
    app = create_app(office, hosts=("testserver",))
    for file in office.workspace.path.glob("omr.sqlite*"):
        file.unlink()
    with closing(TestClient(app)) as client:  # not started: nobody reads
        answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["register"] == "records.gone"
    assert answer.json()["dead_workers"] == ["reading"]


def test_the_age_of_the_backup_and_unread_files_are_told(office: FrontOffice, tmp_path: Path) -> None:
    settings = office.workspace.path / "omr.toml"
    settings.write_text(f'[backup]\nto = "{tmp_path / "backup"}"\n')
    workspace = type(office.workspace).open(office.workspace.path)
    back_up(workspace, tmp_path / "backup")
    waiting = FrontOffice.of(workspace, office.accounts)
    assert isinstance(waiting.backups, Backups)
    state = state_of(waiting)
    assert state.backup_age_s is not None and not state.backup_is_old
    assert state.dead_workers == ("reading", "backups")


@pytest.mark.parametrize(
    "role, sees", [(Role.ADMIN, True), (Role.LEAD, True), (Role.REVIEWER, True), (Role.CLERK, False)]
)
def test_who_can_see_to_it_sees_it_on_the_front_page(
    person: Callable[[Role | None], Person], role: Role, sees: bool
) -> None:
    assert ("Tình trạng máy" in person(role).client.get("/").text) is sees


def test_a_certificate_is_told_of_before_browsers_refuse_it(
    office: FrontOffice, person: Callable[[Role | None], Person]
) -> None:
    admin = person(Role.ADMIN).client
    assert "Chứng thư TLS" not in admin.get("/").text  # open to this machine alone
    now = datetime.now(UTC)
    for days, urgent, ended in [(200, False, False), (20, True, False), (-1, True, True)]:
        office.certificate_ends = now + timedelta(days=days)
        state = state_of(office)
        assert (state.certificate_ends_soon, (state.certificate_days or 0) < 0) == (urgent, ended)
        page = admin.get("/").text
        assert "Chứng thư TLS" in page
        assert ("Đã hết hạn" in page) is ended and ("Có hạn đến" in page) is not ended
        assert ("omr-setup --renew" in page) is urgent
        told = admin.get("/health").json()
        assert told["certificate_days"] == pytest.approx(days, abs=0.01)
        assert not (ended and told["ok"])


def test_a_clock_that_was_set_back_is_no_state_to_work_in(office: FrontOffice) -> None:
    state = replace(state_of(office), dead_workers=())
    assert state.clock_behind_s == 0.0 and state.ok
    behind = replace(state, clock_behind_s=3600.0)
    assert behind.clock_is_wrong and not behind.ok
