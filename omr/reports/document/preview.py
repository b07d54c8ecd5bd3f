"""A report as a page to be looked at before it is fetched: the Word document itself, turned into HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import mammoth

from omr.files import write_whole

# Our page has a heading of its own above the document's.
_STYLES: Final = """
p[style-name='heading 1'] => h2:fresh
p[style-name='heading 2'] => h3:fresh
p[style-name='heading 3'] => h4:fresh
p[style-name='BieuO'] => p:fresh
"""


def preview(document: Path, folder: Path, address: str) -> str:
    """Return a Word document of ours as HTML, its pictures written to `folder`.

    Parameters
    ----------
    address : str
        Under which the files of `folder` are found.
    """
    count = 0

    def picture(image: mammoth.documents.Image) -> dict[str, str]:
        nonlocal count
        count += 1
        file = folder / f"picture-{count}.png"
        with image.open() as source:
            write_whole(file, source.read())
        return {"src": f"{address}/{file.name}"}

    with document.open("rb") as source:
        made = mammoth.convert_to_html(
            source, style_map=_STYLES, convert_image=mammoth.images.img_element(picture)
        )
    return str(made.value)
