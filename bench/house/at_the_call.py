"""A pytest plugin that tries every mutant at the moment a test is called, each in a forked child.

Fixtures are set up once a test, not once a mutant; only mutants of functions that the test reaches are
tried, and only those that no test before has killed. A mutant is killed by a test that fails with it
and passes without it afterwards (looked at once for ten of them): a test that does not bear being
called again kills nothing. What the child did to the test's folder is undone in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

PLAIN: Final = ""  # no mutant: the program as it is
REACHED: Final = "stats"  # mutmut's word for writing down which functions are called
# Of one call: so many times the CPU of the plain one and the seconds more, then it is an endless loop. By the
# wall only what sleeps for ever ends: a busy machine kills no mutant.
TIMES, MORE_S, WALL_S = 20, 3, 900
CPU_S = 60  # of the plain one
PASSED, FAILED = 0, 1
AT_ONCE: Final = 10


class AtTheCall:
    """Tries mutants and keeps the results in a file, so that a run goes on where it stopped."""

    def __init__(self, mutants: Mapping[str, str], kept: Path) -> None:
        self.functions = mutants  # mutant -> the function it is one of
        self.kept = kept
        found = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        self.killed: dict[str, str] = found.get("killed", {})  # by which test
        self.tried: dict[str, list[str]] = found.get("tried", {})  # by test: what it did not kill

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> None:
        """Try what is left of the mutants; pytest then calls the test itself."""
        names = pyfuncitem._fixtureinfo.argnames
        arguments = {name: pyfuncitem.funcargs[name] for name in names}
        folder = pyfuncitem.funcargs.get("tmp_path")
        before = _contents(folder)

        def call(mutant: str, cpu_s: float = CPU_S) -> Ended:
            ended = _in_a_child(lambda: pyfuncitem.obj(**arguments), mutant, int(cpu_s))
            _put_back(folder, before)
            return ended

        # Twice, as what is cached at the first call is not called at the second.
        first, second = call(REACHED), call(REACHED)
        if (first.how, second.how) != (PASSED, PASSED):
            print(f"{pyfuncitem.nodeid}: does not bear being called again", flush=True)
            return
        most_s = TIMES * max(first.cpu_s, second.cpu_s) + MORE_S
        done = self.tried.setdefault(pyfuncitem.nodeid, [])
        left = [
            mutant
            for mutant, function in self.functions.items()
            if function in first.called | second.called and mutant not in self.killed and mutant not in done
        ]
        for at in range(0, len(left), AT_ONCE):
            some = left[at : at + AT_ONCE]
            failed = [mutant for mutant in some if call(mutant, most_s).how != PASSED]
            if failed and call(PLAIN).how != PASSED:
                print(f"{pyfuncitem.nodeid}: does not bear being called again", flush=True)
                break
            done += [mutant for mutant in some if mutant not in failed]
            self.killed |= dict.fromkeys(failed, pyfuncitem.nodeid)
            self._keep()
        self._keep()

    def _keep(self) -> None:
        text = json.dumps({"killed": self.killed, "tried": self.tried}, indent=0)
        self.kept.with_suffix(".new").write_text(text, "utf-8")
        self.kept.with_suffix(".new").replace(self.kept)


class Ended(NamedTuple):
    """How a call ended: `PASSED` or otherwise, the functions it called and the CPU it took."""

    how: int
    called: set[str]
    cpu_s: float


def _in_a_child(act: Callable[[], object], mutant: str, cpu_s: int) -> Ended:
    """Do something with a mutant in a child that dies after so much CPU."""
    back, forth = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(back)
        with contextlib.suppress(BaseException):
            _die_after(cpu_s)
            os._exit(_told(act, mutant, forth))
        os._exit(FAILED)
    os.close(forth)
    with os.fdopen(back, "rb") as pipe:
        said = pipe.read() if mutant == REACHED else b""
        how, used_s = _waited_for(child)
    return Ended(how, set(json.loads(said)) if said else set(), used_s)


def _told(act: Callable[[], object], mutant: str, forth: int) -> int:
    from mutmut.mutation.trampoline import set_mutant_under_test
    from mutmut.state import state

    set_mutant_under_test(mutant)
    state()._stats.clear()
    ended = PASSED
    try:
        act()
    except pytest.skip.Exception:
        pass  # a test that does not run notices nothing
    except BaseException:  # whatever it is: the test noticed
        ended = FAILED
    if mutant == REACHED:
        os.write(forth, json.dumps(sorted(state()._stats)).encode())
    return ended


def _die_after(cpu_s: int) -> None:
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_s, used + cpu_s))


def _waited_for(child: int) -> tuple[int, float]:
    until = time.monotonic() + WALL_S
    while True:
        pid, status, used = os.wait4(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
        if time.monotonic() > until:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return FAILED, 0.0
        time.sleep(0.002)


Contents = Mapping[Path, tuple[bytes, int]]


def _contents(folder: Path | None) -> Contents:
    if folder is None:
        return {}
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return {file: (file.read_bytes(), file.stat().st_mode) for file in files}


def _put_back(folder: Path | None, before: Contents) -> None:
    """Make a folder what it was; files that are there are written in place: somebody has them open."""
    now: dict[Path, tuple[bytes, int]] = dict(_contents(folder))
    for file in now.keys() - before.keys():
        file.unlink()
    for file, (data, mode) in before.items():
        if now.get(file) == (data, mode):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        if file in now:
            file.chmod(mode | 0o200)
        with file.open("r+b" if file in now else "wb") as out:
            out.write(data)
            out.truncate()
        file.chmod(mode)


def main(arguments: list[str], **names: Any) -> None:
    """Run the tests of the folder that this is called in; see `mutants.run`."""
    raise SystemExit(pytest.main(arguments, plugins=[AtTheCall(**names)]))
