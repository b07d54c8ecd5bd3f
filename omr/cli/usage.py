"""What is wrong with a command line, in the reader's language: click's own sentences are English."""

from __future__ import annotations

import click

from omr.messages import say


def usage_text(error: click.UsageError) -> str:
    """Return what was wrong and what is expected; what is not known here stays as click says it."""
    if isinstance(error, click.MissingParameter):
        return say("usage.missing", name=_name(error))
    if isinstance(error, click.NoSuchOption):
        near = ", ".join(sorted(error.possibilities or ()))
        text = say("usage.no_option", name=error.option_name)
        return f"{text} {say('usage.near', near=near)}" if near else text
    if isinstance(error, click.BadParameter):
        return _bad_parameter(error)
    if isinstance(error, click.BadOptionUsage):
        return say("usage.no_value", name=error.option_name)
    words = error.message.split("'")
    if error.message.startswith("No such command") and len(words) > 1:
        return say("usage.no_command", name=words[1])
    if error.message.startswith("Got unexpected extra argument"):
        return say(
            "usage.too_many", words=error.message.partition("(")[2].rpartition(")")[0].removeprefix("s) (")
        )
    if error.message.startswith("Missing command"):
        return say("usage.no_command_given")
    return error.format_message()


def _name(error: click.BadParameter) -> str:
    hint = error.param_hint
    if isinstance(hint, str):
        return hint
    if error.param is not None and error.ctx is not None:
        hint = error.param.get_error_hint(error.ctx)
    return str(hint or "?").strip("'\"")


def _bad_parameter(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    said = error.message
    quoted = said.split("'")[1] if said.count("'") >= 2 else said.split(" ")[0]
    if isinstance(kind, click.Choice):
        choices = ", ".join(map(str, kind.choices))
        said = say("usage.one_of", value=quoted, choices=choices)
    elif isinstance(kind, click.IntRange | click.FloatRange) and "is not in the range" in said:
        value = said.split(" ")[0]
        if kind.max is None:
            said = say("usage.too_small", value=value, least=kind.min)
        elif kind.min is None:
            said = say("usage.too_large", value=value, most=kind.max)
        else:
            said = say("usage.range", value=value, least=kind.min, most=kind.max)
    elif said.endswith(("is not a valid integer.", "is not a valid integer range.")):
        said = say("usage.whole", value=quoted)
    elif said.endswith(("is not a valid float.", "is not a valid float range.")):
        said = say("usage.number", value=quoted)
    elif isinstance(kind, click.Path):
        for words, key in (
            ("does not exist", "usage.no_path"),
            ("is a directory", "usage.is_folder"),
            ("is a file", "usage.is_file"),
            ("is not readable", "usage.not_readable"),
            ("is not writable", "usage.not_writable"),
        ):
            if words in said:
                said = say(key, path=quoted)
                break
    return say("usage.bad", name=_name(error), said=said)
