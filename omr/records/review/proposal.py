"""What the machine would say of a question that it asks about: drawn in for a person, never stored.

Only what names an answer is proposed. A ring around an empty box is read as that box, which the judge of
boxes cannot say: to it the box is blank, and the ring's line is ink beside the next one. Where nothing or
several is seen, a mark and a ring, or a mark and doubt about another box, nothing is proposed and the
person says it: that a row is left blank is wrong in five of six rows in which the machine leans to it.
`python bench desks reviewer` counts what is proposed and what of it is wrong.
"""

from __future__ import annotations

from omr.forms.template import VALUES, Kind, Question
from omr.records.review.second_reading import DoubtfulItem
from omr.words import Reason


def proposed(item: DoubtfulItem, question: Question) -> tuple[str, ...]:
    """Return the codes that the machine reads in a row it is unsure of, in the form's order; none: ask.

    Parameters
    ----------
    item : DoubtfulItem
        What the machine saw in the row.
    question : Question
        The row as it is printed.
    """
    if question.kind in VALUES:  # a person reads the signs: what was half read would be believed
        return ()
    rings = {one.option for one in item.doubts if one.reason == Reason.RING_AROUND}
    marks = set(item.leans) - rings
    if rings and marks:  # one of the two is withdrawn, and which cannot be told
        return ()
    if not rings and {one.option for one in item.doubts} - marks:
        return ()
    seen = tuple(option.code for option in question.options if option.code in rings | marks)
    return seen if question.kind is Kind.MULTIPLE or len(seen) == 1 else ()
