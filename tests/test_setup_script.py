"""`omr-setup`, typed wrongly: in another folder, as another user, twice, with a wrong file.

The script that is shipped, with its folders put elsewhere; programs of the system that need root or another
user are stood in for. What it does on a machine that boots is `make package-trial`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omr.web.network.authority import certify

ROOT = Path(__file__).parent.parent
STANDS_IN = {
    "id": "echo ${AS_USER:-0}",
    "runuser": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "chown": ":",
    "systemctl": ":",
    # without owners, which only root can give
    "install": """
set -- "$@" --
while [ "$1" != -- ]; do
    case $1 in -o | -g) shift ;; *) set -- "$@" "$1" ;; esac
    shift
done
shift
exec /usr/bin/install "$@"
""",
}


class Server:
    """A machine on which the package is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = folder / "var/office"
        self.tls = folder / "etc/tls"
        self.conf = folder / "etc/omr.conf"
        self.programs = folder / "bin"
        program = folder / "opt/omr"
        for place in (self.conf.parent, self.programs, program.parent, folder / "var", folder / "backups"):
            place.mkdir(parents=True)
        for name, body in STANDS_IN.items():
            self.put(self.programs / name, f"#!/bin/sh\n{body}\n")
        run = "import sys; sys.argv[0] = 'omr'; from omr.cli import main; main()"
        self.put(program, f'#!/bin/sh\nexec {sys.executable} -c "{run}" "$@"\n')
        settings = (ROOT / "packaging/debian/omr.conf").read_text("utf-8")
        self.conf.write_text(settings.replace("/var/backups/omr", str(folder / "backups")), "utf-8")
        script = (ROOT / "packaging/debian/omr-setup").read_text("utf-8")
        elsewhere = {
            "/opt/omr/current/bin/omr": program,
            "/var/lib/omr/office": self.office,
            "/etc/omr/": f"{folder}/etc/",
            "/etc/systemd/system": f"{folder}/units",
        }
        for place, ours in elsewhere.items():
            assert place in script
            script = script.replace(place, str(ours))
        self.put(folder / "omr-setup", script)

    @staticmethod
    def put(file: Path, text: str) -> None:
        file.write_text(text, "utf-8")
        file.chmod(0o755)

    def setup(self, *words: object, folder: Path | None = None, user: str = "0") -> tuple[int, str]:
        """Type omr-setup; return its code and what it said."""
        path = os.pathsep.join([str(self.programs), os.environ["PATH"]])
        ran = subprocess.run(
            [str(self.folder / "omr-setup"), *map(str, words), "--no-start"],
            env={**os.environ, "PATH": path, "AS_USER": user, "PYTHONPATH": str(ROOT), "OMR_LANG": "en"},
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def settings(self) -> dict[str, str]:
        lines = [line for line in self.conf.read_text("utf-8").splitlines() if not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines if line)

    def everything(self) -> dict[str, bytes]:
        """Return what would be lost if a mistake overwrote it."""
        files = [self.conf, *self.tls.glob("*"), *self.office.glob("omr.toml")]
        return {str(file): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server after its first day, typed in a folder of its own."""
    made = Server(tmp_path_factory.mktemp("server"))
    home = made.folder / "root"
    home.mkdir(mode=0o700)
    code, told = made.setup("--host", "10.0.0.1", "--host", "pv01", folder=home)
    assert code == 0, told
    assert told.endswith("https://10.0.0.1:8000/\n")
    yield made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "80"], "not from 1024"),
        (["--port", "84|43"], "no number"),
        (["--port"], "needs a value"),
        (["--host", "--port"], "needs a value"),
        (["--units", "missing.csv"], "no such file"),
        (["--host", "pv01", "--cert", "c.pem"], "all three"),
        (["--cert", "c.pem", "--key", "k.pem"], "all three"),
        (["--host", "pv01", "--cert", "c.pem", "--key", "k.pem"], "no such file"),
        (["--renew", "--host", "pv02"], "names of before"),
        (["--host", "máy chủ"], "no host name"),
        (["--hosts", "pv01"], "omr-setup --renew"),
        (["--backup-to", "mnt"], "must begin with /"),
        (["--backup-to", "/no/such/disk"], "is its disk mounted?"),
        (["--backup-to", "/mnt/sao lưu"], "letters, digits"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(server: Server, words: list[str], said: str) -> None:
    before = server.everything()
    code, told = server.setup(*words)
    assert code != 0
    assert said in told
    assert server.everything() == before


def test_another_user_is_told_so_before_anything_else(server: Server) -> None:
    assert server.setup(user="1000") == (1, "omr-setup: run it as root\n")


def test_typed_twice_it_leaves_what_is_there(server: Server) -> None:
    root, before = (server.tls / "root.pem").read_bytes(), server.everything()
    code, told = server.setup()
    assert code == 0, told
    assert "password" not in told  # no second administrator
    assert server.everything() == before
    assert server.setup("--renew")[0] == 0
    assert (server.tls / "root.pem").read_bytes() == root
    renewed = server.everything()
    code, told = server.setup("--due")
    assert code == 0 and "Not due" in told
    assert server.everything() == renewed


def test_backups_go_to_a_disk_that_is_there_and_no_folder_is_made_in_its_place(server: Server) -> None:
    disk = server.folder / "disk"
    disk.mkdir()
    code, told = server.setup("--backup-to", disk)
    assert code == 0, told
    assert told.endswith("https://10.0.0.1:8000/\n")  # without its names typed again
    assert server.settings()["OMR_BACKUP_TO"] == str(disk)
    for unit in ("omr", "omr-backup"):
        allowed = (server.folder / f"units/{unit}.service.d/backup-to.conf").read_text("utf-8")
        assert f"ReadWritePaths=-{disk}\n" in allowed
    assert f"RequiresMountsFor={disk}\n" in allowed
    disk.rmdir()
    code, told = server.setup()
    assert code == 0 and f"{disk} is not there" in told
    assert not disk.exists()


def test_given_files_that_do_not_fit_leave_the_ones_in_use_and_fitting_ones_are_never_overwritten(
    server: Server,
) -> None:
    theirs = server.folder / "theirs"
    certify(theirs, "Bộ", ["pv01"], datetime.now(UTC))
    before, given = server.everything(), ["--cert", "theirs/server.pem", "--key", "theirs/server.key"]
    for words in (
        ["--host", "pv01", "--cert", "theirs/server.key", "--key", "theirs/server.pem"],
        ["--host", "pv01", "--cert", "theirs/server.pem", "--key", server.tls / "root.key"],
        ["--host", "10.0.0.1", *given],
    ):
        assert server.setup(*words)[0] == 1
        assert server.everything() == before
    code, told = server.setup("--host", "pv01", *given)
    assert code == 0, told
    taken = (theirs / "server.pem").read_bytes()
    assert (server.tls / "server.pem").read_bytes() == taken
    assert server.setup("--renew")[0] == 1
    assert server.setup("--due")[0] == 0  # nothing of ours is due
    assert (server.tls / "server.pem").read_bytes() == taken


def test_units_that_were_not_imported_the_first_time_are_imported_the_second(tmp_path: Path) -> None:
    server = Server(tmp_path)
    wrong = tmp_path / "units.csv"
    wrong.write_text("this;is\nno;list\n", "utf-8")
    code, told = server.setup("--units", wrong)
    assert code == 0 and "no units were imported" in told
    code, told = server.setup("--port", "9443")
    assert code == 0, told
    assert "no units" not in told
    assert told.endswith("http://127.0.0.1:9443/\n")
    assert server.settings()["OMR_HOST"] == "127.0.0.1"
