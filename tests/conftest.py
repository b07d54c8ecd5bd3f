"""What all tests share: surroundings without surprises, a workspace, the command line."""

from __future__ import annotations

import json
import locale
import logging
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Final

import cv2
import pytest
from hypothesis import HealthCheck, settings

from omr import messages
from omr.cli import main
from omr.means import Means
from omr.records.store.store import Store
from omr.workspace import Workspace

collect_ignore = ["office_pc"]  # loaded by the processes of `test_office_pc.py` alone

# Who forks this process makes workers of its own: the parent's server of processes is no child of it.
os.register_at_fork(after_in_child=forkserver._forkserver.__init__)
cv2.setNumThreads(1)  # tests run one process per core already
# `omr` sets this for its processes; set from the start, no test depends on what ran before it.
os.environ["PYTHONSAFEPATH"] = "1"
# A busy machine is no error, and the gate says the same of the same tree twice: more examples of a law
# are the same ones again the next time. EXAMPLES=1000 looks further.
settings.register_profile(
    "gate",
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("EXAMPLES", "50")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gate")


# The files that take longest, the longest first (`make test` shows what is slow). A worker takes a whole
# file: one of these begun last would leave the other workers with nothing to do until it ends.
# fmt: off
_LONG: Final = [
    "test_month_of_each_role", "test_whole_month", "test_browser", "test_setup_script",
    "test_traced_stack", "test_cluster", "test_three_months", "test_four_months", "test_attack",
    "test_traced", "test_real_server", "test_reader", "test_kill_moments", "test_journeys",
    "test_packaging", "test_audit_export", "test_incidents", "test_reviewers_day", "test_pc_desks",
    "test_batch", "test_decisions", "test_scripts", "test_kinds", "test_killed_desks", "test_demo",
    "test_office_pc",
]
# fmt: on


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, then with those of most tests; within a file as it stands."""
    tests = Counter(item.path for item in items)
    places = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), -tests[item.path]))


@pytest.fixture(autouse=True)
def same_process() -> Iterator[None]:
    """Give the next test the process as this one found it, whatever it changed: the gate knows no order."""
    folder, mask, tongue = Path.cwd(), os.umask(0o022), locale.setlocale(locale.LC_ALL)
    os.umask(mask)
    handlers = {one: signal.getsignal(one) for one in _SIGNALS}
    said, loggers = dict(os.environ), logging.root.manager.loggerDict
    silent = {name: one.disabled for name, one in loggers.items() if isinstance(one, logging.Logger)}
    levels = logging.root.level, logging.root.manager.disable
    yield
    os.chdir(folder)
    os.umask(mask)
    locale.setlocale(locale.LC_ALL, tongue)
    for one, handler in handlers.items():
        if signal.getsignal(one) is not handler and handler is not None:
            signal.signal(one, handler)
    for name in {*said, *os.environ}:
        if os.environ.get(name) != said.get(name) and not name.endswith(_FOR_GOOD):
            os.environ.update({name: said[name]} if name in said else {})
            if name not in said:
                del os.environ[name]
    for name, is_silent in silent.items():
        logging.getLogger(name).disabled = is_silent
    logging.root.setLevel(levels[0])
    logging.disable(levels[1])


_FOR_GOOD: Final = (
    "PYTEST_CURRENT_TEST",
    "_NUM_THREADS",
)  # pytest's own, and what `omr` sets for its process
_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE") if hasattr(signal, name)
]


@pytest.fixture(autouse=True)
def plain_surroundings(same_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests, and no language left by the test before."""
    for name in [name for name in os.environ if name.startswith("OMR_")]:
        monkeypatch.delenv(name)
    messages._chosen.set(None)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A fresh workspace with default settings."""
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture(scope="session")
def new_register(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Workspace], None]:
    """Gives a workspace its register, made once: migrations cost each test 40 ms."""
    made = Workspace.create(tmp_path_factory.mktemp("new") / "workspace")
    with Store.open(made.database):
        pass

    def give(workspace: Workspace) -> None:
        shutil.copytree(made.path, workspace.path, dirs_exist_ok=True)

    return give


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@pytest.fixture
def omr(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run ``omr …`` in this process; arguments may be paths and numbers too."""

    def run(*arguments: object, means: Means | None = None) -> Ran:
        capsys.readouterr()
        messages._chosen.set(None)  # every run of the program starts without a language
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments], means)
        said = capsys.readouterr()
        return Ran(int(end.value.code or 0), said.out, said.err)

    return run
