"""What the documents say can be typed: commands, options, make targets, settings, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
from command_tree import commands
from pydantic import BaseModel

from omr.cli import omr as program
from omr.messages import LANGUAGES, catalogue
from omr.workspace import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        *(f for name in ("docs", "calibration", "samples", "templates") for f in (ROOT / name).glob("*.md")),
    ]
)
EVERYWHERE = {"--help", "-h", "--lang", "--workspace", "--json", "--version"}


def walk(words: list[str]) -> tuple[click.Command, list[str], list[str]]:
    """Follow words down the commands: the command, its path, and the words left over."""
    command: click.Command = program
    path: list[str] = []
    while words and isinstance(command, click.Group) and not words[0].isupper():  # COMMAND stands for any
        member = command.get_command(click.Context(command), words[0])
        assert member is not None, f"no command `omr {' '.join([*path, words[0]])}`"
        command, path, words = member, [*path, words[0]], words[1:]
    return command, path, words


def assert_runs(line: str) -> None:
    """The command and the options of one typed line exist."""
    words = shlex.split(line, comments=True)[1:]
    while words and words[0] in ("--lang", "--workspace"):
        words = words[2:]
    command, _, rest = walk([word for word in words if word not in ("…", "...")])
    known = {
        flag for option in command.params for flag in [*option.opts, *option.secondary_opts]
    } | EVERYWHERE
    for word in rest:
        if re.fullmatch(r"-[a-zA-Z]|--[a-z-]+(=.*)?", word):
            assert word.split("=")[0] in known, f"`{line}`: no option {word}"


def typed(text: str, program_name: str) -> Iterator[str]:
    """Yield the lines of `text` that start with a program, in code blocks and between backquotes."""
    blocks = re.findall(r"^```(?:sh|console|bash)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", text)
    for line in lines:
        if re.match(rf"(\.venv/bin/)?{program_name}( |$)", line):
            yield line


def working() -> list[tuple[str, ...]]:
    """Return the paths of all commands that do something themselves."""
    return [path for path, command in commands() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_help_with_an_example_that_exists(language: str) -> None:
    for path in working():
        text = catalogue(language, "help")["_".join(path)]
        examples = [line.strip() for line in text.splitlines() if re.match(r"\s*omr ", line)]
        assert any(shlex.split(line)[1 : len(path) + 1] == list(path) for line in examples), path
        for line in examples:
            assert_runs(line)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_document_tells_to_type_exists(file: Path) -> None:
    text = file.read_text("utf-8")
    for line in typed(text, "omr"):
        assert_runs(line)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for line in typed(text, "make"):
        for target in (word for word in shlex.split(line, comments=True)[1:] if "=" not in word):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{file.name}: `{line}`"


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_and_pictures_are_there(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", file.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_the_readme_names_every_command() -> None:
    named = {
        word for line in typed((ROOT / "README.md").read_text("utf-8"), "omr") for word in line.split()[1:2]
    }
    assert {path[0] for path in working()} <= named


def keys(settings: type[BaseModel], section: str = "") -> Iterator[str]:
    """Yield the keys of the settings file, those of a section as ``section.key``."""
    for name, field in settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{section}{name}.")
        else:
            yield section + name


def test_every_setting_is_explained_and_no_other() -> None:
    text = (ROOT / "docs/settings.md").read_text("utf-8")
    explained = re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE)
    assert sorted(explained) == sorted(keys(Settings))


def test_every_dependency_is_explained_and_no_other() -> None:
    metadata = ConfigParser()
    metadata.read(ROOT / "setup.cfg", "utf-8")
    wanted = metadata["options"]["install_requires"]
    wanted += "".join(extra for _, extra in metadata["options.extras_require"].items())
    wanted += "".join((ROOT / "requirements" / name).read_text("utf-8") for name in ("build.in", "dev.in"))
    names = re.findall(r"^([a-z0-9][\w.-]*)", wanted, re.MULTILINE)
    explained = re.findall(
        r"^\| `([\w.-]+)` \|", (ROOT / "docs/dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(explained) == sorted(names)


@pytest.mark.parametrize("guide", ["clerks", "pv01"])
def test_every_name_that_a_guide_quotes_stands_on_a_screen(guide: str) -> None:
    """Bold are buttons, desks and fields by their whole beginning; in italics, what a screen says."""
    text = (ROOT / "docs" / f"guide-{guide}.md").read_text("utf-8")
    areas = ROOT / "omr" / "catalogues" / "vi"
    shown = [said for file in areas.glob("*.toml") for said in catalogue("vi", file.stem).values()]
    bold = {name for name in re.findall(r"\*\*([^*]+)\*\*", text) if not name.endswith(".")} - {"VI / EN"}
    said = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text))
    assert bold
    for name in bold:
        assert any(re.match(_as_shown(name) + r"(?!\w)", one, re.I) for one in shown), name
    for name in said:
        assert any(re.search(_as_shown(name), one, re.I) for one in shown), name


def _as_shown(quoted: str) -> str:
    """What a quoted text looks like in a catalogue: numbers are filled in, and "…" stands for a part."""
    parts = re.split(r"\s*…\s*|\d+", " ".join(quoted.split()).strip(" .:?"))
    return ".{0,60}?".join(re.escape(part.strip()) for part in parts)
