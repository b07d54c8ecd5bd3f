"""A form with one question of each kind, made of small pieces."""

from __future__ import annotations

HEAD = """
form = "KS-01"
digit = 7
revision = "2026-11"
language = "vi"
paper = "A4"
title = "Phiếu thử"
field = "Hậu cần"

[header]
agency = ["CÔNG AN THÀNH PHỐ", "HẢI PHÒNG"]
code = "Mẫu KS-01"
number = "Số"
title = ["PHIẾU KHẢO SÁT", "NỘI BỘ"]
subtitle = "của cán bộ, chiến sĩ về công tác bảo đảm hậu cần"
intro = "Phiếu không ghi họ tên; ý kiến được giữ kín."

[instructions]
mark = "Đánh dấu X vào một ô ở mỗi câu."
correct = "Nếu nhầm, tô kín ô đã đánh rồi đánh dấu X vào ô khác."

[footer]
thanks = "Trân trọng cảm ơn."
"""

CHOICES = """
[[section]]
kind = "choices"
label_width = 40.0
columns = 6

[[section.question]]
key = "A1"
kind = "single"
text = "Đồng chí có ở doanh trại không?"
label = "Có ở doanh trại?"
span = 2
options = [{ code = "yes", label = "Có" }, { code = "no", label = "Không (bỏ qua B1)" }]

[[section.question]]
key = "A2"
kind = "multiple"
text = "Trang bị đã nhận"
span = 2
options = [{ code = "shoes", label = "Giày" }, { code = "other", label = "Khác:", span = 4, write = true }]
"""

MATRIX = """
[[section]]
kind = "matrix"
title = "Mức độ hài lòng"
column_pitch = 15.0
levels = [
  { code = "3", label = "Tốt", satisfied = true },
  { code = "1", label = "Kém", satisfied = false },
  { code = "na", label = ["Không", "áp dụng"], satisfied = false, not_applicable = true },
]
[[section.question]]
key = "B1"
text = "Phòng ở"
only_if = { question = "A1", codes = ["yes"] }
[[section.question]]
key = "B2"
text = "Đánh giá chung"
overall = true
"""

SCALE = """
[[section]]
kind = "scale"
low = "Không bao giờ"
high = "Chắc chắn"
[[section.question]]
key = "S1"
text = "Đồng chí có giới thiệu đơn vị cho người thân không?"
"""

DIGITS = """
[[section]]
kind = "digits"
[[section.question]]
kind = "number"
key = "N1"
text = "Tuổi"
least = 16
most = 90
[[section.question]]
kind = "number"
key = "N2"
text = "Số giờ chờ"
decimals = 1
[[section.question]]
kind = "date"
key = "D1"
text = "Ngày đến làm thủ tục"
latest = "2026-12-31"
[[section.question]]
kind = "code"
key = "K1"
text = "Số hiệu cán bộ"
length = 4
check = "luhn"
"""

RANKING = """
[[section]]
kind = "ranking"
key = "R1"
text = "Xếp thứ tự việc cần làm trước"
first = "trước hết"
last = "sau cùng"
column_pitch = 16.0
options = [
  { code = "rooms", label = "Sửa phòng làm việc" },
  { code = "cars", label = "Thêm phương tiện" },
  { code = "meals", label = "Bữa ăn ca" },
]
"""

TWO_COLUMNS = """
[[section]]
kind = "matrix"
title = "Mức độ hài lòng"
columns = 2
column_pitch = 12.0
levels = [
  { code = "3", label = "Tốt", satisfied = true },
  { code = "2", label = "Vừa", satisfied = false },
  { code = "1", label = "Kém", satisfied = false },
]
""" + "".join(
    f"""
[[section.question]]
key = "B{number}"
text = "Việc thứ {number}"
{"overall = true" if number == 5 else ""}
"""
    for number in range(1, 6)
)
