"""Tidy data as CSV: counts, figures, and a dictionary of every column.

UTF-8 with a byte order mark, so that Excel shows the letters right; text that a
spreadsheet would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from importlib import resources
from typing import Final, Literal

from omr.figures import Share
from omr.forms.template import VALUES
from omr.records.counts.tallies import Channel, grouping_questions
from omr.reports.figures.breakdowns import breakdowns
from omr.reports.figures.pools import Pool
from omr.reports.figures.statistics import Month
from omr.words import AnswerState

Value = str | int | Decimal | None
Separator = Literal[",", ";"]

COUNTS: Final = (
    "period", "unit", "unit_name", "field", "form", "revision", "channel", "question", "question_text",
    "factor", "state", "option", "option_label", "satisfied", "slips",
)  # fmt: skip
SMALLEST: Final = 5
HIDDEN: Final = "hidden"  # in place of a state: a small cell
FIGURES: Final = (
    "period", "unit", "field", "form", "question", "factor", "channel", "measure", "counted", "n", "N",
    "percent", "low95", "high95",
)  # fmt: skip
DICTIONARY: Final = ("file", "column", "meaning_vi", "meaning_en")


def count_rows(month: Month, smallest: int = SMALLEST) -> Iterator[tuple[Value, ...]]:
    """Yield the counts, one row per unit, form, channel, question and option (or state without one).

    Questions about the respondent, cut so fine, would point at people: they stand below, as Biểu 05
    shows them, cells of 1 to `smallest` - 1 slips and what would give them away without a number.
    """
    names = month.names
    for stratum, pool in sorted(month.pools.items()):
        form = month.forms[stratum.fingerprint]
        place = (month.period.name, stratum.unit, names.get(stratum.unit, ""), form.field, form.form)
        for counts in pool.items.values():
            question = counts.question
            if question in grouping_questions(form):
                continue
            about = (*place, form.revision, stratum.channel, question.key, question.text, question.factor)
            for state, slips in sorted(counts.states.items()):
                if state is not AnswerState.ANSWERED or not question.options or question.kind in VALUES:
                    yield *about, state, "", "", None, slips
            for option in () if question.kind in VALUES else question.options:
                if not option.applies:  # counted as a state
                    continue
                satisfied = int(option.satisfied) if question.core else None
                slips = counts.codes.get(option.code, 0)
                yield *about, AnswerState.ANSWERED, option.code, option.label, satisfied, slips
    yield from _group_rows(month, smallest)


def _group_rows(month: Month, smallest: int) -> Iterator[tuple[Value, ...]]:
    """Yield the slips with an overall answer of each group of respondents."""
    unit = month.unit
    for breakdown in breakdowns(month, smallest):
        about = (month.period.name, unit, month.names.get(unit, ""), breakdown.field, "", "", "")
        for group in breakdown.groups:
            slips = group.slips if isinstance(group.slips, int) else None
            said = AnswerState.ANSWERED if group.code else AnswerState.NO_ANSWER
            state = HIDDEN if slips is None else said
            words = (breakdown.question, breakdown.text, "", state, group.code, group.label, None)
            yield *about, *words, slips


def figure_rows(month: Month) -> Iterator[tuple[Value, ...]]:
    """Yield the figures, each with n and N and what they count: slips, answers, visits."""
    yield from _pool_rows(month.pool(), (month.period.name, "", ""), "")
    for channel in Channel:
        yield from _pool_rows(month.pool(channel=channel), (month.period.name, "", ""), channel)
    for field in month.fields:
        yield from _pool_rows(month.pool(field=field), (month.period.name, "", field), "")
    for unit in month.reporting:
        yield from _pool_rows(month.pool(unit), (month.period.name, unit, ""), "")
    for unit in ("", *month.reporting):
        place = (month.period.name, unit, "", "", "", "", Channel.PAPER)
        yield *place, "participation", "visits", *_share(month.participation(unit or None))
        yield *place, "return_rate", "slips", *_share(month.return_rate(unit or None))


def _pool_rows(pool: Pool, place: tuple[str, str, str], channel: str) -> Iterator[tuple[Value, ...]]:
    period, unit, field = place
    whole = (period, unit, field, "", "", "", channel)
    yield *whole, "overall", "slips", *_share(pool.overall)
    yield *whole, "by_answers", "answers", *_share(pool.by_answers)
    yield *whole, "throughout", "slips", *_share(pool.throughout)
    yield *whole, "validity", "slips", *_share(pool.validity)
    for factor, share in pool.factors.items():
        yield period, unit, field, "", "", factor, channel, "factor", "answers", *_share(share)
    for (form, question), counts in pool.items.items():
        if counts.question.core:
            place_of = (period, unit, field, form, question, counts.question.factor, channel)
            yield *place_of, "question", "slips", *_share(counts.share)


def _share(share: Share) -> tuple[int, int, Value, Value, Value]:
    low, high = share.interval() or (None, None)
    return share.part, share.whole, share.percent(), low, high


def dictionary_rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield file, column, what it means in Vietnamese and in English."""
    text = resources.files("omr.reports").joinpath("dictionary.toml").read_text("utf-8")
    meanings = tomllib.loads(text)
    for file, columns in (("counts", COUNTS), ("figures", FIGURES)):
        for column in columns:
            yield file, column, meanings[column]["vi"], meanings[column]["en"]


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Value]], separator: Separator = ",") -> bytes:
    """Write rows as RFC 4180 has them, with a byte order mark.

    Decimals are written with a point beside commas and with a comma beside semicolons:
    what the regional settings expect whose Excel opens that separator.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value, separator) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value: Value, separator: Separator) -> str | int:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return str(value).replace(".", "," if separator == ";" else ".")
    if isinstance(value, str):
        return harmless(value)
    return value


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> harmless("=HYPERLINK(A1)"), harmless("Hài lòng")
    ("'=HYPERLINK(A1)", 'Hài lòng')
    """
    flat = text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
    return f"'{flat}" if flat.lstrip().startswith(("=", "+", "-", "@")) else flat
