"""All commands of the program, as its own groups tell them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from omr.cli import omr as program


def commands(
    command: click.Command = program, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and group with its path; the program itself has the empty path."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            assert member is not None, name
            yield from commands(member, (*path, name))
