"""The command line: parse, call, print. Nothing is computed here.

Commands are imported when they are called, so that ``omr --help`` needs neither
OpenCV nor a database, and works where an outside tool is missing.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from omr import log
from omr.cli.bar import Bar
from omr.cli.common import Session, localise
from omr.cli.console import prepare
from omr.cli.helping import ASKS_FOR_HELP
from omr.cli.usage import usage_text
from omr.errors import OmrError, outside
from omr.messages import LANGUAGES, catalogue, choose_language, language, say

if TYPE_CHECKING:
    from omr.means import Means

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_WAITING: Final = 3  # done, but something waits for a person

# command -> module of omr.cli that holds a click command of the same name
COMMANDS: Final = {
    "init": "start",
    "doctor": "start",
    "demo": "demo",
    "forms": "paper.forms",
    "units": "paper.units",
    "issue": "paper.issue",
    "cover": "paper.cover",
    "simulate": "scans.simulate",
    "read": "scans.read",
    "inbox": "scans.inbox",
    "cluster": "scans.cluster",
    "receipt": "scans.receipt",
    "batch": "scans.batch",
    "answers": "month.answers",
    "redecide": "scans.redecide",
    "review": "month.review",
    "register": "paper.register",
    "audit": "keeping.audit",
    "period": "month.period",
    "marks": "scans.marks",
    "calibrate": "scans.calibrate",
    "poster": "paper.poster",
    "visits": "month.visits",
    "electronic": "month.electronic",
    "report": "month.report",
    "comments": "month.comments",
    "export": "month.export",
    "bundle": "keeping.bundle",
    "backup": "keeping.backup",
    "restore": "keeping.backup",
    "serve": "keeping.serve",
    "certificate": "keeping.certificate",
    "users": "keeping.users",
    "watch": "scans.watch",
}


class Commands(click.Group):
    """A group whose members are imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which the work is done."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"omr.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return localise(command, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section(say("cli.commands")):
            formatter.write_dl([(name, say(f"help.{name}").splitlines()[0]) for name in COMMANDS])


@click.group(cls=Commands, context_settings={"help_option_names": ASKS_FOR_HELP})
@click.option("--workspace", type=click.Path(file_okay=False), envvar="OMR_WORKSPACE", default=".")
@click.option("--lang", type=click.Choice(LANGUAGES), envvar="OMR_LANG", default="vi")
@click.version_option(package_name="omr")
@click.pass_context
def omr(ctx: click.Context, workspace: str, lang: str) -> None:
    """Read satisfaction slips."""
    choose_language(lang)
    ctx.obj = Session(workspace, ctx.obj)
    if sys.stderr.isatty():
        from omr.steps import told_to

        bar = Bar(sys.stderr)
        ctx.with_resource(told_to(bar))
        ctx.call_on_close(bar.close)


def _hoisted(arguments: list[str]) -> list[str]:
    """Move ``--lang`` and ``--workspace`` to the front: they may stand after any command."""
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word in ("--lang", "--workspace") and queue:
            front += [word, queue.pop(0)]
        elif word.startswith(("--lang=", "--workspace=")):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _language_of(arguments: list[str]) -> None:
    """Choose the language before click parses, so that help and usage errors speak it too."""
    for word, value in zip(arguments, [*arguments, ""][1:], strict=True):
        code = value if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and code in LANGUAGES:
            choose_language(code)


def _one_thread_each() -> None:
    """Keep numpy's algebra to one thread: on matrices as small as ours the others only wait, at full load."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def _workspace_of(arguments: list[str]) -> str:
    """Return where the workspace is, as it was said; for errors that do not say where they happened."""
    for word, value in zip(arguments, [*arguments, ""][1:], strict=True):
        if word.startswith("--workspace"):
            return value if word == "--workspace" else word.partition("=")[2]
    return os.environ.get("OMR_WORKSPACE", ".")


def main(arguments: list[str] | None = None, means: Means | None = None) -> NoReturn:
    """Run the command line, with an office's usual means or others, and exit with its code."""
    _one_thread_each()
    stand_somewhere()
    os.environ["PYTHONSAFEPATH"] = "1"  # our processes import nothing from the folder that one stands in
    prepare()
    words = _hoisted(sys.argv[1:] if arguments is None else arguments)
    _language_of(words)
    for area in ("cli", "outside"):  # when no file can be opened any more, that can still be said
        catalogue(language(), area)
    try:
        code = _code_of(words, means)
    except (KeyboardInterrupt, click.Abort):
        click.echo(say("cli.interrupted"), err=True)
        code = EXIT_FAILED
    except Exception as error:
        log.failure("command_broken", error, command=command_of(words))
        raise
    finally:
        log.end()
    sys.exit(code)


def stand_somewhere() -> None:
    """Leave a folder that is gone, or that this user may not enter: no process could be started from there.

    On a server root types in a folder of its own, and the program runs as the user that owns the register.
    """
    try:
        os.chdir(Path.cwd())
    except OSError:
        os.chdir(os.sep)


def _code_of(words: list[str], means: Means | None) -> int:
    """Run a command and return its exit code; what is refused on purpose is one line."""
    refused: Exception
    try:
        code = localise(omr, "omr").main(args=words, prog_name="omr", standalone_mode=False, obj=means)
        sys.stdout.flush()  # a full disk says so here, not in a traceback after the end
        return code if isinstance(code, int) else EXIT_DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return EXIT_DONE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "omr"
        click.echo(say("cli.usage", detail=usage_text(error), command=command), err=True)
        return EXIT_USAGE
    except BrokenPipeError:  # who listened has heard enough, as in `omr answers | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except (OmrError, click.ClickException) as error:
        refused = error
    except (OSError, MemoryError) as error:
        refused = outside(error, _workspace_of(words))
    log.failure("command_failed", refused, command=command_of(words))
    try:
        said = say("cli.failed", detail=refused)
    except OSError as error:  # not even its sentence can be opened
        said = say("cli.failed", detail=outside(error, _workspace_of(words)))
    click.echo(said, err=True)
    return EXIT_FAILED


def command_of(words: list[str]) -> str | None:
    """Return the command of a line: a word of ours, which may stand in the log."""
    return next((word for word in words if word in COMMANDS), None)
