"""The proof of a month: the chain of events, the signed export, slips drawn and keyed anew from paper."""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse, Response

from omr.errors import OmrError
from omr.files import remove
from omr.messages import month, say
from omr.records.inbox.names import plain_name
from omr.records.month.board import month_board
from omr.records.offices.periods import Period, state_of
from omr.records.offices.surveys import surveys_of
from omr.records.proof.chain import verify as verify_chain
from omr.records.review.progress import periods
from omr.records.store.store import Store
from omr.trust import rekeying
from omr.trust.audit_sample import assurance_of, draw_sample, is_seed, parse_points, statement, ticket
from omr.trust.export import export as sign_export
from omr.web.frame.body import body_as_file, called
from omr.web.frame.errands import begun
from omr.web.frame.months import month_of
from omr.web.frame.pages import NotFoundError, page, see_other, sentence
from omr.web.frame.visit import Visit
from omr.web.work import made
from omr.web.work.errands import Came, Tell
from omr.words import PeriodState, Role

FILES_SHOWN: Final = 20
CHECKED: Final = "to-check"  # below the workspace: exports that came up, until they are checked


def desk(visit: Visit) -> Response:
    """Show what proves the month, and what can be done for it."""
    return _show(visit, month_of(visit))


def draw(visit: Visit) -> Response:
    """Draw slips in public: the seed was said aloud by somebody who does not know the slips."""
    when, seed = month_of(visit), visit.form.get("seed", "").strip()
    try:
        if not is_seed(seed):
            raise OmrError("sample.bad_seed")
        with visit.office.store() as store:
            points, survey = parse_points(visit.form.get("points", "")), _survey(visit, store)
            drawn, _ = draw_sample(store, when, seed=seed, points=points, by=visit.me.name, survey=survey)
            if not drawn.serials:
                raise OmrError("sample.no_slips", period=when.name)
    except OmrError as error:
        return _show(visit, when, str(error))
    return see_other(f"/month/{when.name}/proof?survey={drawn.survey}")


def drawn_list(visit: Visit) -> Response:
    """Give the list of drawn slips, to be filled in from paper."""
    when = month_of(visit)
    with visit.office.store() as store:
        made_draw = _draw(visit, store, when)
        text = "\ufeff" + rekeying.entry_list(store, made_draw)  # so that a spreadsheet knows it is UTF-8
    headers = {"Content-Disposition": f'attachment; filename="rut-mau-{when.name}.csv"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def key(visit: Visit) -> Response:
    """Show one drawn slip to be keyed from its paper: never what was counted."""
    return _key(visit, visit.query("serial"))


def save_key(visit: Visit) -> Response:
    """Keep what was keyed, and show the next."""
    when, form = month_of(visit), visit.form
    with visit.office.store() as store:
        made_draw = _draw(visit, store, when)
        drawn = rekeying.drawn_forms(store, made_draw)
        serial = form.get("serial", "")
        if serial not in drawn:
            raise NotFoundError
        told = {"serial": serial, "paper": form.get("paper", "")}
        for question in drawn[serial].questions:
            if question.options:
                told[question.key] = rekeying.TOGETHER.join(form.get(f"q-{question.key}", "").split())
        try:
            keyed = rekeying.keyed_of(told, drawn)
            if keyed is None:
                raise OmrError("month.say_the_paper")
            rekeying.enter(store, made_draw, [keyed], by=visit.me.name)
        except OmrError as error:
            return _key(visit, serial, str(error))
    return see_other(f"/month/{when.name}/proof/key?survey={made_draw.survey}")


def verify(visit: Visit) -> Response:
    """Verify the chain of events and every original."""
    when, office = month_of(visit), visit.office

    def look(tell: Tell) -> Came:
        with office.store() as store:
            verdict = verify_chain(store, office.workspace.path)
        if verdict.ok:
            return Came(says=say("audit.intact", events=verdict.events, head=verdict.head))
        lines = [say("audit.broken", problem=verdict.problem)]
        for title, files in (("audit.read_again", verdict.unread), ("audit.scan_again", verdict.lost)):
            if files:
                lines += [say(title), *files[:FILES_SHOWN]]
        return Came(says="\n".join(lines), good=False)

    what = say("month.verifying")
    visit.office.note(visit.me.name, "chain_verified", when.name)
    return begun(office.errands.begin(what, visit.me.name, _desk_of(when), look))


def export(visit: Visit) -> Response:
    """Write and sign the export of the month."""
    when, office, by = month_of(visit), visit.office, visit.me.name

    def write(tell: Tell) -> Came:
        folder = made.begin(office.workspace.path)
        with office.store() as store:
            sign_export(store, office.workspace.path, when, folder / f"ket-xuat-{when.name}.zip")
        made.finish(folder, "export", period=when.name, by=by)
        return Came(f"/made/{folder.name}")

    return begun(
        office.errands.begin(say("month.exporting", period=month(when.name)), by, _desk_of(when), write)
    )


async def check_file(visit: Visit) -> Response:
    """Take an export up, of this office or another, and prove it: as `omr audit check` does."""
    office, name = visit.office, plain_name(visit.request.query_params.get("name", ""))
    key = visit.request.query_params.get("key", "").strip()[:128] or None
    file = await body_as_file(visit, office.workspace.path / CHECKED)

    def prove(tell: Tell) -> Came:
        from omr.trust.check import check

        try:
            with called(file, name):
                found = check(file, key)
        except OmrError as error:  # the answer to what was asked, no work that is left half done
            return Came(says=sentence(str(error)), good=False)
        finally:
            remove(file)
        if not found.ok:
            return Came(says=say("audit.unproven", problem=found.problem), good=False)
        told = {"period": month(found.period), "events": found.events, "head": found.head}
        says = say("audit.checked", signer=found.signer, **told)
        # without the office's key the export proves itself, not who made it
        return Came(says=says if key else "\n".join([says, say("columns.whose_key")]))

    office.note(visit.me.name, "export_checked", name[:80])
    what = say("columns.checking", file=name[:80])
    errand = office.errands.begin(what, visit.me.name, _desk_of(month_of(visit)), prove)
    return JSONResponse({"page": f"/errands/{errand.name}"})


def _key(visit: Visit, serial: str, problem: str = "") -> Response:
    when = month_of(visit)
    with visit.office.store() as store:
        made_draw = _draw(visit, store, when)
        drawn = rekeying.drawn_forms(store, made_draw)
        keyed = rekeying.latest_keyed(store, made_draw)
    left = [one for one in drawn if one not in keyed]
    chosen = serial if serial in drawn else left[0] if left else ""
    if not chosen:
        return see_other(f"/month/{when.name}/proof?survey={made_draw.survey}")
    return page(
        visit,
        "keying.html",
        status=400 if problem else 200,
        period=when.name,
        serial=chosen,
        survey=made_draw.survey,
        position=list(drawn).index(chosen) + 1,
        drawn=len(drawn),
        left=len(left),
        form=drawn[chosen],
        papers=(rekeying.FOUND, rekeying.INVALID, rekeying.MISSING),
        nothing=rekeying.NOTHING,
        many=rekeying.MANY,
        told=visit.form if problem else {},
        problem=problem,
    )


def _draw(visit: Visit, store: Store, when: Period) -> rekeying.Draw:
    made_draw = rekeying.latest_draw(store, when, _survey(visit, store))
    if made_draw is None:
        raise NotFoundError
    return made_draw


def _survey(visit: Visit, store: Store) -> str | None:
    """Return the survey that is asked for; None: the main one."""
    name = visit.form.get("survey", "") or visit.query("survey")
    if name and name not in surveys_of(store):
        raise NotFoundError
    return name or None


def _show(visit: Visit, when: Period, problem: str = "") -> Response:
    with visit.office.store() as store:
        if when.name not in periods(store):
            raise NotFoundError
        survey = _survey(visit, store)
        made_draw = rekeying.latest_draw(store, when, survey)
        shown = assurance_of(store, when, survey)
        surveys, closed = list(surveys_of(store)), state_of(store, when.name) is PeriodState.CLOSED
        keyed = rekeying.latest_keyed(store, made_draw) if made_draw else {}
        electronic = sum(line.electronic for line in month_board(store, when))
    return page(
        visit,
        "proof.html",
        status=400 if problem else 200,
        period=when.name,
        lead=Role.LEAD in visit.me.roles,
        draw=made_draw,
        survey=survey or "",
        surveys=surveys,
        closed=closed,
        shown=shown,
        says=statement(shown) if shown else "",
        keyed=keyed,
        tickets=[(one, ticket(made_draw.seed, one)) for one in made_draw.serials] if made_draw else [],
        electronic=electronic,
        done=[one for one in made.listed(visit.office.workspace.path, when.name) if one.kind != "report"],
        problem=problem,
        told=visit.form,
    )


def _desk_of(when: Period) -> str:
    return f"/month/{when.name}/proof"
