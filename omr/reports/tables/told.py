"""What a table about respondents says of its day, where that is not today's."""

from __future__ import annotations

from typing import Final

from omr.records.counts.kept_tallies import Withheld
from omr.reports.figures.statistics import Month
from omr.reports.tables.wording import local_day

FIRST: Final = (
    "Kỳ này đã điều chỉnh: biểu này giữ số liệu chốt ngày {day}, vì so hai báo cáo với nhau sẽ biết "
    "người gửi những phiếu bổ sung là ai."
)
WITHHELD: Final = {
    Withheld.OPEN: (
        "Số liệu về người trả lời lập khi chốt số liệu của kỳ: trước đó số phiếu còn tăng từng ngày, so hai "
        "bản dự thảo với nhau sẽ biết người gửi những phiếu đến sau là ai."
    ),
    Withheld.REGROUPED: (
        "Sau khi chốt số liệu, có mẫu phiếu được chuyển sang khảo sát khác: số liệu về người trả lời của kỳ "
        "này giữ như báo cáo đã lập trước đó, vì so hai báo cáo với nhau sẽ biết người trả lời là ai."
    ),
}


def told_when(month: Month) -> tuple[str, ...]:
    """Return the note of a table about respondents: from when it is, or why it says nothing."""
    told = month.told
    if told.withheld:
        return (WITHHELD[told.withheld],)
    return (FIRST.format(day=local_day(told.at)),) if told.at else ()
