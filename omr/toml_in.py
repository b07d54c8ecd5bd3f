"""TOML that an office wrote, as Notepad saves it: with or without a byte order mark; what is wrong, said.

What tomllib and pydantic say is English and meant for programmers. Here it becomes one sentence in
the reader's language, with the place in the file.
"""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from typing import Final

from pydantic import ValidationError

from omr.errors import OmrError
from omr.messages import say

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",  # Notepad's "Unicode"
    codecs.BOM_UTF16_BE: "utf-16",
}
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")
# What tomllib says at a place -> what we say; whatever else it says, the place alone helps most.
_CAUSES: Final = (
    ("Cannot overwrite", "toml.twice"),
    ("Cannot declare", "toml.twice"),
    ("Duplicate", "toml.twice"),
    ("Expected '='", "toml.no_equals"),
    ("Expected newline", "toml.no_newline"),
    ("Unclosed", "toml.unclosed"),
    ("Unterminated", "toml.unclosed"),
    ("Unescaped", "toml.backslash"),
    ("Invalid value", "toml.bad_value"),
    ("Illegal character", "toml.bad_sign"),
    ("Found invalid character", "toml.bad_sign"),
)
# Kinds of error of pydantic -> what we say, with what pydantic measured.
SAID: Final = {
    "missing": "forms.missing",
    "extra_forbidden": "forms.unknown",
    "string_type": "forms.want_text",
    "string_pattern_mismatch": "forms.want_pattern",
    "string_too_short": "forms.empty",
    "string_too_long": "forms.text_too_long",
    "int_type": "forms.want_whole",
    "int_from_float": "forms.want_whole",
    "int_parsing": "forms.want_whole",
    "float_type": "forms.want_number",
    "float_parsing": "forms.want_number",
    "finite_number": "forms.want_number",
    "bool_type": "forms.want_bool",
    "bool_parsing": "forms.want_bool",
    "tuple_type": "forms.want_list",
    "list_type": "forms.want_list",
    "too_short": "forms.too_few",
    "too_long": "forms.too_many",
    "greater_than_equal": "forms.at_least",
    "less_than_equal": "forms.at_most",
    "literal_error": "forms.one_of",
    "enum": "forms.one_of",
    "union_tag_invalid": "forms.one_of_tags",
    "union_tag_not_found": "forms.no_tag",
    "model_type": "forms.want_table",
    "model_attributes_type": "forms.want_table",
    "dict_type": "forms.want_table",
}


def parse_toml(data: bytes) -> dict[str, object]:
    """Return what a TOML file says, in NFC.

    Raises
    ------
    OmrError
        With the place, and what is wrong there.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise OmrError("toml.not_utf8") from error
    if data and not text:  # nothing but a mark
        raise OmrError("toml.not_utf8")
    try:
        content = tomllib.loads(_nfc(text))
        return {_nfc(key): _composed(value) for key, value in content.items()}
    except RecursionError as error:
        raise OmrError("toml.too_deep") from error
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        cause = next((key for words, key in _CAUSES if said.startswith(words)), "toml.wrong")
        place = _PLACE.search(said)
        if place is None:
            raise OmrError("toml.at_end", cause=say(cause)) from error
        raise OmrError("toml.at", line=place[1], column=place[2], cause=say(cause)) from error


def _composed(value: object) -> object:
    r"""Return a value in NFC once more: signs may be written as ``\u0323``, too."""
    match value:
        case str():
            return _nfc(value)
        case list():
            return [_composed(one) for one in value]
        case dict():
            return {_nfc(key): _composed(one) for key, one in value.items()}
        case _:
            return value


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def shown(value: object) -> str:
    """Return a value as TOML writes it, cut to what a message bears: "true" is no true."""
    text = re.sub(r"\s+", " ", str(value))[:60]
    if isinstance(value, bool):
        return text.lower()
    return f'"{text}"' if isinstance(value, str) else text


def what_is_wrong(error: ValidationError) -> str:
    """Return the first thing that a check of settings found: the key, and what was expected."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    context = {name: value for name, value in first.get("ctx", {}).items() if name != "error"}
    values = {**context, "value": shown(first["input"]), "detail": first["msg"]}
    return f"{where}: {say(SAID.get(first['type'], 'forms.other'), **values)}"
