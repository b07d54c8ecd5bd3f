"""The server on a network: who withholds or floods something is waited for so long, and no longer."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import httpx2 as httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from people import PEOPLE, Clock, Person
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from waiting import PATIENCE_S

from omr.errors import OmrError
from omr.web.frame.front import FrontOffice
from omr.web.network.patience import LIMITS, Limits, server_of
from omr.web.network.tls import Tls
from omr.web.people.accounts import Accounts
from omr.web.people.journal import MOST_ANONYMOUS_ACTS
from omr.web.people.passwords import is_plain
from omr.web.server import desks, hand_over
from omr.words import Role

SHORT = replace(LIMITS, header_s=0.4, body_s=0.4, taking_s=0.6)


class Served:
    """The desks as `omr serve` serves them, in a thread."""

    def __init__(self, office: FrontOffice, host: str, limits: Limits) -> None:
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.bind((host, 0))
        self._listener.listen(256)
        self.address = (host, self._listener.getsockname()[1])
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.address[1]}"
        self._server = desks(office, host, None, limits)
        run = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def answers(self) -> bool:
        return httpx.get(f"{self.url}/login", timeout=PATIENCE_S).status_code == 200

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()


@pytest.fixture
def serve(office: FrontOffice) -> Iterator[Callable[..., Served]]:
    with ExitStack() as running:

        def start(limits: Limits = SHORT, host: str = "127.0.0.1") -> Served:
            served = Served(office, host, limits)
            running.callback(served.stop)
            return served

        yield start


def ends(connection: socket.socket) -> bool:
    """Whether the server ends a connection instead of waiting on."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True  # a wait without end fails by the connection's own time limit


def test_three_hundred_headers_that_never_end_do_not_keep_anybody_out(
    serve: Callable[..., Served], capfd: pytest.CaptureFixture[str]
) -> None:
    """All places are taken; whoever sends a whole request gets in at once, and nothing is written."""
    served = serve(replace(LIMITS, connections=100))
    with ExitStack() as held:
        for _ in range(300):
            connection = held.enter_context(closing(served.connect()))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for _ in range(5):
            assert served.answers()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\ncsrf=",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncs",
    ],
    ids=["nothing", "header", "body", "chunk"],
)
def test_what_never_comes_is_not_waited_for(serve: Callable[..., Served], sent: bytes) -> None:
    served = serve()
    with closing(served.connect()) as connection:
        connection.sendall(sent)
        assert ends(connection)
    assert served.answers()


def test_a_body_that_drips_ends_although_something_always_comes(serve: Callable[..., Served]) -> None:
    served = serve()
    with closing(served.connect()) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(600):
                connection.sendall(b"x")
                time.sleep(0.05)


def test_a_second_request_on_a_connection_has_its_own_limit(serve: Callable[..., Served]) -> None:
    served = serve()
    whole = b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with closing(served.connect()) as connection:
        for _ in range(3):
            connection.sendall(whole)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                while connection.recv(65536):
                    pass
            connection.settimeout(30)
        connection.sendall(whole[:-2])
        assert ends(connection)


@contextmanager
def served_app(app: ASGIApp, limits: Limits) -> Iterator[HTTPConnection]:
    """Serve an application in a thread, and visit it over one connection: another would prove nothing."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = server_of(app, limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with closing(HTTPConnection(*listener.getsockname(), timeout=PATIENCE_S)) as visitor:
            visitor.connect()
            visitor.auto_open = False
            yield visitor
        server.should_exit = True
        thread.join(30)


def test_a_request_that_came_before_its_connection_would_be_closed_is_answered() -> None:
    """A server that was held up closed the connection over it: "connection reset" for whoever had asked."""
    limits = replace(LIMITS, idle_s=1)
    held, asked = threading.Event(), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        loop = asyncio.get_running_loop()
        if scope["path"] == "/held":
            late = (
                loop.time() + limits.idle_s + 0.1
            )  # then the connection is due, and nobody has looked at it
            loop.call_later(0.5, lambda: time.sleep(max(0.0, late - loop.time())))
            loop.call_later(0.6, lambda: (held.set(), asked.wait(PATIENCE_S)))
        await PlainTextResponse("ok")(scope, receive, send)

    with served_app(app, limits) as visitor:
        for path in ("/held", "/"):
            visitor.request("GET", path)
            asked.set() if path == "/" else None
            assert visitor.getresponse().read() == b"ok"
            assert held.wait(PATIENCE_S)


def test_a_visitor_learns_that_an_idle_connection_ends_before_the_server_does_anything_else() -> None:
    """Told a turn of the loop later, the visitor asks meanwhile, and the request is thrown away."""
    limits = replace(LIMITS, idle_s=1)
    told, in_time = threading.Event(), list[bool]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await PlainTextResponse("ok")(scope, receive, send)
        loop = asyncio.get_running_loop()
        due = loop.time() + limits.idle_s
        # Held up until both are due: the end of the connection, and then what keeps the loop from going on.
        loop.call_at(due - 0.2, lambda: time.sleep(max(0.0, due + 0.2 - loop.time())))
        loop.call_at(due + 0.1, lambda: in_time.append(told.wait(PATIENCE_S)))

    with served_app(app, limits) as visitor:
        visitor.request("GET", "/")
        assert visitor.getresponse().read() == b"ok"
        assert visitor.sock.recv(1) == b""
        told.set()
    assert in_time == [True]


def test_a_header_that_is_too_long_is_refused(serve: Callable[..., Served]) -> None:
    served = serve()
    with closing(served.connect()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_the_server_on_ipv6_answers_under_the_address_that_it_prints(serve: Callable[..., Served]) -> None:
    try:
        served = serve(host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert served.answers()


# --- certificates ----------------------------------------------------------------------------------


def certificate(
    folder: Path, name: str, encryption: KeySerializationEncryption | None = None, days: int = 30
) -> Tls:
    """Write a certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    until = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), until - timedelta(days=60), until
    ).sign(key, hashes.SHA256())
    tls = Tls(folder / f"{name}.crt", folder / f"{name}.key")
    tls.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    tls.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))
    return tls


def test_each_mistake_with_certificates_is_one_line(tmp_path: Path) -> None:
    good, other = certificate(tmp_path, "a"), certificate(tmp_path, "b")
    locked = certificate(tmp_path, "c", BestAvailableEncryption(b"x"))
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    wrong = {
        "web.tls_mismatch": Tls(good.certificate, other.key),
        "web.tls_encrypted": locked,
        "web.tls_no_certificate": Tls(good.key, good.certificate),  # the two changed places
        "web.tls_no_key": Tls(good.certificate, empty),
        "web.tls_unreadable": Tls(good.certificate, tmp_path),
    }
    for key, tls in wrong.items():
        with pytest.raises(OmrError) as error:
            tls.ends()
        assert error.value.key == key
        assert "\n" not in str(error.value)
    assert certificate(tmp_path, "d", days=-1).ends() < datetime.now(UTC) < good.ends()


# --- passwords and sessions ------------------------------------------------------------------------


def test_a_one_time_password_goes_to_a_terminal_or_into_a_file_for_its_owner(tmp_path: Path) -> None:
    assert "k2mn-3abc" in hand_over(tmp_path, "lan", "k2mn-3abc", terminal=True)
    told = hand_over(tmp_path, "lan", "k2mn-3abc", terminal=False)
    assert "k2mn-3abc" not in told
    (file,) = tmp_path.iterdir()
    assert str(file) in told
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "k2mn-3abc\n"


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "matkhau123",
        "Mật khẩu 123",
        "congan2026",
        "haiphong123",
        "qwertyuiop",
        "Admin@12345",
        "0912345678",
        "lan.pv01.lan",
        "abcabcabcabc",
        "nguyenvana1990",
    ],
)
def test_what_people_would_guess_is_no_password(password: str) -> None:
    assert is_plain(password, "lan.pv01")


@pytest.mark.parametrize(
    "password", ["mực tím dưới mưa rào", "vịt-xòe-cánh-9", "Xk7#pQ2mwzT", "x" * 5 + "ử9ữ#" * 40]
)
def test_what_nobody_would_guess_is_one(password: str) -> None:
    assert not is_plain(password, "lan.pv01")


def test_a_session_ends_when_the_clock_goes_back(
    office: FrontOffice, person: Callable[[Role | None], Person], clock: Clock
) -> None:
    """Else a clock that was set wrong would keep it open for years."""
    lead = person(Role.LEAD)
    clock.forward(minutes=-1)  # a clock that is corrected a little keeps nobody out
    assert lead.client.get("/").status_code == 200
    clock.forward(days=-1)
    assert lead.client.get("/").headers["location"].startswith("/login")


def test_a_stranger_who_guesses_fills_no_disk(
    office: FrontOffice, anybody: Callable[[], Person], clock: Clock
) -> None:
    accounts = office.accounts
    for number in range(MOST_ANONYMOUS_ACTS + 50):
        accounts.journal.note_stranger("login_failed", f"name{number}")

    def told() -> int:
        return sum(not act.by for act in accounts.journal.acts(10_000))

    assert told() == MOST_ANONYMOUS_ACTS
    stranger = anybody()
    assert stranger.sign_in(PEOPLE[Role.LEAD][0], "x").status_code == 401
    assert told() == MOST_ANONYMOUS_ACTS
    clock.forward(days=1, minutes=1)
    accounts.journal.note_stranger("login_failed", "again")  # the next day is told again
    assert told() == MOST_ANONYMOUS_ACTS + 1
    clock.forward(days=-4000)  # a clock that was once far ahead does not silence the years until then
    accounts.journal.note_stranger("login_failed", "back")
    assert told() == MOST_ANONYMOUS_ACTS + 2


def test_accounts_are_for_their_owner_alone(tmp_path: Path) -> None:
    with closing(Accounts.open(tmp_path / "accounts.sqlite")):
        for file in tmp_path.iterdir():
            assert not file.stat().st_mode & 0o077


def test_the_help_of_the_server_knows_no_password(office: FrontOffice) -> None:
    """What a service writes into its journal names the file, never the password."""
    password = office.accounts.add("moi.pv01", [Role.REVIEWER], None, by="test")
    told = hand_over(office.workspace.path, "moi.pv01", password, terminal=False)
    assert not re.search(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}", told)
