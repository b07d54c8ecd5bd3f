"""A printed run becomes a scanned stack: respondents fill it, one scanner scans it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
from pydantic import BaseModel, ConfigDict, ValidationError

from omr.errors import OmrError, why
from omr.forms.entries import fault_of
from omr.forms.serial import parse_serial
from omr.forms.template import VALUES, Form, Kind, Question
from omr.messages import say
from omr.reading.scan.pages import Depth
from omr.simulate.harms import ORDINARY, ordinary_harms
from omr.simulate.printed import PrintedRun, printed_pages, serial_of, toner
from omr.simulate.respondents import CROWDS, fill, fill_as_told
from omr.simulate.scanner import Machine, everyday_machine
from omr.simulate.slips import LEAST_DRAWN_DPI, Picture, Truth, simulate_page, streams
from omr.steps import each
from omr.tables_in import decoded
from omr.toml_in import what_is_wrong

_CHUNK: Final = 8  # pages that a worker takes at once


class _ToldPage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    page: int | None = None
    serial: str | None = None
    answers: dict[str, list[str]]


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore")

    pages: list[_ToldPage]


@dataclass(frozen=True, slots=True)
class Stack:
    """What to simulate: which pages of a run, by whom they are filled, how they are scanned."""

    run: PrintedRun
    dpi: int
    depth: Depth
    seed: int
    harm: tuple[str, ...] = ()  # of every page
    harm_on: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # of single pages
    feeding: int = 0  # which time these sheets go through the scanner
    crowd: str = "everyday"
    pages: tuple[int, ...] = ()  # counted from 1; none means all
    told: Mapping[int | str, Mapping[str, Sequence[str]]] = field(default_factory=dict)  # by page or serial

    @property
    def numbers(self) -> tuple[int, ...]:
        """The pages in their order."""
        return self.pages or tuple(range(1, self.run.pages + 1))

    def machine(self) -> Machine:
        """Return the scanner that scans the whole stack."""
        return everyday_machine(self.depth, self.dpi, streams(self.seed, 0)[3])


def read_answers(file: Path, form: Form) -> dict[int | str, dict[str, list[str]]]:
    """Read answers to be drawn, in the form of the truth: by serial where one is given, else by page.

    Raises
    ------
    OmrError
        If the file is not such JSON, or names a question or option that the form does not have.
    """
    try:
        said = _Told.model_validate(json.loads(decoded(file.read_bytes(), file.name)))
    except OSError as error:
        raise OmrError("sheet.unreadable", file=file.name, detail=why(error)) from error
    except ValidationError as error:
        raise OmrError("simulate.bad_answers", file=file, detail=what_is_wrong(error)) from error
    except (OmrError, json.JSONDecodeError, RecursionError) as error:  # no text, no JSON, or far too deep
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        detail = say("simulate.no_json", line=line, column=column)
        raise OmrError("simulate.bad_answers", file=file, detail=detail) from error
    asked = {question.key: question for question in form.questions if question.kind is not Kind.TEXT}
    answers: dict[int | str, dict[str, list[str]]] = {}
    for place, page in enumerate(said.pages, start=1):
        for key, codes in page.answers.items():
            if codes and (key not in asked or not _can_say(asked[key], codes)):
                raise OmrError("simulate.no_such_answer", file=file, question=key, codes=", ".join(codes))
        answers[str(parse_serial(page.serial)) if page.serial else page.page or place] = page.answers
    return answers


def _can_say(question: Question, codes: Sequence[str]) -> bool:
    if question.kind in VALUES:
        return len(codes) == 1 and fault_of(question, codes[0]) is None
    return set(codes) <= {option.code for option in question.options}


def simulate_stack(stack: Stack) -> Iterator[tuple[Picture, Truth]]:
    """Simulate a stack's pages in this process, in their order."""
    return each("simulating", _some(stack, stack.numbers), len(stack.numbers))


def simulate_stacks(stacks: Sequence[Stack], workers: int) -> Iterator[list[tuple[Picture, Truth]]]:
    """Simulate several stacks in worker processes: one list per stack, in order.

    The result does not depend on the number of workers.
    """
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_alone) as pool:
        coming = [
            [
                pool.submit(_some_at_once, stack, stack.numbers[i : i + _CHUNK])
                for i in range(0, len(stack.numbers), _CHUNK)
            ]
            for stack in stacks
        ]
        for chunks in coming:
            yield [page for chunk in chunks for page in chunk.result()]


def _alone() -> None:
    cv2.setNumThreads(1)


def _some_at_once(stack: Stack, numbers: tuple[int, ...]) -> list[tuple[Picture, Truth]]:
    return list(_some(stack, numbers))


def _some(stack: Stack, numbers: tuple[int, ...]) -> Iterator[tuple[Picture, Truth]]:
    form, machine, crowd = stack.run.form, stack.machine(), CROWDS[stack.crowd]
    dpi = max(stack.dpi, LEAST_DRAWN_DPI)
    for number, render in printed_pages(stack.run, numbers, dpi, colour=stack.depth is Depth.COLOUR):
        questionnaire, page = divmod(number - 1, form.sides)
        respondent = streams(stack.seed, questionnaire * form.sides + 1)[0]  # one hand for all its pages
        _, ink, wear, feeding = streams(stack.seed, number, stack.feeding)
        printed = page < form.pages
        serial = serial_of(render, form, dpi, number) if printed else ""
        told = stack.told.get(serial, stack.told.get(number)) if stack.told else None
        slip = fill(form, crowd, respondent) if told is None else fill_as_told(form, told, crowd, respondent)
        shown = form.page(page + 1) if printed else replace(form, questions=(), art=(), further=())
        harm = ordinary_harms(wear) if ORDINARY in stack.harm else ()
        wanted = (*stack.harm, *stack.harm_on.get(number, ()))
        harm += tuple(name for name in wanted if name != ORDINARY and name not in harm)
        yield simulate_page(
            toner(render, wear) if printed else render,
            dpi,
            shown,
            slip.on(shown) if form.pages > 1 else slip,
            machine,
            serial=serial,
            page=number,
            harm=harm if printed else (),
            ink=ink,
            wear=wear,
            feeding=feeding,
        )
