"""The form of a Vietnamese administrative document: Nghị định 30/2020/NĐ-CP, annex I, on A4.

Page, typeface, header block, signature block, page numbers. Number, date and signature
stay blank: the registry and the head of the office fill them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.section import Section as Pages
from docx.shared import Mm, Pt
from docx.styles.style import BaseStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from omr.workspace import ReportSettings

# The decree allows: top and bottom 20-25 mm, left 30-35 mm, right 15-20 mm; body 13-14 pt.
TOP_MM: Final = 20.0
BOTTOM_MM: Final = 20.0
LEFT_MM: Final = 30.0
RIGHT_MM: Final = 15.0
PAGE_MM: Final = (210.0, 297.0)
TEXT_MM: Final = PAGE_MM[0] - LEFT_MM - RIGHT_MM
FONT: Final = "Times New Roman"
BODY_PT: Final = 14
INDENT_MM: Final = 10.0
CELL_PT: Final = 8.5
CELL_STYLE: Final = "BieuO"  # paragraphs in the cells of a Biểu

CENTRE: Final = WD_ALIGN_PARAGRAPH.CENTER
LEFT: Final = WD_ALIGN_PARAGRAPH.LEFT
JUSTIFIED: Final = WD_ALIGN_PARAGRAPH.JUSTIFY

_FONTS: Final = f'<w:rFonts w:ascii="{FONT}" w:hAnsi="{FONT}" w:cs="{FONT}" w:eastAsia="{FONT}"/>'

_IN_A_NAME: Final = re.compile(r"(?<=[A-ZĐ]{2})-(?=\d\d)|(?<=[A-ZĐ]{2}-\d\d)-(?=[A-Z])")


def set_styles(report: Document) -> None:
    """Give the document's styles the decree's typeface and sizes, all black."""
    normal = report.styles["Normal"]
    size = f'<w:sz w:val="{2 * BODY_PT}"/><w:szCs w:val="{2 * BODY_PT}"/>'
    _set_run(normal, f'{_FONTS}{size}<w:lang w:val="vi-VN"/>')
    normal.paragraph_format.space_after = Pt(6)
    for level in (1, 2):
        heading = report.styles[f"Heading {level}"]
        _set_run(heading, f'{_FONTS}<w:b/><w:color w:val="000000"/>{size}')
        heading.paragraph_format.space_before = heading.paragraph_format.space_after = Pt(6)
        heading.paragraph_format.first_line_indent = Mm(INDENT_MM)
    cell = report.styles.add_style(CELL_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    cell.base_style = normal
    cell.font.size = Pt(CELL_PT)
    cell.paragraph_format.space_after = Pt(0)


def _set_run(style: BaseStyle, inner: str) -> None:
    """Replace a style's letter properties, theme fonts and colours included."""
    element = style.element
    old = element.get_or_add_rPr()
    element.replace(old, parse_xml(f"<w:rPr {nsdecls('w')}>{inner}</w:rPr>"))


def set_paper(pages: Pages, *, landscape: bool) -> None:
    """Set paper and margins of a section."""
    width, height = reversed(PAGE_MM) if landscape else PAGE_MM
    pages.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    pages.page_width, pages.page_height = Mm(width), Mm(height)
    pages.top_margin, pages.bottom_margin = Mm(TOP_MM), Mm(BOTTOM_MM)
    pages.left_margin, pages.right_margin = Mm(LEFT_MM), Mm(RIGHT_MM)
    pages.header_distance = pages.footer_distance = Mm(10)


def begin_page(report: Document, *, landscape: bool) -> None:
    """Begin a section on a new page.

    The paragraph that ends the section before it takes no room: after a text that fills its page it would
    otherwise stand alone on an empty one.
    """
    set_paper(report.add_section(WD_SECTION.NEW_PAGE), landscape=landscape)
    end = report.paragraphs[-1]  # holds the section that ends
    end.paragraph_format.line_spacing = Pt(1)
    end.paragraph_format.space_before = end.paragraph_format.space_after = Pt(0)
    end.paragraph_format.keep_with_next = False


def unbroken(text: str) -> list[str]:
    """Return the parts of a text between which a hyphen stands at which no line ends: that of "ĐL-01".

    Word has a sign of its own for it; the letter U+2011 would come from another typeface.

    Examples
    --------
    >>> unbroken("mẫu ĐL-01, DL-03-EN")
    ['mẫu ĐL', '01, DL', '03', 'EN']
    """
    return _IN_A_NAME.split(text)


def write(
    paragraph: Paragraph,
    text: str,
    *,
    align: WD_ALIGN_PARAGRAPH = JUSTIFIED,
    size_pt: float = BODY_PT,
    bold: bool = False,
    italic: bool = False,
    before_pt: float = 0,
    after_pt: float = 0,
    indent_mm: float = 0,
) -> Paragraph:
    """Write text into a paragraph and say how it stands."""
    # What people wrote may hold control characters that XML forbids.
    first, *others = unbroken("".join(sign if sign.isprintable() else " " for sign in text))
    run = paragraph.add_run(first)
    for part in others:
        run._r.append(parse_xml(f"<w:noBreakHyphen {nsdecls('w')}/>"))
        run.add_text(part)
    run.bold, run.italic, run.font.size = bold or None, italic or None, Pt(size_pt)
    paragraph.alignment = align
    place = paragraph.paragraph_format
    place.space_before, place.space_after = Pt(before_pt), Pt(after_pt)
    if indent_mm:
        place.first_line_indent = Mm(indent_mm)
    return paragraph


def rule(paragraph: Paragraph, length_mm: float, of_mm: float) -> None:
    """Make an empty paragraph a centred line in a space that is `of_mm` wide."""
    write(paragraph, "", size_pt=4, before_pt=2)
    place = paragraph.paragraph_format
    place.left_indent = place.right_indent = Mm((of_mm - length_mm) / 2)
    line = f'<w:pBdr {nsdecls("w")}><w:top w:val="single" w:sz="6" w:space="1" w:color="000000"/></w:pBdr>'
    successors = ("w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr")
    paragraph._p.get_or_add_pPr().insert_element_before(parse_xml(line), *successors)


def side_by_side(report: Document, left_mm: float, right_mm: float) -> tuple[_Cell, _Cell]:
    """Add two cells without lines beside each other."""
    table = report.add_table(rows=1, cols=2)
    table.autofit = False
    for column, width in zip(table.columns, (left_mm, right_mm), strict=True):
        column.width = Mm(width)
    left, right = table.rows[0].cells
    left.width, right.width = Mm(left_mm), Mm(right_mm)
    return left, right


def write_header_block(report: Document, settings: ReportSettings, symbol: str, year: int) -> None:
    """Write issuer and state, number and date; number and date with room to be filled in."""
    left_mm, right_mm = 72.0, 96.0  # a little wider than the text: the state's name is long
    left, right = side_by_side(report, left_mm, right_mm)
    write(left.paragraphs[0], settings.issuer_above, align=CENTRE, size_pt=13)
    write(left.add_paragraph(), settings.issuer, align=CENTRE, size_pt=13, bold=True)
    rule(left.add_paragraph(), 26, left_mm - 4)
    write(left.add_paragraph(), f"Số:          /{symbol}", align=CENTRE, size_pt=13)
    state = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    write(right.paragraphs[0], state, align=CENTRE, size_pt=12.5, bold=True)
    write(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", align=CENTRE, size_pt=13.5, bold=True)
    rule(right.add_paragraph(), 58, right_mm - 4)
    date = f"{settings.place}, ngày       tháng       năm {year}"
    write(right.add_paragraph(), date, align=CENTRE, size_pt=13.5, italic=True)


def write_signature_block(report: Document, settings: ReportSettings, recipients: Sequence[str]) -> None:
    """Write the list of recipients and the signer's title, with room for stamp and signature.

    All of it stays on one page, with the last words of the text: nothing is signed on an empty page.
    """
    report.paragraphs[-1].paragraph_format.keep_with_next = True
    left, right = side_by_side(report, 85, 80)
    left._tc.getparent().get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
    write(left.paragraphs[0], "Nơi nhận:", align=LEFT, size_pt=12, bold=True, italic=True)
    for recipient in recipients:
        write(left.add_paragraph(), f"- {recipient}", align=LEFT, size_pt=11)
    write(right.paragraphs[0], settings.signer, align=CENTRE, bold=True)
    for _ in range(5):
        write(right.add_paragraph(), "", align=CENTRE)


def number_pages(pages: Pages, *, first: bool) -> None:
    """Put page numbers at the top of a section, in the middle, from 1, none on its first page."""
    pages.different_first_page_header_footer = True
    pages.header.is_linked_to_previous = False
    pages.first_page_header.is_linked_to_previous = False
    field = (
        f'<w:fldSimple {nsdecls("w")} w:instr="PAGE"><w:r><w:rPr><w:sz w:val="26"/></w:rPr>'
        "<w:t>2</w:t></w:r></w:fldSimple>"
    )
    paragraph = pages.header.paragraphs[0]
    paragraph.alignment = CENTRE
    paragraph._p.append(parse_xml(field))
    if not first:  # an annex has its own numbers
        start = parse_xml(f'<w:pgNumType {nsdecls("w")} w:start="1"/>')
        pages._sectPr.insert_element_before(start, "w:cols", "w:titlePg", "w:docGrid")


def set_footer(pages: Pages, text: str) -> None:
    """Write a small line at the foot of every page of a section."""
    for footer in (pages.footer, pages.first_page_footer):
        footer.is_linked_to_previous = False
        write(footer.paragraphs[0], text, align=LEFT, size_pt=8)
