"""Three simulated months of 20 units, counted without any database.

February 2025, March 2025 (district police dissolved on the first, a revision of one form,
an electronic channel, a silent unit), April 2025 (nothing came in).
"""

from __future__ import annotations

import random
from datetime import date
from functools import cache

from tallying import Slip, count

from omr.forms.template import Form, Kind, Option, Question
from omr.geometry import Box
from omr.records.counts.answers import Given
from omr.records.counts.tallies import Channel, SlipState, Stratum
from omr.records.exchange.comments import Commented
from omr.records.offices.periods import parse_period
from omr.records.offices.units import Unit, UnitKind
from omr.reports.figures.statistics import Checking, Month, Opinion, Stock
from omr.words import AnswerState

NOWHERE = Box(0, 0, 4.5, 4.5)
LEVELS = (
    ("5", "Rất hài lòng", True),
    ("4", "Hài lòng", True),
    ("3", "Bình thường", False),
    ("2", "Không hài lòng", False),
    ("1", "Rất không hài lòng", False),
)
CRITERIA = (
    ("B1", "Nơi tiếp công dân sạch sẽ, có chỗ ngồi chờ, biển chỉ dẫn dễ thấy", "Tiếp cận dịch vụ"),
    ("B2", "Hồ sơ, biểu mẫu, phí, lệ phí được niêm yết công khai, dễ hiểu", "Thủ tục hành chính"),
    ("B3", "Cán bộ hướng dẫn đầy đủ, rõ ràng ngay từ lần đầu", "Cán bộ giải quyết công việc"),
    ("B4", "Thái độ giao tiếp, ứng xử của cán bộ, chiến sĩ", "Cán bộ giải quyết công việc"),
    ("B5", "Thời gian chờ đến lượt và thời gian làm việc tại quầy", "Thủ tục hành chính"),
    ("B6", "Kết quả được trả đúng hẹn, thông tin chính xác", "Kết quả cung ứng dịch vụ"),
    ("B7", "Mức tiền phải nộp đúng quy định, không có khoản thu ngoài quy định", "Kết quả cung ứng dịch vụ"),
    ("B8", "Việc lắng nghe, giải thích khi Ông/Bà hỏi hoặc góp ý", "Tiếp nhận, giải quyết góp ý, phản ánh"),
)
OWN = {
    "DL-01": "Không phải nộp lại giấy tờ, thông tin mà cơ quan Công an đã có",
    "DL-02": "Yêu cầu bổ sung, chỉnh sửa hồ sơ được nêu đủ trong một lần",
    "DL-03": "Cách nhận kết quả (tại trụ sở hoặc qua bưu chính) thuận tiện, bảo đảm",
    "DL-04": "Việc kiểm tra xe, cà số khung, số máy, bấm chọn biển số công khai, thuận tiện",
}
FIELDS = {
    "DL-01": "Quản lý hành chính về trật tự xã hội",
    "DL-02": "Phòng cháy, chữa cháy",
    "DL-03": "Xuất, nhập cảnh",
    "DL-04": "Giao thông đường bộ",
}
PROCEDURES = {
    "DL-01": ("Cấp, đổi, cấp lại thẻ căn cước", "Đăng ký thường trú, tạm trú", "Định danh điện tử", "Khác"),
    "DL-02": ("Thẩm duyệt thiết kế", "Nghiệm thu", "Khác"),
    "DL-03": ("Cấp hộ chiếu phổ thông", "Thị thực, gia hạn tạm trú", "Khác"),
    "DL-04": ("Đăng ký xe lần đầu, cấp biển số", "Sang tên, di chuyển xe", "Khác"),
}


def single(key: str, text: str, *labels: str) -> Question:
    options = tuple(Option(chr(97 + i), label, False, NOWHERE) for i, label in enumerate(labels))
    return Question(key, Kind.SINGLE, text, "", False, False, options, None)


def likert(key: str, text: str, factor: str, *, overall: bool = False) -> Question:
    options = tuple(Option(*level, NOWHERE) for level in LEVELS)
    return Question(key, Kind.LIKERT, text, factor, True, overall, options, None)


def make_form(name: str, revision: str = "2025-01") -> Form:
    questions = (
        single("A1", "Ông/Bà làm thủ tục với tư cách", "Cá nhân", "Đại diện tổ chức, doanh nghiệp"),
        single("A2", "Giới tính", "Nam", "Nữ"),
        single("A3", "Độ tuổi", "Dưới 25", "25–34", "35–49", "50–60", "Trên 60"),
        single("A5", "Thủ tục đã thực hiện", *PROCEDURES[name]),
        *(likert(*criterion) for criterion in CRITERIA),
        likert("B9", OWN[name], ""),
        likert("B10", "Đánh giá chung về lần làm thủ tục này", "", overall=True),
        Question("C", Kind.TEXT, "Ý kiến góp ý", "", False, False, (), NOWHERE),
    )
    return Form(name, int(name[-1]), revision, "PHIẾU", FIELDS[name], "A5", "vi", questions, ())


FORMS = {f"{name}@{r}": make_form(name, r) for name in FIELDS for r in ("2025-01", "2025-03")}

DEPARTMENTS = (
    ("PC06", "Phòng Cảnh sát quản lý hành chính về trật tự xã hội", "DL-01"),
    ("PC07", "Phòng Cảnh sát phòng cháy, chữa cháy và cứu nạn, cứu hộ", "DL-02"),
    ("PA08", "Phòng Quản lý xuất nhập cảnh", "DL-03"),
    ("PC08", "Phòng Cảnh sát giao thông", "DL-04"),
)
WARDS = (
    "phường Máy Chai", "phường Cầu Đất", "phường Dư Hàng Kênh", "phường Vĩnh Niệm", "phường Đằng Giang",
    "phường Cát Bi", "phường Tràng Minh", "phường Hải Sơn", "phường Anh Dũng", "xã Lập Lễ", "xã Tân Tiến",
    "thị trấn An Lão", "xã Kiến Quốc", "xã Đoàn Lập",
)  # fmt: skip
START, MERGER = date(2023, 3, 7), date(2025, 3, 1)


def since(place: int) -> date:
    """The first ward was made by the merger; the others were always there."""
    return MERGER if place == 1 else START


UNITS = (
    *(Unit(code, name, UnitKind.DEPARTMENT, None, START, None, None) for code, name, _ in DEPARTMENTS),
    Unit("CATN", "Công an thành phố Thủy Nguyên", UnitKind.DISTRICT, None, START, MERGER, "CAX-10"),
    Unit("CANQ", "Công an quận Ngô Quyền", UnitKind.DISTRICT, None, START, MERGER, "CAX-01"),
    *(
        Unit(
            f"CAX-{i:02}", f"Công an {name}", UnitKind.COMMUNE, None, MERGER if i == 1 else START, None, None
        )
        for i, name in enumerate(WARDS, 1)
    ),
)
SILENT = "CAX-05"


def answers_of(form: Form, dice: random.Random, mood: float) -> dict[str, Given]:
    given: dict[str, Given] = {}
    for question in form.questions:
        codes = [option.code for option in question.options]
        luck = dice.random()
        if not codes or luck < 0.03:
            given[question.key] = Given(AnswerState.NO_ANSWER)
        elif luck < 0.04:
            given[question.key] = Given(AnswerState.MULTIPLE, tuple(codes[:2]))
        elif question.core:
            weights = [mood * 6, mood * 3, 0.6, 0.2, 0.1]
            given[question.key] = Given(AnswerState.ANSWERED, tuple(dice.choices(codes, weights)))
        else:
            given[question.key] = Given(AnswerState.ANSWERED, (dice.choice(codes),))
    return given


@cache
def slips_of(period: str, seed: int = 1) -> list[Slip]:
    """All slips of one simulated month; the empty month has none."""
    dice, slips = random.Random(f"{seed} {period}"), []
    if period == "2025-04":
        return slips
    for unit in in_force(period):
        if period == "2025-03" and unit.unit == SILENT:
            continue
        for name in forms_of(unit):
            revision = "2025-03" if period == "2025-03" and name == "DL-02" else "2025-01"
            print_ = f"{name}@{revision}"
            many = 400 if unit.kind is UnitKind.DEPARTMENT else 20 + dice.randrange(60)
            electronic = many // 5 if period == "2025-03" and unit.kind is UnitKind.DEPARTMENT else 0
            mood = 0.6 + dice.random() * 3
            for i in range(many + electronic):
                channel = Channel.PAPER if i < many else Channel.ELECTRONIC
                luck = dice.random()
                state, reason = SlipState.VALID, ""
                if channel is Channel.PAPER and luck < 0.03:
                    state, reason = SlipState.INVALID, dice.choice(["KHL3", "KHL5", "KHL6"])
                elif channel is Channel.PAPER and luck < 0.035:
                    state, reason = SlipState.HELD, "KHL7"
                answers = answers_of(FORMS[print_], dice, mood)
                if reason == "KHL5":  # that is what makes it one
                    answers = {key: Given(AnswerState.NO_ANSWER) for key in answers}
                slips.append(Slip(Stratum(unit.unit, print_, channel), state, reason, answers))
    return slips


def in_force(period: str) -> list[Unit]:
    return [unit for unit in UNITS if unit.serves(parse_period(period))]


def forms_of(unit: Unit) -> list[str]:
    own = {code: form for code, _, form in DEPARTMENTS}
    return [own[unit.unit]] if unit.unit in own else ["DL-01", "DL-04"]


@cache
def make_month(period: str, seed: int = 1) -> Month:
    slips = slips_of(period, seed)
    tallies = count(slips, FORMS)
    stock = []
    visits = {}
    for unit in in_force(period):
        back = 0
        for name in forms_of(unit):
            returned = sum(
                row.slips
                for row in tallies.slips
                if row.stratum.unit == unit.unit
                and row.stratum.channel is Channel.PAPER
                and FORMS[row.stratum.fingerprint].form == name
            )
            missing, spoiled = returned // 25, returned // 40
            in_stock = 500 - returned - missing - spoiled
            stock.append(Stock(unit.unit, name, 100, 400, returned, spoiled, in_stock, missing))
            back += returned
        visits[unit.unit] = back * 10 // 7 + 3
    silent = {SILENT} if period == "2025-03" else set()
    return Month(
        parse_period(period),
        FORMS,
        UNITS,
        tallies,
        tuple(stock),
        visits,
        submitted=frozenset({unit.unit for unit in in_force(period)} - silent),
        checking=Checking(answers=14 * len(slips), by_people=len(slips) // 9),
        comments=Commented(paper=len(slips) // 12, typed=2) if slips else Commented(),
        opinions=(
            Opinion("PC08", "DL-04", "Thời gian chờ", "Nên có thêm quầy vào sáng thứ Hai."),
            Opinion("PC06", "DL-01", "Thái độ phục vụ", "Cán bộ hướng dẫn rất tận tình, xin cảm ơn."),
        )
        if slips
        else (),
    )
