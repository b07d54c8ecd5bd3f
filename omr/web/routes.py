"""All routes and who may call them: the one table."""

from __future__ import annotations

from typing import Final

from omr.web import intake, search
from omr.web.door import auth, users
from omr.web.door.access import PUBLIC, SIGNED_IN, Access, Entry
from omr.web.frame import desks, errands, pages
from omr.web.month import board, imports, overview, proof, report, signals, slips, statements, travel, voices
from omr.web.paper import counters, handing, printing, sheets, stock, units
from omr.web.review import cases, comments, grid, heaps, review, strip, undo
from omr.web.start import help, home, state
from omr.words import Role

_INTAKE: Final = Access(desks.INTAKE.roles)
_SEARCH: Final = Access(desks.SEARCH.roles)
_REVIEW: Final = Access(desks.REVIEW.roles)
_CASES: Final = Access(desks.CASES.roles)
_COMMENTS: Final = Access(desks.COMMENTS.roles)
_OVERVIEW: Final = Access(desks.OVERVIEW.roles)
_PRINT: Final = Access(desks.PRINT.roles)
_BOARD: Final = Access(desks.BOARD.roles)
_FIGURES: Final = Access(desks.BOARD.roles | desks.OVERVIEW.roles)
_LEAD: Final = Access(frozenset({Role.LEAD}))
_ACCOUNTS: Final = Access(desks.ACCOUNTS.roles)

ROUTES: Final = (
    Entry("GET", "/static/{name:path}", pages.fixed_file, PUBLIC),
    Entry("GET", "/health", state.health, PUBLIC),
    Entry("GET", "/favicon.ico", pages.favicon, PUBLIC),
    Entry("GET", "/login", auth.login_page, PUBLIC),
    Entry("POST", "/login", auth.login, PUBLIC),
    Entry("POST", "/language", auth.choose_language, PUBLIC),
    Entry("POST", "/logout", auth.logout, SIGNED_IN),
    Entry("GET", "/password", auth.password_page, SIGNED_IN),
    Entry("POST", "/password", auth.change_password, SIGNED_IN),
    Entry("GET", "/", home.home, SIGNED_IN),
    Entry("GET", "/help", help.help_page, SIGNED_IN),
    Entry("GET", "/intake", intake.desk, _INTAKE),
    Entry("POST", "/intake", intake.begin, _INTAKE),
    Entry("GET", "/intake/{stack}", intake.show, _INTAKE),
    Entry("POST", "/intake/{stack}/file", intake.take_file, _INTAKE, body=True),
    Entry("POST", "/intake/{stack}/send", intake.send, _INTAKE),
    Entry("POST", "/intake/{stack}/drop", intake.drop, _INTAKE),
    Entry("GET", "/intake/{stack}/progress", intake.progress, _INTAKE),
    Entry("GET", "/batches/{batch}", intake.receipt, _INTAKE),
    Entry("GET", "/batches/{batch}/{page}.jpg", intake.bad_page_picture, _INTAKE),
    Entry("POST", "/batches/{batch}/correct", intake.correct, _INTAKE),
    Entry("POST", "/batches/{batch}/apart", intake.not_rescanned, _CASES),
    Entry("GET", "/review", review.desk, _REVIEW),
    Entry("POST", "/review/next", review.following, _REVIEW),
    Entry("POST", "/review/decide", review.decide, _REVIEW),
    Entry("POST", "/review/undo", undo.undo, _REVIEW),
    Entry("POST", "/undo", undo.undo, _REVIEW),
    Entry("GET", "/review/slips", strip.desk, _REVIEW),
    Entry("GET", "/review/slips/{reading}", strip.show, _REVIEW),
    Entry("POST", "/review/slips/{reading}", strip.confirm, _REVIEW),
    Entry("POST", "/review/slips/{reading}/later", strip.later, _REVIEW),
    Entry("GET", "/review/grid", grid.desk, _REVIEW),
    Entry("POST", "/review/grid", grid.accept, _REVIEW),
    Entry("POST", "/review/grid/undo", grid.undo, _REVIEW),
    Entry("GET", "/review/row/{reading}/{question}.jpg", review.row_picture, _REVIEW),
    Entry("GET", "/review/whole/{reading}.jpg", review.whole_page, _REVIEW),
    Entry("GET", "/cases", heaps.desk, _CASES),
    Entry("POST", "/cases", heaps.decide_many, _CASES),
    Entry("POST", "/cases/serial", cases.check_serial, _CASES),
    Entry("GET", "/cases/{item}", cases.show, _CASES),
    Entry("POST", "/cases/{item}", cases.decide, _CASES),
    Entry("GET", "/cases/{item}/page.jpg", cases.page_picture, _CASES),
    Entry("GET", "/cases/{item}/small.jpg", cases.small_picture, _CASES),
    Entry("GET", "/cases/{item}/serial-{place}.jpg", cases.serial_picture, _CASES),
    Entry("GET", "/cases/{item}/difference.jpg", cases.difference, _CASES),
    Entry("GET", "/cases/{item}/stamp.jpg", cases.stamp, _CASES),
    Entry("GET", "/comments", comments.desk, _COMMENTS),
    Entry("POST", "/comments/preview", comments.preview, _COMMENTS),
    Entry("POST", "/comments/{reading}/{question}", comments.save, _COMMENTS),
    Entry("GET", "/comments/{reading}/{question}.jpg", comments.picture, _COMMENTS),
    Entry("GET", "/comments/{reading}/{question}", comments.show, _COMMENTS),
    Entry("POST", "/comments/{reading}/{question}/draft", comments.draft, _COMMENTS),
    Entry("GET", "/print", printing.desk, _PRINT),
    Entry("POST", "/print", printing.issue, _PRINT),
    Entry("GET", "/print/forms/{form}.pdf", printing.preview, _PRINT),
    Entry("GET", "/print/runs/{run}.pdf", printing.download, _PRINT),
    Entry("GET", "/print/forms/{form}.png", printing.picture, _PRINT),
    Entry("GET", "/print/plans/{plan}", printing.plan, _PRINT),
    Entry("GET", "/print/plans/{plan}/{file}", printing.plan_file, _PRINT),
    Entry("GET", "/hand-overs", handing.desk, _PRINT),
    Entry("POST", "/hand-overs", handing.hand_over, _PRINT),
    Entry("POST", "/hand-overs/stamped", handing.stamped, _PRINT),
    Entry("POST", "/hand-overs/spoiled", handing.spoiled, _PRINT),
    Entry("POST", "/hand-overs/cover", handing.cover, _PRINT),
    Entry("GET", "/hand-overs/{number}.{ending}", handing.paper, _PRINT),
    Entry("GET", "/stock", stock.desk, _PRINT),
    Entry("GET", "/stock/{unit}/{period}", stock.show, _PRINT),
    Entry("POST", "/stock/{unit}/{period}", stock.enter, _PRINT),
    Entry("POST", "/stock/{unit}/{period}/withdraw", stock.withdraw, _PRINT),
    Entry("GET", "/counters", counters.desk, _PRINT),
    Entry("POST", "/counters", counters.save, _PRINT),
    Entry("POST", "/counters/give", counters.give, _PRINT),
    Entry("POST", "/counters/poster", counters.poster, _PRINT),
    Entry("GET", "/units", units.desk, _PRINT),
    Entry("POST", "/units", units.save, _PRINT),
    Entry("POST", "/units/list", units.take_list, _PRINT),
    Entry("POST", "/sheets/{kind}", sheets.take_file, _PRINT, body=True),
    Entry("GET", "/sheets/{kind}/{sheet}", sheets.show, _PRINT),
    Entry("POST", "/sheets/{kind}/{sheet}", sheets.take, _PRINT),
    Entry("GET", "/errands/{errand}", errands.show, SIGNED_IN),
    Entry("GET", "/month", board.desk, _BOARD),
    Entry("GET", "/month/{period}", board.show, _BOARD),
    Entry("POST", "/month/{period}/visits", board.enter_visits, _BOARD),
    Entry("POST", "/month/{period}/stock", board.enter_stock, _BOARD),
    Entry("POST", "/month/{period}/close", board.close_month, _LEAD),
    Entry("POST", "/month/{period}/adjust", board.reopen, _LEAD),
    Entry("GET", "/month/{period}/slips", slips.show, _FIGURES),
    Entry("GET", "/imports", imports.desk, _BOARD),
    Entry("GET", "/month/{period}/imports", imports.show, _BOARD),
    Entry("POST", "/month/{period}/imports/withdraw", imports.withdraw, _BOARD),
    Entry("POST", "/month/{period}/visits/withdraw", imports.withdraw_count, _BOARD),
    Entry("GET", "/month/{period}/voices", voices.show, _BOARD),
    Entry("POST", "/month/{period}/voices/topic", voices.sort, _BOARD),
    Entry("POST", "/month/{period}/voices/quote", voices.choose, _BOARD),
    Entry("GET", "/month/{period}/statements", statements.show, _FIGURES),
    Entry("POST", "/month/{period}/statements", statements.save, _FIGURES),
    Entry("GET", "/month/{period}/report", report.desk, _OVERVIEW),
    Entry("POST", "/month/{period}/report", report.make, _OVERVIEW),
    Entry("GET", "/made/{made}", report.show, _FIGURES),
    Entry("GET", "/made/{made}/{file}", report.file, _FIGURES),
    Entry("GET", "/month/{period}/proof", proof.desk, _BOARD),
    Entry("POST", "/month/{period}/proof/draw", proof.draw, _LEAD),
    Entry("GET", "/month/{period}/proof/list.csv", proof.drawn_list, _BOARD),
    Entry("GET", "/month/{period}/proof/key", proof.key, _BOARD),
    Entry("POST", "/month/{period}/proof/key", proof.save_key, _BOARD),
    Entry("POST", "/month/{period}/proof/verify", proof.verify, _BOARD),
    Entry("POST", "/month/{period}/proof/export", proof.export, _BOARD),
    Entry("POST", "/month/{period}/proof/redecide", proof.redecide, _LEAD),
    Entry("GET", "/month/{period}/travel", travel.show, _BOARD),
    Entry("POST", "/month/{period}/travel", travel.pack, _BOARD),
    Entry("POST", "/bundles", travel.take_file, _BOARD, body=True),
    Entry("GET", "/overview", overview.desk, _OVERVIEW),
    Entry("GET", "/overview/{period}/report.zip", overview.download, _OVERVIEW),
    Entry("GET", "/overview/{period}/signals", signals.desk, _LEAD),
    Entry("GET", "/search", search.desk, _SEARCH),
    Entry("GET", "/slips/{serial}", search.show, _SEARCH),
    Entry("GET", "/slips/{serial}/{reading}.jpg", search.picture, _REVIEW),
    Entry("GET", "/accounts", users.accounts_page, _ACCOUNTS),
    Entry("POST", "/accounts", users.add, _ACCOUNTS),
    Entry("POST", "/accounts/{name}/reset", users.reset, _ACCOUNTS),
    Entry("POST", "/accounts/{name}/active", users.set_active, _ACCOUNTS),
    Entry("GET", "/{path:path}", pages.missing, PUBLIC),
)
