"""What the documents take from the code: run ``make docs`` after a change; a test holds them current.

reasons.md        what each refusal means and what to do       from the catalogues
rooms.svg         the rooms of the house, and who stands on whom    from the imports
way.svg           a slip's way through the house                from the functions that are called
form-keys.md      every key of a form's file                    from its types
../templates/form.schema.json  the same for editors             from its types
man/              the manual page, in English and Vietnamese    from the commands' own help
../THIRD-PARTY.md what the program stands on, and its licences  from the installed packages
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Final

import manual

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "omr"

# --- reasons.md ----------------------------------------------------------------------------------

# of catalogue `page`: said about a command, or on a picture; no page is refused for it
NO_REASONS: Final = ("doubt_", "overlay_", "no_such_path", "cannot_open")


def catalogue(language: str, area: str) -> dict[str, str]:
    """Return the messages of an area, with … where a measured value stands."""
    file = PACKAGE / "catalogues" / language / f"{area}.toml"
    messages = tomllib.loads(file.read_text("utf-8"))
    several = {key: re.sub(r"\{\w+:[^{}|]*\|([^{}|]*)\}", r"\1", text) for key, text in messages.items()}
    return {key: re.sub(r"\{[^{}]*\}", "…", text) for key, text in several.items()}


def table(words: Mapping[str, tuple[str, str]]) -> str:
    """Return a table of words with what they mean in both languages."""
    rows = [f"| `{word}` | {vi} | {en} |" for word, (vi, en) in words.items()]
    return "\n".join(["| từ / word | tiếng Việt | English |", "|---|---|---|", *rows])


def reasons() -> str:
    """Return the document of all refusals."""
    from omr.records.counts.validity import rules
    from omr.words import Aside, Reason

    vi, en = catalogue("vi", "page"), catalogue("en", "page")
    pages = {word: (vi[word], en[word]) for word in vi if not word.startswith(NO_REASONS)}
    vi, en = catalogue("vi", "receipt"), catalogue("en", "receipt")
    asides = {str(word): (vi[word], en[word]) for word in Aside}
    vi, en = catalogue("vi", "marks"), catalogue("en", "marks")
    asked = {str(word): (vi[word], en[word]) for word in Reason}
    invalid = {code: (text["vi"], text["en"]) for code, text in rules().texts.items()}
    return f"""# Why something was refused, and what to do

Lý do máy không nhận một trang hay một phiếu, và việc cần làm. Chỗ có dấu … là số đo của chính trang đó.

What stands in a receipt, at the desks and in `--json` as a reason. Where … stands, the message has the
numbers that were measured on the page.

## Trang không đọc được / A page was rejected

The page is kept, and waits for a person (`omr review list --kind page`): scan the slip again, or type it in.

{table(pages)}

## Phiếu để riêng / A slip was read and set aside

`omr review list --kind held` shows them; a person says whether the slip counts.

{table(asides)}

## Hỏi về một ô / A person is asked about a box

The question waits (`omr review list --kind answer`) until a person, or two, said what the paper shows.

{table(asked)}

## Phiếu không hợp lệ / A slip is not valid

It came back and is counted as returned; its answers are in no figure.

{table(invalid)}

Written by `make docs` from `omr/catalogues/`, `omr/words.py` and `omr/records/counts/validity.toml`.
"""


# --- rooms.svg -----------------------------------------------------------------------------------

ABOUT: Final = {
    "cli": "the command line",
    "web": "the desks in the browser",
    "demo": "the whole job on simulated slips",
    "office": "the hall: one open workspace",
    "reports": "what leaves the house",
    "trust": "why figures can be believed",
    "records/exchange": "from and to other machines",
    "records/month": "reconciled, closed",
    "records/cases": "pages, serials to settle",
    "records/review": "what people decide",
    "records/inbox": "stacks on their way in",
    "records/batches": "receipts, taken back",
    "records/anew": "read before, decided again",
    "records/intake": "a stack is read",
    "records/counts": "what counts today",
    "records/register": "serials, custody, stock",
    "records/offices": "units, months, surveys",
    "records/safekeeping": "copies, restore",
    "records/proof": "the chain, the signature",
    "records/store": "database, originals, mark",
    "reading": "the order, the crew, the cluster",
    "reading/marks": "numbers → answers",
    "reading/ink": "boxes → numbers",
    "reading/traced": "forms others printed",
    "reading/papers": "boxes on unknown print",
    "reading/page": "print off, ink left",
    "reading/glass": "streaks, the daily self-test",
    "reading/written": "digits by hand",
    "reading/place": "where the form lies",
    "reading/scan": "a page as pixels",
    "reading/pdf": "documents → pages",
    "reading/pictures": "pictures, TIFFs → pixels",
    "reading/files": "which files, are they whole",
    "simulate": "people, pens, paper, scanners",
    "forms": "what is printed",
    "ground": "errors, words, files, text, tables",
}
DOORS: Final = ("cli", "web", "demo")
HALL: Final = ("office", "means", "handing_out", "stacks")  # modules of one box


def modules() -> dict[str, Path]:
    """Return all modules by their dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of ours that a module imports, at whatever depth."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from [name for name in (inner, node.module) if name in known][:1]


def room(module: str) -> str:
    """Return the room of a module."""
    parts = module.split(".")[1:]
    if parts and parts[0] in HALL:
        return HALL[0]
    inner = "/".join(parts[:2])
    if inner in ABOUT:
        return inner
    return parts[0] if parts and parts[0] in ABOUT else "ground"


def stands_on() -> dict[str, set[str]]:
    """Return for each room the rooms that it imports from."""
    known = modules()
    found: dict[str, set[str]] = {name: set() for name in ABOUT}
    for name, file in known.items():
        if name.count(".") and name != "omr.records":
            others = {room(other) for other in imports(file, known) if other.count(".")}
            found[room(name)] |= others - {room(name)}
    return found


def floors(stands: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the floor of each room: one above the highest that it stands on."""
    found: dict[str, int] = {}

    def floor(name: str, above: tuple[str, ...] = ()) -> int:
        if name in above:
            raise SystemExit(f"a circle of rooms: {' -> '.join([*above, name])}")
        if name not in found:
            found[name] = max((floor(other, (*above, name)) + 1 for other in stands[name]), default=0)
        return found[name]

    for name in stands:
        floor(name)
    return found


def needed(stands: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows that say something: without those that another way implies."""

    def below(name: str) -> set[str]:
        return set(stands[name]).union(*(below(other) for other in stands[name]))

    return {name: {o for o in on if not any(o in below(p) for p in on - {o})} for name, on in stands.items()}


STYLE: Final = """<style>
text { font: 13px system-ui, sans-serif; fill: #1c2b33 } .small { font-size: 11px; fill: #5a6b75 }
rect { fill: #f3f7f9; stroke: #8aa4b1 } .door { fill: #fdf3df; stroke: #c9a24d }
path { fill: none; stroke: #5b7c8d; stroke-width: 1.3 } .paper { fill: #fff; stroke-dasharray: 4 3 }
</style>"""


def svg(width: int, height: int, parts: list[str], title: str) -> str:
    """Return a picture that reads on white and on dark paper."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    )
    arrow = (
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#5b7c8d;stroke:none"/></marker></defs>'
    )
    paper = f'<path class="sheet" d="M0 0H{width}V{height}H0z" style="fill:#fff;stroke:none"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", STYLE, arrow, paper, *parts, "</svg>"]) + "\n"


def rooms() -> str:
    """Draw the rooms, each on its floor, the ground at the bottom; an arrow means: stands on."""
    stands = stands_on()
    storey = floors(stands)
    wide, high, gap_x, gap_y, left = 200, 46, 28, 40, 16
    levels = [[n for n in ABOUT if storey[n] == at] for at in range(max(storey.values()) + 1)]
    most = max(map(len, levels))
    width = 2 * left + most * wide + (most - 1) * gap_x
    place: dict[str, tuple[float, float]] = {}
    for at, names in enumerate(reversed(levels)):
        indent = (width - len(names) * wide - (len(names) - 1) * gap_x) / 2
        for number, name in enumerate(names):
            place[name] = indent + number * (wide + gap_x), 16 + at * (high + gap_y)
    parts = []
    for name, others in needed(stands).items():
        x, y = place[name]
        for number, other in enumerate(sorted(others, key=lambda one: place[one]), 1):
            start = x + wide * number / (len(others) + 1), y + high
            end = place[other][0] + wide / 2 + (start[0] - place[other][0] - wide / 2) * 0.2, place[other][1]
            middle = (end[1] - start[1]) / 2
            parts.append(
                f'<path d="M{start[0]:.0f} {start[1]:.0f}C{start[0]:.0f} {start[1] + middle:.0f} '
                f'{end[0]:.0f} {end[1] - middle:.0f} {end[0]:.0f} {end[1] - 1:.0f}" marker-end="url(#a)"/>'
            )
    for name, (x, y) in place.items():
        kind = ' class="door"' if name in DOORS else ""
        shown = name if name == "ground" else f"omr/{name}"
        parts += [
            f'<rect{kind} x="{x:.0f}" y="{y:.0f}" width="{wide}" height="{high}" rx="6"/>',
            f'<text x="{x + wide / 2:.0f}" y="{y + 19:.0f}" text-anchor="middle">{escape(shown)}</text>',
            f'<text class="small" x="{x + wide / 2:.0f}" y="{y + 36:.0f}" text-anchor="middle">'
            f"{escape(ABOUT[name])}</text>",
        ]
    height = 32 + len(levels) * high + (len(levels) - 1) * gap_y
    return svg(width, height, parts, "The rooms: an arrow leads to what a room stands on")


# --- way.svg -------------------------------------------------------------------------------------

# What a slip becomes, and the function that makes it so; `None`: a thing, made outside the program.
WAY: Final[tuple[tuple[tuple[str, str | None], ...], ...]] = (
    (
        ("a form's text", None),
        ("Template", "omr.forms.loading:load_template"),
        ("Form", "omr.forms.layout:lay_out"),
        ("print run", "omr.records.register.register:issue"),
        ("paper", "omr.forms.printing.printing:print_forms"),
    ),
    (
        ("scanned files", None),
        ("EncodedPage", "omr.reading.scan.pages:open_pages"),
        ("ScannedPage", "omr.reading.scan.pages:decode"),
        ("LocatedPage", "omr.reading.place.locate:locate"),
        ("AlignedPage", "omr.reading.place.align:align"),
        ("IdentifiedPage", "omr.reading.place.identify:identify"),
    ),
    (
        ("ReadPage", "omr.reading.reader:read_page"),
        ("rows", "omr.records.intake.intake:take_in"),
        ("receipt", "omr.records.batches.receipt:receipt"),
        ("what waits", "omr.records.review.queue:queue"),
        ("decisions", "omr.records.review.decide:decide"),
    ),
    (
        ("slips that count", "omr.records.counts.slips:current_slips"),
        ("tallies", "omr.records.counts.tallies:tally"),
        ("month", "omr.reports.monthly:gather"),
        ("report", "omr.reports.monthly:write"),
        ("signed export", "omr.trust.export:export"),
    ),
)


def way() -> str:
    """Draw what a slip becomes, step by step, with the function of each step."""
    wide, high, gap_x, gap_y, left = 168, 46, 30, 34, 16
    width = 2 * left + max(map(len, WAY)) * (wide + gap_x) - gap_x
    parts = []
    for at, steps in enumerate(WAY):
        y = 16 + at * (high + gap_y)
        for number, (thing, function) in enumerate(steps):
            x = left + number * (wide + gap_x)
            if number:
                parts.append(f'<path d="M{x - gap_x} {y + high / 2:.0f}H{x - 1}" marker-end="url(#a)"/>')
            elif at > 1:  # the line before goes on here
                before = left + len(WAY[at - 1]) * (wide + gap_x) - gap_x - wide / 2
                middle = y - gap_y / 2
                line = f"M{before:.0f} {y - gap_y}V{middle:.0f}H{x + wide / 2:.0f}V{y - 1}"
                parts.append(f'<path d="{line}" marker-end="url(#a)"/>')
            kind = ' class="paper"' if function is None else ""
            shown = "" if function is None else f"{function.split(':')[0].split('.')[-1]}.{name_of(function)}"
            parts += [
                f'<rect{kind} x="{x}" y="{y}" width="{wide}" height="{high}" rx="6"/>',
                f'<text x="{x + wide // 2}" y="{y + 19}" text-anchor="middle">{escape(thing)}</text>',
                f'<text class="small" x="{x + wide // 2}" y="{y + 36}" text-anchor="middle">{shown}</text>',
            ]
    height = 32 + len(WAY) * high + (len(WAY) - 1) * gap_y
    return svg(width, height, parts, "A slip's way: what it becomes, and the function that makes it so")


def name_of(function: str) -> str:
    """Return the name of a function that must be there: ``module:name``."""
    module, name = function.split(":")
    if not callable(getattr(importlib.import_module(module), name, None)):
        raise SystemExit(f"way.svg: there is no {function}")
    return name


# --- THIRD-PARTY.md ------------------------------------------------------------------------------

LOCKS: Final = ("runtime", "cluster", "parquet")
# Needed on Windows only, so not installed where this is written.
ELSEWHERE: Final = {"colorama": "BSD-3-Clause", "pywin32": "PSF-2.0"}
# Where a package's own words are a whole licence or none.
SAID: Final = {
    "click-default-group": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause OR Apache-2.0",
    "defusedxml": "PSF-2.0",
}
SHIPPED: Final = {
    "omr/web/static/htmx.min.js": ("htmx", "0BSD", "htmx-LICENSE.txt"),
    "omr/web/static/fonts": ("Be Vietnam Pro", "OFL-1.1", "be-vietnam-pro-LICENSE.txt"),
    "omr/fonts/NotoSans-Condensed.ttf": ("Noto Sans", "OFL-1.1", "LICENSE-NotoSans.txt"),
    "omr/fonts/DejaVuSansMono.ttf": ("DejaVu Sans Mono", "Bitstream-Vera", "LICENSE-DejaVuSansMono.txt"),
    "tests/web/vendor/axe.min.js": ("axe-core (tests only)", "MPL-2.0", "axe-LICENSE.txt"),
}
_SHORT: Final = {
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
}


def licence(package: str) -> str:
    """Return what a package says of its licence, as short as it says it."""
    if package in SAID | ELSEWHERE:
        return (SAID | ELSEWHERE)[package]
    about = metadata.metadata(package)
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classified = [
        line.split(" :: ")[-1]
        for line in about.get_all("Classifier") or ()
        if line.startswith("License ::") and line != "License :: OSI Approved"
    ]
    said = (about.get("License") or "").strip()
    if said and "\n" not in said and len(said) <= 40:
        return said
    if not classified:
        raise SystemExit(f"THIRD-PARTY.md: what is the licence of {package}? Write it into SAID.")
    return " / ".join(_SHORT.get(name, name) for name in classified)


def locked() -> list[str]:
    """Return the packages that are installed with the program and its extras."""
    found: set[str] = set()
    for name in LOCKS:
        text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
        found |= set(re.findall(r"^([a-z0-9][\w.-]*)==", text, re.MULTILINE))
    return sorted(found - {"setuptools"})


def third_party() -> str:
    """Return the notices of what the program is made with."""
    libraries = "\n".join(f"| {name} | {licence(name)} |" for name in locked())
    shipped = []
    for path, (name, kind, text) in SHIPPED.items():
        file = ROOT / path
        folder = file if file.is_dir() else file.parent
        if not file.exists() or not (folder / text).is_file():
            raise SystemExit(f"THIRD-PARTY.md: {path} or its {text} is not there")
        where = (folder / text).relative_to(ROOT)
        shipped.append(f"| {name} | `{path}` | {kind} | [`{text}`]({where}) |")
    return f"""# What omr is made with, and under which licences

omr itself: [LICENSE](LICENSE) (EUPL-1.2).

## Shipped with it

| what | where | licence | its text |
|---|---|---|---|
{chr(10).join(shipped)}

## Installed with it

Each package's own licence text, and those of the libraries inside its wheel (opencv-python brings FFmpeg
and Qt, under the LGPL), are in its folder once it is installed. Why each is there:
[docs/dependencies.md](docs/dependencies.md); exact versions: `requirements/*.txt`.

| package | licence, as the package says it |
|---|---|
{libraries}

Programs that are called and not shipped: Tesseract (Apache-2.0), poppler (GPL-2.0 or later), zbar
(LGPL-2.1 or later), from the system's own packages.

Written by `make docs` from the lock files and the installed packages.
"""


# --- form-keys.md, form.schema.json ---------------------------------------------------------------


def form_keys() -> str:
    """Return the document of all keys of a form's file."""
    from omr.forms.schema import keys_table

    return f"""# The keys of a form's file

Every key, what it may hold, and what it is without. Lengths are mm, type sizes points. A text is
`"one string"`, or `["tiếng Việt", "English"]` on a bilingual form. How a form is made: [forms.md](forms.md).

{keys_table()}
Written by `make docs` from the types of `omr/forms/content.py` and the catalogue `keys`. Editors know the
same from `form.schema.json`, which `omr forms new` puts beside the file it writes.
"""


def form_schema() -> str:
    """Return the JSON Schema of a form's file."""
    from omr.forms.schema import text

    return text()


def documents() -> dict[Path, str]:
    """Return every document that is made here, by its file."""
    return {
        ROOT / "docs/reasons.md": reasons(),
        ROOT / "docs/rooms.svg": rooms(),
        ROOT / "docs/way.svg": way(),
        ROOT / "docs/form-keys.md": form_keys(),
        ROOT / "templates/form.schema.json": form_schema(),
        ROOT / "THIRD-PARTY.md": third_party(),
        ROOT / "docs/man/man1/omr.1": manual.manual("en"),
        ROOT / "docs/man/vi/man1/omr.1": manual.manual("vi"),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for file, text in documents().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
        print(file.relative_to(ROOT))
