"""All measurements: `python bench` lists them, `python bench GROUP COMMAND --help` says what one does.

A group is a folder; what a command needs is imported when it runs. None is a part of the gate.
"""

from __future__ import annotations

import ast
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import click

HERE: Final = Path(__file__).resolve().parent
# By group and name: the module, and its function where it is not `main`.
COMMANDS: Final = {
    "ink": {
        "slips": "slips",
        "curve": "curve",
        "likeness": "likeness",
        "worth": "worth",
        "displaced": "displaced",
        "digits": "digits",
        "stamps": "stamps",
    },
    "papers": {
        "all": "all",
        "worth": "worth",
        "harmed": "harmed",
        "chances": "chances",
        "traced": "traced",
        "labels": "labels",
    },
    "simulated": {
        "conditions": "conditions",
        "demo": "demo",
        "questionnaires": "questionnaires",
        "alignment": "alignment",
        "traced": "traced",
        "backs": "backs",
    },
    "identity": {"serials": "serials", "sheets": "sheets", "pictures": "pictures"},
    "trust": {"signals": "signals", "strokes": "strokes"},
    "speed": {
        "cost": "costs",
        "ratio": "inside:ratio",
        "parts": "inside:parts",
        "memory": "inside:memory",
        "peers": "peers",
        "changes": "reports:compare",
        "capacity": "reports:capacity",
    },
    "cluster": {"trial": "trial", "machines": "trial:on_machines", "overhead": "trial:overhead"},
    "scale": {
        "year": "year:make",
        "report": "year:report",
        "close": "year:close",
        "queue": "year:queue",
        "ask": "year:ask",
        "mark": "year:mark",
        "country": "country:make",
        "ask-country": "country:ask",
    },
    "desks": {
        "load": "load",
        "pages": "pages",
        "reviewer": "reviewer",
        "rows": "rows",
        "training": "training",
        "typed": "typed",
    },
    "faults": {"torture": "torture", "killed": "killed"},
    "house": {"mutants": "mutants", "rooms": "rooms", "plant": "plant"},
}


class Group(click.Group):
    """The commands of one folder; listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return them in the order of the table."""
        return list(COMMANDS[str(self.name)])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in COMMANDS[str(self.name)]:
            return None
        module, _, function = COMMANDS[str(self.name)][name].partition(":")
        command = getattr(import_module(f"{self.name}.{module}"), function or "main")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first line of what each says of itself."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said_of(str(self.name), name)) for name in self.list_commands(ctx)])


def said_of(group: str, name: str) -> str:
    """Return the first line that a command says of itself, without running its module."""
    module, _, function = COMMANDS[group][name].partition(":")
    tree = ast.parse((HERE / group / f"{module}.py").read_text("utf-8"))
    named = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return (ast.get_docstring(named[0] if named else tree) or "").partition("\n")[0]


def about(group: str) -> str:
    """Return what a group says of itself."""
    return ast.get_docstring(ast.parse((HERE / group / "__init__.py").read_text("utf-8"))) or ""


@click.group(help=(__doc__ or "").partition("\n")[0], context_settings={"max_content_width": 110})
def bench() -> None:
    """Hold the groups."""


for group in COMMANDS:
    bench.add_command(Group(group, help=about(group), short_help=about(group)))

if __name__ == "__main__":
    sys.path[0] = str(HERE)  # workers take it over, wherever they stand
    # As `omr` itself sets it, before numpy is loaded; the processes that are measured inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    bench(prog_name="python bench")
