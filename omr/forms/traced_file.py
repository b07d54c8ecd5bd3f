"""Write the file of a traced form: what a person then reads, corrects and confirms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omr.forms.traced import TracedForm
from omr.messages import say


@dataclass(frozen=True, slots=True)
class ProposedForm:
    """What is written, before anybody looked at it; boxes are left, top, right, bottom in px of the print."""

    form: str
    title: str
    field: str
    survey: str
    language: str
    revision: str
    print: str
    sha256: str
    learned: str
    identify: str
    dpi: float
    size: tuple[int, int]
    questions: Sequence[Sequence[tuple[int, tuple[float, float, float, float]]]]  # kind and box of options
    texts: Sequence[str] = ()  # of the questions, where they are known
    labels: Sequence[Sequence[str]] = ()  # of their options
    several: Sequence[bool] = ()  # whether more than one may be marked


def toml_of(proposed: ProposedForm, *, picture: str) -> str:
    """Return the text of the file, which says itself what to do with it."""
    return "\n".join(_lines(proposed, picture)) + "\n"


def _lines(proposed: ProposedForm, picture: str) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in say("trace.file_head", picture=picture).splitlines())
    yield 'kind = "traced"'
    yield f"confirmed = false  # {say('trace.file_confirmed')}"
    for name in ("form", "revision", "language", "title", "field", "survey"):
        yield f"{name} = {_text(getattr(proposed, name))}"
    yield f"identify = {_text(proposed.identify)}  # {say('trace.file_identify')}"
    yield f"print = {_text(proposed.print)}"
    yield f"sha256 = {_text(proposed.sha256)}"
    yield f"learned = {_text(proposed.learned)}"
    yield f"dpi = {proposed.dpi:.2f}"
    yield f"size = [{proposed.size[0]}, {proposed.size[1]}]"
    kind = None
    for number, question in enumerate(proposed.questions, start=1):
        if question[0][0] != kind:
            kind = question[0][0]
            yield f"\n# {say('trace.file_kind', kind=kind)}"
        yield ""
        yield "[[question]]"
        yield f'key = "Q{number}"'
        yield f"text = {_text(proposed.texts[number - 1] if proposed.texts else '')}"
        several = proposed.several[number - 1] if proposed.several else len(question) == 1
        yield f"kind = {_text('multiple' if several else 'single')}"
        yield "option = ["
        for place, (_, box) in enumerate(question, start=1):
            sides = ", ".join(f"{side:.1f}" for side in box)
            label = _text(proposed.labels[number - 1][place - 1] if proposed.labels else "")
            yield f'  {{ code = "{place}", label = {label}, satisfied = false, box = [{sides}] }},'
        yield "]"


def confirmed_toml(told: TracedForm) -> str:
    """Return the text of a traced form's file as a person left it."""
    return "\n".join(_told_lines(told)) + "\n"


def _told_lines(told: TracedForm) -> Iterator[str]:
    yield 'kind = "traced"'
    yield f"confirmed = {'true' if told.confirmed else 'false'}"
    for name in ("form", "revision", "language", "title", "field", "survey", "identify", "print", "sha256"):
        yield f"{name} = {_text(getattr(told, name))}"
    yield f"learned = {_text(told.learned)}"
    yield f"dpi = {told.dpi:.2f}"
    yield f"size = [{told.size[0]}, {told.size[1]}]"
    for question in told.question:
        yield ""
        yield "[[question]]"
        for name in ("key", "text", "kind", "factor"):
            yield f"{name} = {_text(getattr(question, name))}"
        for name in ("core", "overall"):
            yield f"{name} = {'true' if getattr(question, name) else 'false'}"
        yield "option = ["
        for option in question.option:
            sides = ", ".join(f"{side:.1f}" for side in option.box)
            words = f"code = {_text(option.code)}, label = {_text(option.label)}"
            satisfied = "true" if option.satisfied else "false"
            yield f"  {{ {words}, satisfied = {satisfied}, box = [{sides}] }},"
        yield "]"


def _text(value: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's, too."""
    return json.dumps(value, ensure_ascii=False)
