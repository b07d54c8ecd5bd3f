"""The monthly report: gather the month from the register, give its figures, write its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from omr.figures import Share
from omr.files import make_folder, write_whole
from omr.forms.surveys import overall_question
from omr.forms.template import VALUES
from omr.messages import choose_language
from omr.records.counts.kept_tallies import tallies_of, told_of_respondents
from omr.records.counts.tallies import GROUPING, Channel, grouping_questions, prints_of
from omr.records.exchange.comments import Comment, commented, comments_of
from omr.records.month.closing import root_of
from omr.records.month.reconcile import Line, reconcile
from omr.records.offices.periods import Period, parse_period
from omr.records.offices.statements import statements_of
from omr.records.offices.surveys import Prints, find_survey, main_survey, surveys_of
from omr.records.offices.units import find_unit, list_units
from omr.records.offices.visits import visits_of
from omr.records.register.register import issued
from omr.records.review.transcripts import Topic
from omr.records.store.store import Store
from omr.reports.figures.breakdowns import Breakdown, breakdowns
from omr.reports.figures.history import closings_told, past_of
from omr.reports.figures.pools import ItemCounts
from omr.reports.figures.questions import Wordings
from omr.reports.figures.statistics import Checking, Month, Opinion, Stock
from omr.reports.tables import tidy
from omr.reports.tables.satisfaction_tables import (
    fields_table,
    questions_table,
    respondents_table,
    units_table,
)
from omr.reports.tables.scale_tables import numbers_table, ranking_tables, scale_tables
from omr.reports.tables.slip_tables import opinions_table, reasons_table, slips_table
from omr.reports.tables.tables import Table
from omr.reports.tables.time_tables import adjustments_table, changes_table, heat_table, trend_table
from omr.trust.audit_sample import assurance_of, statement
from omr.workspace import ReportSettings

FORMATS: Final = ("csv", "xlsx", "docx")

# The report is a Vietnamese document in whichever language the program speaks.
TOPICS: Final = {
    Topic.PRAISE: "Khen, cảm ơn",
    Topic.STAFF: "Thái độ cán bộ",
    Topic.PROCEDURE: "Thủ tục, hồ sơ",
    Topic.WAITING: "Thời gian chờ",
    Topic.PLACE: "Cơ sở vật chất",
    Topic.MONEY: "Phí, lệ phí",
    Topic.COMPLAINT: "Phản ánh, tố cáo",
    Topic.OTHER: "Khác",
    Topic.UNREADABLE: "Không đọc được",
}
UNSORTED: Final = "Chưa phân loại"  # electronic, and nobody gave it a topic yet
PASSED_ON: Final = "(nội dung chuyển theo quy trình tiếp nhận phản ánh, tố cáo)"


def gather(
    store: Store,
    period: str,
    *,
    unit: str | None = None,
    survey: str | None = None,
    settings: ReportSettings | None = None,
) -> Month:
    """Return everything that was counted in a period of one survey, of all units or of one.

    Parameters
    ----------
    survey : str, optional
        Without it, the programme's, or where the office has none of its forms, the first.

    Raises
    ------
    OmrError
        If the period is none, or unit or survey are unknown.
    """
    when = parse_period(period)
    settings = settings or ReportSettings()
    code = find_unit(store, unit).unit if unit else None
    name, prints = find_survey(store, survey)
    counted = tallies_of(store, when.name, unit=code, prints=prints)
    runs = [run for run in issued(store) if run.period == when.name and run.fingerprint in prints]
    told = told_of_respondents(store, when.name, prints)
    strata = counted.tallies.strata | {at for at in told.tallies.strata if code in (None, at.unit)}
    used = {run.fingerprint for run in runs} | {stratum.fingerprint for stratum in strata}
    forms = {form.form for form in prints.values()}
    main = name == main_survey(store)[0]
    lines = [line for line in reconcile(store, when) if line.form in forms or (main and line.form is None)]
    adjusting, closings = closings_told(store, when, prints, code)
    month = Month(
        period=when,
        forms={fingerprint: form for fingerprint, form in prints.items() if fingerprint in used},
        units=tuple(list_units(store)),
        tallies=counted.tallies,
        stock=tuple(_stock(lines)),
        visits=visits_of(store, when.name) if main else {},  # people who came for what the main one asks
        foreign=sum(line.unknown for line in lines if code in (None, line.unit)),
        submitted=frozenset(line.unit for line in lines if line.unit and (line.counted or line.returned)),
        checking=Checking(counted.answers, counted.by_people),
        comments=commented(store, when.name, unit=code, forms=forms),
        opinions=tuple(map(_opinion, comments_of(store, when.name, unit=code, forms=forms))),
        root=root_of(store, when),
        survey=name,
        other_surveys={} if code else _others(store, when.name, name),
        wordings=Wordings(settings.same_questions),
        adjusting=adjusting,
        closings=closings,
        statements=statements_of(store, when.name),
        targets=settings.targets,
        told=told,
    )
    if code is None:
        return month
    return replace(month.only(code), city=_city(store, month, prints), closings=closings)


def _city(store: Store, month: Month, prints: Prints) -> Month:
    """Return what hiding needs of all units: respondents against their overall answer, values."""
    overall = {question.key for form in prints.values() if (question := overall_question(form))}
    grouping = {question.key for form in prints.values() for question in grouping_questions(form)}
    values = {q.key for form in prints.values() for q in form.questions if q.kind in VALUES}
    counted = tallies_of(store, month.period.name, questions=overall | grouping | values, prints=prints)
    used = {stratum.fingerprint for stratum in counted.tallies.strata | month.told.tallies.strata}
    forms = {mark: form for mark, form in prints.items() if mark in used | set(month.forms)}
    return Month(month.period, forms, month.units, counted.tallies, wordings=month.wordings, told=month.told)


def _others(store: Store, period: str, name: str) -> dict[str, tuple[str, ...]]:
    """Return the other surveys that slips came in for, with their forms."""
    known = surveys_of(store)
    there = prints_of(store, period) if len(known) > 1 else set()
    return {
        other: names
        for other, prints in known.items()
        if other != name and (names := tuple(sorted({prints[mark].form for mark in prints if mark in there})))
    }


def month_before(
    store: Store,
    when: Period,
    *,
    unit: str | None = None,
    survey: str | None = None,
    settings: ReportSettings | None = None,
) -> Month:
    """Return what a comparison needs of the month before `when`: its answers, nothing else."""
    settings = settings or ReportSettings()
    name, prints = find_survey(store, survey)
    core = {question.key for form in prints.values() for question in form.questions if question.core}
    counted = tallies_of(store, when.preceding.name, unit=unit, questions=core, prints=prints)
    used = {row.stratum.fingerprint for row in counted.tallies.slips}
    return Month(
        period=when.preceding,
        forms={fingerprint: form for fingerprint, form in prints.items() if fingerprint in used},
        units=tuple(list_units(store)),
        tallies=counted.tallies,
        unit=unit or "",
        survey=name,
        wordings=Wordings(settings.same_questions),
    )


def with_past(store: Store, month: Month) -> Month:
    """Add the months before, for the trend."""
    _, prints = find_survey(store, month.survey)
    return month if month.unit else replace(month, past=past_of(store, month.period, prints))


def audited(store: Store, month: Month) -> Month:
    """Add what the audit by hand showed: all slips of the month are compared with what was drawn."""
    shown = assurance_of(store, month.period, month.survey)
    if shown is None:
        return month

    def in_vietnamese() -> str:
        choose_language("vi")  # in a context of its own: the report is Vietnamese, the program may not be
        return statement(shown)

    checking = replace(month.checking, audit=copy_context().run(in_vietnamese))
    return replace(month, checking=checking)


def _stock(lines: Iterable[Line]) -> Iterator[Stock]:
    for line in lines:
        if line.unit is None or line.form is None:
            continue
        books = line.books
        yield Stock(
            unit=line.unit,
            form=line.form,
            opening=books["opening"],
            received=books["received"],
            returned=line.returned,
            spoiled=line.spoiled,
            in_stock=line.in_stock if line.counted else None,
            missing=line.missing if line.counted else None,
            ranges=tuple(
                f"{first:07}–{last:07}" if last > first else f"{first:07}"
                for run in sorted(line.received_numbers)
                for first, last in line.received_numbers[run]
            ),
            balanced=line.balanced,
            moved=books["moved"],
        )


def _opinion(comment: Comment) -> Opinion:
    complaint = comment.topic is Topic.COMPLAINT
    return Opinion(
        comment.unit,
        comment.form,
        TOPICS[comment.topic] if comment.topic else UNSORTED,
        PASSED_ON if complaint else comment.text,
        complaint,
        comment.channel,
        comment.quoted and not complaint,
    )


def figures(month: Month, smallest: int = tidy.SMALLEST) -> dict[str, object]:
    """Return the month's figures as other programs read them (`omr report --json`).

    Of questions about the respondent there are counts only where Biểu 05 has the same question of one form
    and hides nothing of it: cut by form they would tell what it hides.
    """
    people = breakdowns(month, smallest)
    open_ = {item for one in people if not one.hides_sizes and len(one.items) == 1 for item in one.items}
    paper, whole = month.pool(channel=Channel.PAPER), month.pool()
    return {
        "slips": {
            "issued": sum(line.opening + line.received for line in month.stock),
            "returned": paper.returned,
            "valid": paper.valid,
            "invalid": paper.returned - paper.valid,
            "held": paper.held,  # of the invalid ones: a person may still let them count
        },
        "electronic": {"received": month.pool(channel=Channel.ELECTRONIC).returned},
        "overall": _share(whole.overall),
        "questions": {
            f"{form}/{key}": _item(counts, told=(form, key) in open_)
            for (form, key), counts in whole.items.items()
        },
        "respondents": [_people(breakdown) for breakdown in people],
    }


def _share(share: Share) -> dict[str, int]:
    return {"satisfied": share.part, "answered": share.whole}


def _people(breakdown: Breakdown) -> dict[str, object]:
    """Return a question about the respondent as Biểu 05 has it; null is a hidden cell."""
    groups = [
        {
            "code": group.code,
            "label": group.label,
            "answered": group.slips if isinstance(group.slips, int) else None,
            "satisfied": group.share.part if isinstance(group.share, Share) else None,
        }
        for group in breakdown.groups
    ]
    return {"question": breakdown.question, "field": breakdown.field, "groups": groups}


def _item(counts: ItemCounts, *, told: bool) -> dict[str, object]:
    question = counts.question
    codes = [o.code for o in question.options if o.applies and question.kind not in VALUES]
    if not (told or question.core or question.kind not in GROUPING):
        return {"counts": dict.fromkeys(codes), "satisfied": None, "answered": None}
    satisfied = counts.satisfied if question.core else None
    return {
        "counts": {code: counts.codes.get(code, 0) for code in codes},
        "satisfied": satisfied,
        "answered": counts.answered,
    }


def annex(month: Month, before: Month | None, settings: ReportSettings) -> tuple[Table, ...]:
    """Return Biểu 01 to 07 and those of 08 to 13 in which there is something to say."""
    tables: tuple[Table, ...] = (
        slips_table(month),
        units_table(month, before),
        fields_table(month, before),
        questions_table(month),
        respondents_table(month, settings),
        reasons_table(month),
        opinions_table(month),
        *scale_tables(month),
        *numbers_table(month, settings.smallest_cell),
        *ranking_tables(month),
    )
    if month.unit or not month.pool().overall.whole:
        return tables
    more = [heat_table(month, settings)]
    if before is not None and before.pool().overall.whole:
        more.append(changes_table(month, before, settings))
    if month.past:
        more.append(trend_table(month))
    if len(month.closings) > 1:
        more.append(adjustments_table(month))
    return (*tables, *more)


def write_lead_annex(store: Store, month: Month, folder: Path) -> Path:
    """Write what the reconciliation and the signals found, for the lead only."""
    from omr.reports.document.lead_annex import lead_annex
    from omr.trust.signals import find_signals
    from omr.trust.unit_months import unit_months

    lines = reconcile(store, month.period)
    runs = {run.run: run for run in issued(store)}
    striking = [s for s in find_signals(unit_months(store, month.period, survey=month.survey)) if s.striking]

    def in_vietnamese() -> bytes:
        choose_language("vi")
        return lead_annex(month, lines, runs, striking)

    make_folder(folder)
    file = folder / f"phu-luc-lanh-dao-{month.period.name}.docx"
    write_whole(file, copy_context().run(in_vietnamese))
    return file


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report is made."""

    unit: str | None = None
    survey: str | None = None
    formats: Collection[str] = FORMATS
    lead: bool = False  # with the annex of findings, for the lead only


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written."""

    month: Month
    files: tuple[Path, ...]
    annexes: tuple[Path, ...]  # for the lead only


def make_report(
    store: Store,
    when: Period,
    folder: Path,
    settings: ReportSettings,
    wanted: Wanted = Wanted(),
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Count a month and write its report: what the command line and the desks both do.

    Parameters
    ----------
    seen : callable
        Gets how many of the steps are done, and how many there are.
    """
    steps = 4
    seen(0, steps)
    unit, survey = wanted.unit, wanted.survey
    month = gather(store, when.name, unit=unit, survey=survey, settings=settings)
    seen(1, steps)
    before = month_before(store, when, unit=unit, survey=survey, settings=settings)
    if "docx" in wanted.formats:
        month = audited(store, month)
    month = with_past(store, month)
    seen(2, steps)
    annexes = (write_lead_annex(store, month, folder),) if wanted.lead else ()
    seen(3, steps)
    files = write(month, before, folder, wanted.formats, settings)
    seen(4, steps)
    return Report(month, tuple(files), annexes)


def write(
    month: Month, before: Month | None, folder: Path, formats: Collection[str], settings: ReportSettings
) -> list[Path]:
    """Write the report's files into `folder` and return their paths; old files of the same name go."""
    make_folder(folder)
    name = "-".join(filter(None, (month.period.name, month.unit)))
    files: dict[str, bytes] = {}
    if "csv" in formats:
        separator = settings.csv_separator
        files[f"so-lieu-{name}.csv"] = tidy.as_csv(
            tidy.COUNTS, tidy.count_rows(month, settings.smallest_cell), separator
        )
        files[f"chi-tieu-{name}.csv"] = tidy.as_csv(tidy.FIGURES, tidy.figure_rows(month), separator)
        files["tu-dien-du-lieu.csv"] = tidy.as_csv(tidy.DICTIONARY, tidy.dictionary_rows(), separator)
    tables = annex(month, before, settings)
    # What draws and writes these takes two seconds to load, and the desks start without it.
    if "xlsx" in formats:
        from omr.reports.workbook import workbook

        files[f"bieu-{name}.xlsx"] = workbook(month, tables, settings.smallest_cell)
    if "docx" in formats:
        from omr.reports.document.document import document

        files[f"bao-cao-{name}.docx"] = document(month, before, tables, settings)
    for file, content in files.items():
        write_whole(folder / file, content)
    return [folder / file for file in files]
