"""What is installed on a server: the package, its units and scripts say the same as the rest of the project.

The whole life of a server (first day, upgrade, rollback, removal, in an empty Debian that is booted) is
`make package-trial`.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pip
import pytest
from test_docs import assert_runs

from omr.cli.keeping.serve import serve

ROOT = Path(__file__).parent.parent
PACKAGING = ROOT / "packaging"
SCRIPTS = [PACKAGING / "install.sh"]
SCRIPTS += sorted(file for file in (PACKAGING / "debian").iterdir() if file.read_bytes().startswith(b"#!"))


def module(name: str) -> ModuleType:
    """Load a script of packaging/ as a module."""
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


sys.path.insert(0, str(PACKAGING))  # as where one of them is run
bundle, deb, following = module("bundle"), module("deb"), module("following")
sys.path.remove(str(PACKAGING))


def test_the_package_depends_on_all_that_a_checkout_installs() -> None:
    always = (ROOT / "requirements/system.py").read_text("utf-8").split("ALWAYS:")[1].split("}\n")[0]
    needed = set(re.findall(r'^ +"([a-z0-9.-]+)":', always, re.MULTILINE))
    assert "tesseract-ocr-vie" in needed
    assert needed <= {re.split(r"[ |(]", name)[0] for name in deb.DEPENDS}


def test_the_pythons_of_bundle_and_installer_are_the_same() -> None:
    (pattern,) = re.findall(r"case \$version in ([^)]+)\)", (PACKAGING / "install.sh").read_text("utf-8"))
    assert tuple(pattern.split(" | ")) == bundle.PYTHONS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_scripts_are_plain_shell(script: Path) -> None:
    assert script.read_text("utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True)


@pytest.mark.parametrize(
    ("script", "word"),
    [("postinst", "start"), ("prerm", "stop"), ("prerm", "disable"), ("omr-setup", "enable")],
)
def test_scripts_concern_themselves_with_every_unit(script: str, word: str) -> None:
    units = {file.name for file in (PACKAGING / "systemd").iterdir()}
    started = {name for name in units if name == "omr.service" or name.endswith(".timer")}
    lines = (PACKAGING / "debian" / script).read_text("utf-8").splitlines()
    (line,) = (line for line in lines if f"systemctl {word}" in line and "omr.service" in line)
    assert set(re.findall(r"omr[a-z-]*\.(?:service|timer)", line)) == started
    assert {name.replace(".timer", ".service") for name in started} <= units


def test_every_setting_of_the_server_is_used() -> None:
    settings = set(
        re.findall(r"^(OMR_\w+)=", (PACKAGING / "debian/omr.conf").read_text("utf-8"), re.MULTILINE)
    )
    readers = [PACKAGING / "debian/serve", *(PACKAGING / "systemd").iterdir()]
    used = set(re.findall(r"OMR_\w+", " ".join(file.read_text("utf-8") for file in readers)))
    assert settings <= used
    assert used - settings == {"OMR_PLAIN"}  # the container's own


def fake_bundle(folder: Path) -> Path:
    """Make a bundle as bundle.py does, whose only wheel is a small program called omr."""
    made = folder / "omr-9.9"
    (made / "wheels").mkdir(parents=True)
    wheel = made / "wheels/omr-9.9-py3-none-any.whl"
    info = "omr-9.9.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("omr.py", "def main():\n    print('omr 9.9 runs')\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: omr\nVersion: 9.9\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\nomr = omr:main\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (made / "requirements.txt").write_text(f"omr==9.9 --hash=sha256:{digest}\n", "utf-8")
    (made / "tessdata").mkdir()
    (made / "tessdata/vie.traineddata").write_bytes(b"letters")
    (made / "REVISION").write_text("0123456789abcdef\n", "utf-8")
    shutil.copy(PACKAGING / "install.sh", made)
    shutil.copytree(PACKAGING.parent / "docs" / "man", made / "man")
    bundle.papers(PACKAGING.parent / "docs", made / "docs")
    bundle.checksums(made)
    return made


def with_pip(made: Path) -> None:
    """Add a wheel of the pip that is here: the installer runs the one of its bundle."""
    package = Path(pip.__file__).parent
    with zipfile.ZipFile(made / "wheels" / f"pip-{pip.__version__}-py3-none-any.whl", "w") as archive:
        for file in package.rglob("*"):
            if file.suffix != ".pyc":
                archive.write(file, file.relative_to(package.parent))


def test_the_package_places_what_its_units_and_scripts_call(tmp_path: Path) -> None:
    tar = tmp_path / "omr-9.9-linux-x86_64.tar"
    with tarfile.open(tar, "w") as archive:
        archive.add(fake_bundle(tmp_path), "omr-9.9")
    file = deb.build(tar, "", tmp_path / "work", tmp_path)
    listed = subprocess.run(
        ["dpkg-deb", "--contents", file], capture_output=True, text=True, check=True
    ).stdout
    placed = {line.split()[5].removeprefix("."): line.split()[0] for line in listed.splitlines()}
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    for unit in (PACKAGING / "systemd").glob("*.service"):
        told = configparser.RawConfigParser(strict=False)
        told.read(unit, "utf-8")
        program = told["Service"]["ExecStart"].split()[0]
        assert program.startswith("/opt/omr/current/") or "x" in placed[program], program
        assert f"/lib/systemd/system/{unit.name}" in placed
    for read in ("man/man1/omr.1.gz", "man/vi/man1/omr.1.gz", "bash-completion/completions/omr"):
        assert f"/usr/share/{read}" in placed
    for page in ("operate.md", "windows.md", "guide-clerks.md"):
        text = (ROOT / "docs" / page).read_text("utf-8")
        for named in {page, *re.findall(r"\]\(([^)#:]+)", text)}:
            assert f"/usr/share/doc/omr/{named}" in placed, f"{page} sends its reader to {named}"
    for command in ("/usr/bin/omr", "/usr/sbin/omr-setup", "/usr/share/omr/bundle/install.sh"):
        assert "x" in placed[command]
    subprocess.run(["dpkg-deb", "--control", file, tmp_path / "control"], check=True)
    assert "/usr/bin/python3" in (tmp_path / "control/triggers").read_text("ascii")
    fields = subprocess.run(["dpkg-deb", "--field", file], capture_output=True, text=True, check=True).stdout
    assert "Version: 9.9\n" in fields


@pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not here: bundles are signed where it is")
@pytest.mark.skipif(sys.version_info[:2] > (3, 13), reason="bundles hold wheels up to Python 3.13")
def test_the_installer_believes_signed_bundles_only_and_never_leaves_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fake_bundle(tmp_path)
    with_pip(made)
    bundle.checksums(made)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "keys"))  # restored after the test; sign() sets it too
    fingerprint = bundle.sign(made, None, tmp_path / "keys")
    monkeypatch.setenv("PYTHON", sys.executable)
    without = tmp_path / "without"  # a small Debian has gpgv, but not gpg
    without.mkdir()
    (without / "gpg").write_text("#!/bin/sh\nexit 127\n", "ascii")
    (without / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{without}{os.pathsep}{os.environ['PATH']}")

    def install(target: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(made / "install.sh"), str(tmp_path / target)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    first = install("opt")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"signed by {fingerprint};" in first.stdout
    runs = subprocess.run([tmp_path / "opt/current/bin/omr"], capture_output=True, text=True, check=True)
    assert runs.stdout == "omr 9.9 runs\n"
    assert (tmp_path / "opt/current/share/man/man1/omr.1").read_bytes().startswith(b".")
    assert list((tmp_path / "opt/current").rglob("omr.*.pyc")), "the service may not write them later"
    assert install("opt").returncode == 0  # again: nothing is done twice
    for link in (tmp_path / "opt/current/bin").glob("python*"):
        link.unlink()  # as where Debian replaced its Python
    assert install("opt").returncode == 0
    subprocess.run([tmp_path / "opt/current/bin/omr"], check=True, stdout=subprocess.DEVNULL)

    wheel = made / "wheels/omr-9.9-py3-none-any.whl"
    whole = wheel.read_bytes()
    wheel.write_bytes(whole + b"?")
    damaged = install("other")
    assert damaged.returncode == 1
    assert "copy the bundle again" in damaged.stderr
    bundle.checksums(made)  # somebody who changes a wheel can write the checksums, but not sign them
    forged = install("other")
    assert forged.returncode == 1
    assert "signature" in forged.stderr
    assert not (tmp_path / "other").exists()


def test_windows_gets_the_same_lock_and_its_own_installer() -> None:
    assert set(bundle.INSTALLERS) == set(bundle.PLATFORMS)
    for installers in bundle.INSTALLERS.values():
        assert all((PACKAGING / file).is_file() for file in installers)
    assert b"\n" not in (PACKAGING / "windows/install.cmd").read_bytes().replace(b"\r\n", b"")


def test_the_windows_installer_sees_what_is_damaged(tmp_path: Path) -> None:
    made = fake_bundle(tmp_path)
    installer = module("windows/install")
    assert installer.wrong(made) == []
    wheel = next((made / "wheels").iterdir())
    wheel.write_bytes(wheel.read_bytes() + b"?")
    (made / "requirements.txt").unlink()
    assert set(installer.wrong(made)) == {f"wheels/{wheel.name}", "requirements.txt"}


def test_an_embedded_python_sees_what_is_installed_into_it(tmp_path: Path) -> None:
    listed = tmp_path / "python313._pth"
    listed.write_text(
        "python313.zip\n.\n\n# Uncomment to run site.main() automatically\n#import site\n", "ascii"
    )
    installer = module("windows/install")
    for _ in range(2):  # twice is once
        installer.let_in(tmp_path)
        assert listed.read_text("ascii").split() == [
            "python313.zip",
            ".",
            "Lib\\site-packages",
            "import",
            "site",
        ]


def test_the_windows_command_and_service_are_the_version_that_was_installed(tmp_path: Path) -> None:
    python = tmp_path / "9.9" / "python.exe"
    module("windows/install").name_it(tmp_path, python)
    assert str(python) in (tmp_path / "omr.cmd").read_text("utf-8")
    service = ElementTree.parse(tmp_path / "service" / "omr-service.xml").getroot()
    assert service.findtext("executable") == str(python)
    assert service.findtext("serviceaccount/user") == "LocalService"
    kept = tmp_path / "service" / "omr-service.xml"
    kept.write_text(kept.read_text("utf-8").replace("8443", "9443"), "utf-8", newline="")
    module("windows/install").name_it(tmp_path, tmp_path / "9.10" / "python.exe")
    updated = ElementTree.parse(kept).getroot()
    assert updated.findtext("executable") == str(tmp_path / "9.10" / "python.exe")
    assert "--port 9443" in str(updated.findtext("arguments")), "what an administrator changed stays"
    assert "9.10" in (tmp_path / "omr.cmd").read_text("utf-8")
    assert len(kept.read_bytes().split(b"\r\n")) > 10
    words = shlex.split(str(service.findtext("arguments")).replace("\\", "/"))
    assert words[:4] == ["-X", "utf8", "-m", "omr.cli"]
    assert words[4:6] == ["--workspace", "C:/ProgramData/omr/office"]
    known = {option for parameter in serve.params for option in parameter.opts}
    assert {word for word in words[6:] if word.startswith("--")} <= known


# What the two halves of the guides call differently.
THERE = {"may-chu-pv01": "pv01-server", "sao-luu": "backup", "cau-hinh": "config", "dia-moi": "new-disk"}
THERE |= {
    "office-loi": "office-faulty",
    "omr-cu": "omr-old",
    "chuyen": "move",
    "goi": "packages",
    "thu": "trial",
}


@pytest.mark.parametrize(("page", "lines"), [("operate.md", 45), ("container.md", 18)])
def test_both_languages_type_the_same_on_the_server(page: str, lines: int) -> None:
    vietnamese, english = (ROOT / "docs" / page).read_text("utf-8").split("\n## ")[1:3]
    theirs = "\n".join(following.commands(vietnamese))
    for word, other in THERE.items():
        theirs = re.sub(rf"\b{word}\b", other, theirs)
    assert theirs.splitlines() == following.commands(english)
    assert len(theirs.splitlines()) >= lines
    watched = [re.findall(r"^\| `([^`]+)", half, re.MULTILINE) for half in (vietnamese, english)]
    assert watched[0] == watched[1]


WINDOWS = (ROOT / "docs/windows.md").read_text("utf-8")
HALVES = dict(zip(("vi", "en"), WINDOWS.split("\n## ")[1:], strict=True))
# What the two halves call differently, and what both then mean.
CALLED = {"may-chu-pv01": "pv01-server", "sao-luu": "backup", "office-loi": "office-faulty"}
CALLED |= {"omr-chung-thu": "omr-certificate"}


def typed_on_windows(half: str) -> list[str]:
    blocks = re.findall(r"^```bat\n(.*?)^```", half, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def test_both_languages_type_the_same_on_windows() -> None:
    theirs = "\n".join(typed_on_windows(HALVES["vi"]))
    for word, other in CALLED.items():
        theirs = theirs.replace(word, other)
    assert theirs.splitlines() == typed_on_windows(HALVES["en"])
    assert len(theirs.splitlines()) > 30


def test_every_command_typed_on_windows_exists() -> None:
    lines = [re.split(r' && |"$', found)[0] for found in re.findall(r"omr\.cmd (.*)", WINDOWS)]
    lines = [line.split("`")[0] for line in lines]
    assert len(lines) > 15
    for line in lines:
        assert_runs(f"omr {line}".replace("\\", "/"))


def test_every_file_named_for_windows_is_made_by_bundle_or_installer() -> None:
    """Files that come from elsewhere are named with where they come from."""
    ours = {"install.cmd", "install.py", "omr.cmd", "omr-service.xml", "omr.toml", "omr.url"}
    ours |= {"root.pem", "root.key", "root.crt", "omr-service.exe"}  # renamed as the text says
    named = set(re.findall(r"[\w.-]+\.(?:cmd|py|xml|exe|zip|toml|url|pem|key|crt)\b", WINDOWS))
    others = {name for name in named if name not in ours}
    version = re.search(r"omr-([\d.]+)-windows-x86_64\.zip", WINDOWS)
    assert version is not None and version[1] in (ROOT / "docs/operate.md").read_text("utf-8")
    rows = [line for line in WINDOWS.splitlines() if line.startswith("| `")]
    assert all(any(name in row for row in rows) for name in others), others
