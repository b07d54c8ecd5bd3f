"""A server's whole life in an empty Debian, as its guide tells it: packaging/trial.py OLD... NEW BUNDLE.

OLD and NEW are packages, BUNDLE the one file (`make bundle`). The parts: install, upgrade, roll back and
remove, from each OLD; the one file; every command of docs/operate.md in each of its languages; Debian's own
packages carried to a server without network; the next Debian and Ubuntu. Interrupted, the same command goes
on: a part that ended well with the same packages, by the same trial and guide, is not played again.

Needs root, debootstrap, systemd-container, a mirror of Debian and one of Ubuntu. What is installed gets no
network at all: after Debian's own packages are in, everything runs in a network name space with the loopback
alone. Every step says what it saw; the first that is not as it should be ends the trial with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from following import BEGINS, GUIDE, OFFICE, SAME, WORK, apart, recipes
from machine import NEXT, RELEASE, UBUNTU, Root, base, empty, fresh, must, run, said

HERE = Path(__file__).parent
PERIOD = "2023-04"  # the month that `omr demo` plays
SLIPS = 200  # of it, as `omr demo` plays it when nobody says how many
BACKUP_UNITS = ("omr-backup.service", "omr-backup.timer")
UNITS = ("omr.service", *BACKUP_UNITS, "omr-certificate.service", "omr-certificate.timer")
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


def newer(ready: Path, folder: Path, new: Path) -> None:
    """Install on the next Debian and on Ubuntu, play the demo; then let a server become that Debian."""
    settings = "export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive"
    for release in (UBUNTU, NEXT):
        root = fresh(empty(folder, release), folder, f"on-{release}")
        name = root.put(new)
        started = time.monotonic()
        told = run("chroot", root.path, "sh", "-ec", f"{settings}; apt-get update; apt-get install -y {name}")
        must("omr: signed by " in told, "the package says who signed it")
        root.sh("omr-setup --no-start && omr doctor")
        demo = "omr demo /var/lib/omr/thu --slips 40 --json"
        made = json.loads(root.sh(f"runuser -u omr -- /opt/omr/current/bin/{demo}"))
        must(made["misread"] == 0 and made["slips"] == 40, f"the demo runs: {made}")
        python = root.sh("/opt/omr/current/bin/python --version").strip()
        said(f"{release} with {python}: nothing is missing, omr demo on 40 slips, no mark misread", started)

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
    ours = b"".join((HERE / name).read_bytes() for name in ("trial.py", "following.py", "machine.py"))
    brought = sums(new)
    parts: dict[str, tuple[str, Callable[[], None]]] = {}
    for old in olds:
        upgrade = partial(package, ready, work, old, new)
        parts[f"package from {old.stem}"] = (digest(ours, brought, sums(old)), upgrade)
    parts["bundle"] = (digest(ours, brought), partial(bundle, ready, work, packed))
    for language in BEGINS:
        follow = partial(recipes, ready, work, new, packed, language)
        parts[f"guide-{language}"] = (digest(ours, brought, GUIDE.read_bytes()), follow)
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
