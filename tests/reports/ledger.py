"""Write simulated slips into a register as intake and review would have left them."""

from __future__ import annotations

from dataclasses import replace

from months import FORMS

from omr.reading.decide import AnswerState
from omr.records.tallies import Given, SlipState

PRINTED = {fingerprint.ljust(64, "0"): form for fingerprint, form in FORMS.items()}
DOUBTFUL = Given(AnswerState.DOUBTFUL)


def printed(slip):
    """The same slip under a fingerprint as long as a real one."""
    stratum = slip.stratum._replace(fingerprint=slip.stratum.fingerprint.ljust(64, "0"))
    return replace(slip, stratum=stratum)


class Ledger:
    """One batch of one period, a row at a time; numbers of readings begin at 1."""

    def __init__(self, act, period):
        self.act, self.period, self.reading, self.decision = act, period, 0, 0
        self.runs = {fingerprint: f"R{place}" for place, fingerprint in enumerate(PRINTED)}
        for place, (fingerprint, form) in enumerate(PRINTED.items()):
            self._form(fingerprint, form)
            run = {"run": f"R{place}", "form": form.form, "fingerprint": fingerprint, "unit": "PC06"}
            numbers = {
                "digit": form.digit,
                "year": 25,
                "first": place * 10_000,
                "last": place * 10_000 + 9_999,
            }
            act.add("runs", {**run, "period": period, **numbers, "key": bytes(32), "seeded": 1, "target": ""})
        act.add("originals", {"original": "0" * 64, "path": "scans/0", "bytes": 1})
        act.add("batches", {"batch": "B1", "unit": None, "period": None, "expected": None})

    def _form(self, fingerprint, form):
        about = {"form": form.form, "revision": form.revision, "digit": form.digit, "title": form.title}
        row = {"fingerprint": fingerprint, **about, "field": form.field, "canonical": "{}"}
        self.act.add("forms", row)
        for place, question in enumerate(form.questions):
            flags = {"core": int(question.core), "overall": int(question.overall), "factor": question.factor}
            key = {"fingerprint": fingerprint, "question": question.key}
            row = {**key, "position": place, "kind": question.kind.value, "text": question.text, **flags}
            self.act.add("form_questions", row)
            for at, option in enumerate(question.options):
                chosen = {"code": option.code, "label": option.label, "satisfied": int(option.satisfied)}
                self.act.add("form_options", {**key, "position": at, **chosen})

    def enter(self, slip, *decidings, serial=None):
        """Add a page that was read; `decidings` are the machine's answers, the first one first."""
        self.reading += 1
        self.latest, n = slip, self.reading
        page = {"page": n, "batch": "B1", "original": "0" * 64, "number": n, "picture": f"{n:064}"}
        self.act.add("pages", {**page, "outcome": "read", "reason": None, "measured": "{}"})
        of = {"serial": f"S{serial or n}", "run": self.runs[slip.stratum.fingerprint], "number": n}
        where = {"unit": slip.stratum.unit, "period": self.period}
        fit = {
            "carriers": "qr",
            "dpi": 200.0,
            "residual_mm": 0.1,
            "scan_from_page": "[]",
            "marks": b"",
            "seal": "present",
        }
        self.act.add("readings", {"reading": n, "page": n, **of, **where, **fit})
        for place, answers in enumerate(decidings or [slip.answers]):
            self._deciding(place, answers)
        if slip.state is SlipState.HELD:
            self.act.add("set_aside", {"reading": n, "reason": "other_unit", "other": None})
        if slip.state is SlipState.INVALID and slip.reason != "KHL5":  # that one the machine finds itself
            self.judge("invalid", slip.reason)

    def _deciding(self, place, answers):
        deciding = 10 * self.reading + place
        row = {"deciding": deciding, "reading": self.reading, "calibration": f"c{place}", "verdicts": "[]"}
        self.act.add("decidings", row)
        for question, given in answers.items():
            said = {"question": question, "state": given.state.value, "codes": " ".join(given.codes)}
            self.act.add("answers", {"deciding": deciding, **said, "confidence": 0.9})

    def decide(self, question, state, *codes):
        """Add what a reviewer said about a question of the latest slip."""
        self.decision += 1
        row = {"decision": self.decision, "reading": self.reading, "question": question}
        self.act.add("decided_answers", {**row, "state": state, "codes": " ".join(codes)})

    def judge(self, outcome, reason=None):
        """Add what a reviewer said about the latest slip."""
        self.decision += 1
        row = {"decision": self.decision, "reading": self.reading, "outcome": outcome, "reason": reason}
        self.act.add("decided_slips", row)

    def duplicate(self):
        """Add the latest slip's picture once more."""
        self.enter(self.latest, serial=self.reading)
        self.act.add(
            "set_aside", {"reading": self.reading, "reason": "same_image", "other": self.reading - 1}
        )
