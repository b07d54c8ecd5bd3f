"""What is only there on Unix is used nowhere, or where a way round stands beside it; read off the source.

What a test on another system would find at its first run, and what only a customer's virus guard finds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "omr"
MODULES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}

UNIX_MODULES = {
    "fcntl",
    "resource",
    "pwd",
    "grp",
    "termios",
    "tty",
    "pty",
    "syslog",
    "crypt",
    "posix",
    "curses",
}
UNIX_NAMES = {
    "os": {
        *(
            "fork",
            "forkpty",
            "getuid",
            "geteuid",
            "getgid",
            "getegid",
            "setuid",
            "setgid",
            "getgroups",
            "nice",
        ),
        *("sched_getaffinity", "chown", "lchown", "fchown", "mkfifo", "mknod", "statvfs", "pread", "pwrite"),
        *(
            "sync",
            "kill",
            "killpg",
            "setsid",
            "getpgid",
            "sysconf",
            "uname",
            "getloadavg",
            "wait",
            "sendfile",
        ),
        *("O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_SYNC", "EX_TEMPFAIL", "EX_OK", "set_blocking"),
    },
    "signal": {
        *("SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPROF", "SIGPIPE", "SIGCHLD", "alarm"),
        *("setitimer", "ITIMER_REAL", "ITIMER_PROF", "pthread_sigmask", "SIG_BLOCK", "SIG_SETMASK", "pause"),
    },
    "socket": {"AF_UNIX", "SO_REUSEPORT"},
    "time": {"tzset", "clock_gettime"},
}
# module -> what it uses of them, each where it looks first whether it is there
GUARDED = {
    "reading/crew.py": {"sched_getaffinity"},
    "reading/limits.py": {
        "sysconf",
        "setitimer",
        "ITIMER_PROF",
        "pthread_sigmask",
        "SIG_BLOCK",
        "SIG_SETMASK",
    },
    "reading/pictures/heard.py": {"set_blocking"},
    "records/inbox/leftovers.py": {"kill"},
    "web/scanning/scan.py": {"nice"},
    "web/work/worker.py": {"EX_TEMPFAIL", "nice"},
}
UNIX_PATH = re.compile(r"^/(dev|proc|sys|tmp|etc|usr|var|home|opt)(/|$)")
PATHS = {"reading/limits.py": {"/proc/", "/proc/self/statm"}}  # looked for first
UNIX_TIME = re.compile(r"%-[dmHIMSjy]")
NOT_IN_NAMES = re.compile(r'[<>:"|?*\\]|[. ]$')
# Names change through `files`, which waits for who reads the file; here nothing is lost where that fails.
NAMES_CHANGE = {"files.py", "log.py", "records/intake/claims.py", "simulate/trials.py", "demo.py"}


@cache
def nodes(name: str) -> list[ast.AST]:
    """Return all nodes of a module; each knows what it stands in."""
    tree = ast.parse(MODULES[name].read_text("utf-8"), name)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.above = node
    return list(ast.walk(tree))


def above(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node stands in, from the inside out."""
    while (node := getattr(node, "above", None)) is not None:
        yield node


def calls(name: str) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call of a module with what it is called on, and as what."""
    for node in nodes(name):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, ast.unparse(node.func.value), node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, "", node.func.id


def given(call: ast.Call, name: str) -> bool:
    return any(keyword.arg in (name, None) for keyword in call.keywords)


def where(name: str, node: ast.AST) -> str:
    return f"{name}:{getattr(node, 'lineno', '?')}"


def docstring(node: ast.Constant) -> bool:
    return isinstance(getattr(node, "above", None), ast.Expr)


def mode_of(call: ast.Call, place: int) -> str | None:
    """Return the mode in which a file is opened; None where it is not said, so text is read."""
    said = call.args[place] if len(call.args) > place else None
    said = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), said)
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None


def opened_as_text(name: str) -> Iterator[tuple[ast.Call, bool]]:
    """Yield each call that opens a file as text, and whether it writes."""
    for call, on, what in calls(name):
        if what == "open" and on in ("", "io"):
            mode = mode_of(call, 1) or "r"
        elif what == "open" and re.fullmatch(r"rw?|[wax]\+?[bt]?|r[bt]?\+?b?", mode_of(call, 0) or "no"):
            mode = mode_of(call, 0) or ""
        elif what == "open" and not call.args and not call.keywords and re.search("path|file|folder", on):
            mode = "r"
        elif what == "fdopen":
            mode = mode_of(call, 1) or "r"
        elif what in ("read_text", "write_text") and on:
            mode = what[0]
        else:
            continue
        if "b" not in mode:
            yield call, bool(set(mode) & set("wxa+"))


def unix_modules(name: str) -> Iterator[str]:
    for node in nodes(name):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            caught = any(
                isinstance(one, ast.Try)
                and any("ImportError" in ast.unparse(h.type) for h in one.handlers if h.type)
                for one in above(node)
            )
            if UNIX_MODULES & {one.split(".")[0] for one in names} and not caught:
                yield where(name, node)


def code_pages(name: str) -> Iterator[str]:
    """Text in whatever set of characters the computer has, or with its line ends."""
    for call, writes in opened_as_text(name):
        positional = {"read_text": 1, "write_text": 2}.get(getattr(call.func, "attr", ""), 9)
        if not given(call, "encoding") and len(call.args) < positional:
            yield where(name, call)
        if writes and not given(call, "newline"):
            yield f"{where(name, call)} (line ends)"
    for call, _, what in calls(name):
        if what in ("run", "Popen", "check_output") and (given(call, "text") and not given(call, "encoding")):
            yield where(name, call)


def unix_paths(name: str) -> Iterator[str]:
    for node in nodes(name):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not docstring(node):
            if UNIX_PATH.match(node.value) and node.value not in PATHS.get(name, ()):
                yield where(name, node)
            if UNIX_TIME.search(node.value):
                yield f"{where(name, node)} (strftime)"


def impossible_names(name: str) -> Iterator[str]:
    """Names of files that Windows cannot make."""
    for node in nodes(name):
        made = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            made = node.right
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("with_name", "with_suffix"):
            made = node.args[0]
        parts = made.values if isinstance(made, ast.JoinedStr) else [made]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                text = part.value if part is parts[-1] else part.value + "x"
                if NOT_IN_NAMES.search(text.rstrip("/")):
                    yield where(name, part)
            if isinstance(part, ast.FormattedValue) and "isoformat" in ast.unparse(part):
                yield where(name, part)


def names_change(name: str) -> Iterator[str]:
    if name in NAMES_CHANGE:
        return
    for call, on, what in calls(name):
        one = len(call.args) == 1 and not call.keywords
        if (what in ("unlink", "rename") and on) or (what == "replace" and on and one):
            yield where(name, call)
        if what in ("rmtree", "move", "remove", "rename", "replace", "unlink") and on in ("os", "shutil"):
            yield where(name, call)
        if what == "TemporaryDirectory" and not given(call, "ignore_cleanup_errors"):
            yield where(name, call)
        if any(keyword.arg == "shell" for keyword in call.keywords):
            yield where(name, call)


KINDS: list[Callable[[str], Iterator[str]]] = [
    unix_modules,
    code_pages,
    unix_paths,
    impossible_names,
    names_change,
]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_unix_by_accident(kind: Callable[[str], Iterator[str]]) -> None:
    assert not [place for name in MODULES for place in kind(name)]


def test_what_only_unix_has_is_looked_for_first() -> None:
    used: dict[str, set[str]] = {}
    for name in MODULES:
        for node in nodes(name):
            of = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
            if isinstance(node, ast.Attribute) and node.attr in UNIX_NAMES.get(of, ()):
                used.setdefault(name, set()).add(node.attr)
    assert used == GUARDED


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import fcntl", unix_modules),
        ("def f():\n    import resource", unix_modules),
        ("open('a')", code_pages),
        ("Path('a').open('w', encoding='utf-8')", code_pages),
        ("path.read_text()", code_pages),
        ("subprocess.run(['a'], text=True)", code_pages),
        ("Path('/dev/shm')", unix_paths),
        ("now.strftime('%-d/%m')", unix_paths),
        ("f'{now:%-d}'", unix_paths),
        ("folder / f'{now.isoformat()}.csv'", impossible_names),
        ("folder / f'{unit}: {month}'", impossible_names),
        ("path.with_name('CÒN.')", impossible_names),
        ("path.unlink()", names_change),
        ("part.replace(target)", names_change),
        ("shutil.rmtree(folder)", names_change),
        ("TemporaryDirectory()", names_change),
    ],
)
def test_each_kind_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, kind: Callable[[str], Iterator[str]]
) -> None:
    (tmp_path / "made.py").write_text(source, "utf-8", newline="")
    monkeypatch.setitem(MODULES, source, tmp_path / "made.py")
    assert list(kind(source))
