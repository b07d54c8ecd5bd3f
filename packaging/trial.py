"""A server's whole life in an empty Debian, as its guide tells it: packaging/trial.py OLD... NEW BUNDLE.

OLD and NEW are packages, BUNDLE the one file (`make bundle`). The parts: install, upgrade, roll back and
remove, from each OLD; the one file; every command of docs/operate.md in each of its languages; Debian's own
packages carried to a server without network; the next Debian. Interrupted, the same command goes on: a part
that ended well with the same packages, by the same trial and guide, is not played again.

Needs root, debootstrap, systemd-container and a Debian mirror. What is installed gets no network at
all: after Debian's own packages are in, everything runs in a network name space with the loopback alone.
Every step says what it saw; the first that is not as it should be ends the trial with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RELEASE, NEXT = "bookworm", "trixie"  # Debian 12, and the one after it
OFFICE = "/var/lib/omr/office"
PERIOD = "2023-04"  # the month that `omr demo` plays
SLIPS = 200  # of it, as `omr demo` plays it when nobody says how many
BACKUP_UNITS = ("omr-backup.service", "omr-backup.timer")
READ = 12  # slips that the guide's office has read
UNITS = ("omr.service", *BACKUP_UNITS, "omr-certificate.service", "omr-certificate.timer")
BOOTED_S = 4 * 3600  # most that one boot may take: the guide installs six times, on a machine that is busy
FETCH = """
import ssl, sys, time, urllib.request
trust = ssl.create_default_context(cafile="/etc/omr/tls/root.pem")
for _ in range(240):
    try:
        sys.exit(urllib.request.urlopen(sys.argv[1], context=trust).status != 200)
    except OSError as error:
        last = error
        time.sleep(0.5)
sys.exit(f"no answer: {last}")
"""


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
    """Return an empty Debian of a release; made once."""
    bare = folder / f"bare-{release}"
    if not (bare / "etc/debian_version").exists():
        started = time.monotonic()
        run("debootstrap", "--variant=minbase", release, bare)
        said(f"an empty Debian ({release})", started)
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


def figures(root: Root) -> dict[str, Any]:
    """Return what counts: every answer, and every number of the month's report by its name."""
    answers = root.json(f"answers --period {PERIOD} --json")
    report = root.json(f"report --period {PERIOD} -o /var/lib/omr/bao-cao --json")
    for answer in answers:  # newer versions may tell more of each; what was told must stay
        for given in answer["answers"].values():
            for key in set(given) - {"state", "codes"}:
                del given[key]
    return {
        "answers": {a["serial"]: (a["valid"], a["reason"], a["answers"]) for a in answers},
        "numbers": dict(leaves(report["figures"])),
    }


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the numbers of a document with the way to each."""
    if not isinstance(tree, dict):
        yield name, tree
        return
    for key, below in tree.items():
        yield from leaves(below, f"{name}.{key}" if name else key)


def kept(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return how much is the same after an upgrade; end the trial where anything is another.

    Newer versions may hide how few people said something of themselves (questions A), and nothing else.
    """
    must(after["answers"] == before["answers"], "every answer of every slip stays")
    old, new = before["numbers"], after["numbers"]
    differs = {name: (old[name], new.get(name, "gone")) for name in old if new.get(name, "gone") != old[name]}
    hidden = {
        name for name, (_, now) in differs.items() if now is None and re.match(r"questions\.[^/]+/A", name)
    }
    must(differs.keys() == hidden, f"every number of the report stays: {differs}")
    answers = sum(len(given) for _, _, given in before["answers"].values())
    return (
        f"{len(before['answers'])} slips with {answers} answers the same, {len(old) - len(hidden)} numbers "
        f"of the report the same, {len(hidden)} of few people's traits now hidden, none another"
    )


def package(ready: Path, folder: Path, old: Path, new: Path) -> None:
    """Play a server's life: first day, upgrade with a migration, rollback, removal."""
    root = fresh(ready, folder, "server")
    before, after = root.put(old), root.put(new)

    started = time.monotonic()
    root.sh(f"dpkg -i {before}")
    said(f"{old.name} installed without network", started)
    started = time.monotonic()
    root.sh(f"runuser -u omr -- /opt/omr/current/bin/omr demo {OFFICE} --slips {SLIPS}")
    told = root.sh("omr-setup --port 8443 --no-start")
    must("admin" in told, "omr-setup names the first administrator")
    seen = figures(root)
    must(len(seen["answers"]) == SLIPS, "the demo's slips are there")
    said(f"demo of {len(seen['answers'])} slips, omr-setup", started)

    started = time.monotonic()
    root.sh(f"cp -a {OFFICE} /root/kept")
    signed = re.search(r"^omr: signed by [0-9A-F]{40};", root.sh(f"dpkg -i {after}"), re.MULTILINE)
    must(signed is not None, "the package says who signed it")
    upgraded = figures(root)
    told = kept(seen, upgraded)
    must(root.json("audit verify --json")["ok"], "the chain is intact after the upgrade")
    said(f"upgraded to {new.name}: {told}, chain intact", started)

    started = time.monotonic()
    told = root.sh("omr-setup --host 127.0.0.1 --port 8443 --no-start")
    must("https://127.0.0.1:8443/" in told, "omr-setup tells the address")
    must(root.sh("stat -c %a /etc/omr/tls/root.key").strip() == "600", "the root's key is root's alone")
    verified = ["systemd-analyze", "verify", f"--root={root.path}", *UNITS]
    checked = subprocess.run(verified, capture_output=True, text=True, check=False)
    must(checked.returncode == 0, f"systemd finds the units right: {checked.stderr}")
    told = root.boot(
        "omr-setup --host 127.0.0.1 --port 8443\n"
        f"/opt/omr/current/bin/python -c '{FETCH}' https://127.0.0.1:8443/login\n"
        "systemctl is-active omr.service omr-backup.timer omr-certificate.timer\n"
        "systemctl start omr-certificate.service\n"
        "systemctl show --property=Result omr-certificate.service | grep success\n"
        "omr-setup --due | grep /etc/omr/tls/server.pem\n"
        "systemctl start omr-backup.service\n"
        "ls -R /var/backups/omr | head -20\n"
        "systemctl show --property=Result omr-backup.service | grep success\n"
        "! journalctl -u omr --no-pager | grep -i password\n"
        "systemctl stop omr.service"
    )
    must("BOOTED-WELL" in told, f"the booted server serves and backs up:\n{told}")
    said(
        "booted with systemd: desks over TLS by its own authority, backup by its unit, no password logged",
        started,
    )

    started = time.monotonic()
    root.sh("rm /opt/omr/current/bin/python*")
    told = root.sh("omr --version 2>&1 || true")
    must("dpkg-reconfigure omr" in told, f"a Python that is gone is told in one line: {told}")
    root.sh("dpkg-trigger --by-package=omr /usr/bin/python3 && dpkg --triggers-only -a")
    must(figures(root) == upgraded, "a new Python makes the environment anew, and every figure stays")
    said("Python taken away: told in one line, and mended by the trigger of its package", started)

    started = time.monotonic()
    root.sh(f"dpkg -i {before} && rm -rf {OFFICE} && cp -a /root/kept {OFFICE}")
    must(figures(root) == seen, "the version before reads the copy made before the upgrade")
    said("rolled back to the version and the copy before", started)

    started = time.monotonic()
    root.sh(f"dpkg -i {after} && dpkg --purge omr")
    must(not (root.path / "opt/omr").exists(), "removal takes the program away")
    must((root.path / OFFICE.lstrip("/") / "omr.sqlite").exists(), "removal leaves the register")
    said("removed and purged: the program is gone, the register stays", started)


GUIDE = HERE.parent / "docs" / "operate.md"
BEGINS = {"vi": "## Tiếng Việt", "en": "## English"}
NEW_MACHINE = {"vi": "Dựng lại trên máy mới", "en": "A new machine"}
MOVING = {"vi": "Chuyển sang máy mới", "en": "Moving to another machine"}
APART = {"vi": "Máy chủ không có mạng nào", "en": "A server without any network"}
# Disks that the guide has been mounted: for backups, for more room, to carry a register.
DISKS = {
    "vi": ("/mnt/sao-luu", "/mnt/dia-moi", "/mnt/chuyen"),
    "en": ("/mnt/backup", "/mnt/new-disk", "/mnt/move"),
}
CARRIED = {"vi": "/mnt/goi", "en": "/mnt/packages"}  # the stick with Debian's own packages
# What the office does between the first day and the next section: the guide keeps it all.
WORK = f"""
month=$(date +%Y-%m)
omr issue DL-01 --unit PC06 --period "$month" --count {READ} -o /var/lib/omr/in.pdf
omr simulate /var/lib/omr/in.pdf -o /var/lib/omr/quet.pdf --seed 3
omr read /var/lib/omr/quet.pdf --period "$month" --expect {READ} || [ $? = 3 ]
omr answers --period "$month" --json >/mnt/answers.json
[ $(grep -c '"serial"' /mnt/answers.json) = {READ} ]
"""
SAME = 'omr answers --period "$month" --json | cmp - /mnt/answers.json; echo THE-SAME-ANSWERS'
# What a person does in an editor, as a program does it: a folder stands for a disk.
BY_HAND = {"nano /etc/fstab": "echo '{room} /var/lib/omr none bind 0 0' >> /etc/fstab"}
# The machine is lost, or another one: nothing of omr is left but what lies on other disks.
LOST = (
    "systemctl stop omr omr-backup.timer omr-certificate.timer || true",
    "! mountpoint -q /var/lib/omr || umount /var/lib/omr",
    "sed -i '\\|/var/lib/omr|d' /etc/fstab",
    "apt-get purge omr || true",  # the guide's removal may have been before
    "rm -rf /var/lib/omr /etc/omr",
    "userdel omr",
)
# Files of another authority, as an office that has one is given them.
OWN_FILES = {
    "vi": ("omr-setup --host TÊN --cert chung-thu.pem --key khoa.pem", "chung-thu.pem", "khoa.pem"),
    "en": ("omr-setup --host NAME --cert certificate.pem --key key.pem", "certificate.pem", "key.pem"),
}
# What is sent to somebody who helps.
TROUBLE = {
    "vi": "omr doctor --bundle /var/lib/omr/su-co.zip",
    "en": "omr doctor --bundle /var/lib/omr/trouble.zip",
}
# What stands in the text, between the blocks of commands.
IN_THE_TEXT = (
    "omr-setup --renew",
    "journalctl -u omr -n 50",
    "omr doctor",
    "df -h /var/lib/omr",
    "du -xh / | sort -h | tail",
    "journalctl --vacuum-size=200M",
    "systemctl list-timers omr-backup.timer",
    "systemctl list-timers omr-certificate.timer",
    "systemctl restart omr",
    "systemctl status omr-backup",
    "systemctl start omr-backup",
    "omr users reset admin",
    "omr users open admin",
    "dpkg-reconfigure omr",
    "apt-get purge omr",
)


def recipes(ready: Path, folder: Path, new: Path, packed: Path, language: str) -> None:
    """Follow the guide's commands word by word, on a machine that boots; tell how long each takes.

    Then that machine is lost, and everything is built anew from its backup, as the guide says.
    """
    started = time.monotonic()
    root = fresh(ready, folder, f"guide-{language}")
    text = GUIDE.read_text("utf-8").partition(f"\n{BEGINS[language]}\n")[2].partition("\n## ")[0]
    later = folder / "later"
    again = [sys.executable, str(HERE / "deb.py"), str(packed), "--version-suffix", "+1"]
    shutil.rmtree(later, ignore_errors=True)
    later.mkdir()
    run(*again, "--dist", later, "--work", folder / "later-work")
    (newer,) = later.glob("omr_*.deb")
    shutil.copy(new, root.path / "root/omr_0.2.0_amd64.deb")
    shutil.copy(newer, root.path / "root/omr_0.3.0_amd64.deb")
    usual, _, anew = text.partition(f"\n### {NEW_MACHINE[language]}\n")
    anew, _, moving = anew.partition(f"\n### {MOVING[language]}\n")
    moving, _, _ = moving.partition(f"\n### {APART[language]}\n")
    own, certificate, key = OWN_FILES[language]
    for line in (*IN_THE_TEXT, own, TROUBLE[language]):
        must(f"`{line}`" in usual, f"the guide says: {line}")
    script = ["cd /root", "export DEBIAN_FRONTEND=noninteractive", "set +x"]
    script.append(f"touch /etc/fstab; mkdir -p {' '.join(DISKS[language])}")
    for place, (heading, lines) in enumerate(sections(usual)):
        script.append(f"echo 'SECTION {heading}'")
        script += [timed(line, BY_HAND.get(line, line), language) for line in lines]
        script.append(SAME if place else WORK)
    script.append("omr units list | grep -q PC06")  # typed in root's own folder, where omr may not look
    files = (
        f"omr certificate /root/own --host pv01 && cp own/server.pem {certificate} && cp own/server.key {key}"
    )
    script.append("echo 'SECTION what stands in the text'")
    renewed, *others = IN_THE_TEXT  # before files of another authority: those it does not renew
    script += [
        timed(renewed, renewed, language),
        f"OMR_WORKSPACE=/root {files}",
        timed(own, own.replace("TÊN", "pv01").replace("NAME", "pv01"), language),
    ]
    script += [timed(line, line, language) for line in (TROUBLE[language], *others)]
    register = OFFICE + "/omr.sqlite"
    script += [
        f"test -e {register}",
        "echo THE-REGISTER-STAYS",
        *LOST,
        "useradd -r gap",
    ]
    serves = [
        f"test -e {register}",
        "systemctl is-active omr.service",
        "[ $(omr users list | wc -l) = 1 ]",
        SAME,
    ]
    script.append(f"echo 'SECTION {NEW_MACHINE[language]}'")
    script += [timed(line, line, language) for line in commands(anew)] + serves
    script.append(f"echo 'SECTION {MOVING[language]}'")
    there = commands(moving)
    arrived = there.index("apt-get install ./omr_0.2.0_amd64.deb")  # from here on at the other machine
    script += [timed(line, line, language) for line in there[:arrived]]
    script += [*LOST, "useradd -r another-gap"]
    script += [timed(line, line, language) for line in there[arrived:]] + serves
    told = root.boot(
        "\n".join(script).replace("apt-get install", "apt-get install -y -q").replace("purge", "purge -y")
    )
    tell_times(told)
    must("BOOTED-WELL" in told, f"every command of the guide ends well:\n{told[-3000:]}")
    must("THE-REGISTER-STAYS" in told, "the register stays when the program is removed")
    compared = told.count("\nTHE-SAME-ANSWERS")
    said(f"the office's {READ} slips have the same answers after each of {compared} sections", started)


def apart(bare: Path, folder: Path, new: Path) -> None:
    """Carry Debian's own packages to a server that never sees a network, as the guide says."""
    told = {}
    for language in BEGINS:
        text = GUIDE.read_text("utf-8").partition(f"\n### {APART[language]}\n")[2].partition("\n### ")[0]
        told[language] = [line.replace(CARRIED[language], CARRIED["vi"]) for line in commands(text)]
    must(told["vi"] == told["en"], "both languages type the same")
    *fetched, installed = (line.replace("apt-get install", "apt-get install -y -q") for line in told["vi"])
    started = time.monotonic()
    other, server = fresh(bare, folder, "connected"), fresh(bare, folder, "apart")
    shutil.copy(new, other.path / "root/omr_0.2.0_amd64.deb")
    there, here = (root.path / CARRIED["vi"].lstrip("/") for root in (other, server))
    there.mkdir()
    typed = "; ".join(["cd /root", "export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive", *fetched])
    run("chroot", other.path, "sh", "-ec", typed)
    packages = list(there.glob("*.deb"))
    size = sum(package.stat().st_size for package in packages) / 1e6
    said(f"{len(packages)} packages, {size:.0f} MB, fetched on another machine", started)
    started = time.monotonic()
    shutil.copytree(there, here)
    server.sh(installed)
    server.sh("omr-setup --no-start && omr doctor")
    said("installed from them where there is no network; nothing is missing", started)


def newer(ready: Path, folder: Path, new: Path) -> None:
    """Install on the next Debian and play the demo; then let a server with slips become that Debian."""
    root = fresh(empty(folder, NEXT), folder, "newer")
    name = root.put(new)
    started = time.monotonic()
    settings = "export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive"
    told = run("chroot", root.path, "sh", "-ec", f"{settings}; apt-get update; apt-get install -y {name}")
    must("omr: signed by " in told, "the package says who signed it")
    root.sh("omr-setup --no-start && omr doctor")
    demo = "omr demo /var/lib/omr/thu --slips 40 --json"
    made = json.loads(root.sh(f"runuser -u omr -- /opt/omr/current/bin/{demo}"))
    must(made["misread"] == 0 and made["slips"] == 40, f"the demo runs: {made}")
    release, python = root.sh("cat /etc/debian_version; python3 --version").split("\n")[:2]
    said(
        f"Debian {release} with {python}: nothing is missing, omr demo on 40 slips, no mark misread", started
    )

    started = time.monotonic()
    root = fresh(ready, folder, "renewed")
    root.sh(f"dpkg -i {root.put(new)}; omr-setup --no-start; {WORK}")
    sources = root.path / "etc/apt/sources.list"
    sources.write_text(sources.read_text("utf-8").replace(RELEASE, NEXT), "utf-8")
    renewed = f"{settings}; apt-get update; apt-get dist-upgrade -y -o Dpkg::Options::=--force-confold"
    run("chroot", root.path, "sh", "-ec", renewed)
    must(python in root.sh("/opt/omr/current/bin/python --version"), f"omr runs on {python}")
    root.sh(f"omr doctor; omr audit verify; month=$(date +%Y-%m); {SAME}")
    said(f"from {RELEASE} to {NEXT}: the package made its environment anew, all answers the same", started)


def commands(text: str) -> list[str]:
    """Return the commands in the blocks of a text, without what is said of them."""
    blocks = [block.partition("\n```")[0] for block in text.split("```sh\n")[1:]]
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the headings of a text that have commands below them, with those commands."""
    for part in text.split("\n### ")[1:]:
        heading, _, below = part.partition("\n")
        if lines := commands(below):
            yield heading, lines


def tell_times(told: str) -> None:
    """Show how long each section of the guide took, and each of its commands."""
    for part in told.split("\nSECTION ")[1:]:
        heading, *lines = part.splitlines()
        steps = [line.removeprefix("TIMED ") for line in lines if line.startswith("TIMED")]
        whole = sum(int(step.split()[0]) for step in steps) / 1000
        print(f"    {heading.lstrip('# ')}: {whole:.0f} s", *steps, sep="\n        ", flush=True)


def timed(line: str, command: str, language: str) -> str:
    """Return a shell script that runs a command as a person types it and tells how long it took."""
    done = command.replace("{room}", DISKS[language][1])
    return (
        f"began=$(date +%s%N); {{ {done} ; }} </dev/null || [ $? = 3 ]\n"
        f'echo "TIMED $(( ($(date +%s%N) - began) / 1000000 )) ms  {line}"'
    )


def bundle(ready: Path, folder: Path, file: Path) -> None:
    """Play the installation from the one file."""
    root = fresh(ready, folder, "plain")
    started = time.monotonic()
    name = root.put(file)
    inside = file.name.removesuffix("-linux-x86_64.tar")
    root.sh(f"cd /root && tar -xf {name} && ./{inside}/install.sh /opt/omr")
    must("omr" in root.sh("/opt/omr/current/bin/omr --version"), "the bundle's omr runs")
    said("the bundle installed without network", started)
    started = time.monotonic()
    wheel = next((root.path / "root" / inside / "wheels").glob("click-*.whl"))
    with wheel.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"?")
    told = root.sh(f"/root/{inside}/install.sh /opt/other && echo installed", check=False)
    must("installed" not in told, "a damaged wheel is not installed")
    sums = root.path / "root" / inside / "SHA256SUMS"
    sums.write_text(sums.read_text("utf-8").replace("0", "1", 1), "utf-8")
    told = root.sh(f"/root/{inside}/install.sh /opt/other && echo installed", check=False)
    must("installed" not in told, "checksums that the signature does not fit are not believed")
    said("a damaged wheel and changed checksums are refused", started)
    started = time.monotonic()
    made = json.loads(root.sh("/opt/omr/current/bin/omr demo /root/thu --slips 40 --json"))
    must(made["misread"] == 0 and made["slips"] == 40, f"the demo runs: {made}")
    said("omr demo on 40 slips, no mark misread", started)


def digest(*parts: bytes) -> str:
    """Return what tells apart two runs of a part."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def sums(package: Path) -> bytes:
    """Return the checksums of all that a package brings; they leave out its signature, which has a time."""
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True)
    name = "./usr/share/omr/bundle/SHA256SUMS"
    return subprocess.run(["tar", "-xO", name], input=listed.stdout, capture_output=True, check=True).stdout


def main() -> None:
    """Run the parts of the trial that did not end well yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("old", type=Path, nargs="+")
    parser.add_argument("new", type=Path)
    parser.add_argument("bundle", type=Path)
    names = ("package", "bundle", *(f"guide-{each}" for each in BEGINS), "apart", "newer")
    parser.add_argument("--only", choices=names)
    parser.add_argument("--work", type=Path, default=HERE.parent / "out" / "trial")
    told = parser.parse_args()
    olds = [old.resolve() for old in told.old]
    new, packed = told.new.resolve(), told.bundle.resolve()
    work = told.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    bare = empty(work, RELEASE)
    ready = base(bare, work, run("dpkg-deb", "--field", new, "Depends").strip())
    ours, brought = Path(__file__).read_bytes(), sums(new)
    parts: dict[str, tuple[str, Callable[[], None]]] = {}
    for old in olds:
        play = partial(package, ready, work, old, new)
        parts[f"package from {old.stem}"] = (digest(ours, brought, sums(old)), play)
    parts["bundle"] = (digest(ours, brought), partial(bundle, ready, work, packed))
    for language in BEGINS:
        play = partial(recipes, ready, work, new, packed, language)
        parts[f"guide-{language}"] = (digest(ours, brought, GUIDE.read_bytes()), play)
    parts["apart"] = (digest(ours, brought, GUIDE.read_bytes()), partial(apart, bare, work, new))
    parts["newer"] = (digest(ours, brought), partial(newer, ready, work, new))
    for name, (key, play) in parts.items():
        if told.only not in (None, name.split()[0]):
            continue
        ended = work / f"{name}.ended"
        if ended.exists() and ended.read_text("ascii") == key:
            print(f"ok  {name}: played before with the same packages", flush=True)
            continue
        started = time.monotonic()
        play()
        ended.write_text(key, "ascii")
        said(f"{name}: all of it", started)


if __name__ == "__main__":
    main()
