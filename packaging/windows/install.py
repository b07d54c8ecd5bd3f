r"""Installs omr on Windows from the unpacked bundle: python install.py [TARGET], run by install.cmd.

Nothing but the standard library, and no network. Checks every checksum first; puts the wheels into an
environment of its own, TARGET\VERSION, and lets TARGET\omr.cmd name it at the very end, so that an
installation that was interrupted leaves the version before in use. Run again: does nothing twice.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

OFFICE = r"C:\ProgramData\omr\office"
TESSERACT = r"C:\Program Files\Tesseract-OCR"
PORT = 8443
COMMAND = """\
@echo off
setlocal
set "TESSDATA_PREFIX={tessdata}"
if not defined OMR_WORKSPACE if exist "{office}\\omr.toml" set "OMR_WORKSPACE={office}"
"{python}" -X utf8 -m omr.cli %*
"""
# As `python -m pip`, out of its wheel: on Windows pip called by its own name refuses to install a pip.
PIP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', None, '__main__', True)"
)
SERVICE = """\
<service>
  <id>omr</id>
  <name>omr</name>
  <description>The desks for satisfaction slips</description>
  <executable>{python}</executable>
  <arguments>-X utf8 -m omr.cli --workspace "{office}" serve --host 0.0.0.0 --port {port} \
--tls-cert "{tls}\\server.pem" --tls-key "{tls}\\server.key"</arguments>
  <env name="PATH" value="{tesseract};%PATH%"/>
  <env name="TESSDATA_PREFIX" value="{tessdata}"/>
  <serviceaccount>
    <domain>NT AUTHORITY</domain>
    <user>LocalService</user>
  </serviceaccount>
  <onfailure action="restart" delay="10 sec"/>
  <stoptimeout>60 sec</stoptimeout>
  <stopparentprocessfirst>true</stopparentprocessfirst>
  <logpath>{logs}</logpath>
  <log mode="roll"/>
</service>
"""


def stop(said: str) -> None:
    """End with one line."""
    sys.exit(f"omr: {said}")


def wrong(folder: Path) -> list[str]:
    """Return the files of the bundle that are missing or not what SHA256SUMS says."""
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    found = []
    for digest, name in (line.split("  ", 1) for line in lines):
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            found.append(name)
    return found


def let_in(python: Path) -> None:
    """Let an embedded Python see what is installed into it: its ``._pth`` names all places."""
    for file in python.glob("python*._pth"):
        lines = file.read_text("utf-8").splitlines()
        kept = [line for line in lines if line.strip() and not line.startswith("#") and line != "import site"]
        wanted = "Lib\\site-packages"
        if wanted not in kept:
            kept.append(wanted)
        file.write_text("\n".join([*kept, "import site", ""]), "utf-8", newline="\r\n")


def put(folder: Path, python: Path) -> None:
    """Install the wheels with the pip that lies among them; each must have the hash of the lock file."""
    (pip,) = (folder / "wheels").glob("pip-*.whl")
    done = subprocess.run(
        [
            *(
                str(python),
                "-c",
                PIP,
                str(pip),
                "--disable-pip-version-check",
                "--no-input",
                "--quiet",
                "install",
            ),
            *(
                "--no-index",
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--no-warn-script-location",
            ),
            *("--find-links", str(folder / "wheels"), "--requirement", str(folder / "requirements.txt")),
        ],
        check=False,
    )
    if done.returncode != 0:
        stop("the installation failed; the version before is still in use")


def name_it(target: Path, python: Path) -> None:
    """Let the command and the service be this version from now on; what was changed in its file stays."""
    tls, logs = target / "tls", target / "service"
    logs.mkdir(exist_ok=True)
    values = {
        **{"python": python, "office": OFFICE, "port": PORT, "tls": tls},
        **{"tesseract": TESSERACT, "tessdata": python.parent / "tessdata", "logs": logs},
    }
    service = SERVICE.format(**{key: escape(str(value)) for key, value in values.items()})
    kept = logs / "omr-service.xml"
    if kept.is_file():  # only what the version has to say: its program and its letters
        before = kept.read_text("utf-8")
        for said in (r"<executable>.*?</executable>", r'<env name="TESSDATA_PREFIX" value="[^"]*"/>'):
            ours = re.search(said, service, re.DOTALL)
            assert ours is not None
            before = re.sub(said, lambda _, ours=ours: ours[0], before, flags=re.DOTALL)
        service = before
    for file, text in ((kept, service), (target / "omr.cmd", COMMAND.format(**values))):
        part = file.with_suffix(".part")
        part.write_text(text, "utf-8", newline="\r\n")
        part.replace(file)


def main(arguments: list[str]) -> None:
    """Install into the folder that is named."""
    folder = Path(__file__).absolute().parent
    target = Path(arguments[0] if arguments else r"C:\omr").absolute()
    if bad := wrong(folder):
        stop(f"damaged or missing, copy the bundle again: {', '.join(bad[:5])}")
    said = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    print(f"omr: the checksum of this bundle is\n  {said}\ncompare it with what you were told")
    version = (folder / "VERSION").read_text("ascii").strip()
    made = target / version
    if not (made / "complete").is_file():
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(Path(sys.executable).parent, made)
        let_in(made)
        put(folder, made / "python.exe")
        shutil.copytree(folder / "tessdata", made / "tessdata")
        (made / "complete").touch()
    name_it(target, made / "python.exe")
    print(f"omr: {version} is in {made}; run {target}\\omr.cmd doctor")


if __name__ == "__main__":
    main(sys.argv[1:])
