"""The pages of the benchmark: issued, printed, filled and scanned by seed, kept in a scratch folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omr import simulate
from omr.forms.layout import find_form, lay_out
from omr.forms.loading import load_template
from omr.forms.template import Form, fingerprint
from omr.reading.scan.pages import Depth
from omr.records.offices.units import import_units, read_units, shipped_units
from omr.records.register.register import issue
from omr.records.store import schema
from omr.records.store.store import Store
from omr.simulate.harms import ORDINARY
from omr.simulate.printed import PrintedRun
from omr.simulate.scans import write_scan
from omr.simulate.stacks import Stack, simulate_stacks
from omr.workspace import Workspace

PERIOD: Final = "2023-04"
UNIT: Final = "PC06"
UNITS: Final = "hai-phong-2023"
_A4: Final = Path(__file__).parent / "a4.toml"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of scan, with the most that reading it may cost, in times its own decoding."""

    name: str
    paper: str
    dpi: int
    depth: Depth
    most_clean: float
    most_mixed: float

    def form(self) -> Form:
        """Return the form that is printed."""
        return find_form("DL-01", None) if self.paper == "A5" else lay_out(load_template(_A4), _A4)


KINDS: Final = (
    Kind("a5-200-grey", "A5", 200, Depth.GREY, 3.0, 3.0),
    Kind("a5-300-colour", "A5", 300, Depth.COLOUR, 2.4, 2.4),
    Kind("a4-300-colour", "A4", 300, Depth.COLOUR, 2.0, 2.0),
    Kind("a5-300-bilevel", "A5", 300, Depth.BILEVEL, 2.0, 2.0),
)


@dataclass(frozen=True, slots=True)
class Made:
    """A scanned stack, and the workspace whose register knows its serials."""

    name: str
    scan: Path
    workspace: Path
    pages: int

    def fresh_workspace(self, folder: Path) -> Workspace:
        """Copy the workspace, with nothing read yet, into a folder."""
        target = folder / "workspace"
        shutil.copytree(self.workspace, target)
        return Workspace.open(target)


def default_scratch() -> Path:
    """Return where pages are kept between runs."""
    return Path(os.environ.get("OMR_BENCH_SCRATCH", Path(tempfile.gettempdir()) / "omr-bench"))


def make(kind: Kind, *, mixed: bool, pages: int, seed: int, scratch: Path, workers: int) -> Made:
    """Return a stack of the kind, made now or kept from an earlier run.

    Parameters
    ----------
    mixed : bool
        With what an office's stack shows: folds, stains, skew, pages upside down, dark edges
        (`omr.simulate.harms.ORDINARY`), as in ``omr demo``. Clean pages are filled alike.
    """
    form = kind.form()
    name = f"{kind.name}-{'mixed' if mixed else 'clean'}-{pages}-{seed}-{_digest(form)}"
    folder = scratch / name
    if not folder.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=scratch, prefix=".making-"))
        try:
            run = _issued(form, Workspace.create(part / "workspace"), part / "printed.pdf", pages, seed)
            harm = (ORDINARY,) if mixed else ()
            stack = Stack(run, kind.dpi, kind.depth, seed=seed, harm=harm)
            (scanned,) = simulate_stacks([stack], workers)
            write_scan(scanned, part / "scan.pdf")
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part)
            raise
    return Made(name, folder / "scan.pdf", folder / "workspace", pages)


def _issued(form: Form, workspace: Workspace, target: Path, count: int, seed: int) -> PrintedRun:
    units = shipped_units(UNITS)
    assert units is not None
    with Store.open(workspace.database) as store:
        import_units(store, read_units(units.read_bytes()), by="bench")
        issue(store, form, unit=UNIT, period=PERIOD, count=count, target=target, by="bench", seed=seed)
    return PrintedRun(target, form, count)


def _digest(form: Form) -> str:
    """Return what a stack is made from: the form, the code that fills and scans it, the tables."""
    total = hashlib.sha256(fingerprint(form).encode())
    store = Path(schema.__file__).parent
    for source in [*sorted(Path(simulate.__file__).parent.glob("*.py")), *sorted(store.rglob("*.sql"))]:
        total.update(source.read_bytes())
    return total.hexdigest()[:10]
