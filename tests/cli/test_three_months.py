"""Three months of twenty units, played through the command line: every table balances.

Hand-overs, spoiled, stock, missing, invalid, stacks scanned twice, copied slips, foreign serials; the
districts are dissolved before the third month; a late batch reaches a closed one.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from offices import Office
from scanned import Outcome, rejected, slip

from omr.forms.serial import Issue
from omr.records.register.ranges import Ranges

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_export.py"
MONTHS = ("2025-01", "2025-02", "2025-03")
DEPARTMENTS = ("PV01", "PC06", "PC07", "PC08", "PA08")
DISTRICTS = (
    *("HONGBANG", "LECHAN", "NGOQUYEN", "HAIAN", "KIENAN", "DOSON", "DUONGKINH", "THUYNGUYEN"),
    *("ANDUONG", "ANLAO", "KIENTHUY", "TIENLANG", "VINHBAO", "CATHAI", "BACHLONGVI"),
)
Serials = set[tuple[str, int]]  # print run and number


@dataclass
class Month:
    """What a unit's month should come to."""

    opening: Serials = field(default_factory=set)
    received: Serials = field(default_factory=set)
    returned: Serials = field(default_factory=set)
    spoiled: Serials = field(default_factory=set)
    in_stock: Serials = field(default_factory=set)
    missing: Serials = field(default_factory=set)
    invalid: int = 0
    unknown: int = 0
    moved: Serials = field(default_factory=set)  # of the opening stock: had by another unit the month before
    gone: int = 0  # had when the month began, and handed over to another unit

    @property
    def figures(self) -> dict[str, int]:
        names = ("opening", "received", "returned", "spoiled", "in_stock", "missing")
        return {name: len(getattr(self, name)) for name in names} | {
            "valid": len(self.returned) - self.invalid,
            "invalid": self.invalid,
            "unknown": self.unknown,
            "opening": len(self.opening - self.moved) + self.gone,
            "moved": len(self.moved) - self.gone,
        }


class Play:
    """The office at work, and a plain account of what it did."""

    def __init__(self, office: Office, chance: random.Random) -> None:
        self.office = office
        self.chance = chance
        self.runs: dict[str, Issue] = {}
        self.months: dict[tuple[str, str], Month] = defaultdict(Month)

    def spans(self, serials: Serials) -> list[str]:
        """Write serials as ranges, the way a clerk would."""
        texts = []
        for run in sorted({run for run, _ in serials}):
            for first, last in Ranges.of_numbers(number for name, number in serials if name == run):
                ends = [str(self.runs[run].serial(number)) for number in (first, last)]
                texts.append("..".join(ends) if first < last else ends[0])
        return texts

    def receive_new(self, unit: str, period: str) -> None:
        run = self.office.issue(unit, self.chance.randint(6, 10), period)
        self.runs[run.run] = run
        self.months[unit, period].received |= {(run.run, n) for n in range(run.first, run.last + 1)}

    def month(self, unit: str, period: str) -> None:
        """Let what a unit has come back, be spoiled, stay in stock or get lost."""
        books = self.months[unit, period]
        for one in sorted(books.opening | books.received):
            fate = self.chance.choices(("returned", "spoiled", "in_stock", "missing"), (60, 8, 22, 10))[0]
            getattr(books, fate).add(one)
        self.read(unit, period)
        if books.spoiled:
            self.office("register", "spoil", *self.spans(books.spoiled), "--why", "rách", "--by", "lan")
        stock = [word for text in self.spans(books.in_stock) for word in ("--in-stock", text)]
        words = ("--unit", unit, "--form", "DL-01", "--period", period, "--by", "lan")
        self.office("register", "count", *words, *stock)

    def read(self, unit: str, period: str) -> None:
        books = self.months[unit, period]
        stack: list[Outcome] = []
        for run, number in sorted(books.returned):
            if self.chance.random() < 0.1:
                books.invalid += 1
                stack.append(slip(self.runs[run], number, B1="", B2="", B3="", B10=""))
            else:
                stack.append(slip(self.runs[run], number, B1=self.chance.choice("54321")))
        foreign = self.chance.random() < 0.2
        if foreign:
            books.unknown += 1
            stack.append(rejected("serial_unknown", serial="1 25 0009999 AAA 11"))
        if not stack:
            return
        words = ("--unit", unit, "--period", period, "--expect", len(stack))
        self.office("read", self.office.scan(*stack), *words, code=3 if foreign else 0)
        if self.chance.random() < 0.3:  # the stack goes through the scanner once more, the other way round
            shades = range(self.office.scanner.made - len(stack), self.office.scanner.made)
            name = f"again-{unit}-{period}.tif"
            again = self.office.scanner.scan(name, *reversed(stack), shades=list(reversed(shades)))
            words = ("--unit", unit, "--period", period)
            made = self.office.json("read", again, *words, code=3 if foreign else 0)
            assert made["duplicates"] == made["read"] == len(stack) - foreign
            books.unknown += foreign  # a page without a serial of ours cannot be known again
        if self.chance.random() < 0.3:  # somebody copied a slip and filled the copy anew
            run, number = min(books.returned)
            copy = self.office.scan(slip(self.runs[run], number, B1="1", B10="1"))
            made = self.office.json("read", copy, "--unit", unit, "--period", period, code=3)
            assert [problem["reason"] for problem in made["problems"]] == ["duplicate_other_image"]

    def check(self, *periods: str) -> None:
        for period in periods:
            lines = self.office.json("register", "reconcile", "--period", period)
            found = {line["unit"]: line for line in lines}
            wanted = {unit: books for (unit, when), books in self.months.items() if when == period}
            assert found.keys() == wanted.keys(), period
            for unit, books in wanted.items():
                line = found[unit]
                assert {name: line[name] for name in books.figures} == books.figures, (unit, period)
                assert (line["balanced"], line["difference"], line["contradictions"]) == (True, 0, [])
                assert line["missing_serials"] == self.spans(books.missing), (unit, period)
                sums = line["returned"] + line["spoiled"] + line["in_stock"] + line["missing"]
                assert line["opening"] + line["received"] + line["moved"] == sums
            before = [books for (_, when), books in self.months.items() if when < period]
            if before:  # the city opens with what it closed with, whoever has it now
                last = max(when for _, when in self.months if when < period)
                closed = sum(len(b.in_stock) for (_, when), b in self.months.items() if when == last)
                assert sum(line["opening"] for line in lines) == closed

    def settle(self) -> None:
        """Say of every page with a foreign serial what it is, KHL2; and refuse every copy."""
        held = self.office("review", "list", "--kind", "held", "--json", code=None).json
        assert held
        for item in held:
            words = ("--answer", "refused", "--by", "lan", "--why", "bản sao")
            self.office("review", "decide", item["item"], *words)
        listed = self.office("review", "list", "--kind", "page", "--json", code=None).json
        for item in listed:
            words = ("--answer", "KHL2", "--by", "lan", "--why", "số không do ta cấp")
            self.office("review", "decide", item["item"], *words)


def test_three_months_balance(office: Office) -> None:
    play = Play(office, random.Random(1))
    units = DEPARTMENTS + DISTRICTS
    assert len(units) == 20

    for period in MONTHS[:2]:
        for unit in units:
            play.receive_new(unit, period)
        # A part of PC06's new slips goes to a district before anybody uses them.
        new = sorted(play.months["PC06", period].received)[:2]
        words = ("--unit", "LECHAN", "--by", "minh", "--why", "sổ giao nhận")
        office("register", "receive", *play.spans(set(new)), *words)
        play.months["PC06", period].received -= set(new)
        play.months["LECHAN", period].received |= set(new)
        for unit in units:
            play.month(unit, period)
        play.check(period)
        following = MONTHS[MONTHS.index(period) + 1]
        for unit in units:
            play.months[unit, following].opening = set(play.months[unit, period].in_stock)

    # On 1 March the districts are dissolved: their stock goes to PC06, and no slip is issued to them.
    for unit in DISTRICTS:
        left = play.months.pop((unit, "2025-03")).opening
        if left:
            office(
                "register",
                "receive",
                *play.spans(left),
                "--unit",
                "PC06",
                "--period",
                "2025-03",
                "--by",
                "minh",
            )
            play.months[unit, "2025-03"].gone = len(left)  # moved, not received by anybody
            play.months["PC06", "2025-03"].opening |= left
            play.months["PC06", "2025-03"].moved |= left
        target = office.folder / f"{unit}.pdf"
        assert office(
            "issue", "DL-01", "--unit", unit, "--count", 1, "--period", "2025-03", "-o", target, code=1
        )
    for unit in DEPARTMENTS:
        play.receive_new(unit, "2025-03")
        play.month(unit, "2025-03")
    play.check(*MONTHS)

    # January is closed; then a box is found with slips of it that were given up as missing.
    play.settle()
    office("period", "close", "2025-01", "--by", "truongphong")
    unit = max(units, key=lambda unit: len(play.months[unit, "2025-01"].missing))
    books = play.months[unit, "2025-01"]
    found = sorted(books.missing)[:2]
    late = office.json("read", office.scan(*(slip(play.runs[run], n) for run, n in found)), code=3)
    assert {problem["reason"] for problem in late["problems"]} == {"period_closed"}
    office("period", "adjust", "2025-01", "--by", "truongphong", "--why", f"tìm thấy hòm phiếu của {unit}")
    closed = office.json("period", "close", "2025-01", "--by", "truongphong")
    books.missing -= set(found)
    books.returned |= set(found)
    play.check(*MONTHS)
    difference = closed["closings"][1]["difference"]
    assert difference[f"{unit}/DL-01/missing"] == [len(books.missing) + len(found), len(books.missing)]
    assert difference[f"{unit}/DL-01/returned"] == [len(books.returned) - len(found), len(books.returned)]
    assert all(name.startswith(f"{unit}/") for name in difference)

    for period in MONTHS[1:]:
        office("period", "close", period, "--by", "truongphong")
    assert office.json("audit", "verify")["ok"]
    for period in MONTHS:
        file = office.folder / f"{period}.zip"
        office("audit", "export", "--period", period, "-o", file)
        assert office.json("audit", "check", file)["ok"]
        alone = subprocess.run([sys.executable, "-I", VERIFIER, file], capture_output=True, check=False)
        assert alone.returncode == 0, alone.stderr
