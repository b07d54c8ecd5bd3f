"""Kill the program at random moments, go on, and count what is lost or doubled: ``make killed``.

A round begins with a fresh office that has slips on paper, stacks of scans, and other work. Some
command of it is started and killed with SIGKILL, with all that it started, at a random moment;
then another, and so on. At the end the same work is done undisturbed, by whichever program comes
next, and everything is compared: every slip counts once with its answers, every page is stored
once, no number is issued twice, imports and closings are whole, the chain fits, nothing waits.

A moment is a time, or the n-th of the steps that change something (a statement of SQL, a
rename, a sync): those come in milliseconds between which no clock would ever hit.
A round follows from its seed. Rounds that are done stand in ``out/killed.jsonl``; started again, it goes on.

    python bench faults killed --moments 500
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click
from harness import OUT, measurement, path_option

from omr.cli import COMMANDS
from omr.cli import main as omr
from omr.records.inbox.inbox import Inbox
from omr.records.inbox.outlook import outlook
from omr.records.proof.chain import verify
from omr.records.store.store import Store
from omr.workspace import Workspace

STACKS: Final = 3  # of a round: one for each way in
SLIPS: Final = 2  # of a stack
PERIOD: Final = "2026-11"
MOST_S: Final = 6.0  # what runs longer is waiting for work
# What changes something outside the process, as Python calls it.
STEPS: Final = frozenset(
    (
        *("execute", "executemany", "fsync", "write"),
        *("rename", "replace", "link", "unlink", "mkdir", "rmdir", "chmod"),
    )
)
IN_ITSELF: Final = ("read", "issue", "import", "close", "watch-once")  # without processes of their own


COUNTS: Final = {
    "pages": ("pages", STACKS * SLIPS),
    "slips that count": ("returned_slips", STACKS * SLIPS),
    "slips set aside": ("set_aside", 0),
    "batches without an end": ("batches WHERE batch NOT IN (SELECT batch FROM batch_ends)", 0),
    "files without an end": ("originals WHERE original NOT IN (SELECT original FROM original_ends)", 0),
    "runs neither issued nor void": ("print_runs WHERE state = 'printing'", 0),
    "runs of the new form": ("print_runs WHERE form = 'DL-03' AND state = 'issued'", 1),
    "numbers of two runs": (
        """runs AS a JOIN runs AS b ON a.digit = b.digit AND a.year = b.year AND a.run < b.run
        AND a.first <= b.last AND b.first <= a.last""",
        0,
    ),
    "closings": ("period_states WHERE period = '2026-09'", 1),
}


@dataclass
class Round:
    """What became of one round."""

    seed: int
    killed: Counter[str] = field(default_factory=Counter)  # by command and kind of moment
    wrong: list[str] = field(default_factory=list)


def prepare(folder: Path) -> Path:
    """Make the office that every round begins with, once: printed slips, filled and scanned."""
    office = folder / "office"
    if (folder / "token").exists():
        os.environ["OMR_TOKEN"] = (folder / "token").read_text()
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    calm(office, "init", office)
    calm(office, "units", "import", "hai-phong-2023")
    calm(office, "users", "add", "lead", "--role", "lead")  # once there are accounts, only a lead closes
    for at in range(STACKS):
        words = ("--unit", "PC06", "--count", SLIPS, "--period", PERIOD, "--seed", at + 1)
        calm(office, "issue", "DL-01", *words, "-o", folder / f"forms-{at}.pdf")
        calm(
            office, "simulate", folder / f"forms-{at}.pdf", "-o", folder / f"scan-{at}.pdf", "--seed", at + 1
        )
    whole = folder / "whole"
    shutil.copytree(office, whole)
    for at in range(STACKS):
        calm(whole, "read", folder / f"scan-{at}.pdf")
    (folder / "answers.json").write_text(json.dumps(answers(whole)))
    (folder / "token").write_text(str(told(office, "users", "token", "lead")["token"]))
    return prepare(folder)


def child(workspace: Path, words: tuple[object, ...], log: Path, before: Callable[[], None]) -> int:
    """Run a command in a process group of its own and return its number."""
    number = os.fork()
    if number:
        return number
    code = 70
    try:
        os.setsid()
        with log.open("ab") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        before()
        omr(["--workspace", str(workspace), "--lang", "en", *map(str, words)])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.setprofile(None)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def calm(workspace: Path, *words: object) -> None:
    """Run a command undisturbed; it must end well."""
    log = workspace.parent / f"{workspace.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    _, status = os.waitpid(child(workspace, words, log, lambda: None), 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 3):
        raise RuntimeError(f"{words}: {code}\n{log.read_text('utf-8', 'replace')[-2000:]}")


def kill_at_step(number: int) -> Callable[[], None]:
    """Return what makes a process kill itself at its n-th step, before or after it was done."""
    when = "c_call" if number % 2 else "c_return"

    def begin() -> None:
        left = [number // 2 + 1]

        def count(frame: FrameType, event: str, function: Any) -> None:
            if event == when and getattr(function, "__name__", "") in STEPS:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)

    return begin


def kill(
    workspace: Path, words: tuple[object, ...], log: Path, chance: random.Random, *, steps: bool
) -> bool:
    """Start a command and kill it at a random moment; return whether it still ran."""
    if steps:
        number = child(workspace, words, log, kill_at_step(int(chance.expovariate(1 / 120))))
        _, status = os.waitpid(number, 0)
        return os.WIFSIGNALED(status)
    number = child(workspace, words, log, lambda: None)
    time.sleep(chance.uniform(0.0, 1.0) ** 1.5 * MOST_S)
    ran = os.waitpid(number, os.WNOHANG) == (0, 0)
    for end in (os.kill, os.killpg):  # the child may not have a group of its own yet
        with suppress(ProcessLookupError, PermissionError):
            end(number, signal.SIGKILL)
    if ran:
        os.waitpid(number, 0)
    return ran


def one_round(prepared: Path, scene: Path, seed: int, kills: int, *, timed: bool = True) -> Round:
    """Play one round and compare what came of it with what should have."""
    chance, made = random.Random(seed), Round(seed)
    shutil.rmtree(scene, ignore_errors=True)
    scene.mkdir(parents=True)
    office, hot, log = scene / "office", scene / "hot", scene / "log"
    shutil.copytree(prepared / "office", office)
    hot.mkdir()
    scans = [scene / f"scan-{at}.pdf" for at in range(STACKS)]
    for at, scan in enumerate(scans):
        shutil.copy(prepared / scan.name, hot if at == 1 else scan)
    (scene / "visits.csv").write_text(f"unit,period,visits\nPC06,{PERIOD},{seed % 1000 + 10}\n")
    _upload(office, scans[2])
    of = ("--unit", "PC06", "--period", PERIOD)
    commands: dict[str, tuple[object, ...]] = {
        "read": ("read", scans[0]),
        "watch-once": ("watch", hot, "--once", "--quiet", "0.2"),
        "watch": ("watch", hot, "--quiet", "0.2"),
        "serve": ("serve", "--port", "0"),
        "issue": ("issue", "DL-03", *of, "--count", 2, "-o", scene / "new.pdf"),
        "import": ("visits", "import", scene / "visits.csv"),
        "close": ("period", "close", "2026-09", "--by", "lead"),
    }
    for _ in range(kills):
        steps = not timed or chance.random() < 0.5
        name = chance.choice(IN_ITSELF if steps else tuple(commands))
        if kill(office, commands[name], log, chance, steps=steps):
            made.killed[f"{name} by {'step' if steps else 'time'}"] += 1
    # A month with a batch that is half read is not closed: that comes last.
    for name in [*chance.sample(["read", "watch-once", "import", "issue"], 4), "close"]:
        words = commands[name]
        if name == "close":
            calm(office, "read", scans[0])  # and what others left
        done = (name == "issue" and (scene / "new.pdf").exists()) or (name == "close" and _closed(office))
        try:
            if not done:
                calm(office, *words)
        except RuntimeError as error:
            made.wrong.append(f"{name} does not go on: {error}")
    made.wrong += list(differences(office, scene, json.loads((prepared / "answers.json").read_text())))
    return made


def _upload(office: Path, scan: Path) -> None:
    """Leave a stack in the inbox as the desks do."""
    inbox = Inbox(Workspace.open(office), least_free=0)
    stack = inbox.begin(None, None, None, by="clerk")
    part = inbox.place_for(stack, scan.name)
    shutil.copy(scan, part)
    inbox.take(part)
    inbox.send(stack)


def _closed(office: Path) -> bool:
    with Store.open(office / "omr.sqlite") as store:
        return bool(store.value("SELECT count(*) FROM period_states WHERE period = '2026-09'"))


def answers(office: Path) -> dict[str, Any]:
    """Return what every slip says."""
    return {slip["serial"]: slip["answers"] for slip in told(office, "answers")}


def told(office: Path, *words: str) -> Any:
    """Return what a command says as JSON."""
    program = [sys.executable, "-c", "from omr.cli import main; main()", "--workspace", str(office)]
    return json.loads(subprocess.run([*program, *words, "--json"], check=True, capture_output=True).stdout)


def differences(office: Path, scene: Path, expected: dict[str, Any]) -> list[str]:
    """Return what is lost, doubled, or does not fit."""
    wrong = []
    found = answers(office)
    if found != expected:
        lost, other = set(expected) - set(found), set(found) - set(expected)
        wrong.append(f"answers differ: lost {sorted(lost)}, not ours {sorted(other)}")
    with Store.open(office / "omr.sqlite") as store:
        for what, (sql, right) in COUNTS.items():
            if (count := store.value(f"SELECT count(*) FROM {sql}")) != right:
                wrong.append(f"{what}: {count}, not {right}")
        verdict = verify(store, office)
        if not verdict.ok:
            wrong.append(f"chain: {verdict.problem}")
    left = outlook(Inbox(Workspace.open(office)))
    if left.waiting or left.reading or left.failed or left.open:
        wrong.append(f"inbox: {left.waiting + left.reading + left.failed + left.open}")
    halves = [path for path in office.rglob("*.part") if path.is_file()]
    if halves:
        wrong.append(f"half-written files: {halves}")
    waiting = [path.name for path in (scene / "hot").iterdir() if path.is_file()]
    if waiting:
        wrong.append(f"left in the folder: {waiting}")
    return wrong


def warm_up() -> None:
    """Import what the commands need, so that a child starts in no time and dies at work."""
    import cv2

    cv2.setNumThreads(1)
    for module in {*COMMANDS.values()} - {"cluster"}:
        import_module(f"omr.cli.{module}")
    for module in (
        "omr.office",
        "omr.reading.crew",
        "omr.reading.reader",
        "omr.web.server",
        "omr.forms.printing.printing",
    ):
        import_module(module)


@measurement(__doc__)
@click.option("--moments", default=500, show_default=True)
@click.option("--kills", default=12, show_default=True, help="in a round")
@click.option("--seed", default=1, show_default=True, help="of the first round")
@path_option("--out", default=OUT / "killed.jsonl")
@path_option("--scratch", default=OUT / "killed")
def main(moments: int, kills: int, seed: int, out: Path, scratch: Path) -> int:
    """Play rounds until so many moments were hit; 1 where something was lost, doubled or broken."""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    warm_up()
    prepared = prepare((scratch / "prepared").absolute())
    seeds = {one["seed"] for one in done}
    while sum(sum(one["killed"].values()) for one in done) < moments:
        if seed not in seeds:
            made = one_round(prepared, (scratch / "scene").absolute(), seed, kills)
            done.append({"seed": seed, "killed": dict(made.killed), "wrong": made.wrong})
            with out.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
            for line in made.wrong:
                print(f"seed {seed}: {line}", flush=True)
        seed += 1
    total = Counter[str]()
    for one in done:
        total.update(one["killed"])
    for name, count in sorted(total.items()):
        print(f"{count:5}  {name}")
    bad = sum(bool(one["wrong"]) for one in done)
    print(
        f"{total.total()} moments in {len(done)} rounds; {bad} rounds with something lost, doubled or broken"
    )
    return 1 if bad else 0
