"""Make the pictures of README.md again: ``python docs/pictures.py`` writes form.png and annotated.jpg.

The form is the specimen that people look at before a print run; the annotated scan is a
page of the samples, read by the program of this folder.
"""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pdf2image import convert_from_path
from PIL import Image

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
SCAN = "DL-03-200dpi-colour"  # a fold runs through a row of its second page
WAITS = 3  # how a command ends when something waits for a person
HEIGHT_PX = 1000  # two beside each other fill a page of the README


def _saved(picture: Image.Image, target: Path, **settings: object) -> None:
    width = round(picture.width * HEIGHT_PX / picture.height)
    picture.resize((width, HEIGHT_PX), Image.Resampling.LANCZOS).save(target, **settings)


def main() -> None:
    """Write both pictures."""
    making = runpy.run_path(str(SAMPLES / "make.py"))
    omr, issue = making["omr"], making["issue"]
    with TemporaryDirectory() as scratch:
        workspace = Path(scratch) / "office"
        issue(workspace)  # the samples' serials are known to the register of this workspace
        specimen = workspace / "specimen.pdf"
        omr(workspace, "forms", "preview", "DL-01", "-o", specimen)
        _saved(convert_from_path(specimen, dpi=200, grayscale=True)[0], HERE / "form.png", optimize=True)
        overlay = workspace / "overlay"
        try:
            omr(workspace, "read", SAMPLES / f"{SCAN}.pdf", "--overlay", overlay)
        except subprocess.CalledProcessError as ended:
            if ended.returncode != WAITS:
                raise
        with Image.open(overlay / f"{SCAN}.pdf-0002.jpg") as page:
            _saved(page, HERE / "annotated.jpg", quality=80)


if __name__ == "__main__":
    main()
