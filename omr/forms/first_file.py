"""The first file of a new form: what somebody starts from. It prints and passes every check as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from omr.forms.problems import Problem
from omr.forms.schema import DIRECTIVE
from omr.forms.template import Form
from omr.text import unaccented

# Texts that a form cannot do without, by its language: two of a bilingual one.
_SAID: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "number": "Số",
        "code": "Mẫu",
        "intro": "Phiếu không ghi họ tên; ý kiến được giữ kín và chỉ dùng để cải tiến công việc.",
        "subtitle": "Xin cho biết ý kiến của Ông/Bà",
        "mark": "Đánh dấu X vào một ô ở mỗi câu.",
        "correct": "Nhầm thì tô kín ô cũ, đánh X ô khác.",
        "seal": "đóng dấu",
        "matrix": "Mức độ hài lòng về",
        "row": "Câu hỏi {number}: sửa lại nội dung này",
        "overall": "Đánh giá chung",
        "comment": "Ý kiến khác",
        "note": "(nếu có)",
        "thanks": "Xin trân trọng cảm ơn.",
        "two_titles": "trong danh sách và báo cáo; chữ in trên giấy là title ở dưới [header]",
        "more": "Các loại câu hỏi khác, dùng được ngay: bỏ dấu # ở đầu các dòng của một phần, rồi sửa lời.",
        "pages": "Trang mới; in hai mặt thì ghi duplex = true dưới dòng paper:",
        "gender": "Giới tính",
        "male": "Nam",
        "female": "Nữ",
        "other": "Khác:",
        "age": "Tuổi",
        "score": "Ông/Bà chấm mấy điểm?",
        "low": "kém",
        "high": "tốt",
        "rank": "Xếp thứ tự việc cần làm trước",
        "first": "Việc thứ nhất",
        "second": "Việc thứ hai",
    },
    "en": {
        "number": "No.",
        "code": "Form",
        "intro": "The form bears no name; what you say is kept confidential and serves to improve our work.",
        "subtitle": "Please tell us what you think",
        "mark": "Mark one box with X in each row.",
        "correct": "To correct, fill the box and mark another.",
        "seal": "seal",
        "matrix": "How satisfied are you with",
        "row": "Question {number}: write your own words here",
        "overall": "Overall",
        "comment": "Other remarks",
        "note": "(if any)",
        "thanks": "Thank you.",
        "two_titles": "in lists and reports; what is printed is title below [header]",
        "more": "More kinds of question: take away the # of a section's lines, then change the words.",
        "pages": "A new page; printed on both sides with duplex = true below the line paper:",
        "gender": "Gender",
        "male": "Male",
        "female": "Female",
        "other": "Other:",
        "age": "Age",
        "score": "How many points do you give?",
        "low": "poor",
        "high": "good",
        "rank": "What should be done first? Put in order",
        "first": "One thing",
        "second": "Another thing",
    },
}
_LEVELS: Final[dict[str, dict[int, tuple[str, ...]]]] = {
    "vi": {
        3: ("Hài lòng", "Bình|thường", "Không|hài lòng"),
        5: ("Rất|hài lòng", "Hài lòng", "Bình|thường", "Không|hài lòng", "Rất không|hài lòng"),
    },
    "en": {
        3: ("Satisfied", "Neutral", "Dis-|satisfied"),
        5: ("Very|satisfied", "Satisfied", "Neutral", "Dis-|satisfied", "Very dis-|satisfied"),
    },
}
LANGUAGES: Final = ("vi", "en")
LEVELS: Final = (3, 5)
PAPERS: Final = ("A5", "A4")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody said of a new form."""

    form: str
    title: str
    field: str
    agency: tuple[str, ...]
    digit: int
    revision: str
    language: str = "vi"
    paper: str = "A5"
    questions: int = 5
    levels: int = 5


def first_file(wanted: Wanted) -> str:
    """Return the text of the file."""
    return "\n".join(_lines(wanted)) + "\n"


def _lines(wanted: Wanted) -> Iterator[str]:
    said = _SAID[wanted.language]
    yield DIRECTIVE
    for name in ("form", "digit", "revision", "language", "paper", "title", "field"):
        about = f"  # {said['two_titles']}" if name == "title" else ""
        yield f"{name} = {_toml(getattr(wanted, name))}{about}"
    yield f"survey = {_toml(_survey(wanted.form))}"
    yield "\n[header]"
    yield f"agency = {_toml(wanted.agency)}"
    yield f"code = {_toml(said['code'] + ' ' + wanted.form)}"
    yield f"number = {_toml(said['number'])}"
    yield f"title = {_toml(_title(wanted.title.upper()))}"
    for name in ("subtitle", "intro", "seal"):
        yield f"{name} = {_toml(said[name])}"
    yield "\n[instructions]"
    yield f"mark = {_toml(said['mark'])}"
    yield f"correct = {_toml(said['correct'])}"
    yield "\n[[section]]"
    yield 'kind = "matrix"'
    yield f"title = {_toml(said['matrix'])}"
    yield 'numbers = "keys"'
    yield f"column_pitch = {'14.0' if wanted.paper == 'A5' else '18.0'}"
    yield "levels = ["
    labels = _LEVELS[wanted.language][wanted.levels]
    for place, label in enumerate(labels):
        code, satisfied = wanted.levels - place, place < (wanted.levels - 1) / 2
        words = _toml(tuple(label.split("|")))
        yield f'  {{ code = "{code}", label = {words}, satisfied = {_toml(satisfied)} }},'
    yield "]"
    for number in range(1, wanted.questions + 1):
        yield "\n[[section.question]]"
        yield f'key = "B{number}"'
        last = number == wanted.questions
        yield f"text = {_toml(said['overall'] if last else said['row'].format(number=number))}"
        if last:
            yield "overall = true"
    yield "\n[[section]]"
    yield 'kind = "comment"'
    yield 'key = "C"'
    yield f"text = {_toml(said['comment'])}"
    yield f"note = {_toml(said['note'])}"
    yield "lines = 3"
    yield "line_pitch = 8.0"
    yield "\n[footer]"
    yield f"thanks = {_toml(said['thanks'])}"
    yield f"\n# {said['more']}"
    for section in examples(wanted.language):
        yield "#"
        yield from (f"# {line}".rstrip() for line in section.splitlines())


def examples(speaks: str) -> Iterator[str]:
    """Yield a small section of each other kind; each stands in a form as it is."""
    said = {name: _toml(text) for name, text in _SAID[speaks].items()}
    yield f'''# {_SAID[speaks]["pages"]}
[[section]]
kind = "page"'''
    yield f"""[[section]]
kind = "choices"
label_width = 30.0
columns = 4
[[section.question]]
key = "A1"
kind = "single"
text = {said["gender"]}
options = [
  {{ code = "male", label = {said["male"]} }},
  {{ code = "female", label = {said["female"]} }},
  {{ code = "other", label = {said["other"]}, span = 2, write = true }},
]"""
    yield f"""[[section]]
kind = "digits"
fill = "hand"
[[section.question]]
kind = "number"
key = "N1"
text = {said["age"]}
digits = 2"""
    yield f"""[[section]]
kind = "scale"
first = 1
last = 5
low = {said["low"]}
high = {said["high"]}
[[section.question]]
key = "S1"
text = {said["score"]}"""
    yield f"""[[section]]
kind = "ranking"
key = "R1"
text = {said["rank"]}
options = [
  {{ code = "one", label = {said["first"]} }},
  {{ code = "two", label = {said["second"]} }},
]"""


def _title(text: str) -> tuple[str, ...]:
    """Break a title into lines of some twenty letters: there are 55 mm."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < 20:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines[:4]) or (text,)


def _survey(form: str) -> str:
    return unaccented(form).lower()[:24]


def _toml(value: object) -> str:
    """Return a value as TOML writes it; JSON's texts, lists and truths are TOML's, too."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def free_digits(others: Iterable[Form]) -> list[int]:
    """Return the digits that no form's serials begin with."""
    return sorted(set(range(10)) - {form.digit for form in others})


def digit_taken(form: Form, others: Sequence[Form]) -> list[Problem]:
    """Return the forms of other fields whose serials begin with the same digit."""
    free = ", ".join(map(str, free_digits(others))) or "–"
    return [
        Problem(
            "digit",
            "forms.digit_taken",
            {"digit": form.digit, "other": other.form, "field": other.field, "free": free},
        )
        for other in others
        if other.form != form.form and other.digit == form.digit and other.field != form.field
    ][:1]
