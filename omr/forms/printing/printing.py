"""Form + serials -> print-ready PDF: vector, true millimetres, typefaces embedded, the same bytes each time.

What all slips share stands in the file once; a page adds its ladder, its QR code and its serial.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from omr.errors import OmrError
from omr.files import appearing
from omr.forms.fonts import embedded, width_mm
from omr.forms.printing.carriers import CODES, places
from omr.forms.serial import Serial
from omr.forms.sheet import SERIAL_PT, serial_baseline
from omr.forms.symbols import (
    FIDUCIAL_MODULES,
    QR_QUIET,
    Modules,
    address_code,
    marker,
    outlines,
)
from omr.forms.template import OUTLINE_MM, Electronic, Form, Stroke, TextLine, fingerprint
from omr.geometry import Box
from omr.steps import each

LEAST_PHONE_MODULE_MM: Final = 0.33  # a phone's camera reads this; the address must be short enough for it


def print_forms(
    form: Form, serials: Iterable[Serial], target: Path, *, run: str, electronic_url: str = ""
) -> None:
    """Print one slip a serial.

    Parameters
    ----------
    form : Form
    serials : iterable of Serial
        One page each, in this order; of a form with several pages all of each, of a form for both
        sides as many as its sheets have.
    target : Path
        The PDF; it is there whole or not at all.
    run : str
        The print run, written into the document's keywords with what stands behind it.
    electronic_url : str
        Address of the electronic form; its QR code is printed where the form has room for it.
        ``{form}`` stands for the form's name.

    Raises
    ------
    OmrError
        If the address is too long for a code that a phone can read.
    OSError
        If the file cannot be written; nothing is left behind.
    """
    with _document(form, target, f"run={run}", electronic_url) as canvas:
        for serial in each("printing", serials):
            for number in range(1, form.pages + 1):
                canvas.doForm(_art(number))
                _identity(canvas, form, serial, number)
                canvas.showPage()
            for _ in range(form.sides - form.pages):  # the next one begins on a sheet of its own
                canvas.showPage()


SPECIMEN: Final = {"vi": "MẪU", "en": "SPECIMEN"}  # across a page that is none of a print run


def print_specimen(form: Form, target: Path, *, electronic_url: str = "") -> None:
    """Print the form once, marked MẪU or SPECIMEN, with crossed-out places instead of a serial."""
    frame = form.frame
    with _document(form, target, "specimen", electronic_url) as canvas:
        word = SPECIMEN.get(form.language.partition("-")[0], SPECIMEN["en"])
        size = frame.width_mm * 1.1 * min(1.0, 3.2 / len(word))
        for number in range(1, form.pages + 1):
            canvas.saveState()
            canvas.setFillGray(0.88)
            canvas.translate(frame.width_mm / 2 * mm, frame.height_mm / 2 * mm)
            canvas.rotate(52)
            canvas.setFont(embedded("bold"), size)
            canvas.drawCentredString(0, -0.36 * size, word)
            canvas.restoreState()
            canvas.doForm(_art(number))
            for box in places(frame, number).values():
                _crossed_out(canvas, form, box)
            canvas.showPage()


def print_shared(form: Form, file: IO[bytes]) -> None:
    """Print what every slip of the form shows alike: neither serial nor the electronic form's code."""
    canvas = _canvas(form, file, "shared")
    _shared(canvas, form, "")
    canvas.showPage()
    canvas.save()


@contextmanager
def _document(form: Form, target: Path, about: str, electronic_url: str) -> Iterator[Canvas]:
    """Open a document with the shared art defined, and put it in place when it is complete."""
    with appearing(target) as part, part.open("wb") as file:
        canvas = _canvas(form, file, about)
        for number in range(1, form.pages + 1):
            canvas.beginForm(_art(number))
            _shared(canvas, form.page(number), electronic_url)
            canvas.endForm()
        if form.duplex:
            canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge")
        yield canvas
        canvas.save()


def _art(page: int) -> str:
    """Return the name under which the file keeps what all slips show on a page."""
    return "art" if page == 1 else f"art{page}"


def _canvas(form: Form, file: IO[bytes], about: str) -> Canvas:
    canvas = Canvas(
        file,
        pagesize=(form.frame.width_mm * mm, form.frame.height_mm * mm),
        pageCompression=1,
        invariant=1,  # no date, no random identifier: equal forms and serials give equal bytes
        initialFontName=embedded("regular"),  # type: ignore[arg-type]  # a name, whatever the stub says
    )
    canvas.setTitle(f"{form.form} – {form.title} – {form.field}")
    canvas.setAuthor("")
    canvas.setSubject(f"{form.form} {form.revision}")
    canvas.setCreator("omr")
    canvas.setKeywords(f"omr form={form.form} fingerprint={fingerprint(form)} {about}")
    return canvas


def _shared(canvas: Canvas, form: Form, electronic_url: str) -> None:
    """Draw what is the same on every slip: fiducials, art, boxes, the electronic form's code."""
    for fiducial in form.frame.fiducials:
        _modules(canvas, form, marker(fiducial.id), fiducial.box, fiducial.box.width_mm / FIDUCIAL_MODULES)
    for piece in form.art:
        if isinstance(piece, TextLine):
            _text(canvas, form, piece)
        else:
            _stroke(canvas, form, piece)
    canvas.setLineWidth(OUTLINE_MM * mm)
    canvas.setLineJoin(0)
    canvas.setDash()
    for question in form.questions:
        for option in question.options:
            line = option.box.grown(-OUTLINE_MM / 2)
            bottom = _y(form, line.y_mm + line.height_mm)
            canvas.rect(line.x_mm * mm, bottom, line.width_mm * mm, line.height_mm * mm)
    if electronic_url and form.electronic is not None:
        address = electronic_url.replace("{form}", form.form).replace("{unit}", "")
        _electronic(canvas, form, form.electronic, address)


def _y(form: Form, y_mm: float) -> float:
    """Return a height in points above the lower edge, PDF's way, of mm below the upper edge."""
    return (form.frame.height_mm - y_mm) * mm


def _text(canvas: Canvas, form: Form, line: TextLine) -> None:
    canvas.setFont(embedded(line.font), line.size_pt)
    canvas.drawString(line.x_mm * mm, _y(form, line.y_mm), line.text)


def _stroke(canvas: Canvas, form: Form, stroke: Stroke) -> None:
    path = canvas.beginPath()
    path.moveTo(stroke.points[0][0] * mm, _y(form, stroke.points[0][1]))
    for x, y in stroke.points[1:]:
        path.lineTo(x * mm, _y(form, y))
    if stroke.closed:
        path.close()
    canvas.setLineWidth(stroke.width_mm * mm)
    drawn_by_hand = len(stroke.points) > 2 and not stroke.closed
    canvas.setLineCap(int(drawn_by_hand or bool(stroke.dash_mm)))  # rules end flush with the margin
    canvas.setLineJoin(int(drawn_by_hand or stroke.filled))
    canvas.setDash([length * mm for length in stroke.dash_mm])
    canvas.drawPath(path, stroke=1, fill=int(stroke.filled))


def _identity(canvas: Canvas, form: Form, serial: Serial, page: int) -> None:
    """Draw the carriers of a serial on a page: its codes and its text."""
    frame = form.frame
    for code in CODES.values():
        ink, width = code.ink(code.place(frame, page))
        _modules(canvas, form, code.modules(serial.carried(page)), ink, width, code.module_mm)
    place = frame.serial_text
    x = place.x_mm + place.width_mm - width_mm(serial.printed, "mono", SERIAL_PT)
    canvas.setFont(embedded("mono"), SERIAL_PT)
    canvas.drawString(x * mm, _y(form, serial_baseline(frame)), serial.printed)


def _electronic(canvas: Canvas, form: Form, room: Electronic, url: str) -> None:
    try:
        modules = address_code(url)
    except ValueError as error:  # longer than any QR code
        raise OmrError("forms.url_impossible", url=url[:60]) from error
    side = room.box.width_mm / (len(modules) + 2 * QR_QUIET)
    if side < LEAST_PHONE_MODULE_MM:
        raise OmrError("forms.url_too_long", url=url, module=side, least=LEAST_PHONE_MODULE_MM)
    _modules(canvas, form, modules, room.box.grown(-QR_QUIET * side), side)
    for line in room.caption:
        _text(canvas, form, line)


def _crossed_out(canvas: Canvas, form: Form, box: Box) -> None:
    (x0, y0), (x1, y1) = box.corners_mm[0], box.corners_mm[2]
    for points in (((x0, y0), (x1, y0), (x1, y1), (x0, y1)), ((x0, y0), (x1, y1)), ((x0, y1), (x1, y0))):
        _stroke(canvas, form, Stroke(points, 0.2, closed=True))


def _modules(
    canvas: Canvas, form: Form, black: Modules, box: Box, width_mm: float, height_mm: float | None = None
) -> None:
    """Fill the black modules of a symbol that lies at a place of a form."""
    canvas.saveState()
    canvas.translate(box.x_mm * mm, _y(form, box.y_mm))
    canvas.scale(width_mm * mm, -(height_mm or width_mm) * mm)
    fill_modules(canvas, black)
    canvas.restoreState()


def fill_modules(canvas: Canvas, black: Modules) -> None:
    """Fill black modules, a unit each, as outlines: between squares there would be white hairlines."""
    path = canvas.beginPath()
    for loop in outlines(black):
        path.moveTo(*loop[0])
        for corner in loop[1:]:
            path.lineTo(*corner)
        path.close()
    canvas.drawPath(path, stroke=0, fill=1)
