"""The board at a counter: the QR codes of the electronic forms, three steps, a telephone number.

Black only, like the slips; laid out on A4 and enlarged for A3. The same content gives the
same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from omr.errors import OmrError
from omr.files import appearing
from omr.forms.fonts import broken, embedded, missing_letters
from omr.forms.printing.printing import fill_modules
from omr.forms.symbols import QR_QUIET, address_code
from omr.forms.template import Form

# Name of a paper -> enlargement of the A4 layout: areas double from A4 to A3.
PAPERS: Final = {"A4": 1.0, "A3": 2**0.5}
WIDTH_MM: Final = 210.0
HEIGHT_MM: Final = 297.0
EDGE_MM: Final = 16.0
CODE_MM: Final = 58.0  # quiet zone included
LONE_CODE_MM: Final = 96.0  # where one row has all the room: read from a queue's distance
# From an arm's length a phone's camera needs that much of one module (A4; more on A3).
LEAST_MODULE_MM: Final = 0.8

STEPS: Final = (
    "Mở máy ảnh (camera) hoặc Zalo trên điện thoại, hướng vào mã của lĩnh vực vừa làm thủ tục.",
    "Bấm vào đường dẫn hiện ra, chọn mức độ hài lòng cho từng câu.",
    "Bấm Gửi. Chỉ mất khoảng một phút.",
)
TITLE: Final = "ĐÁNH GIÁ MỨC ĐỘ HÀI LÒNG"
SUBTITLE: Final = "về việc thực hiện thủ tục hành chính"
ENGLISH: Final = "Scan the code of your procedure's field and rate our service. Voluntary and anonymous."
NOTES: Final = (
    "Việc đánh giá là tự nguyện, không ghi họ tên; ý kiến được giữ kín.",
    "Ông/Bà đã ghi phiếu giấy thì không cần đánh giá lại bằng mã QR.",
)
HELP: Final = "Cần giúp đỡ, xin gọi: "


@dataclass(frozen=True, slots=True)
class Code:
    """One QR code and what stands under it."""

    field: str
    address: str


def poster_codes(forms: Sequence[Form], address: str, unit: str) -> list[Code]:
    """Return the codes of a unit's board: one per field, of the first form of it.

    Parameters
    ----------
    address : str
        Of the electronic form; ``{form}`` and ``{unit}`` stand for them.

    Raises
    ------
    OmrError
        If there is no address.
    """
    if not address:
        raise OmrError("poster.no_address")
    of_field = {form.field: form for form in reversed(forms)}
    return [
        Code(form.field, address.replace("{form}", form.form).replace("{unit}", unit))
        for form in sorted(of_field.values(), key=lambda form: form.form)
    ]


def print_poster(
    target: Path, *, office: str, unit: str, codes: Sequence[Code], phone: str = "", paper: str = "A4"
) -> None:
    """Print the board of one unit.

    Parameters
    ----------
    office, unit : str
        Names, as the board heads them.
    codes : sequence of Code
        One to six, in this order.
    paper : str
        ``"A4"`` or ``"A3"``.

    Raises
    ------
    OmrError
        If there is no code, a text cannot be printed, or an address is too long for a phone to read.
    OSError
        If the file cannot be written; nothing is left behind.
    """
    if not 1 <= len(codes) <= 6:
        raise OmrError("poster.number_of_codes", count=len(codes))
    for text in (office, unit, phone, *(code.field for code in codes)):
        if missing := missing_letters(text, "regular"):
            raise OmrError("poster.letters", letters=missing, text=text[:60])
    scale = PAPERS[paper]
    with appearing(target) as part:
        canvas = Canvas(
            str(part),
            pagesize=(WIDTH_MM * scale * mm, HEIGHT_MM * scale * mm),
            invariant=1,  # no date: the same content gives the same bytes
            initialFontName=embedded("regular"),  # type: ignore[arg-type]  # a name, whatever the stub says
        )
        canvas.setTitle(f"{TITLE} – {unit}")
        canvas.setCreator("omr")
        canvas.scale(scale, scale)
        _draw(canvas, office, unit, codes, phone)
        canvas.showPage()
        canvas.save()


def _draw(canvas: Canvas, office: str, unit: str, codes: Sequence[Code], phone: str) -> None:
    middle, room = WIDTH_MM / 2, WIDTH_MM - 2 * EDGE_MM
    y = _centred(canvas, office.upper(), middle, 20, "regular", 13, room)
    y = _centred(canvas, unit.upper(), middle, y + 1, "bold", 14, room)
    canvas.setLineWidth(0.5 * mm)
    canvas.line((middle - 20) * mm, _up(y), (middle + 20) * mm, _up(y))
    y = _centred(canvas, TITLE, middle, y + 15, "bold", 34, room)
    y = _centred(canvas, SUBTITLE, middle, y - 3, "regular", 18, room)
    y = _centred(canvas, ENGLISH, middle, y, "italic", 11.5, room)
    y = _steps(canvas, y + 6)
    bottom = HEIGHT_MM - EDGE_MM - (13 if phone else 0)
    _codes(canvas, codes, y + 4, bottom - 16)
    for place, note in enumerate(NOTES):
        _centred(canvas, note, middle, bottom - 6 + 6 * place, "regular", 12, room)
    if phone:
        _centred(canvas, HELP + phone, middle, bottom + 13, "bold", 18, room)


def _up(y_mm: float) -> float:
    """Return a height in points from the bottom, as PDF counts it."""
    return (HEIGHT_MM - y_mm) * mm


def _centred(
    canvas: Canvas, text: str, x_mm: float, y_mm: float, face: str, size_pt: float, room_mm: float
) -> float:
    """Write centred lines, the first baseline at `y_mm`; return where the next line would stand."""
    canvas.setFont(embedded(face), size_pt)
    for line in broken(text, face, size_pt, room_mm):
        canvas.drawCentredString(x_mm * mm, _up(y_mm), line)
        y_mm += 0.46 * size_pt  # 1.3 lines: 1 pt is 0.353 mm
    return y_mm


def _steps(canvas: Canvas, y_mm: float) -> float:
    width = (WIDTH_MM - 2 * EDGE_MM) / len(STEPS)
    lowest = y_mm
    for place, step in enumerate(STEPS):
        x = EDGE_MM + place * width
        canvas.setLineWidth(0.6 * mm)
        canvas.circle((x + 6) * mm, _up(y_mm + 4), 5 * mm)
        canvas.setFont(embedded("bold"), 17)
        canvas.drawCentredString((x + 6) * mm, _up(y_mm + 6.1), str(place + 1))
        y = y_mm + 3
        canvas.setFont(embedded("regular"), 13)
        for line in broken(step, "regular", 13, width - 17):
            canvas.drawString((x + 14) * mm, _up(y), line)
            y += 5.8
        lowest = max(lowest, y)
    return lowest


def _codes(canvas: Canvas, codes: Sequence[Code], top_mm: float, bottom_mm: float) -> None:
    """Draw the codes in rows of two, three when there are more than four, framed apart."""
    columns = 1 if len(codes) == 1 else 2 if len(codes) <= 4 else 3
    rows = -(-len(codes) // columns)
    label_mm, gap_mm = 14.0, 5.0
    width = (WIDTH_MM - 2 * EDGE_MM - (columns - 1) * gap_mm) / columns
    most = CODE_MM if rows > 1 else LONE_CODE_MM
    height = min((bottom_mm - top_mm - (rows - 1) * gap_mm) / rows, most + label_mm + 6)
    side = min(most, height - label_mm - 2, width - 4)
    height = min(height, side + label_mm + 6)
    for place, code in enumerate(codes):
        row, column = divmod(place, columns)
        short = columns - min(
            columns, len(codes) - row * columns
        )  # a last row that is not full stands centred
        x = EDGE_MM + column * (width + gap_mm) + short * (width + gap_mm) / 2
        y = top_mm + row * (height + gap_mm)
        canvas.setLineWidth(0.25 * mm)
        canvas.roundRect(x * mm, _up(y + height), width * mm, height * mm, 2.5 * mm)
        _code(canvas, code.address, x + (width - side) / 2, y + 2, side)
        lines = broken(code.field, "bold", 13.5, width - 6)
        first = y + side + 7 if len(lines) == 1 else y + side + 4.5
        _centred(canvas, code.field, x + width / 2, first, "bold", 13.5, width - 6)


def _code(canvas: Canvas, address: str, x_mm: float, y_mm: float, side_mm: float) -> None:
    try:
        modules = address_code(address)
    except ValueError as error:  # longer than any QR code
        raise OmrError("forms.url_impossible", url=address[:60]) from error
    module = side_mm / (len(modules) + 2 * QR_QUIET)
    if module < LEAST_MODULE_MM:
        raise OmrError("forms.url_too_long", url=address, module=module, least=LEAST_MODULE_MM)
    canvas.saveState()
    canvas.translate((x_mm + QR_QUIET * module) * mm, _up(y_mm + QR_QUIET * module))
    canvas.scale(module * mm, -module * mm)
    fill_modules(canvas, modules)
    canvas.restoreState()
