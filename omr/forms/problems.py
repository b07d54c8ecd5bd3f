"""What is wrong in a form's file: all of it at once, each with its place and what was expected."""

from __future__ import annotations

from dataclasses import dataclass

from omr.errors import TemplateError
from omr.messages import say


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a form's file: where, and what was expected."""

    where: str
    key: str
    values: dict[str, object]

    @property
    def said(self) -> str:
        """What is wrong, in the language in force."""
        return say(self.key, **self.values)

    def __str__(self) -> str:
        return f"{self.where}: {self.said}"


class Problems(tuple[Problem, ...]):
    """All problems of a file, as the value of one error: a line each."""

    def __str__(self) -> str:
        return "\n".join(f"  {problem}" for problem in self)


def refuse(file: object, problems: list[Problem]) -> None:
    """Raise one TemplateError with all problems (its value ``problems``), if there are any."""
    if problems:
        raise TemplateError("forms.wrong", file=file, count=len(problems), problems=Problems(problems))
