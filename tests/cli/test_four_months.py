"""Four months of an office that is not plain, against a recomputation in plain Python.

Two surveys, two revisions at once, three electronic tools, a reorganisation, an adjustment, a withdrawn
import, suppressed cells, a silent unit. The account that everything is compared with is a list of
what each respondent said; nothing of the program is used to count it.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import comb, sqrt
from pathlib import Path

import docx
import openpyxl
from attack import Month as Files
from attack import opened
from offices import Office
from scanned import FORM, QUICK, slip
from starlette.testclient import TestClient

from omr.forms.serial import Issue
from omr.forms.template import Form
from omr.reports.document.preview import preview
from omr.web.app import create_app
from omr.web.frame.front import FrontOffice
from omr.web.people.accounts import Accounts
from omr.words import Role
from omr.workspace import Workspace

MONTHS = ("2025-07", "2025-08", "2025-09", "2025-10")
PAY = "Ông/Bà có phải chi thêm tiền không"
CITIZENS = replace(FORM, field="Giao thông đường bộ")
REVISED = replace(
    CITIZENS,
    revision="2",
    questions=tuple(replace(q, text=PAY) if q.key == "B2" else q for q in CITIZENS.questions),
)
INTERNAL = replace(FORM, form="NB-02", digit=2, field="Hậu cần")
UNITS = """unit,name,kind,parent,valid_from,valid_to,successor
P-A,Công an phường Bến Nước,commune,,2023-03-07,2025-10-01,P-B
P-B,Công an phường Cầu Đá,commune,,2023-03-07,,
"""
GOOD = {"5", "4"}


@dataclass(frozen=True)
class Said:
    """What one respondent said, and where it counts."""

    month: str
    unit: str
    form: str
    revision: str
    channel: str
    answers: tuple[tuple[str, str], ...]

    def __getitem__(self, question: str) -> str:
        return dict(self.answers).get(question, "")


class Account:
    """All that was said and counts."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def of(self, month: str, **where: str) -> list[Said]:
        found = [one for one in self.said if one.month == month]
        return [one for one in found if all(getattr(one, key) == value for key, value in where.items())]


def share(said: Iterable[Said], question: str) -> tuple[int, int]:
    answers = [one[question] for one in said if one[question]]
    return sum(answer in GOOD for answer in answers), len(answers)


class Play:
    def __init__(self, office: Office) -> None:
        self.office, self.dice, self.account = office, random.Random(7), Account()
        self.forms: dict[str, Form] = {"DL-01": CITIZENS, "NB-02": INTERNAL}
        office.means.find_form = lambda name, own: self.forms[name]
        self.stock: dict[tuple[str, str], list[tuple[Issue, int]]] = defaultdict(list)
        self.lost = 0
        self.late: set[str] = set()  # months with a slip that came after they were closed
        self.closed: set[str] = set()  # months that were closed at least once

    def issue(self, unit: str, count: int, month: str, form: str = "DL-01") -> None:
        run = self.office.issue(unit, count, month, form)
        self.stock[unit, form] += [(run, run.first + n) for n in range(count)]

    def answers(self, bad: bool = False) -> dict[str, str]:
        levels = "1123" if bad else "5554432"
        said = {key: self.dice.choice(levels) for key in ("B1", "B2", "B3", "B10")}
        return {"A1": self.dice.choice("1112"), **said}

    def paper(self, month: str, unit: str, count: int, form: str = "DL-01", *, bad: bool = False) -> None:
        """Read `count` slips of what the unit has."""
        taken, self.stock[unit, form] = self.stock[unit, form][:count], self.stock[unit, form][count:]
        stack = []
        for run, number in taken:
            said = self.answers(bad)
            revision = self.revisions[run.fingerprint]
            self.account.said.append(Said(month, unit, form, revision, "paper", tuple(said.items())))
            stack.append(slip(run, number, **said))
        self.office("read", self.office.scan(*stack), "--unit", unit, "--period", month)

    @property
    def revisions(self) -> dict[str, str]:
        from omr.forms.template import fingerprint

        return {fingerprint(form): form.revision for form in (CITIZENS, REVISED, INTERNAL)}

    def count(self, month: str, unit: str, form: str = "DL-01") -> None:
        """Count what the unit has left."""
        left = [f"{run.serial(number)}" for run, number in self.stock[unit, form]]
        words = [word for serial in left for word in ("--in-stock", serial)]
        where = ("--unit", unit, "--form", form, "--period", month, "--by", "lan")
        self.office("register", "count", *where, *words)

    def online(self, month: str, unit: str, count: int) -> list[dict[str, str]]:
        """Answers of the electronic form, as they were given."""
        sent = []
        for _ in range(count):
            said = self.answers()
            self.account.said.append(Said(month, unit, "DL-01", "1", "electronic", tuple(said.items())))
            sent.append(said)
        return sent

    def close(self, month: str) -> dict[str, object]:
        self.closed.add(month)
        return self.office.json("period", "close", month, "--by", "hung")

    def report(self, month: str, *more: str) -> tuple[dict[str, object], Path]:
        folder = self.office.folder.parent / "-".join(["out", month, *(word.strip("-") for word in more)])
        made = self.office.json("report", "--period", month, "-o", folder, *more)
        return made["figures"], folder


def write(path: Path, *rows: Iterable[str]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), "utf-8-sig")
    return path


def table(folder: Path, name: str) -> list[dict[str, str]]:
    (file,) = folder.glob(f"{name}-*.csv")
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def respondents(folder: Path) -> list[dict[str, str]]:
    return [row for row in table(folder, "so-lieu") if row["question"].startswith("A")]


def prose(folder: Path) -> str:
    (file,) = folder.glob("*.docx")
    return "\n".join(paragraph.text for paragraph in docx.Document(str(file)).paragraphs)


def google(sent: list[dict[str, str]], month: str, unit: str) -> list[list[str]]:
    head = [
        "Dấu thời gian",
        "Đơn vị nơi làm thủ tục",
        "Câu A1",
        *(f"Mức độ [Câu B{n}]" for n in (1, 2, 3)),
        "Câu B10",
    ]
    year, number = month.split("-")
    rows = [
        [f"{year}/{number}/{10 + n} 4:23:{n:02} CH GMT+7", unit, *(f"mức {said[key]}" for key in said)]
        for n, said in enumerate(sent)
    ]
    return [head, *rows]


def check(play: Play, month: str) -> Path:
    """Compare every figure of a month's files with the account."""
    citizens = play.account.of(month, form="DL-01")
    figures, folder = play.report(month)
    good, answered = share(citizens, "B10")
    assert figures["overall"] == {"satisfied": good, "answered": answered}, month
    assert figures["slips"]["valid"] == len([one for one in citizens if one.channel == "paper"])
    assert figures["electronic"]["received"] == len([one for one in citizens if one.channel == "electronic"])
    wordings = {one.revision for one in citizens}
    for key in ("B1", "B2", "B3", "B10"):
        apart = key == "B2" and len(wordings) > 1
        for revision in sorted(wordings) if apart else [""]:
            of = [one for one in citizens if not revision or one.revision == revision]
            told = figures["questions"][f"DL-01/{key}@{revision}" if revision else f"DL-01/{key}"]
            assert (told["satisfied"], told["answered"]) == share(of, key), (month, key, revision)
            counts = Counter(one[key] for one in of)
            assert told["counts"] == {code: counts[code] for code in "54321"}
    rows = {
        row["unit"]: (int(row["n"]), int(row["N"]))
        for row in table(folder, "chi-tieu")
        if row["measure"] == "overall" and not (row["field"] or row["channel"])
    }
    for unit in {one.unit for one in citizens}:
        assert rows[unit] == share([one for one in citizens if one.unit == unit], "B10"), (month, unit)
    counted: Counter[tuple[str, ...]] = Counter()
    for row in table(folder, "so-lieu"):
        if row["form"] and row["option"]:
            counted[row["unit"], row["revision"], row["channel"], row["question"], row["option"]] = int(
                row["slips"]
            )
    expected = Counter(
        (one.unit, one.revision, one.channel, key, one[key])
        for one in citizens
        for key in ("B1", "B2", "B3", "B10")
    )
    assert +counted == expected, month
    text = prose(folder)
    assert f"{good}/{answered} phiếu đánh giá từ mức" in text.replace(".", "")
    check_workbook(play, month, folder)
    check_figures(citizens, folder)
    return folder


# --- the annex and the table of figures, from the same account -----------------------------------

QUESTIONS = ("B1", "B2", "B3", "B10")
DASH = "–"


def percent(part: int, whole: int) -> float | str:
    """Round half up, as a person does; a dash of nothing."""
    if not whole:
        return DASH
    return float(Decimal(100 * part / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def wilson(part: int, whole: int) -> list[float | str]:
    """Return the bounds by Wilson's formula as textbooks have it."""
    if not whole:
        return [DASH, DASH]
    z, p = 1.959963984540054, part / whole
    middle, spread = p + z * z / (2 * whole), z * sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole))
    bounds = [(middle + sign * spread) / (1 + z * z / whole) for sign in (-1, 1)]
    return [round(100 * bound, 2) for bound in bounds]


def told_of(said: list[Said], question: str = "B10") -> list[float | str]:
    """Return how many answered, each level, who is satisfied, the interval: a row of Biểu 02."""
    good, whole = share(said, question)
    counts = Counter(one[question] for one in said)
    levels = [cell for code in "54321" for cell in (counts[code], percent(counts[code], whole))]
    return [whole, *levels, good, percent(good, whole), *wilson(good, whole)]


def check_workbook(play: Play, month: str, folder: Path) -> None:
    """Compare Biểu 02 to 05 and 08 to 10 with the account."""
    (file,) = folder.glob("bieu-*.xlsx")
    book = openpyxl.load_workbook(file, read_only=True)
    rows = {
        sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets
    }
    said = play.account.of(month, form="DL-01")
    names = {row["unit"]: row["unit_name"] for row in table(folder, "so-lieu")}
    by_unit = {row[1]: row for row in rows["Biểu 02"] if row[1]}
    heat = {row[1]: row for row in rows["Biểu 08"] if row[1]}
    heads = rows["Biểu 08"][[row[0] for row in rows["Biểu 08"]].index("TT")]
    for unit in [*sorted({one.unit for one in said}), ""]:
        of = [one for one in said if unit in ("", one.unit)]
        name = names[unit] if unit else "Toàn thành phố"
        expected = told_of(of)
        assert by_unit[name][2 : 2 + len(expected)] == expected, (month, name)
        for at, head in enumerate(heads):
            key, _, revision = str(head).partition(" ")
            if key in QUESTIONS and not revision:
                assert heat[name][at] == percent(*share(of, key)), (month, name, key)
    for line, row in enumerate(rows["Biểu 03"]):
        if row[0] in ("Giao thông đường bộ", "Toàn thành phố"):
            for after, channel in enumerate(("", "paper", "electronic")):
                of = [one for one in said if channel in ("", one.channel)]
                counted = told_of(of)
                assert rows["Biểu 03"][line + after][1 : 2 + len(counted)] == [len(of), *counted], month
                levels = [int(one["B10"]) for one in of]
                mean = round(sum(levels) / len(levels) + 1e-9, 2) if levels else DASH
                assert rows["Biểu 03"][line + after][2 + len(counted)] == mean
    asked = {row[0]: row for row in rows["Biểu 04"] if row[0] in QUESTIONS}
    for key in QUESTIONS if len({one.revision for one in said}) == 1 else ("B1", "B3", "B10"):
        good, whole = share(said, key)
        assert asked[key][2:5] == asked[key][5:8] == [good, whole, percent(good, whole)]
    first = said[: len(said) - (month in play.late)]  # what came late stands in nothing about respondents
    sizes = {row[0]: row[1:3] for row in rows["Biểu 05"]}
    assert ("mức 1" in sizes) == (month in play.closed)  # an open month tells of nobody
    for code in "12" if month in play.closed else "":
        of = [one for one in first if one["A1"] == code]
        size, good = sizes[f"mức {code}"]
        assert size in ("*", len(of)) and good in ("*", share(of, "B10")[0]), month
        assert size == "*" or size >= 5 or size == 0
    if month != MONTHS[0]:
        check_changes(play, month, rows["Biểu 09"])
    trend = {row[0]: row for row in rows.get("Biểu 10", ()) if row[0]}
    for past in MONTHS[: MONTHS.index(month) + 1] if trend else ():
        good, whole = share(play.account.of(past, form="DL-01"), "B10")
        label = f"tháng {int(past[-2:])} năm {past[:4]}"
        assert trend[label][1:6] == [whole, good, percent(good, whole), *wilson(good, whole)], (month, past)


def fisher(good: int, of: int, was_good: int, was_of: int) -> Fraction:
    """Return how likely tables that are no likelier than this one are, by counting them all."""
    whole, satisfied = of + was_of, good + was_good
    chances = {
        k: Fraction(comb(of, k) * comb(was_of, satisfied - k), comb(whole, satisfied))
        for k in range(max(0, satisfied - was_of), min(of, satisfied) + 1)
    }
    return sum((chance for chance in chances.values() if chance <= chances[good]), Fraction(0))


def check_changes(play: Play, month: str, rows: list[list[object]]) -> None:
    """Compare Biểu 09: who changed by more than chance, of everybody who can be compared."""
    now, was = (play.account.of(one, form="DL-01") for one in (month, MONTHS[MONTHS.index(month) - 1]))
    tested = []
    for unit in ("", *sorted({one.unit for one in now})) if month == MONTHS[1] else ():  # later: a revision
        for key in QUESTIONS:
            shares = [share((one for one in said if unit in ("", one.unit)), key) for said in (now, was)]
            if min(answered for _, answered in shares) >= 30:
                tested.append((fisher(*shares[0], *shares[1]), unit, key, shares))
    tested.sort(key=lambda one: one[0])
    beyond = {}
    for at, (_, unit, key, shares) in enumerate(tested):
        corrected = min(
            chance * len(tested) / (place + 1) for place, (chance, *_) in enumerate(tested) if place >= at
        )
        if corrected <= Fraction(5, 100):
            (good, whole), (was_good, was_whole) = shares
            points = round(100 * (good / whole - was_good / was_whole), 2)
            chance = (
                "< 0,001" if corrected < Fraction(1, 1000) else f"{float(corrected):.3f}".replace(".", ",")
            )
            percents = (was_whole, percent(was_good, was_whole), whole, percent(good, whole))
            beyond[unit, key] = [*percents, points, chance]
    names = {"": "Toàn thành phố"}
    told = {
        (str(row[1]), str(row[2]).partition(".")[0]): list(row[3:9])
        for row in rows
        if isinstance(row[0], int)
    }
    assert told == {(names.get(unit, unit), key): of for (unit, key), of in beyond.items()}
    assert bool(told) == (month == MONTHS[1])
    assert any(str(row[0]).startswith(f"{len(tested)} so sánh") for row in rows)


def check_figures(said: list[Said], folder: Path) -> None:
    """Compare the table of figures: answers, slips that rate all well, questions, channel by channel."""
    keys = [key for key in QUESTIONS if key != "B2" or len({one.revision for one in said}) == 1]
    for row in table(folder, "chi-tieu"):
        of = [one for one in said if row["unit"] in ("", one.unit) and row["channel"] in ("", one.channel)]
        shares = [share(of, key) for key in QUESTIONS]
        expected = {
            "overall": share(of, "B10"),
            "by_answers": (sum(good for good, _ in shares), sum(whole for _, whole in shares)),
            "throughout": (sum(all(one[key] in GOOD for key in QUESTIONS) for one in of), len(of)),
            "question": share(of, row["question"]) if row["question"] in keys else None,
        }.get(row["measure"])
        if expected is not None:
            assert (int(row["n"]), int(row["N"])) == expected, row
            assert row["percent"] == (f"{percent(*expected):.2f}" if expected[1] else ""), row


class Desk:
    """The desks of the same office, as the lead and the heads of units see them."""

    def __init__(self, workspace: Workspace, folder: Path, units: Iterable[str]) -> None:
        self.folder = folder
        accounts = Accounts.open(workspace.path / "accounts.sqlite", hasher=QUICK)
        self.office = FrontOffice.of(workspace, accounts)
        self.clients = {unit: TestClient(create_app(self.office, hosts=("testserver",))) for unit in units}
        for unit, client in self.clients.items():
            name, role = (f"xem.{unit.casefold()}", Role.VIEWER) if unit else ("truong.pv01", Role.LEAD)
            first = accounts.add(name, [role], unit or None, by="test")
            accounts.change_password(name, first, "phiếu-hài-lòng-2026")
            token = re.search(r'name="csrf" content="([^"]+)"', client.get("/login").text)
            said = {"name": name, "password": "phiếu-hài-lòng-2026", "csrf": token[1] if token else ""}
            assert client.post("/login", data=said, follow_redirects=False).status_code == 303

    def overview(self, month: str, unit: str) -> str:
        """Return the page of figures."""
        page = self.clients[unit].get(f"/overview?period={month}")
        assert page.status_code == 200
        return page.text

    def report(self, folder: Path) -> str:
        """Return a report's preview."""
        (file,) = folder.glob("bao-cao-*.docx")
        return preview(file, self.folder, "/made")


def attacked(play: Play, desk: Desk, month: str, survey: str = "") -> int:
    """Read every file of a month, the city's and each unit's, and solve; return how many were tried."""
    said = play.account.of(month, form="NB-02" if survey else "DL-01")
    said = said[: len(said) - (month in play.late and not survey)]
    of_survey = ("--survey", survey) if survey else ()
    units = sorted({one.unit for one in said})
    of = {unit: [one for one in said if unit in ("", one.unit)] for unit in ("", *units)}
    found = Files("A1", "12", {code: f"mức {code}" for code in "12"})
    found.totals({unit: share(of[unit], "B10") for unit in units})
    for unit in ("", *units):
        figures, folder = play.report(month, *(("--unit", unit) if unit else ()), *of_survey)
        found.read(folder, unit)
        found.json(figures, unit)
        found.page(desk.report(folder), unit)
        if not survey:  # the overview is of the main one
            found.page(desk.overview(month, unit), unit)
    for by in ("a1", "unit,a1"):
        found.by(play.office.json("report", "--period", month, "--by", by, *of_survey)["rows"], "a1")
    for more in ("field", "form", "channel"):
        play.office("report", "--period", month, "--by", f"a1,{more}", *of_survey, code=1)
    truth = {
        (unit, code): share([one for one in of[unit] if one["A1"] == code], "B10")
        for unit in of
        for code in ("1", "2", "")
    }
    open_, tried = opened(found, truth, 5)
    assert open_ == [], month
    assert found.shown, month  # stars everywhere would hide as well, and tell nothing
    return tried


def test_four_months_come_to_what_was_said(office: Office, tmp_path: Path) -> None:
    units = tmp_path / "don-vi.csv"
    units.write_text(UNITS, "utf-8")
    office("units", "import", units)
    play = Play(office)
    first, second, third, fourth = MONTHS

    # First month: two surveys, and Google's sheet, saved twice.
    for unit, count in (("PC06", 30), ("PC08", 24), ("P-A", 16)):
        play.issue(unit, count, first)
        play.paper(first, unit, count - 6)
        if unit == "PC06":
            play.lost = play.stock[unit, "DL-01"].pop()[1]  # turns up when the month is closed
        play.count(first, unit)
    play.issue("PC06", 20, first, "NB-02")
    play.paper(first, "PC06", 18, "NB-02", bad=True)  # officers are not content with logistics
    play.count(first, "PC06", "NB-02")
    sheet = google(play.online(first, "PC08", 12), first, "Phòng Cảnh sát giao thông")
    done = office.json("electronic", "import", write(tmp_path / "g.csv", *sheet), "--form", "DL-01")
    assert (done["new"], done["months"], done["units"]) == (12, {first: 12}, {"PC08": 12})
    book = openpyxl.Workbook()
    for row in ([*sheet[0], "Điểm"], *([*row, ""] for row in sheet[1:])):
        book.active.append(row)
    book.save(tmp_path / "g.xlsx")
    again = office.json("electronic", "import", tmp_path / "g.xlsx", "--form", "DL-01")
    assert (again["new"], again["known"], again["overlaps"]) == (0, 12, {"g.csv": 12})
    check(play, first)
    text = prose(play.report(first)[1])
    assert "Không tính trong báo cáo này: phiếu của khảo sát khác (mẫu NB-02)." in text
    inside, folder = play.report(first, "--survey", "hau-can")
    good, answered = share(play.account.of(first, form="NB-02"), "B10")
    assert inside["overall"] == {"satisfied": good, "answered": answered} and good < answered / 2
    assert "thủ tục hành chính" not in prose(folder)  # nor an order that asks for it, nor who came for one
    closed = play.close(first)
    assert {warned["warning"] for warned in closed["warnings"]} >= {"visits"}

    # Second month: KoboToolbox; the wrong file, withdrawn; a late stack of the first month.
    for unit, count in (("PC06", 14), ("PC08", 10), ("P-A", 4)):
        play.issue(unit, count, second)
        play.paper(second, unit, count, bad=unit == "PC06")  # a change that is more than chance
        play.count(second, unit)
    sent = play.online(second, "PC06", 7)
    head = ["start", "end", "chung/don_vi", *(f"muc_do/{key}" for key in sent[0]), "_id", "_submission_time"]
    rows = [
        [
            f"{second}-0{n}T08:00:00+07:00",
            f"{second}-0{n}T08:05:0{n}+07:00",
            "PC06",
            *said.values(),
            f"{700 + n}",
            "",
        ]
        for n, said in enumerate(sent, 1)
    ]
    kobo = write(tmp_path / "kobo.csv", head, *rows)
    wrong = write(
        tmp_path / "nham.csv", head, *([*row[:2], "PC08", *row[3:-2], f"9{row[-2]}", ""] for row in rows)
    )
    office("electronic", "import", wrong, "--form", "DL-01")
    (there,) = [one for one in office.json("electronic", "list") if one["file"] == "nham.csv"]
    office("electronic", "withdraw", there["number"], "--why", "nhầm tệp", "--by", "lan", "--yes")
    assert office.json("electronic", "import", kobo, "--form", "DL-01")["new"] == 7
    check(play, second)
    play.close(second)
    told = respondents(play.report(first)[1])
    missing = play.stock["PC06", "DL-01"][:3]
    before = share(play.account.of(first, form="DL-01"), "B10")
    late = slip(*_spare(play, office, first), B10="1", B1="1", B2="1", B3="1", A1="1")
    office("read", office.scan(late), "--unit", "PC06", "--period", first, code=3)
    check(play, first)  # it waits: nothing changes before somebody adjusts
    office("period", "adjust", first, "--by", "hung", "--why", "tìm thấy hòm phiếu")
    said = tuple({"A1": "1", "B1": "1", "B2": "1", "B3": "1", "B10": "1"}.items())
    play.account.said.append(Said(first, "PC06", "DL-01", "1", "paper", said))
    play.late.add(first)
    play.close(first)
    text = prose(check(play, first))
    # Nobody learns who sent the late slip by laying two reports of one month side by side.
    assert respondents(play.report(first)[1]) == told and "giữ số liệu chốt ngày" in text
    after = share(play.account.of(first, form="DL-01"), "B10")
    assert "tìm thấy hòm phiếu" in text and "được thay thế bằng báo cáo này" in text
    assert f"{before[0]}/{before[1]} phiếu" in text and f"{after[0]}/{after[1]} phiếu" in text
    said = prose(play.report(first, "--unit", "PC06")[1])
    good, answered = share(play.account.of(first, unit="PC06", form="DL-01"), "B10")
    assert f"({good}/{answered} phiếu" in said and f"({good}/{answered - 1} phiếu" in said  # its own figures
    for where in (("--unit", "PC08"), ("--survey", "hau-can")):  # of which nothing came late
        said = prose(play.report(first, *where)[1])
        assert "không thay đổi so với lần chốt" in said and "được thay thế" not in said
    assert "PC06 ĐL-01 thu về: 24 → 25" in office("period", "status", first).out
    figures = str(office.json("period", "status", first)["closings"])
    assert "/B10/answered/" in figures and "/A1/" not in figures  # unit by unit, and nothing hidden
    assert missing  # old stock is left for the next month

    # Third month: the revision beside old stock, Microsoft Forms.
    old = len(play.stock["PC06", "DL-01"])
    assert old
    play.paper(third, "PC06", old)  # what was counted in stock is used up
    play.forms["DL-01"] = REVISED
    play.issue("PC06", 34, third)
    play.paper(third, "PC06", 34)
    play.count(third, "PC06")
    play.count(third, "PC08")
    play.count(third, "P-A")
    play.forms["DL-01"] = CITIZENS
    forms = _microsoft(play, tmp_path, third)
    assert office.json("electronic", "import", forms, "--form", "DL-01")["new"] == 5
    play.close(third)
    text = prose(check(play, third))
    assert "Câu B2 mẫu ĐL-01 hỏi nội dung khác nhau giữa các phiên bản" in text
    stock_before = sum(line["in_stock"] for line in office.json("register", "reconcile", "--period", third))

    # Fourth month: P-A is dissolved, its stock moves to P-B; PC08 is silent; ids begin again.
    left = play.stock.pop(("P-A", "DL-01"))
    office(
        "register",
        "receive",
        *(str(run.serial(n)) for run, n in left),
        "--unit",
        "P-B",
        "--period",
        fourth,
        "--by",
        "lan",
    )
    play.stock["P-B", "DL-01"] = left
    play.paper(fourth, "P-B", len(left) - 1)
    play.stock["P-B", "DL-01"].clear()  # the last one is lost
    play.count(fourth, "P-B")
    play.issue("PC08", 10, fourth)
    forms = _microsoft(play, tmp_path, fourth)
    assert office.json("electronic", "import", forms, "--form", "DL-01")["new"] == 5
    lines = office.json("register", "reconcile", "--period", fourth)
    assert sum(line["opening"] for line in lines) == stock_before
    moved = {line["unit"]: line["moved"] for line in lines}
    assert (moved["P-A"], moved["P-B"]) == (-len(left), len(left))
    folder = check(play, fourth)
    text = prose(folder)
    assert "01 đơn vị chưa nộp phiếu: Phòng Cảnh sát giao thông" in text
    annex = play.report(fourth, "--lead")[1] / f"phu-luc-lanh-dao-{fourth}.docx"
    said = [cell.text for t in docx.Document(str(annex)).tables for row in t.rows for cell in row.cells]
    assert "Công an phường Cầu Đá" in said  # a slip of it is missing
    assert "02 đơn vị chưa kiểm kê" not in text and "01 đơn vị chưa kiểm kê" in text
    own = play.report(fourth, "--unit", "P-B")[1]
    assert f"nhận trong kỳ 0 phiếu; nhận điều chuyển {len(left):02} phiếu;" in prose(own)
    assert not list(own.glob("phu-luc*"))
    assert (
        "không so sánh được" in prose(own)
        and "điểm phần trăm" not in prose(own).split("Độ tin cậy")[0].split("PHỤ LỤC")[0]
    )
    play.close(fourth)

    # A form that goes to another survey later: its slips would be the difference of two reports.
    office("register", "survey", "NB-02", "tthc", "--by", "hung")
    moved, folder = play.report(first)
    assert moved["respondents"] == [] == respondents(folder)
    assert "chuyển sang khảo sát khác" in office("report", "--period", first, "--by", "a1", code=1).err
    asked = {(row["question"], row["option"]) for row in respondents(play.report(second)[1])}
    assert asked == {("A1", "1"), ("A1", "2"), ("A1", "")}  # that month has none of its slips
    office("register", "survey", "NB-02", "", "--by", "hung")
    assert respondents(play.report(first)[1]) == told
    # All files and pages of all months together, one being mended: no small group can be solved for.
    office("period", "adjust", first, "--by", "hung", "--why", "xem lại")
    pages = tmp_path / "pages"
    pages.mkdir()
    desk = Desk(office.workspace, pages, ("", "PC06", "PC08", "P-A", "P-B"))
    assert sum(attacked(play, desk, month) for month in MONTHS) >= 4
    assert attacked(play, desk, first, "hau-can")
    desk.office.close()
    assert office.json("audit", "verify")["ok"]


def _spare(play: Play, office: Office, month: str) -> tuple[Issue, int]:
    """Return a serial of the first month that nobody counted or read: one that was missing."""
    run = next(
        run for run in office.runs().values() if (run.unit, run.period, run.form) == ("PC06", month, "DL-01")
    )
    return run, play.lost


def _microsoft(play: Play, folder: Path, month: str) -> Path:
    sent = play.online(month, "PC06", 5)
    book = openpyxl.Workbook()
    book.active.append(
        ["ID", "Start time", "Completion time", "Email", "Đơn vị", *(f"{k}. Câu {k}" for k in sent[0])]
    )
    for n, said in enumerate(sent, 1):
        at = f"{month}-1{n} 09:1{n}:2{n}"
        book.active.append([n, at, at, "anonymous", "PC06", *(f"mức {level}" for level in said.values())])
    path = folder / f"ms-{month}.xlsx"
    book.save(path)
    return path
