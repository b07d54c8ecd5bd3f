"""What counts today as Parquet, for engines that read a country: DuckDB, Spark, pandas, ClickHouse.

Two datasets, each with one folder a period, as all of these engines know it::

    slips/period=2026-11/part-0.parquet      a row a returned slip
    answers/period=2026-11/part-0.parquet    a row a question of it; (serial, question) is unique

A period is written again as a whole: its files appear complete or not at all. pyarrow is an
optional extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from omr.errors import OmrError, why
from omr.files import make_folder, put_in_place, remove
from omr.forms.template import Form, Kind
from omr.records.counts.slips import CurrentSlip, current_slips, how_many
from omr.records.store.store import Store
from omr.steps import each

SLIPS_HELD: Final = 20_000  # slips held in memory: some 20 MB; row groups of this size are read in parallel

# Words of few values are kept once a file: an answer costs 2 bytes instead of 30.
_WORD: Final = pa.dictionary(pa.int32(), pa.string())

SLIPS: Final = pa.schema(
    [
        pa.field("serial", pa.string(), nullable=False),
        pa.field("form", _WORD, nullable=False),
        pa.field("fingerprint", _WORD, nullable=False),  # of the form as printed
        pa.field("run", _WORD, nullable=False),
        pa.field("unit", _WORD, nullable=False),
        pa.field("standing", _WORD, nullable=False),  # counts, held, refused, duplicate
        pa.field("valid", pa.bool_(), nullable=False),
        pa.field("reason", _WORD),  # why it is not valid
    ]
)
ANSWERS: Final = pa.schema(
    [
        pa.field("serial", pa.string(), nullable=False),
        pa.field("form", _WORD, nullable=False),
        pa.field("unit", _WORD, nullable=False),
        pa.field("valid", pa.bool_(), nullable=False),  # the slip
        pa.field("question", _WORD, nullable=False),
        pa.field("state", _WORD, nullable=False),  # answered, no_answer, multiple, doubtful
        pa.field("codes", pa.list_(pa.string()), nullable=False),
        pa.field("number", pa.float64()),  # of an answered number, of a rank
        pa.field("day", pa.date32()),  # of an answered date; a month is its first day
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("by", _WORD, nullable=False),  # machine, or the reviewer
    ]
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    slips: int
    answers: int
    files: tuple[Path, ...]


def export(store: Store, target: Path, *, period: str | None = None, held: int = SLIPS_HELD) -> Exported:
    """Write slips and answers below `target`, by period.

    Parameters
    ----------
    target : Path
        A folder; what is there of the same periods is replaced.
    period : str, optional
        Only this one.

    Raises
    ------
    OmrError
        If the disk refuses; then nothing was replaced that was there.
    """
    counts, forms = {"slips": 0, "answers": 0}, store.forms
    files: list[Path] = []
    with _writing(target, files) as writers:
        whole = how_many(store, period=period)
        for slips in _chunks(each("exporting", current_slips(store, period=period), whole), held):
            for when in sorted({slip.period for slip in slips}):
                these = [slip for slip in slips if slip.period == when]
                for dataset, rows in (("slips", _slips(these)), ("answers", _answers(these, forms))):
                    writers.of(dataset, when).write_table(rows)
                    counts[dataset] += rows.num_rows
    return Exported(counts["slips"], counts["answers"], tuple(sorted(files)))


def _chunks(slips: Iterator[CurrentSlip], held: int) -> Iterator[list[CurrentSlip]]:
    chunk: list[CurrentSlip] = []
    for slip in slips:
        chunk.append(slip)
        if len(chunk) == held:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Writers:
    """One open file a dataset and period."""

    def __init__(self, target: Path, open_files: ExitStack) -> None:
        self._target = target
        self._open_files = open_files
        self._writers: dict[tuple[str, str], Any] = {}
        self.parts: list[tuple[Path, Path]] = []  # as it is being written, as it will be

    def of(self, dataset: str, period: str) -> Any:
        key = dataset, period
        if key not in self._writers:
            final = self._target / dataset / f"period={period}" / "part-0.parquet"
            make_folder(final.parent)
            part = final.with_name(f".{final.name}.part")  # engines pass over names with a dot
            self.parts.append((part, final))
            schema = SLIPS if dataset == "slips" else ANSWERS
            file = self._open_files.enter_context(part.open("wb"))  # ours: Arrow hides what the system says
            writer = pq.ParquetWriter(file, schema, compression="zstd")
            self._writers[key] = self._open_files.enter_context(writer)
        return self._writers[key]


@contextmanager
def _writing(target: Path, files: list[Path]) -> Iterator[_Writers]:
    """Put all files in place when all are whole; leave none half written."""
    open_files = ExitStack()
    writers = _Writers(target, open_files)
    try:
        with open_files:
            yield writers
        for part, final in writers.parts:
            put_in_place(part, final)
            files.append(final)
    except OSError as error:
        raise OmrError("parquet.cannot_write", folder=target, detail=why(error)) from error
    finally:
        for part, _ in writers.parts:
            remove(part)


def _slips(slips: list[CurrentSlip]) -> pa.Table:
    rows = [
        {
            "serial": slip.serial,
            "form": slip.form,
            "fingerprint": slip.fingerprint,
            "run": slip.run,
            "unit": slip.unit,
            "standing": slip.standing,
            "valid": slip.valid,
            "reason": slip.reason,
        }
        for slip in slips
    ]
    return pa.Table.from_pylist(rows, SLIPS)


def _answers(slips: list[CurrentSlip], forms: Mapping[str, Form]) -> pa.Table:
    kinds = {mark: {q.key: q.kind for q in form.questions} for mark, form in forms.items()}
    rows = [
        {
            "serial": slip.serial,
            "form": slip.form,
            "unit": slip.unit,
            "valid": slip.valid,
            "question": question,
            "state": answer.state.value,
            "codes": list(answer.codes),
            **_typed(kinds[slip.fingerprint][question], answer.given.valid),
            "confidence": answer.confidence,
            "by": answer.by,
        }
        for slip in slips
        for question, answer in slip.answers.items()
    ]
    return pa.Table.from_pylist(rows, ANSWERS)


def _typed(kind: Kind, codes: tuple[str, ...]) -> dict[str, float | date | None]:
    """Return a value as what it is."""
    value = codes[0] if codes else None
    number = float(value) if value is not None and kind in (Kind.NUMBER, Kind.RANK) else None
    whole = value if value is None or len(value) == len("2026-11-03") else f"{value}-01"
    day = date.fromisoformat(whole) if whole is not None and kind is Kind.DATE else None
    return {"number": number, "day": day}
