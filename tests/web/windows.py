"""What is done and asked in a browser's window, whatever is tested there."""

from __future__ import annotations

from pathlib import Path

from people import PASSWORD, PEOPLE

from omr.words import Role

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")


def office_url(window) -> str:
    """Where the office is."""
    return "/".join(window.url.split("/")[:3])


def sign_in(window, role: Role) -> None:
    window.fill("#name", PEOPLE[role][0])
    window.fill("#password", PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_selector("text=Đăng xuất")


def settled(window) -> None:
    """Wait until nothing of the page is on its way: no part of it, no picture that is shown."""
    window.wait_for_function(
        "() => !document.querySelector('.htmx-request')"
        " && [...document.images].every(one => one.complete || one.loading === 'lazy')"
    )


# What may differ between a light and a dark scheme; all else is found in either.
OF_COLOUR = ["color-contrast", "link-in-text-block"]


def violations(window) -> list[str]:
    """What axe-core finds on the page: all rules in a light scheme, those of colours in a dark one, too."""
    window.context.new_cdp_session(window).send("Page.setBypassCSP", {"enabled": True})
    window.evaluate(AXE)
    told = []
    for scheme, how in (("dark", {"runOnly": {"type": "rule", "values": OF_COLOUR}}), ("light", {})):
        window.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half-way
        # Of what passes no list of places is wanted: making it was a good part of the work.
        run = "how => axe.run({resultTypes: ['violations'], ...how})"
        found = window.evaluate(run, how)["violations"]
        told += [f"{scheme} {v['id']}: {n['html']} {n['failureSummary']}" for v in found for n in v["nodes"]]
    return told


def scrolls_sideways(window) -> list[str]:
    """At which widths a page is wider than its window: a phone, an office screen, the same at 200 % zoom."""
    wide = []
    for width, height in ((390, 844), (683, 384), (1366, 768)):
        window.set_viewport_size({"width": width, "height": height})
        if window.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{width} x {height}")
    return wide
