"""docs/security.md claims nothing that no test shows, and its numbers are those of the program."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from omr.web.network.patience import LIMITS
from omr.web.people.hashing import hashed_password
from omr.web.people.journal import MOST_ANONYMOUS_ACTS
from omr.web.people.sessions import IDLE, LONGEST

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_claim_names_a_test_or_says_that_nothing_stops_it() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    claims = [row for row in rows if row[0] != "wants"]
    assert len(claims) > 20
    for wants, stops, *tests in claims:
        named = NAMED.findall(" ".join(tests))
        assert named or stops.startswith("nothing in this program"), wants
        assert re.sub(r"[`, ]|tests/[\w/]+\.py::\w+", "", " ".join(tests)) in ("", "–"), wants


def test_the_numbers_are_those_of_the_program() -> None:
    said = {
        "30 minutes idle": IDLE.total_seconds() / 60 == 30,
        "12 hours at most": LONGEST.total_seconds() / 3600 == 12,
        "a header 10 s": LIMITS.header_s == 10,
        "a body 30 s and 20 kB/s": (LIMITS.body_s, LIMITS.body_bytes_per_s) == (30, 20_000),
        "not taken 60 s": LIMITS.taking_s == 60,
        "idle 5 s": LIMITS.idle_s == 5,
        "of 1,000 places": LIMITS.connections == 1000,
        "at most 500 lines a day": MOST_ANONYMOUS_ACTS == 500,
    }
    for words, true in said.items():
        assert words in PAGE and true, words


def test_a_guess_costs_what_is_said() -> None:
    """RFC 9106 in its own spelling: the variant, and the memory of one guess in KiB."""
    assert hashed_password("một mật khẩu dài và lạ").startswith("$argon2id$v=19$m=65536,")
    assert "Argon2id with 64 MiB a guess" in PAGE
