"""Where there are accounts, a name at the command line proves that it is its owner, and it takes two."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from command_tree import commands
from offices import Office
from scanned import slip

from omr.web.people.accounts import Accounts

As = Callable[[str | None], None]
PASSWORD = "vịt xoè cánh bay qua ao"


@pytest.fixture
def people(office: Office, monkeypatch: pytest.MonkeyPatch) -> As:
    """Accounts of an office; says whose token is in the environment."""
    for name, role, unit in (
        ("lan", "reviewer", None),
        ("minh", "lead", None),
        ("hoa", "reviewer", "PC06"),
        ("quet", "clerk", "PC06"),
    ):
        words = ("--unit", unit) if unit else ()
        office("users", "add", name, "--role", role, *words)
    tokens = {name: office.json("users", "token", name)["token"] for name in ("lan", "minh", "hoa", "quet")}

    def acting(name: str | None) -> None:
        if name is None:
            monkeypatch.delenv("OMR_TOKEN", raising=False)
        else:
            monkeypatch.setenv("OMR_TOKEN", tokens[name])

    return acting


@pytest.fixture
def held(office: Office, people: As) -> str:
    """A slip of PC06 that is held: its stack was told to be of another unit."""
    run = office.issue("PC06", 5, "2026-11")
    office("read", office.scan(slip(run, 1)), "--unit", "PC07", code=3)
    return "H1"


def decide(office: Office, item: str, by: str, answer: str = "counts", code: int = 1) -> str:
    words = ("--answer", answer, "--why", "đã xem")
    return str(office("review", "decide", item, *words, "--by", by, code=code).err)


def test_a_name_without_an_account_or_without_its_proof_decides_nothing(
    office: Office, people: As, held: str
) -> None:
    assert "khach" in decide(office, held, "khach")
    people(None)
    assert "OMR_TOKEN" in decide(office, held, "lan")
    people("minh")
    assert "lan" in decide(office, held, "lan")  # somebody else's token
    people("quet")
    assert "quet" in decide(office, held, "quet")  # a clerk does not decide what counts
    assert office.json("review", "list", code=3)[0]["item"] == held


def test_one_person_settles_nothing_alone(office: Office, people: As, held: str) -> None:
    people("lan")
    said = ("--answer", "counts", "--why", "đã xem", "--by")
    assert "chưa có hiệu lực" in office("review", "decide", held, *said, "lan").out
    assert "lan" in decide(office, held, "lan", "refused")
    (waits,) = office.json("review", "list", code=3)
    assert (waits["item"], waits["decided_by"]) == (held, ["lan"])
    assert "đã có lan quyết định" in office("review", "list", code=3).out
    people("minh")
    assert "S1" in office("period", "close", "2026-11", "--by", "minh", code=1).err
    decide(office, held, "minh", code=0)
    assert office.json("review", "list") == []
    office("period", "close", "2026-11", "--by", "minh")


def test_nobody_decides_about_the_own_unit(office: Office, people: As, held: str) -> None:
    people("hoa")
    assert "PC06" in decide(office, held, "hoa")
    (office.workspace.path / "omr.toml").write_text("[access]\nown_unit = true\n")
    decide(office, held, "hoa", code=0)


def test_every_act_under_a_name_wants_the_account_of_that_name(
    office: Office, people: As, held: str, tmp_path: Path
) -> None:
    """Held against the program itself: a new command with ``--by`` must stand here."""
    file, month, stock = tmp_path / "a.csv", ("--period", "2026-11"), ("--unit", "PC06", "--form", "DL-01")
    file.write_text("unit,form,count\nPC06,DL-01,5\n")
    acts: dict[str, tuple[object, ...]] = {
        "batch withdraw": ("B000001", "--yes"),
        "batch restore": ("B000001", "--yes"),
        "batch correct": ("B000001", "--clear", "unit", "--yes"),
        "review decide": (held, "--answer", "counts"),
        "register count": (*stock, *month),
        "register withdraw-count": (*stock, *month, "--yes"),
        "register receive": ("R26-0001", "--unit", "PC06"),
        "register spoil": ("R26-0001",),
        "register stamp": ("R26-0001",),
        "register survey": ("DL-01", "khác"),
        "register plan": (file, *month, "-o", tmp_path / "out"),
        "register counters give": ("Q1", "R26-0001"),
        "audit sample": (*month, "--seed", "12345678901234567890", "-o", tmp_path / "s.csv"),
        "audit enter": (file, *month),
        "period close": ("2026-11",),
        "period adjust": ("2026-11",),
        "period state": ("2026-11", "--about", "solutions", "--text", "thêm quầy"),
        "visits withdraw": ("--unit", "PC06", *month, "--yes"),
        "electronic withdraw": ("1", "--yes"),
        "comments topic": ("E1", "other"),
        "comments quote": ("E1",),
    }
    options = {
        " ".join(path): {name for option in command.params for name in option.opts}
        for path, command in commands()
    }
    named = {path for path, names in options.items() if "--by" in names} - {"report"}  # there: by what
    assert set(acts) == named
    people(None)
    for path, words in acts.items():
        why = ("--why", "nhầm") if "--why" in options[path] else ()
        said = office(*path.split(), *words, *why, "--by", "lan", code=1).err
        assert "OMR_TOKEN" in said or "lan" in said and path.startswith("period"), (path, said)
        stranger = office(*path.split(), *words, *why, "--by", "khach", code=1).err
        assert "khach" in stranger, (path, stranger)


def test_who_may_takes_back(office: Office, people: As, held: str) -> None:
    people("lan")
    why = ("--by", "lan", "--why", "nhầm", "--yes")
    office("batch", "correct", "B000001", "--clear", "unit", *why)


def test_a_token_ends_with_its_account_and_with_the_next_token(
    office: Office, people: As, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people("lan")
    again = office.json("users", "token", "lan")["token"]
    assert "lan" in decide(office, held, "lan")
    monkeypatch.setenv("OMR_TOKEN", again)
    office("users", "close", "lan")
    office("users", "open", "lan")
    assert "lan" in decide(office, held, "lan")


def test_a_person_at_a_terminal_gives_the_password(
    office: Office, people: As, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(None)
    with closing(Accounts.open(office.workspace.path / "accounts.sqlite")) as accounts:
        first = accounts.reset("lan", by="test")
        given = iter([first, "sai rồi, không phải", PASSWORD])
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("getpass.getpass", lambda prompt: next(given))
        assert "lan" in decide(office, held, "lan")  # the one-time password is to be changed first
        accounts.change_password("lan", first, PASSWORD)
        assert "lan" in decide(office, held, "lan")
        decide(office, held, "lan", code=0)
