"""An empty system in a folder, in which trials install and boot: entered, or booted, without any network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RELEASE, NEXT, UBUNTU = "bookworm", "trixie", "noble"  # Debian 12, the one after it, Ubuntu 24.04
# Ubuntu's mirror, and the script for its releases. Its keys are not here; nothing of it leaves the trial.
ELSEWHERE = {UBUNTU: ("http://archive.ubuntu.com/ubuntu", "/usr/share/debootstrap/scripts/gutsy")}
BOOTED_S = 4 * 3600  # most that one boot may take: the guide installs six times, on a machine that is busy


def run(*command: object, check: bool = True) -> str:
    """Run a program on this machine and return all that it says."""
    done = subprocess.run([str(w) for w in command], capture_output=True, text=True, check=False)
    if check and done.returncode not in (0, 3):
        sys.exit(f"trial: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Root:
    """An empty Debian in a folder, without network."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sh(self, script: str, check: bool = True) -> str:
        """Run a shell script inside, where only the loopback is there."""
        mounts = "mount -t proc proc /proc; mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
        inside = f"{mounts}; export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive; {script}"
        chroot = ["chroot", str(self.path), "sh", "-ec", inside]
        alone = ["unshare", "-n", "-m", "sh", "-ec", 'ip link set lo up; exec "$@"', "sh"]
        return run(*alone, *chroot, check=check)

    def boot(self, script: str) -> str:
        """Boot it with its own systemd and without network, run a script as its last service, stop it."""
        whole = f"exec >/root/boot.log 2>&1\nset -ex\n{script}\necho BOOTED-WELL\n"
        (self.path / "root/boot.sh").write_text(whole, "utf-8")
        unit = self.path / "etc/systemd/system/trial.service"
        unit.write_text(
            "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nEnvironment=LC_ALL=C.UTF-8\n"
            "ExecStart=/bin/sh /root/boot.sh\nExecStopPost=/bin/systemctl --no-block poweroff\n"
            "[Install]\nWantedBy=graphical.target\n",
            "utf-8",
        )
        run("systemctl", f"--root={self.path}", "enable", "trial.service")
        nspawn = "systemd-nspawn --quiet --register=no --keep-unit --boot --private-network"
        alone = f"mount -t tmpfs tmpfs /run; mkdir -p /run/systemd; exec {nspawn} -D {self.path}"
        booted = ["unshare", "-m", "sh", "-ec", alone]
        subprocess.run(booted, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOTED_S, check=False)
        log = self.path / "root/boot.log"
        return log.read_text("utf-8", "replace") if log.exists() else "it did not boot"

    def json(self, command: str) -> Any:
        """Run an omr command as the clerk's server does and return what it prints."""
        return json.loads(self.sh(f"omr {command}"))

    def put(self, file: Path) -> str:
        """Copy a file into the root and return its name there."""
        shutil.copy(file, self.path / "root")
        return f"/root/{file.name}"


def empty(folder: Path, release: str) -> Path:
    """Return an empty Debian or Ubuntu of a release; made once."""
    bare = folder / f"bare-{release}"
    if not (bare / "etc/debian_version").exists():
        started = time.monotonic()
        elsewhere = ELSEWHERE.get(release, ())
        options = ("--no-check-gpg", "--components=main,universe") if elsewhere else ()
        run("debootstrap", "--variant=minbase", *options, release, bare, *elsewhere)
        said(f"an empty system ({release})", started)
    return bare


def base(bare: Path, folder: Path, depends: str) -> Path:
    """Return an empty Debian with the packages that omr's own package names; made once."""
    ready = folder / "ready"
    if not (ready / "etc/debian_version").exists():
        started = time.monotonic()
        fresh(bare, folder, ready.name)
        names = [part.split("|")[0].split("(")[0].strip() for part in depends.split(",")]
        names += ["systemd", "systemd-sysv", "dbus"]  # what every server has, and this smallest root has not
        apt = "apt-get update -q && apt-get install -q -y --no-install-recommends"
        run("chroot", ready, "sh", "-ec", f"{apt} {' '.join(names)}")
        said("an empty Debian with its own packages", started)
    return ready


def fresh(ready: Path, folder: Path, name: str) -> Root:
    """Return a copy of the empty Debian."""
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", ready, path)
    return Root(path)


def said(what: str, started: float) -> None:
    """Tell what was done and how long it took on the clock."""
    print(f"ok  {what}  ({time.monotonic() - started:.0f} s)", flush=True)


def must(condition: bool, what: str) -> None:
    """End the trial where something is not as it should be."""
    if not condition:
        sys.exit(f"trial: NOT AS IT SHOULD BE: {what}")
