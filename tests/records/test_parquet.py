"""The Parquet export, read back by an engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from scanned import Scanner, slip

from omr.errors import OmrError
from omr.forms.serial import Issue
from omr.records.counts.slips import current_slips
from omr.records.month import parquet
from omr.records.store.store import Store


@pytest.fixture
def two_months(scanner: Scanner, issued_run: Callable[..., Issue]) -> None:
    autumn, winter = issued_run(period="2026-11"), issued_run(period="2026-12", unit="PC07")
    first = slip(autumn, 1, B1="4"), slip(autumn, 2, B1="5 4"), slip(autumn, 3, B1="")
    scanner.take_in(scanner.scan("autumn.tif", *first))
    scanner.take_in(scanner.scan("winter.tif", slip(winter, 21), slip(autumn, 4, B10="?")))


def read_back(folder: Path, dataset: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = ds.dataset(folder / dataset, partitioning="hive").to_table().to_pylist()
    return rows


@pytest.mark.usefixtures("two_months")
def test_an_engine_reads_back_what_counts(store: Store, tmp_path: Path) -> None:
    made = parquet.export(store, tmp_path / "lake")
    expected = {one.serial: one for one in current_slips(store)}
    slips = read_back(tmp_path / "lake", "slips")
    assert made.slips == len(slips) == len(expected) == 5
    for row in slips:
        one = expected[str(row["serial"])]
        assert (row["form"], row["unit"], row["period"]) == (one.form, one.unit, one.period)
        assert (row["standing"], row["valid"], row["reason"]) == (one.standing, one.valid, one.reason)
    answers = read_back(tmp_path / "lake", "answers")
    assert made.answers == len(answers) == sum(len(one.answers) for one in expected.values())
    for row in answers:
        answer = expected[str(row["serial"])].answers[str(row["question"])]
        assert (row["state"], row["codes"], row["by"]) == (answer.state, list(answer.codes), answer.by)
        assert row["confidence"] == pytest.approx(answer.confidence)


@pytest.mark.usefixtures("two_months")
def test_a_period_is_replaced_as_a_whole_and_others_stay(store: Store, tmp_path: Path) -> None:
    everything = parquet.export(store, tmp_path)
    before = {file: file.read_bytes() for file in everything.files}
    again = parquet.export(store, tmp_path, period="2026-12")
    assert {file.parent.name for file in again.files} == {"period=2026-12"}
    assert {file: file.read_bytes() for file in sorted(tmp_path.rglob("*.parquet"))} == before


@pytest.mark.usefixtures("two_months")
def test_nothing_half_written_is_left(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OmrError) as caught:
        parquet.export(store, tmp_path / "lake")
    assert str(tmp_path / "lake") in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert not [file for file in (tmp_path / "lake").rglob("*") if file.is_file()]


@pytest.mark.usefixtures("two_months")
def test_more_rows_than_are_held_at_once(store: Store, tmp_path: Path) -> None:
    assert parquet.export(store, tmp_path, held=2).slips == 5
    assert len(read_back(tmp_path, "slips")) == 5
