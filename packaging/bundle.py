"""One file that installs omr where there is no internet: python packaging/bundle.py [--system windows].

Holds a wheel house for every supported Python with the hashes of the lock file, Tesseract's Vietnamese
data, what people read, the installer and the checksums of all of it, signed. Forms, fonts and pages are
inside omr's own wheel. The same commit and lock file give the same content; the tar's times are those of
the commit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")  # Debian 12, Ubuntu 24.04, Debian 13
# Names of wheels for Linux with glibc, newest first: pip takes a wheel whose name says one of them.
GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
PLATFORMS = {
    "linux": [
        *(f"manylinux_{version}_x86_64" for version in GLIBC),
        *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "any"),
    ],
    "windows": ["win_amd64", "any"],
}
INSTALLERS = {
    "linux": ["install.sh", "Containerfile"],
    "windows": ["windows/install.cmd", "windows/install.py"],
}
TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
LANGUAGES = ("eng", "vie", "osd")
READ_BY_PEOPLE = ("*.md", "*.png", "*.jpg", "*.svg", "guide/*", "verify_export.py")  # of docs/


def run(*command: object, **options: object) -> str:
    """Run a program and return what it says; its own words are shown where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        sys.exit(f"bundle: {command[0]} ended with {done.returncode}")
    return str(done.stdout).strip()


def wheels(folder: Path, requirements: Path, system: str) -> None:
    """Download the locked wheels of every supported Python; pip checks each hash."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    for version in PYTHONS:
        platforms = [word for name in PLATFORMS[system] for word in ("--platform", name)]
        run(
            *pip, "download", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--python-version", version, *platforms, "--dest", folder, "--requirement", requirements,
            stderr=subprocess.DEVNULL if version != PYTHONS[0] else None,
        )  # fmt: skip


def own_wheel(folder: Path, source: Path) -> Path:
    """Build omr's wheel from a clean copy of what git tracks."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    before = set(folder.iterdir())
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (made,) = set(folder.iterdir()) - before
    return made


def papers(docs: Path, target: Path) -> None:
    """Copy what people read beside the program: who has only the file has its guide, and all it names."""
    for file in (file for pattern in READ_BY_PEOPLE for file in sorted(docs.glob(pattern))):
        placed = target / file.relative_to(docs)
        placed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, placed)


def checksums(folder: Path) -> None:
    """Write SHA256SUMS over every other file, as `sha256sum --check` reads it."""
    files = sorted(
        file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("SHA256")
    )
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}" for file in files]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", "utf-8")


def sign(folder: Path, key: str | None, keys: Path) -> str:
    """Sign the checksums with OpenPGP, which every Debian can check, and return the key's fingerprint.

    Without a named key one is made and kept in `keys`: whoever builds is whoever signs.
    """
    if key is None:
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ["GNUPGHOME"] = str(keys)
        name = "omr release"
        listed = subprocess.run(
            ["gpg", "--batch", "--list-secret-keys", name], capture_output=True, check=False
        )
        if listed.returncode != 0:
            made = ["--quick-generate-key", name, "ed25519", "sign", "5y"]
            run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *made)
        key = name
    shown = run("gpg", "--batch", "--with-colons", "--fingerprint", "--list-secret-keys", key)
    fingerprint = next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr"))
    signature = folder / "SHA256SUMS.sig"
    run(
        "gpg", "--batch", "--quiet", "--yes", "--local-user", fingerprint,
        "--output", signature, "--detach-sign", folder / "SHA256SUMS",
    )  # fmt: skip
    run("gpg", "--batch", "--quiet", "--yes", "--output", folder / "release-key.gpg", "--export", fingerprint)
    return fingerprint


def source_of(revision: str, target: Path) -> None:
    """Unpack what git tracks at a revision."""
    target.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(target)], input=packed.stdout, check=True)


def build(revision: str, key: str | None, work: Path, dist: Path, system: str = "linux") -> Path:
    """Build the bundle of a revision and return its file."""
    shutil.rmtree(work, ignore_errors=True)
    source = work / "source"
    source_of(revision, source)
    (work / "bundle").mkdir()
    house = work / "bundle" / "wheels"
    house.mkdir()
    wheels(house, source / "requirements" / "runtime.txt", system)
    made = own_wheel(house, source)
    version = made.name.split("-")[1]
    folder = (work / "bundle").rename(work / f"omr-{version}")
    house = folder / "wheels"
    own = house / made.name
    locked = (source / "requirements" / "runtime.txt").read_text("utf-8")
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"{locked}omr=={version} --hash=sha256:{digest}\n", "utf-8")
    (folder / "tessdata").mkdir()
    for language in LANGUAGES:
        shutil.copy(TESSDATA / f"{language}.traineddata", folder / "tessdata")
    (folder / "VERSION").write_text(version + "\n", "ascii")
    for installer in INSTALLERS[system]:
        shutil.copy(ROOT / "packaging" / installer, folder)
    papers(source / "docs", folder / "docs")
    if (source / "docs" / "man").is_dir():  # versions before 0.2.0 have none
        shutil.copytree(source / "docs" / "man", folder / "man")
    else:
        (folder / "man").mkdir()
    (folder / "REVISION").write_text(run("git", "rev-parse", revision, cwd=ROOT) + "\n", "utf-8")
    checksums(folder)
    fingerprint = sign(folder, key, ROOT / "out" / "release-key")
    dist.mkdir(exist_ok=True)
    file = dist / f"omr-{version}-{system}-x86_64.{'tar' if system == 'linux' else 'zip'}"
    moment = int(run("git", "log", "-1", "--format=%ct", revision, cwd=ROOT))

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = moment
        return member

    if system == "linux":
        with tarfile.open(file, "w") as tar:  # wheels are compressed already
            tar.add(folder, folder.name, filter=plain)
    else:
        with zipfile.ZipFile(file, "w") as archive:
            for one in sorted(folder.rglob("*")):
                archive.write(one, one.relative_to(folder.parent))
    print(f"{file}  {file.stat().st_size / 1e6:.0f} MB, {len(list(house.iterdir()))} wheels")
    print(f"signed by {fingerprint}")
    print(f"checksum {hashlib.sha256((folder / 'SHA256SUMS').read_bytes()).hexdigest()}")
    return file


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--revision", default="HEAD", help="what to build; only what is committed goes in")
    parser.add_argument("--key", help="fingerprint of the OpenPGP key that signs (else one made in out/)")
    parser.add_argument("--system", choices=sorted(PLATFORMS), default="linux")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "bundle")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    told = parser.parse_args()
    build(told.revision, told.key, told.work.resolve(), told.dist.resolve(), told.system)


if __name__ == "__main__":
    main()
