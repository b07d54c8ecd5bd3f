"""Who gets where: every route, every role; sessions, forged forms, guessing, headers, hostile bodies."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import PASSWORD, PEOPLE, Person
from starlette.testclient import TestClient

from omr import web
from omr.errors import AccessError, StoreError
from omr.messages import catalogue
from omr.web.app import create_app
from omr.web.door.access import Access, Entry
from omr.web.door.auth import local_path
from omr.web.frame.desks import DESKS
from omr.web.people.accounts import Accounts
from omr.web.people.throttle import Throttle
from omr.web.routes import ROUTES
from omr.words import Role

EVERYONE = set(Role)
# Written down a second time, on purpose: opening a route to a role takes two edits.
MAY = {
    ("GET", "/static/{name:path}"): None,
    ("GET", "/health"): None,
    ("GET", "/login"): None,
    ("POST", "/login"): None,
    ("POST", "/language"): None,
    ("GET", "/{path:path}"): None,
    ("POST", "/logout"): EVERYONE,
    ("GET", "/help"): EVERYONE,
    ("GET", "/password"): EVERYONE,
    ("POST", "/password"): EVERYONE,
    ("POST", "/password/sign-out"): EVERYONE,
    ("GET", "/"): EVERYONE,
    **dict.fromkeys(
        [
            ("GET", "/intake"),
            ("POST", "/intake"),
            ("GET", "/intake/{stack}"),
            ("POST", "/intake/{stack}/file"),
            ("POST", "/intake/{stack}/send"),
            ("POST", "/intake/{stack}/drop"),
            ("GET", "/intake/{stack}/progress"),
            ("GET", "/folders"),
            ("POST", "/scan"),
            ("GET", "/scan/{stack}"),
            ("GET", "/scan/{stack}/progress"),
            ("GET", "/scan/{stack}/{number}.jpg"),
            ("POST", "/scan/{stack}/more"),
            ("POST", "/scan/{stack}/again"),
            ("POST", "/scan/{stack}/remove"),
            ("POST", "/scan/{stack}/stop"),
            ("GET", "/scanner-check"),
            ("POST", "/scanner-check"),
            ("POST", "/scanner-check/file"),
            ("GET", "/batches/{batch}.pdf"),
            ("GET", "/batches/{batch}"),
            ("GET", "/batches/{batch}/{page}.jpg"),
            ("POST", "/batches/{batch}/correct"),
        ],
        {Role.CLERK, Role.REVIEWER, Role.LEAD},
    ),
    **dict.fromkeys(
        [
            ("GET", "/comments"),
            ("POST", "/comments/preview"),
            ("POST", "/comments/{reading}/{question}"),
            ("GET", "/comments/{reading}/{question}.jpg"),
            ("POST", "/comments/{reading}/{question}/draft"),
            ("GET", "/cases"),
            ("POST", "/cases/serial"),
            ("GET", "/cases/{item}"),
            ("POST", "/cases/{item}"),
            ("GET", "/cases/{item}/page.jpg"),
            ("GET", "/cases/{item}/difference.jpg"),
            ("GET", "/cases/{item}/stamp.jpg"),
            ("POST", "/batches/{batch}/apart"),
            ("POST", "/cases"),
            ("GET", "/cases/{item}/small.jpg"),
            ("GET", "/cases/{item}/serial-{place}.jpg"),
            ("GET", "/comments/{reading}/{question}"),
            ("POST", "/undo"),
            ("GET", "/review/me"),
            ("GET", "/training"),
            ("POST", "/training"),
            ("GET", "/review/slips"),
            ("GET", "/review/slips/{reading}"),
            ("POST", "/review/slips/{reading}"),
            ("POST", "/review/slips/{reading}/later"),
            ("GET", "/review"),
            ("GET", "/review/grid"),
            ("POST", "/review/grid"),
            ("POST", "/review/grid/undo"),
            ("POST", "/review/next"),
            ("POST", "/review/decide"),
            ("POST", "/review/undo"),
            ("GET", "/review/row/{reading}/{question}.jpg"),
            ("GET", "/review/whole/{reading}.jpg"),
        ],
        {Role.REVIEWER, Role.LEAD},
    ),
    ("GET", "/overview/{period}/signals"): {Role.LEAD},
    ("GET", "/overview"): {Role.LEAD, Role.VIEWER},
    ("GET", "/overview/{period}/report.zip"): {Role.LEAD, Role.VIEWER},
    **dict.fromkeys(
        [
            ("GET", "/print"),
            ("POST", "/print"),
            ("GET", "/print/forms/{form}.pdf"),
            ("GET", "/print/runs/{run}.pdf"),
            ("GET", "/print/forms/{form}.png"),
            ("GET", "/print/plans/{plan}"),
            ("GET", "/print/plans/{plan}/{file}"),
            ("GET", "/hand-overs"),
            ("POST", "/hand-overs"),
            ("POST", "/hand-overs/stamped"),
            ("POST", "/hand-overs/spoiled"),
            ("POST", "/hand-overs/cover"),
            ("GET", "/hand-overs/{number}.{ending}"),
            ("GET", "/stock"),
            ("GET", "/stock/{unit}/{period}"),
            ("POST", "/stock/{unit}/{period}"),
            ("POST", "/stock/{unit}/{period}/withdraw"),
            ("GET", "/counters"),
            ("POST", "/counters"),
            ("POST", "/counters/give"),
            ("POST", "/counters/poster"),
            ("GET", "/units"),
            ("POST", "/units"),
            ("POST", "/units/list"),
            ("GET", "/forms"),
            ("POST", "/forms"),
            ("GET", "/forms/drafts/{draft}"),
            ("POST", "/forms/drafts/{draft}"),
            ("GET", "/forms/drafts/{draft}/{page}.png"),
            ("POST", "/forms/traced"),
            ("GET", "/forms/traced/{form}.png"),
            ("GET", "/forms/traced/{form}"),
            ("POST", "/forms/traced/{form}"),
            ("POST", "/sheets/{kind}"),
            ("GET", "/sheets/{kind}/{sheet}"),
            ("POST", "/sheets/{kind}/{sheet}"),
        ],
        {Role.REVIEWER, Role.LEAD},
    ),
    ("GET", "/errands/{errand}"): set(Role),
    ("GET", "/favicon.ico"): None,
    ("GET", "/month"): {Role.REVIEWER, Role.LEAD},
    ("GET", "/month/{period}"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/month/{period}/visits"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/month/{period}/stock"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/month/{period}/close"): {Role.LEAD},
    ("POST", "/month/{period}/proof/draw"): {Role.LEAD},
    ("POST", "/month/{period}/proof/redecide"): {Role.LEAD},
    ("POST", "/month/{period}/surveys"): {Role.LEAD},
    ("POST", "/month/{period}/proof/check"): {Role.REVIEWER, Role.LEAD},
    ("GET", "/month/{period}/travel"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/month/{period}/travel"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/bundles"): {Role.REVIEWER, Role.LEAD},
    **dict.fromkeys(
        [
            ("GET", "/imports"),
            ("GET", "/month/{period}/imports"),
            ("POST", "/month/{period}/imports/withdraw"),
            ("POST", "/month/{period}/visits/withdraw"),
            ("GET", "/month/{period}/voices"),
            ("POST", "/month/{period}/voices/topic"),
            ("POST", "/month/{period}/voices/quote"),
            ("GET", "/month/{period}/proof"),
            ("GET", "/month/{period}/proof/list.csv"),
            ("GET", "/month/{period}/proof/key"),
            ("POST", "/month/{period}/proof/key"),
            ("POST", "/month/{period}/proof/verify"),
            ("POST", "/month/{period}/proof/export"),
        ],
        {Role.REVIEWER, Role.LEAD},
    ),
    **dict.fromkeys(
        [
            ("GET", "/month/{period}/slips"),
            ("GET", "/month/{period}/statements"),
            ("POST", "/month/{period}/statements"),
            ("GET", "/made/{made}"),
            ("GET", "/made/{made}/{file}"),
        ],
        {Role.REVIEWER, Role.LEAD, Role.VIEWER},
    ),
    ("GET", "/month/{period}/report"): {Role.LEAD, Role.VIEWER},
    ("POST", "/month/{period}/report"): {Role.LEAD, Role.VIEWER},
    ("POST", "/month/{period}/adjust"): {Role.LEAD},
    ("GET", "/search"): {Role.CLERK, Role.REVIEWER, Role.LEAD},
    ("GET", "/slips/{serial}"): {Role.CLERK, Role.REVIEWER, Role.LEAD},
    ("GET", "/slips/{serial}/{reading}.jpg"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/slips/{serial}/correct"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/batches/{batch}/withdraw"): {Role.REVIEWER, Role.LEAD},
    ("POST", "/batches/{batch}/restore"): {Role.REVIEWER, Role.LEAD},
    ("GET", "/settings"): {Role.LEAD, Role.ADMIN},
    ("POST", "/settings"): {Role.LEAD, Role.ADMIN},
    ("POST", "/settings/scanners"): {Role.ADMIN},
    ("POST", "/settings/scanners/remove"): {Role.ADMIN},
    ("POST", "/settings/folders"): {Role.ADMIN},
    ("POST", "/settings/folders/remove"): {Role.ADMIN},
    ("GET", "/backup"): {Role.ADMIN},
    ("POST", "/backup"): {Role.ADMIN},
    ("GET", "/accounts"): {Role.ADMIN},
    ("POST", "/accounts"): {Role.ADMIN},
    ("GET", "/accounts/{name}"): {Role.ADMIN},
    ("POST", "/accounts/{name}"): {Role.ADMIN},
    ("POST", "/accounts/{name}/sign-out"): {Role.ADMIN},
    ("POST", "/accounts/{name}/reset"): {Role.ADMIN},
    ("POST", "/accounts/{name}/active"): {Role.ADMIN},
}
CLOSED = [key for key, roles in MAY.items() if roles is not None]


def test_the_table_grants_what_is_written_here_and_nothing_else():
    granted = {(e.method, e.path): None if e.access.public else set(e.access.roles) for e in ROUTES}
    assert granted == MAY


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "anonymous")
def test_every_route_for_every_role(role, person):
    visitor = person(role)
    token = visitor.token("/" if role else "/login")
    for method, path in CLOSED:
        if path == "/logout":
            continue  # ends the session; test_logout_ends_the_session_for_good
        address = re.sub(r"\{\w+\}", "1", path)
        answer = visitor.client.request(method, address, data={"csrf": token} if method == "POST" else None)
        if role is None:
            assert answer.status_code in (303, 401), address
            assert answer.status_code == 401 or answer.headers["location"].startswith("/login")
        elif role in MAY[method, path]:
            assert answer.status_code not in (303, 401, 403) or not answer.text.count("không có quyền"), (
                address
            )
            assert "không có quyền" not in answer.text, address
        else:
            assert answer.status_code == 403, address


@pytest.mark.parametrize("method, path", [key for key in MAY if key[0] == "POST"])
def test_no_post_without_the_token(method, path, person):
    admin = person(Role.ADMIN)
    address = path.replace("{name}", PEOPLE[Role.CLERK][0])
    assert admin.client.post(address).status_code in (400, 403)
    assert admin.client.post(address, data={"csrf": ""}).status_code == 403
    stolen = person(Role.LEAD).token("/")
    assert admin.client.post(address, data={"csrf": stolen}).status_code == 403
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert admin.client.post(address, data={"csrf": admin.token("/")}, headers=elsewhere).status_code == 403


def test_a_route_says_who_may_call_it():
    with pytest.raises(ValueError):
        Access(frozenset())
    with pytest.raises(TypeError):
        Entry("GET", "/open-door", lambda visit: None)


def test_desks_lead_only_where_their_roles_may_go():
    for desk in DESKS:
        assert MAY["GET", desk.path] == set(desk.roles)


def test_login_gives_a_new_session_and_the_old_one_stays_outside(anybody):
    visitor = anybody()
    visitor.client.get("/login")
    before = visitor.client.cookies["omr_session"]
    assert visitor.sign_in("quantri").status_code == 303
    after = visitor.client.cookies["omr_session"]
    assert before != after
    planted = anybody()
    planted.client.cookies.set("omr_session", before)
    assert planted.client.get("/").headers["location"] == "/login"
    taken = anybody()
    taken.client.cookies.set("omr_session", after)
    assert taken.client.get("/").status_code == 200


def test_a_session_that_we_did_not_sign_is_nobody(anybody, person):
    visitor, true = anybody(), person(Role.ADMIN).client.cookies["omr_session"]
    visitor.client.cookies.clear()
    assert visitor.client.get("/", headers={"cookie": f"omr_session={true}"}).status_code == 200
    said, _, signature = true.rpartition(".")
    other = f"{'a' if signature[0] != 'a' else 'b'}{signature[1:]}"
    for forged in ("x", "InF1YW50cmki.AAAA", "a.b.c", "é", said, f"{said}.", f"{said}.{other}"):
        visitor.client.cookies.clear()
        answer = visitor.client.get("/", headers={"cookie": f"omr_session={forged}".encode()})
        assert answer.status_code == 303


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(anybody):
    cookie = anybody().client.get("/login").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie


def test_cookie_is_secure_under_tls(office):
    answer = TestClient(create_app(office, secure=True, hosts=("testserver",))).get("/login")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_idle_session_ends_and_activity_keeps_it(person, clock):
    visitor = person(Role.LEAD)
    for _ in range(4):
        clock.forward(minutes=20)
        assert visitor.client.get("/").status_code == 200
    clock.forward(minutes=31)
    assert visitor.client.get("/").status_code == 303


def test_no_session_outlives_a_day(person, clock):
    visitor = person(Role.LEAD)
    for _ in range(36):
        assert visitor.client.get("/").status_code == 200
        clock.forward(minutes=20)
    clock.forward(minutes=1)
    assert visitor.client.get("/").status_code == 303


def test_logout_ends_the_session_for_good(person, anybody):
    visitor = person(Role.LEAD)
    cookie = visitor.client.cookies["omr_session"]
    visitor.client.post("/logout", data={"csrf": visitor.token("/")})
    thief = anybody()
    thief.client.cookies.set("omr_session", cookie)
    assert thief.client.get("/").status_code == 303


def test_roles_passwords_and_closing_take_effect_at_once(person, office):
    visitor = person(Role.LEAD)
    office.accounts.grant("truong.pv01", [Role.REVIEWER], None, by="quantri")
    assert visitor.client.get("/").status_code == 303
    assert visitor.sign_in("truong.pv01").status_code == 303
    office.accounts.change_password("truong.pv01", PASSWORD, changed := "mực-tím-giấy-trắng-77")
    assert visitor.client.get("/").status_code == 303
    assert visitor.sign_in("truong.pv01").status_code == 401
    assert visitor.sign_in("truong.pv01", changed).status_code == 303
    office.accounts.set_active("truong.pv01", False, by="quantri")
    assert visitor.client.get("/").status_code == 303
    assert visitor.sign_in("truong.pv01").status_code == 401


def test_one_time_password_opens_only_the_page_that_changes_it(anybody, office):
    first = office.accounts.add("moi", [Role.ADMIN], None, by="test")
    visitor = anybody()
    assert visitor.sign_in("moi", first).headers["location"] == "/password"
    assert visitor.client.get("/accounts").headers["location"] == "/password"
    for new, again in (
        ("ngắn", "ngắn"),
        ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa"),
        (first, first),
        (PASSWORD, "x"),
    ):
        form = {"csrf": visitor.token("/password"), "old": first, "new": new, "again": again}
        assert visitor.client.post("/password", data=form).status_code == 400
    form = {"csrf": visitor.token("/password"), "old": first, "new": PASSWORD, "again": PASSWORD}
    assert visitor.client.post("/password", data=form).status_code == 303
    assert visitor.client.get("/accounts").status_code == 200
    assert anybody().sign_in("moi", first).status_code == 401


def test_guessing_is_slowed_down_for_the_guesser_not_for_the_colleague(anybody, clock, office):
    guesser = anybody()
    for _ in range(5):
        assert guesser.sign_in("quantri", "sai-mật-khẩu").status_code == 401
    assert guesser.sign_in("quantri").status_code == 429
    # Neither whoever else works at that counter, nor the one whose name it is at the own desk.
    assert anybody().sign_in("truong.pv01").status_code == 303
    desk = TestClient(create_app(office, hosts=("testserver",)), client=("10.0.0.9", 5000))
    assert Person(desk).sign_in("quantri").status_code == 303
    clock.forward(seconds=31)
    assert guesser.sign_in("quantri").status_code == 303
    assert any(act.what == "login_throttled" for act in office.accounts.journal.acts())


def test_many_right_passwords_from_one_address_close_nothing(anybody):
    for _ in range(40):
        assert anybody().sign_in("truong.pv01").status_code == 303


def test_throttle_doubles_forgets_and_stays_small():
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    for _ in range(5):
        throttle.failed("a", "1")
    assert throttle.wait_s("a", "1") == 30.0
    assert throttle.wait_s("a", "2") == 0.0
    throttle.failed("a", "1")
    assert throttle.wait_s("a", "1") == 60.0
    for _ in range(20):
        throttle.failed("a", "1")
    assert throttle.wait_s("a", "1") == 900.0
    now[0] = 3_601.0
    assert throttle.wait_s("a", "1") == 0.0
    for i in range(20_000):
        throttle.failed(f"name{i}", f"address{i}")
    assert len(throttle._counts) <= 10_000


def test_unknown_name_and_wrong_password_look_alike(anybody):
    one, two = anybody().sign_in("quantri", "x"), anybody().sign_in("khong.co", "x")
    assert one.status_code == two.status_code == 401
    varying = ("csrf", 'id="name"')
    lines = [[x for x in a.text.splitlines() if not any(v in x for v in varying)] for a in (one, two)]
    assert lines[0] == lines[1]


def test_headers_on_every_answer(person):
    visitor = person(Role.ADMIN)
    for address in ("/", "/login", "/static/desks.css", "/nothing/here", "/accounts"):
        headers = visitor.client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    assert visitor.client.get("/").headers["cache-control"] == "no-store"


def test_other_host_names_are_refused(office):
    client = TestClient(create_app(office), base_url="http://evil.example")
    assert client.get("/login").status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "....//app.py",
        "/etc/passwd",
        "fonts/../../app.py",
        "%00.css",
    ],
)
def test_static_files_end_at_their_folder(name, anybody):
    answer = anybody().client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "def " not in answer.text


def test_large_and_broken_bodies_are_one_line(anybody):
    visitor = anybody()
    token = visitor.token()
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.client.post("/login", content=b"name=" + b"a" * 200_000, headers=form).status_code == 400
    assert visitor.client.post("/login", content=b"&".join([b"a=1"] * 5_000), headers=form).status_code == 400
    assert visitor.client.post("/login", content=b"name=%ff%fe", headers=form).status_code == 400
    assert visitor.client.post("/login", json={"csrf": token}).status_code == 400
    assert visitor.client.post("/login", files={"a": b"x"}, data={"csrf": token}).status_code == 400


def test_markup_in_a_name_stays_text(anybody):
    answer = anybody().sign_in("<script>alert(1)</script>")
    assert "<script>alert" not in answer.text and "&lt;script&gt;" in answer.text


def test_english_when_chosen(anybody):
    visitor = anybody()
    assert "Đăng nhập" in visitor.client.get("/login").text
    assert visitor.post("/language", language="en", next="/login").headers["location"] == "/login"
    page = visitor.client.get("/login").text
    assert "Sign in" in page and '<html lang="en">' in page


def test_last_admin_stays(office):
    with pytest.raises(AccessError):
        office.accounts.set_active("quantri", False, by="quantri")
    with pytest.raises(AccessError):
        office.accounts.grant("quantri", [Role.LEAD], None, by="quantri")


def test_role_of_a_unit_needs_one(office):
    with pytest.raises(AccessError):
        office.accounts.add("quet", [Role.CLERK], None, by="test")


def test_no_password_or_session_stands_in_the_file(office, person):
    visitor = person(Role.LEAD)
    files = [file for file in office.workspace.path.rglob("*") if file.is_file()]
    assert {"accounts.sqlite", "omr.sqlite"} <= {file.name for file in files}
    stored = b"".join(file.read_bytes() for file in files)
    assert PASSWORD.encode() not in stored
    cookie = visitor.client.cookies["omr_session"].strip('"').split(".")[0]
    assert cookie.encode() not in stored
    secret = b64decode(cookie + "=" * (-len(cookie) % 4), b"-_").strip(b'"')
    assert len(secret) >= 32 and secret not in stored


def test_accounts_file_is_the_owners(tmp_path):
    Accounts.open(tmp_path / "a.sqlite").close()
    assert (tmp_path / "a.sqlite").stat().st_mode & 0o077 == 0


def test_accounts_on_a_full_disk_are_one_line_and_go_on_when_there_is_room(tmp_path):
    accounts = Accounts.open(tmp_path / "a.sqlite")
    database = accounts._keeping._db.conn
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own word for a disk without room
    with pytest.raises(StoreError) as refused:
        for number in range(1000):
            accounts.add(f"x{number}", [Role.LEAD], None, by="test")
    assert refused.value.key == "records.disk_full"
    database.execute("PRAGMA max_page_count = 10000")
    before = len(accounts.users())
    accounts.add("lan", [Role.LEAD], None, by="test")
    assert len(accounts.users()) == before + 1
    accounts.close()


@given(st.text(max_size=60))
def test_redirects_stay_on_this_server(text):
    path = local_path(text)
    assert path.startswith("/") and not path.startswith(("//", "/\\"))


def test_acts_cannot_be_changed(office):
    office.accounts.journal.note("a", "login", "")
    connection = sqlite3.connect(office.workspace.path / "accounts.sqlite")
    for change in ("UPDATE acts SET by = 'b'", "DELETE FROM acts"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(change)
    connection.close()


def test_pages_ask_for_no_message_that_is_missing():
    known = catalogue("vi", "web")
    texts = (page.read_text("utf-8") for page in (Path(web.__file__).parent / "pages").glob("*.html"))
    asked = {key for text in texts for key in re.findall(r"""["']web\.(\w+)["'](?! *~)""", text)}
    assert asked - known.keys() == set()
