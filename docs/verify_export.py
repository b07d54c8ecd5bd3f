"""Check a signed export without the program that made it: python verify_export.py EXPORT.zip [PUBLIC_KEY].

Needs Python 3.11 and `cryptography`. Checks signature, chain and rows, then computes every figure again.
"""

import json
import sys
import zipfile
from collections import Counter, defaultdict
from hashlib import sha256
from itertools import groupby

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Acts that may concern nothing but slips of other periods, or no figure at all.
MAY_LACK_ROWS = {"read", "redecide", "transcribe", "import_electronic", "audit_draw", "audit_enter"}
PILOT, PILOT_MONTH = "2023-03-pilot", "2023-03"
PLACE = {PILOT: "2023-02~"}  # of a period among the others: the pilot comes before its month
UNSAID = {"again": ["same_image", "same_sheet"], "not_returned": ["period_closed", "spoiled"]}  # of old files


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def demand(fits, what):
    return fits or sys.exit(f"BROKEN: {what}")


def load(path):
    """Return manifest, rows by table and the stated figures, once everything that is hashed fits."""
    archive = zipfile.ZipFile(path)
    files = {name: archive.read(name) for name in archive.namelist()}
    manifest = {"aside": UNSAID} | json.loads(files["manifest.json"])
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(manifest["public_key"]))
    public.verify(bytes.fromhex(files["signature"].decode()), files["manifest.json"])  # or InvalidSignature
    for name, digest in manifest["files"].items():
        demand(sha256(files[name]).hexdigest() == digest, f"{name} was changed")
    events = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    tables, previous = defaultdict(list), ""
    for number, event in enumerate(events, start=1):
        content = canonical({key: event[key] for key in event if key != "hash"})
        fits = (event["event"], event["previous"]) == (number, previous)
        demand(fits and sha256(content).hexdigest() == event["hash"], f"event {number}")
        previous = event["hash"]
    demand((len(events), previous) == (manifest["events"], manifest["head"]), "events are missing")
    lines = map(json.loads, files["rows.jsonl"].splitlines())
    for number, group in groupby(lines, key=lambda line: line["row"]["event"]):
        leaves = defaultdict(list)
        for line in group:
            leaves[line["table"]].append(canonical(line["row"]))
            tables[line["table"]].append(line["row"])
        pairs = ((table.encode(), leaf) for table in sorted(leaves) for leaf in sorted(leaves[table]))
        content = b"".join(b"%s %d %s" % (table, len(leaf), leaf) for table, leaf in pairs)
        demand(sha256(content).hexdigest() == events[number - 1]["digest"], f"rows of event {number}")
    there = {row["event"] for rows in tables.values() for row in rows}
    demand(there >= {one["event"] for one in events if one["act"] not in MAY_LACK_ROWS}, "rows are missing")
    return manifest, tables, json.loads(files["figures.json"])


def latest(tables, name, number, *key):
    """Keep, of the rows in force with one key, the one with the highest number."""
    gone = {row[number] for row in tables[f"withdrawn_{name}"]}
    rows = (row for row in tables[name] if row[number] not in gone and not row.get("alone"))
    return {tuple(row[column] for column in key): row for row in sorted(rows, key=lambda row: row[number])}


def numbers(row):
    return {(row["run"], number) for number in range(row["first"], row["last"] + 1)}


def following(period):
    year, month = (2023, 2) if period == PILOT else map(int, period.split("-"))
    after = f"{year + month // 12}-{month % 12 + 1:02}"
    return PILOT if after == PILOT_MONTH and period != PILOT else after


def answers_of(tables):
    """Return what counts today: reading -> question -> (state, codes, by machine)."""
    decidings = latest(tables, "decidings", "deciding", "reading").values()
    reading_of = {row["deciding"]: row["reading"] for row in decidings}
    said = defaultdict(dict)
    for row in tables["answers"]:
        if row["deciding"] in reading_of:
            said[reading_of[row["deciding"]]][row["question"]] = row["state"], row["codes"], True
    for row in latest(tables, "decided_answers", "decision", "reading", "question").values():
        if row["state"] != "withdrawn":
            said[row["reading"]][row["question"]] = row["state"], row["codes"], False
    return said


def as_counted(tables, form, said):
    """Return answers as they count: those that did not apply, or that the form told to skip, say so."""
    options = [row for row in tables["form_options"] if row["fingerprint"] == form]
    counted, rankings = {}, defaultdict(list)
    for row in tables["form_questions"]:
        if row["fingerprint"] == form and row.get("ranking") and row["question"] in said:
            rankings[row["ranking"]].append(row["question"])
    for rows in rankings.values():  # that count if every rank stands once
        ranks = sorted(row["code"] for row in options if row["question"] == rows[0])
        if ranks != sorted(said[key][1] for key in rows if said[key][0] == "answered"):
            counted |= {(key, "answered"): "no_answer" for key in rows}
    for row in (one for one in tables["form_conditions"] if one["fingerprint"] == form):
        state, codes, _ = said.get(row["before"], ("", "", True))
        if state == "answered" and codes not in row["codes"].split():
            counted |= {(row["question"], one): "not_applicable" for one in ("answered", "no_answer")}
    aside = {(row["question"], row["code"]) for row in options if row.get("applies") == 0}
    counted |= {(key, "answered"): "not_applicable" for key in said if (key, said[key][1]) in aside}
    return {key: (counted.get((key, one[0]), one[0]), *one[1:]) for key, one in said.items()}


def says_nothing(tables, form, said):
    """Return whether rule KHL5 makes a slip invalid; what nobody decided yet may be an answer."""
    questions = [row for row in tables["form_questions"] if row["fingerprint"] == form]
    unasked = {key for key, (state, *_) in said.items() if state == "not_applicable"}
    given = {key for key, one in said.items() if one[::2] == ("doubtful", True) or one[0] == "answered"}
    given |= {key for key, one in said.items() if one[0] in ("not_applicable", "no_answer") and one[1]}
    asked = {row["question"] for row in questions if row["kind"] != "text"}
    core = {row["question"] for row in questions if row["core"]} & asked - unasked
    overall = {row["question"] for row in questions if row["overall"]}
    return not given & asked or (not given & overall and len(core - given) > 0.5 * len(core))


def slips_of(tables, said, again):
    """Return every page that was read: its place, its rank among those of its serial, why it is invalid."""
    runs = {row["run"]: row for row in tables["runs"]}
    aside = latest(tables, "set_aside", "reading", "reading")
    aside |= latest(tables, "restandings", "restanding", "reading")  # decided again since
    turned = latest(tables, "batch_withdrawals", "withdrawal", "batch")
    out = {row["page"] for row in tables["pages"] if turned.get((row["batch"],), {}).get("withdrawn")}
    hand = latest(tables, "decided_slips", "decision", "reading")
    moved = latest(tables, "attributions", "attribution", "reading")
    for row in tables["readings"]:
        reading, run = row["reading"], runs[row["run"]]
        decided, to = hand.get((reading,), {}), moved.get((reading,), row)
        outcome, why = decided.get("outcome"), aside.get((reading,), {}).get("reason", "none")
        counts = outcome in ("counts", "invalid") or (outcome != "refused" and why == "none")
        rank = 0 if counts else 2 if outcome == "refused" or why in again else 1
        reason = decided.get("reason") or (None if counts else "set aside")
        place = {"unit": to["unit"], "period": to["period"], "form": run["form"], "print": run["fingerprint"]}
        place |= {"said": said[reading], "although": decided.get("although"), "page": row.get("form_page", 1)}
        if outcome != "void" and row["page"] not in out:
            yield {**row, **place, "rank": (rank, reading), "reason": reason, "why": why}


def questionnaires(tables, slips):
    """Put the pages of each serial together, of each page the one that counts; most have a single page."""
    pages = {row["fingerprint"]: row["pages"] for row in tables["form_pages"]}
    of_serial = defaultdict(dict)
    for slip in sorted(slips, key=lambda slip: slip["rank"], reverse=True):
        of_serial[slip["serial"]][slip["page"]] = slip
    for best in of_serial.values():
        ordered = sorted(best.values(), key=lambda slip: slip["rank"])
        there = [slip for slip in ordered if slip["rank"][0] == 0]
        why = min((one["reason"] for one in there if one["reason"]), default=ordered[0]["reason"])
        said = {key: answer for one in ordered for key, answer in one["said"].items()}
        slip = {**ordered[0], "reason": why, "answers": as_counted(tables, ordered[0]["print"], said)}
        whole = len(there) == pages.get(slip["print"], 1) or any(one["although"] for one in there)
        if there and not whole and not slip["reason"]:
            slip |= {"rank": (1, 0), "why": "pages_missing", "reason": "set aside"}
        if there and not slip["reason"] and says_nothing(tables, slip["print"], slip["answers"]):
            slip["reason"] = "KHL5"
        yield slip


def enter_books(tables, period, slips, figures):
    """Enter what every unit had, received, gave back, spoiled, has in stock and misses."""
    on_paper = {row["run"] for row in tables["run_ends"] if row["state"] == "issued"}
    runs = {row["run"]: row for row in tables["runs"] if row["run"] in on_paper}
    now = PLACE.get(period, period)
    begun = [row for row in runs.values() if PLACE.get(row["period"], row["period"]) <= now]
    place = {one: (row["unit"], row["period"], "received") for row in begun for one in numbers(row)}
    counts = latest(tables, "stock_counts", "stock_count", "unit", "form", "period").values()
    stock = defaultdict(set)
    for row in tables["stock_ranges"]:
        stock[row["stock_count"]] |= numbers(row)
    steps = [(PLACE.get(row["period"], row["period"]), 0, row["event"], row) for row in tables["hand_overs"]]
    steps += [(PLACE.get(row["period"], row["period"]), 1, row["stock_count"], row) for row in counts]
    for when, is_count, _, row in sorted(steps, key=lambda step: step[:3]):
        for one in stock[row["stock_count"]] if is_count else numbers(row) & place.keys():
            if (when, is_count) < (now, 1) and not is_count:
                place[one] = row["unit"], row["period"], "received"
            elif when < now and place.get(one, ())[:2] == (row["unit"], row["period"]):
                place[one] = row["unit"], following(row["period"]), "opening"
    sets = defaultdict(lambda: defaultdict(set))
    for one, (unit, when, how) in place.items():
        if when == period:
            sets[unit, runs[one[0]]["form"]][how].add(one)
    for slip in slips:
        sets[slip["unit"], slip["form"]]["returned"].add((slip["run"], slip["number"]))
        figures[f"{slip['unit']}/{slip['form']}/{'invalid' if slip['reason'] else 'valid'}"] += 1
    for row in (one for one in tables["spoilings"] if one["period"] == period):
        books = sets[row["unit"], runs[row["run"]]["form"]]
        books["spoiled"] |= numbers(row) - books["returned"]
    for row in (one for one in counts if one["period"] == period):
        sets[row["unit"], row["form"]]["in_stock"] |= stock[row["stock_count"]]
    for (unit, form), books in sets.items():
        held = books["opening"] | books["received"]
        gone = books["returned"] | books["spoiled"] | books["in_stock"]
        books["missing"], books["unknown"] = held - gone, gone - held
        figures.update({f"{unit}/{form}/{name}": len(serials) for name, serials in books.items()})


def main(path, key=None):
    manifest, tables, stated = load(path)
    demand(key in (None, manifest["public_key"]), "signed with another key")
    said, figures, period, online = answers_of(tables), Counter(), manifest["period"], defaultdict(dict)
    read = questionnaires(tables, slips_of(tables, said, manifest["aside"]["again"]))
    here = [one for one in read if one["rank"][0] == 0 or one["why"] not in manifest["aside"]["not_returned"]]
    slips = [slip for slip in here if slip["period"] == period]
    enter_books(tables, period, slips, figures)
    told = [(slip["unit"], slip["print"], slip["answers"]) for slip in slips if not slip["reason"]]
    for row in tables["electronic_answers"]:
        online[row["response"]][row["question"]] = row["state"], row["codes"], True
    gone = {row["imported"] for row in tables["withdrawn_imports"]}
    sent = [row for row in tables["electronic_slips"] if row["period"] == period and row["event"] not in gone]
    answered = ((row["unit"], row["fingerprint"], online[row["response"]]) for row in sent)
    told += [(unit, form, as_counted(tables, form, answers)) for unit, form, answers in answered]
    told = [one for one in told if not says_nothing(tables, *one[1:])]
    kinds = {(row["fingerprint"], row["question"]): row["kind"] for row in tables["form_questions"]}
    form_of = {row["fingerprint"]: f"{row['form']}/{row['revision']}" for row in tables["forms"]}
    for unit, fingerprint, answers in told:
        for question, (state, codes, _) in answers.items():
            where = f"{unit}/{form_of[fingerprint]}/{question}/{state}"
            single = state == "answered" and kinds[fingerprint, question] not in ("date", "code")
            figures.update([where, *(f"{where}/{code}" for code in codes.split() if single)])
    for row in latest(tables, "visit_counts", "visit_count", "unit", "period").values():
        figures[f"{row['unit']}/visits"] += row["visits"] * (row["period"] == period)
    for name, value in sorted(stated.items()):
        # Pages with foreign serials are no slips: of their number only the part that is serials is proved.
        fits = figures[name] == value or (name.endswith("/unknown") and figures[name] <= value)
        demand(fits, f"{name} is {figures[name]}, stated {value}")
    demand(not +figures - Counter(stated), "figures are left out")
    print(f"OK: period {period}, {manifest['events']} events, {len(stated)} figures")


if __name__ == "__main__":
    sys.excepthook = lambda _, error, __: print(f"BROKEN: {error!r}"[:200], file=sys.stderr)
    main(*sys.argv[1:3])
