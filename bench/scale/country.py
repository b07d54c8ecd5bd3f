"""Ten million slips of 34 provinces in Parquet, and what asking them takes.

    python bench scale country DIR --slips 10000000   as `omr export` of each province writes them
    python bench scale ask-country DIR                  the queries of docs/country.md: seconds, and right?

Schema and layout are those of `omr/records/month/parquet.py`; what the rows say is drawn at
random, and counted while it is written. `ask` holds what the engine answers to those counts, one by one.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from harness import ROOT, folder_argument, measurement, seed_option

from omr.records.month.parquet import ANSWERS, SLIPS, SLIPS_HELD

PERIOD: Final = "2026-11"
COUNTS: Final = "counts.json"
QUESTIONS: Final = ("A1", "A2", "A5", "A6", *(f"B{number}" for number in range(1, 11)))
LEVELS: Final = np.array(["1", "2", "3", "4", "5"])
SHARES: Final = (0.01, 0.03, 0.08, 0.33, 0.55)
STATES: Final = np.array(["answered", "no_answer", "multiple"])
OF_STATES: Final = (0.97, 0.02, 0.01)
INVALID: Final = 0.02
BY_PEOPLE: Final = 0.005
UNITS: Final = 120


@measurement(__doc__)
@folder_argument
@click.option("--slips", default=10_000_000, show_default=True)
@click.option("--provinces", default=34, show_default=True)
@seed_option
def make(folder: Path, slips: int, provinces: int, seed: int) -> None:
    """Write all provinces, and beside them what they hold."""
    started, used = time.perf_counter(), time.process_time()
    counts = {}
    for place in range(provinces):
        own = slips * (place + 1) // provinces - slips * place // provinces
        rng = np.random.default_rng([seed, place])
        name = f"P{place + 1:02}"
        counts[name] = _province(folder / "country" / f"province={name}", own, rng)
    (folder / COUNTS).write_text(json.dumps(counts), "utf-8")
    size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    print(
        f"{slips} slips, {slips * len(QUESTIONS)} answers, {size / 1e9:.2f} GB: "
        f"{time.process_time() - used:.0f} s CPU, {time.perf_counter() - started:.0f} s"
    )


def _province(folder: Path, slips: int, rng: np.random.Generator) -> dict[str, object]:
    """Write one province and return what it holds."""
    levels = np.zeros((len(QUESTIONS), len(LEVELS)), int)
    valid_slips = by_people = 0
    with _writer(folder, "slips", SLIPS) as of_slips, _writer(folder, "answers", ANSWERS) as of_answers:
        for first in range(0, slips, SLIPS_HELD):
            count = min(SLIPS_HELD, slips - first)
            serials = np.char.add("126", np.char.zfill(np.arange(first, first + count).astype(str), 12))
            units = np.char.add("X", np.char.zfill(rng.integers(0, UNITS, count).astype(str), 3))
            valid = rng.random(count) >= INVALID
            of_slips.write_table(_slips(serials, units, valid))
            state = rng.choice(len(STATES), (count, len(QUESTIONS)), p=OF_STATES)
            level = rng.choice(len(LEVELS), (count, len(QUESTIONS)), p=SHARES)
            people = rng.random((count, len(QUESTIONS))) < BY_PEOPLE
            of_answers.write_table(_answers(serials, units, valid, state, level, people, rng))
            counted = valid[:, None] & (state == 0)
            for question in range(len(QUESTIONS)):
                levels[question] += np.bincount(level[counted[:, question], question], minlength=len(LEVELS))
            valid_slips += int(valid.sum())
            by_people += int((people & valid[:, None]).sum())
    said = {key: row.tolist() for key, row in zip(QUESTIONS, levels, strict=True)}
    return {"slips": slips, "valid": valid_slips, "by_people": by_people, "levels": said}


def _writer(folder: Path, dataset: str, schema: pa.Schema) -> pq.ParquetWriter:
    file = folder / dataset / f"period={PERIOD}" / "part-0.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    return pq.ParquetWriter(file, schema, compression="zstd")


def _words(values: np.ndarray, words: np.ndarray) -> pa.Array:
    """Return words by their places."""
    return pa.DictionaryArray.from_arrays(
        pa.array(values.astype(np.int32)), pa.array(words.tolist(), pa.string())
    )


def _same(word: str, count: int) -> pa.Array:
    return _words(np.zeros(count, int), np.array([word]))


def _slips(serials: np.ndarray, units: np.ndarray, valid: np.ndarray) -> pa.Table:
    count = len(serials)
    columns = {
        "serial": pa.array(serials.tolist(), pa.string()),
        "form": _same("DL-01", count),
        "fingerprint": _same("0" * 64, count),
        "run": _same("R0001", count),
        "unit": pa.array(units.tolist(), pa.string()).dictionary_encode(),
        "standing": _same("counts", count),
        "valid": pa.array(valid),
        "reason": pa.array([None if one else "KHL1" for one in valid], pa.string()).dictionary_encode(),
    }
    return pa.table(columns).cast(SLIPS)


def _answers(
    serials: np.ndarray,
    units: np.ndarray,
    valid: np.ndarray,
    state: np.ndarray,
    level: np.ndarray,
    people: np.ndarray,
    rng: np.random.Generator,
) -> pa.Table:
    each, rows = len(QUESTIONS), state.size
    answered = (state == 0).ravel()
    ends = np.concatenate([[0], np.cumsum(answered)]).astype(np.int32)
    codes = pa.array(LEVELS[level.ravel()[answered]].tolist(), pa.string())
    columns = {
        "serial": pa.array(np.repeat(serials, each).tolist(), pa.string()),
        "form": _same("DL-01", rows),
        "unit": pa.array(np.repeat(units, each).tolist(), pa.string()).dictionary_encode(),
        "valid": pa.array(np.repeat(valid, each)),
        "question": _words(np.tile(np.arange(each), len(serials)), np.array(QUESTIONS)),
        "state": _words(state.ravel(), STATES),
        "codes": pa.ListArray.from_arrays(pa.array(ends), codes),
        "number": pa.nulls(rows, pa.float64()),
        "day": pa.nulls(rows, pa.date32()),
        "confidence": pa.array(rng.uniform(0.9, 1.0, rows).round(4).astype(np.float32)),
        "by": _words(people.ravel().astype(int), np.array(["machine", "lan"])),
    }
    return pa.table(columns).cast(ANSWERS)


@measurement()
@folder_argument
def ask(folder: Path) -> None:
    """Put the documented queries to a country, time them, and compare what they answer."""
    page = (ROOT / "docs" / "country.md").read_text("utf-8")
    views, *queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    own = json.loads((folder / COUNTS).read_text("utf-8"))
    with closing(duckdb.connect()) as engine:
        engine.execute(views.replace("'country/", f"'{folder.resolve().as_posix()}/country/"))
        answered = []
        for number, query in enumerate(queries, 1):
            started, used = time.perf_counter(), time.process_time()
            answered.append(engine.execute(query).fetchall())
            clock, cpu = time.perf_counter() - started, time.process_time() - used
            print(f"question {number}: {len(answered[-1]):5} rows, {cpu:5.1f} s CPU, {clock:5.1f} s")
    slips, levels, shares, country, decided = answered
    right = {name: [made["slips"], made["valid"]] for name, made in own.items()}
    assert {name: [slips, valid] for name, _, slips, _, valid in slips} == right
    asked = {(name, question, code): slips for name, _, _, question, code, slips in levels}
    assert asked == {
        (name, question, code): count
        for name, made in own.items()
        for question, row in made["levels"].items()
        for code, count in zip(LEVELS.tolist(), row, strict=True)
        if count
    }
    good = {name: (sum(made["levels"]["B10"][3:]), sum(made["levels"]["B10"])) for name, made in own.items()}
    assert {name: (part, whole) for name, _, part, whole, _ in shares} == good
    assert {name: whole for name, _, whole, _ in country} == {
        **{name: whole for name, (_, whole) in good.items()},
        "all": sum(whole for _, whole in good.values()),
    }
    assert {name: people for name, _, people in decided} == {
        name: made["by_people"] for name, made in own.items()
    }
    print(f"all {sum(map(len, answered))} rows are those that {len(own)} provinces counted themselves")
