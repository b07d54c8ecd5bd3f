"""How long a reviewer waits for the picture of a row: the doubtful rows of a workspace, one after the other.

    python bench desks rows WORKSPACE [--most 200]

Prints the median, the 95th percentile and the sum, in ms of the clock, of the first look at each. On a
machine that others use, run it in turns with another version and compare the sums.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
from harness import folder_argument, measurement, table

from desks.load import summary
from omr.records.review.second_reading import doubtful
from omr.records.store.store import Store
from omr.web.frame.pictures import Pictures
from omr.web.review.review import ROW_PX_PER_MM, row_of


@measurement(__doc__)
@folder_argument
@click.option("--most", default=200, show_default=True)
def main(folder: Path, most: int) -> None:
    """Cut out the rows and print the table."""
    pictures = Pictures(folder)
    took: list[float] = []
    pictures.begin()
    with Store.open(folder / "omr.sqlite") as store:
        forms = store.forms
        for item in doubtful(store, lambda reading, question: False)[:most]:
            row = row_of(item, forms)
            started = time.perf_counter()
            pictures.part(store, item.reading, row.area, ROW_PX_PER_MM)
            took.append(1000 * (time.perf_counter() - started))
    table([summary(took) | {"sum": round(sum(took))}])
