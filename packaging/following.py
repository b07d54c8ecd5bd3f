"""The server's guide, docs/operate.md, followed word by word, on machines that boot and have no network."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from machine import fresh, must, run, said

HERE = Path(__file__).parent
OFFICE = "/var/lib/omr/office"
READ = 12  # slips that the guide's office has read
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
