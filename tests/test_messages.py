"""The catalogues: both languages say the same things, and the code says nothing that they lack."""

from __future__ import annotations

import ast
import functools
import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from command_tree import commands

from omr import errors
from omr.cli import omr as program
from omr.cli.common import localise
from omr.cli.helping import Context
from omr.errors import OmrError, PageError
from omr.messages import LANGUAGES, choose_language, say

PACKAGE = Path(errors.__file__).parent
CATALOGUES = PACKAGE / "catalogues"
AREAS = sorted(file.stem for file in (CATALOGUES / "vi").glob("*.toml"))
# their keys are the commands and options themselves, and the keys of a form (tests/forms/test_first_file.py)
BY_COMMAND = {"help", "options", "keys"}


def keys_of(language: str, area: str) -> dict[str, str]:
    """Return one catalogue as it stands in its file."""
    found: dict[str, str] = tomllib.loads((CATALOGUES / language / f"{area}.toml").read_text("utf-8"))
    return found


def placeholders(text: str) -> set[str]:
    """Return the names in braces of a message."""
    return {str(name) for _, name, _, _ in string.Formatter().parse(text) if name is not None}


MESSAGES = {f"{area}.{key}": text for area in AREAS for key, text in keys_of("vi", area).items()}


def test_every_language_has_the_same_areas() -> None:
    for language in LANGUAGES:
        assert sorted(file.stem for file in (CATALOGUES / language).iterdir()) == AREAS


@pytest.mark.parametrize("area", AREAS)
def test_every_language_has_the_same_keys_and_placeholders(area: str) -> None:
    vi, en = keys_of("vi", area), keys_of("en", area)
    assert vi.keys() == en.keys()
    assert {key: placeholders(text) for key, text in vi.items()} == {
        key: placeholders(text) for key, text in en.items()
    }


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_clean_text(language: str, area: str) -> None:
    for key, text in keys_of(language, area).items():
        assert isinstance(text, str) and text.strip(), f"{area}.{key}: empty, or a table instead of a text"
        assert unicodedata.is_normalized("NFC", text), f"{area}.{key}: not in NFC"
        assert text.rstrip("\n") == text.strip(), f"{area}.{key}: white space at an end"


# --- what the code says --------------------------------------------------------------------------

RAISED = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, OmrError)
}


@dataclass(frozen=True)
class Said:
    """A message that the code asks for: its key, the values it passes (None: passed on as they came)."""

    where: str
    key: str
    values: frozenset[str] | None


def literal(node: ast.expr) -> str | None:
    """Return the text of a string constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@functools.cache
def nodes_of_the_code() -> list[tuple[Path, ast.Constant | ast.JoinedStr | ast.Call]]:
    """Return every call and every text of the package, parsed when the first test asks for them."""
    return [
        (file, node)
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Call)
    ]


@pytest.fixture(scope="module")
def spoken() -> list[Said]:
    """Return each ``say("area.key", …)`` and each raised error of the package."""
    return list(_spoken())


def _spoken() -> Iterator[Said]:
    for file, node in nodes_of_the_code():
        if not isinstance(node, ast.Call) or not node.args or (text := literal(node.args[0])) is None:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        kind = RAISED.get(name)
        if name != "say" and (kind is None or kind is errors.MissingToolError):
            continue
        key = f"page.{text}" if kind is not None and issubclass(kind, PageError) else text
        names = [keyword.arg for keyword in node.keywords]
        values = None if None in names else frozenset(str(name) for name in names)
        yield Said(f"{file.relative_to(PACKAGE)}:{node.lineno}", key, values)


def texts_of_the_code() -> Iterator[str]:
    """Yield a pattern for each string of the code and the pages that could be a key.

    A formatted string with a whole area in front stands for all keys that fit it. Only
    ``page.{reason}``, by which an error makes its key, does not: each reason must be a word of the code.
    """
    for _, node in nodes_of_the_code():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)
            yield re.escape(f"page.{node.value}")
        elif isinstance(node, ast.JoinedStr) and ast.unparse(node) != "f'page.{reason}'":
            parts = [literal(part) for part in node.values]
            if parts[0] and "." in parts[0]:
                yield "".join(re.escape(part) if part is not None else r"[\w.-]+" for part in parts)
    for page in PACKAGE.rglob("*.html"):
        for text in re.findall(r"""["']([a-z_]+\.[\w.-]+)["']""", page.read_text("utf-8")):
            yield re.escape(text)
        for text in re.findall(r"""["']([a-z_]+\.[\w.-]*)["'] *~""", page.read_text("utf-8")):
            yield re.escape(text) + r"[\w.-]+"


def test_the_code_asks_for_no_message_that_is_missing(spoken: list[Said]) -> None:
    assert [f"{said.where}: {said.key}" for said in spoken if said.key not in MESSAGES] == []


def test_the_code_passes_every_value_that_a_message_wants(spoken: list[Said]) -> None:
    short = [
        f"{said.where}: {said.key} wants {sorted(lacking)}"
        for said in spoken
        if said.key in MESSAGES
        and said.values is not None
        and (lacking := placeholders(MESSAGES[said.key]) - said.values)
    ]
    assert short == []


def test_no_message_is_left_over(spoken: list[Said]) -> None:
    patterns = {*texts_of_the_code(), *(re.escape(said.key) for said in spoken)}
    asked = re.compile("|".join(f"(?:{pattern})" for pattern in patterns if "." in pattern))
    assert [key for key in MESSAGES if key.split(".")[0] not in BY_COMMAND and not asked.fullmatch(key)] == []


# --- the command line ----------------------------------------------------------------------------


def test_help_holds_exactly_the_commands() -> None:
    assert set(keys_of("vi", "help")) == {"_".join(path) or "omr" for path, _ in commands()}


def test_help_speaks_the_readers_language() -> None:
    """Headings, kinds of values and limits are words of click; they are said by the catalogue, too."""
    english = re.compile(
        r"Usage:|Options:|Commands:|OPTIONS|COMMAND|ARGS|Show this|required|default: |"
        r" (INTEGER|FLOAT|DIRECTORY|FILE|TEXT|RANGE)\b"
    )
    choose_language("vi")
    localise(program, "omr")
    said = {
        " ".join(path): command.get_help(Context(command, info_name="omr")) for path, command in commands()
    }
    # names of arguments are names: the texts below speak of them
    below = {path: text.replace(" FILE\n", "\n").replace(" TEXT\n", "\n") for path, text in said.items()}
    assert {path: found for path, text in below.items() if (found := english.findall(text))} == {}
    assert "Cách dùng: omr [TÙY CHỌN]" in said[""]


def test_decimals_have_the_sign_of_the_language() -> None:
    choose_language("vi")
    assert "1,3 giây" in say("receipt.speed", seconds=1.25001, pages_per_second=0.5)
    assert "+2,5%" in say("page.stretched", percent=2.5, shear_deg=-0.25)
    assert say("doctor.free", gigabytes=41.8) == "còn 41,8 GB"
    choose_language("en")
    assert "1.3 seconds" in say("receipt.speed", seconds=1.25001, pages_per_second=0.5)


def test_options_hold_exactly_the_options() -> None:
    catalogue = set(keys_of("vi", "options"))
    used, nameless = set(), []
    for words, command in commands():
        path = "_".join(words) or "omr"
        for option in command.params:
            if isinstance(option, click.Option):
                fitting = {f"{path}.{option.name}", str(option.name)} & catalogue
                used |= fitting
                if not fitting:
                    nameless.append(f"{path} {option.opts[0]}")
    assert nameless == []
    assert catalogue == used


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_tells_the_time_of_another_country(language: str) -> None:
    """Whatever is filled in: what is stored is UTC, and what is told is the clock of the office."""
    choose_language(language)
    told = 0
    for area in AREAS:
        for key, text in keys_of(language, area).items():
            names = placeholders(text)
            for name in names if area not in BY_COMMAND and ":" not in text else ():
                values = dict.fromkeys(names, "x") | {name: "2026-11-30T18:05:09Z"}
                assert "01/12/2026 01:05" in say(f"{area}.{key}", **values), (area, key)
                told += 1
    assert told > 300


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("backup.newer", {"target": "b", "event": 7}),
        ("records.behind", {"path": "omr.sqlite", "first": 3, "last": 7}),
        ("audit.behind", {"first": 3, "last": 7, "event": 7}),
        ("audit.event_changed", {"act": "read"}),
        ("audit.rows_changed", {"act": "read"}),
    ],
)
def test_errors_of_backup_and_audit_tell_the_office_s_time(
    language: str, key: str, values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")  # whatever zone the machine keeps
    choose_language(language)
    for at in ("2026-11-30T18:05:09Z", "2026-11-30T18:05:09.123456+00:00"):
        assert "01/12/2026 01:05" in str(OmrError(key, at=at, **values))
