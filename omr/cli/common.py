"""What every command shares: the session, ``--json``, help in the user's language."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omr.cli.console import exact
from omr.cli.helping import ASKS_FOR_HELP, Context
from omr.messages import catalogue, language, say

if TYPE_CHECKING:
    from omr.means import Means
    from omr.office import Office
    from omr.records.store.store import Store
    from omr.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """What the root command knows: where the workspace is, and what an office works with."""

    folder: str
    given: Means | None = None  # by who runs the command line inside another program

    @property
    def means(self) -> Means:
        """Forms, printer, reader and calibrations."""
        from omr.means import MEANS

        return self.given or MEANS

    def workspace(self) -> Workspace:
        """Open the workspace; raises OmrError where there is none."""
        from omr import log
        from omr.workspace import Workspace

        workspace = Workspace.open(Path(self.folder))
        log.begin(workspace.path)
        return workspace

    @contextmanager
    def office(self, by: str | None = None, *, examine: bool = False) -> Iterator[Office]:
        """Open the office of the workspace, for who runs the command or says another name."""
        from omr.office import Office

        who = operator() if by is None else by
        with Office.open(self.workspace(), by=who, means=self.means, examine=examine) as office:
            yield office

    @contextmanager
    def store(self, *, examine: bool = False) -> Iterator[Store]:
        """Open the register, for a command that only looks into it or adds to it.

        Parameters
        ----------
        examine : bool
            Open one that lacks events, too.
        """
        with self.office(examine=examine) as office:
            yield office.store


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``: results as JSON on standard output, messages on standard error."""
    return click.option("--json", "as_json", is_flag=True)(function)


def print_json(value: object) -> None:
    """Write one JSON document to standard output, Vietnamese letters as they are where it has them."""
    click.echo(exact(value, indent=2))


def tell_waiting(what: str) -> None:
    """Tell that another program reads the same files, and that this one waits for it."""
    click.echo(say("receipt.other_reads", what=what), err=True)


def operator() -> str:
    """Return who runs the command, for the register's events."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # without a name, as in some containers; Windows has no `pwd`
        return "?"


def localise(command: click.Command, path: str) -> click.Command:
    """Give a command and its options their help in the language in force.

    Texts stand in the catalogues `help` (commands: ``forms_show``) and `options`
    (``forms_show.output`` for one command's option, ``output`` for all commands').
    """
    command.help = say(f"help.{path}")
    command.context_class = Context
    options = catalogue(language(), "options")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            name = str(parameter.name)
            parameter.help = options.get(f"{path}.{name}", options.get(name))
    asking = command.get_help_option(click.Context(command, help_option_names=ASKS_FOR_HELP))
    assert asking is not None
    asking.help = say("usage.help")  # for the shell's completion, too, which writes no help
    if isinstance(command, click.Group) and path != "omr":
        for name, member in command.commands.items():
            localise(member, f"{path}_{name}")
    return command
