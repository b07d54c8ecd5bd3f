"""A Debian package made from a bundle: python packaging/deb.py dist/omr-VERSION-linux-x86_64.tar.

Small on purpose: it unpacks the bundle, whose own installer makes the environment under /opt/omr without
network, and adds what a server needs: user, units, settings, `omr-setup`. See docs/operate.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
# What omr loads besides its wheels, with the names of Debian 12, Debian 13 and Ubuntu 24.04.
DEPENDS = [
    "python3 (>= 3.11)",
    "python3-venv",
    "tesseract-ocr",
    "tesseract-ocr-vie",
    "poppler-utils",
    "libzbar0 | libzbar0t64",
    "libgl1",
    "libglib2.0-0 | libglib2.0-0t64",
    "libxcb1",
    "gpgv",
]
CONTROL = """\
Package: omr
Version: {version}
Architecture: amd64
Maintainer: omr maintainers <root@localhost>
Installed-Size: {size}
Depends: {depends}
Section: graphics
Priority: optional
Description: reads satisfaction slips, keeps their register, writes the month's report
 Prints numbered slips with fiducial marks, reads scanned stacks, asks people where
 a mark is doubtful, accounts for every serial, and reports the month. The desks
 are pages in the browser; nothing needs the internet.
"""


def place(source: Path, root: Path, target: str, mode: int = 0o644) -> None:
    """Copy one file to where it will be installed."""
    path = root / target
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(mode)


def build(bundle: Path, version_suffix: str, work: Path, dist: Path) -> Path:
    """Build the package and return its file."""
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    (root / "DEBIAN").mkdir(parents=True)
    with tarfile.open(bundle) as tar:
        tar.extractall(work / "unpacked", filter="data")
        (folder,) = {work / "unpacked" / name.split("/")[0] for name in tar.getnames()}
    version = folder.name.removeprefix("omr-") + version_suffix
    (root / "usr/share/omr").mkdir(parents=True)
    folder.rename(root / "usr/share/omr/bundle")
    (root / "usr/share/omr/bundle/install.sh").chmod(0o755)

    place(HERE / "debian/omr", root, "usr/bin/omr", 0o755)
    place(HERE / "debian/omr-setup", root, "usr/sbin/omr-setup", 0o755)
    place(HERE / "debian/serve", root, "usr/lib/omr/serve", 0o755)
    for unit in sorted((HERE / "systemd").iterdir()):
        place(unit, root, f"lib/systemd/system/{unit.name}")
    place(HERE / "debian/omr.conf", root, "etc/omr/omr.conf")
    place(HERE / "debian/copyright", root, "usr/share/doc/omr/copyright")
    shutil.copytree(root / "usr/share/omr/bundle/docs", root / "usr/share/doc/omr", dirs_exist_ok=True)
    with gzip.GzipFile(root / "usr/share/doc/omr/changelog.gz", "wb", mtime=0) as log:
        log.write((ROOT / "CHANGELOG.md").read_bytes())
    for page in sorted((ROOT / "docs/man").rglob("omr.1")):
        packed = root / "usr/share/man" / page.parent.relative_to(ROOT / "docs/man") / "omr.1.gz"
        packed.parent.mkdir(parents=True)
        packed.write_bytes(gzip.compress(page.read_bytes(), mtime=0))
    place(HERE / "debian/completion", root, "usr/share/bash-completion/completions/omr")
    for script in ("postinst", "prerm", "postrm"):
        place(HERE / "debian" / script, root, f"DEBIAN/{script}", 0o755)
    place(HERE / "debian/triggers", root, "DEBIAN/triggers")
    (root / "DEBIAN/conffiles").write_text("/etc/omr/omr.conf\n", "utf-8")
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) // 1024
    control = CONTROL.format(version=version, size=size, depends=", ".join(DEPENDS))
    (root / "DEBIAN/control").write_text(control, "utf-8")

    file = dist / f"omr_{version}_amd64.deb"
    call = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(file)]  # wheels are zips
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    print(f"{file}  {file.stat().st_size / 1e6:.0f} MB")
    with file.open("rb") as built:  # told by another way than the file: docs/operate.md
        print(f"sha256 {hashlib.file_digest(built, 'sha256').hexdigest()}")
    return file


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--version-suffix", default="", help="such as ~rc1 or +1")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "deb")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    told = parser.parse_args()
    shutil.rmtree(told.work, ignore_errors=True)
    told.dist.mkdir(exist_ok=True)
    build(told.bundle, told.version_suffix, told.work.resolve(), told.dist.resolve())


if __name__ == "__main__":
    main()
