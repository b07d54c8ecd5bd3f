"""An office PC, as far as another system can imitate it; Python loads this by itself where it is on the path.

Every process of a journey starts with it, those that omr starts, too. What Windows lacks is taken away, what
it refuses is refused with its own error: the program under test is the one that is shipped.
"""

from __future__ import annotations

import asyncio.unix_events
import builtins
import contextlib
import errno
import io
import multiprocessing.context
import multiprocessing.resource_tracker
import os
import signal
import stat
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

LACKED = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "tzdata"}
GUARDED_S = 0.04  # so long a virus guard looks at what was just written
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
HERE = os.environ["OFFICE_PC"]  # the folder in which all of this holds


def concerned(path: object) -> Path | None:
    """Return the absolute path if it lies on the PC's disk."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    whole = Path(os.fsdecode(path)).absolute()
    return whole if str(whole).startswith(HERE) else None


def denied(path: object) -> PermissionError:
    """Return what Windows says of a file that somebody has open, or that may not be written."""
    return PermissionError(errno.EACCES, "The process cannot access the file", str(path))


def is_open(path: Path) -> bool:
    """Say whether this very process has the file open: Windows renames and removes none such."""
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if handle.readlink() == path:
                return True
    return False


def hindered(path: Path, *, replaced: bool) -> bool:
    """Say whether a name may not change now."""
    try:
        told = os.lstat(path)
    except OSError:
        return False
    if stat.S_ISDIR(told.st_mode):
        return any(one.is_file() and time.time() - one.stat().st_ctime < GUARDED_S for one in path.iterdir())
    held = time.time() - told.st_ctime < GUARDED_S or is_open(path)
    return held or (replaced and not told.st_mode & stat.S_IWRITE)


def named(path: Path | None) -> None:
    """Refuse a name that Windows cannot make, or that it takes for another one."""
    if path is None or path.exists():
        return
    name = path.name
    if set(name) & set('<>:"|?*\\') or name.endswith((".", " ")) or name.split(".")[0].lower() in RESERVED:
        raise OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect", name)
    if len(str(path)) - len(HERE) > 200:
        raise OSError(errno.ENAMETOOLONG, "The filename or extension is too long", name)
    same = {other.name.casefold() for other in path.parent.iterdir()} if path.parent.is_dir() else set()
    if name.casefold() in same:
        raise FileExistsError(errno.EEXIST, "two names that are one here", str(path))


def wrap(module: Any, name: str, before: Callable[..., None]) -> None:
    """Look at the arguments of a system call first."""
    real = getattr(module, name)

    def call(*args: Any, **more: Any) -> Any:
        before(*args, **more)
        return real(*args, **more)

    setattr(module, name, call)


def before_open(path: object, flags: int, *_: Any, **__: Any) -> None:
    where = concerned(path)
    if where is not None and where.is_dir():
        raise denied(path)
    if flags & os.O_CREAT:
        named(where)


def before_text_or_bytes(file: object, mode: str = "r", *_: Any, **more: Any) -> None:
    caller = sys._getframe(2).f_globals.get("__name__", "")
    if caller.startswith("omr") and "b" not in mode and not (more.get("encoding") or len(_) > 1):
        raise AssertionError(f"{caller} opens {file!r} in the PC's own code page")
    if set(mode) & set("wxa"):
        named(concerned(file))


def before_fsync(descriptor: int) -> None:
    import fcntl

    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")


def before_rename(old: object, new: object, **_: Any) -> None:
    source, target = concerned(old), concerned(new)
    if source is not None and hindered(source, replaced=False):
        raise denied(old)
    if target is not None and target.exists() and hindered(target, replaced=True):
        raise denied(new)
    if source is None or target is None or str(source).casefold() != str(target).casefold():
        named(target)


def before_rename_only(old: object, new: object, **more: Any) -> None:
    where = concerned(new)
    if where is not None and where.exists():
        raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", str(new))
    before_rename(old, new, **more)


def before_unlink(path: object, *_: Any, dir_fd: int | None = None, **__: Any) -> None:
    inside = Path() if dir_fd is None else Path(f"/proc/self/fd/{dir_fd}").readlink()
    where = concerned(inside / os.fsdecode(path))
    if where is not None and hindered(where, replaced=True):
        raise denied(path)


def only_the_read_only_bit(path: Any, mode: int, *_: Any, **__: Any) -> None:
    """`chmod` of Windows: one bit of files, none of folders."""
    if not Path(path).is_dir():
        chmod(path, 0o666 if mode & stat.S_IWRITE else 0o444)


def no_link(*_: Any, **__: Any) -> None:
    raise OSError(errno.EPERM, "A required privilege is not held by the client")


def import_(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    if (globals or {}).get("__name__", "").split(".")[0] == "omr" and name in LACKED:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return found(name, globals, locals, fromlist, level)


# The library's own ways of starting processes are this system's, and need all that it has.
for library in (multiprocessing.resource_tracker, asyncio.unix_events):
    library.signal = types.SimpleNamespace(**vars(signal))
    library.os = types.SimpleNamespace(**vars(os))

found, chmod = builtins.__import__, os.chmod
builtins.__import__ = import_
for name in ("setitimer", "getitimer", "ITIMER_PROF", "SIGPROF", "SIGALRM", "alarm", "SIGHUP", "SIGUSR1"):
    delattr(signal, name)
for name in (
    "fork",
    "forkpty",
    "nice",
    "sched_getaffinity",
    "EX_TEMPFAIL",
    "set_blocking",
    "mkfifo",
    "geteuid",
):
    delattr(os, name)
delattr(time, "tzset")

delattr(signal, "pthread_sigmask")
for method in ("fork", "forkserver"):
    multiprocessing.context._concrete_contexts.pop(method)
multiprocessing.set_start_method("spawn")
multiprocessing.get_all_start_methods = lambda: ["spawn"]

wrap(os, "open", before_open)
wrap(os, "fsync", before_fsync)
wrap(os, "replace", before_rename)
wrap(os, "rename", before_rename_only)
wrap(os, "unlink", before_unlink)
wrap(os, "remove", before_unlink)
wrap(os, "mkdir", lambda path, *_, **__: named(concerned(path)))
wrap(io, "open", before_text_or_bytes)
builtins.open = io.open
os.chmod = only_the_read_only_bit
os.symlink = no_link
