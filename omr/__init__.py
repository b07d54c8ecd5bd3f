r"""Read satisfaction slips: forms -> reading -> records -> reports.

The names below are what other programs may build on; each is imported when it is first used, so that
``import omr`` costs nothing. What is not named here may change with any version.

Examples
--------
A form, and a print run of it in a fresh workspace:

>>> import omr, pathlib, tempfile
>>> form = omr.load_form("DL-01", None)
>>> form.digit, len(form.questions)
(1, 15)
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> workspace = omr.Workspace.create(folder / "office")
>>> with omr.Office.open(workspace, by="lan") as office:
...     office.import_units(b"unit,name,kind,valid_from\nPC06,PC06,department,2026-01-01\n")
...     run = office.issue(form, unit="PC06", period="2026-11", count=2, target=folder / "run.pdf")
>>> omr.parse_serial(run.serial(1).printed) == run.serial(1)
True

Read one page, here one of the print run as it came from the printer: nobody filled it in.

>>> with omr.Office.open(workspace, by="lan") as office:
...     page = next(omr.open_pages(folder / "run.pdf"))
...     slip = omr.read_page(page, office.desk())
>>> slip.page.serial == run.serial(1), {answer.state.value for answer in slip.answers}
(True, {'no_answer'})

Classify boxes on any picture:

>>> import numpy as np
>>> picture, corners = np.full((60, 320), 250, np.uint8), []
>>> for left in range(10, 260, 60):
...     picture[10:41, left : left + 31] = 90
...     picture[12:39, left + 2 : left + 29] = 250
...     corners.append([[left, 10], [left + 31, 10], [left + 31, 41], [left, 41]])
>>> for step in range(21):  # a cross in the second box
...     picture[15 + step : 18 + step, 75 + step : 78 + step] = 30
...     picture[15 + step : 18 + step, 95 - step : 98 - step] = 30
>>> boxes = omr.classify_boxes(picture, np.array(corners, float), groups=["B1"] * 5)
>>> [box.state.value for box in boxes]
['blank', 'marked', 'blank', 'blank', 'blank']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omr.errors import OmrError as OmrError
    from omr.forms.layout import find_form
    from omr.forms.serial import Serial as Serial
    from omr.forms.serial import parse_serial as parse_serial
    from omr.forms.template import Form as Form
    from omr.office import Office as Office
    from omr.reading.marks.classify import classify_boxes as classify_boxes
    from omr.reading.reader import read_page as read_page
    from omr.reading.scan.pages import open_pages as open_pages
    from omr.records.intake.orders import Orders as Orders
    from omr.workspace import Workspace as Workspace

    load_form = find_form

__version__ = "0.2.0"

# public name -> where it is defined
_PUBLIC = {
    "Form": "omr.forms.template:Form",
    "Office": "omr.office:Office",
    "OmrError": "omr.errors:OmrError",
    "Orders": "omr.records.intake.orders:Orders",
    "Serial": "omr.forms.serial:Serial",
    "Workspace": "omr.workspace:Workspace",
    "classify_boxes": "omr.reading.marks.classify:classify_boxes",
    "load_form": "omr.forms.layout:find_form",
    "open_pages": "omr.reading.scan.pages:open_pages",
    "parse_serial": "omr.forms.serial:parse_serial",
    "read_page": "omr.reading.reader:read_page",
}
__all__ = list(_PUBLIC)  # noqa: PLE0604  # the names are texts


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
