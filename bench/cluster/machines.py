"""Machines on this machine: network namespaces on one wire, each with a certificate of one authority.

Needs root and Debian's iproute2 and openssl. No address outside of the namespaces can be reached from inside.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NET: Final = "10.77.0"
WIRE: Final = "omr-wire"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: its name, its address on the wire, and the files of its certificate."""

    name: str
    address: str
    folder: Path

    def command(self, *words: str) -> list[str]:
        """Return a command that runs there."""
        return ["ip", "netns", "exec", f"omr-{self.name}", *words]

    @property
    def tls(self) -> list[str]:
        """The options that name its certificate."""
        ca, own = self.folder / "ca.pem", self.folder / self.name
        return [f"--tls-ca={ca}", f"--tls-cert={own}.pem", f"--tls-key={own}.key"]

    def unplug(self) -> None:
        """Pull its cable."""
        _ip(f"-n {WIRE} link set to-{self.name} down")


@contextmanager
def joined(names: Sequence[str], folder: Path) -> Iterator[list[Machine]]:
    """Give machines on one wire; nothing of them is left afterwards."""
    made = [Machine(name, f"{NET}.{place}", folder) for place, name in enumerate(names, 1)]
    spaces = [WIRE, *(f"omr-{name}" for name in names)]
    authority(folder, "ca")
    try:
        for space in spaces:
            _ip(f"netns add {space}")
        _ip(f"-n {WIRE} link add wire type bridge")
        _ip(f"-n {WIRE} link set wire up")
        for one in made:
            space = f"omr-{one.name}"
            certificate(folder, "ca", one.name, one.address)
            _ip(f"-n {WIRE} link add to-{one.name} type veth peer name eth0 netns {space}")
            _ip(f"-n {WIRE} link set to-{one.name} master wire up")
            _ip(f"-n {space} address add {one.address}/24 dev eth0")
            for device in ("lo", "eth0"):
                _ip(f"-n {space} link set {device} up")
        yield made
    finally:
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def authority(folder: Path, name: str) -> None:
    """Make an authority, with the command of docs/scale.md."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f'-nodes -days 1825 -subj "/CN=omr {name}" -keyout {name}.key -out {name}.pem'
    _sh(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 {about}", folder)


def certificate(folder: Path, by: str, name: str, address: str) -> None:
    """Make a machine's certificate, with the commands of docs/scale.md."""
    names = f"subjectAltName=DNS:{name},IP:{address}\\nextendedKeyUsage=serverAuth,clientAuth\\n"
    request = f'-nodes -subj "/CN={name}" -keyout {name}.key -out {name}.csr'
    _sh(f"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 {request}", folder)
    _sh(f"printf '{names}' > {name}.ext", folder)
    signed = f"-CA {by}.pem -CAkey {by}.key -CAcreateserial -extfile {name}.ext -out {name}.pem"
    _sh(f"openssl x509 -req -days 730 -in {name}.csr {signed}", folder)


def _sh(command: str, folder: Path) -> None:
    subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True)


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], capture_output=True, check=True)
