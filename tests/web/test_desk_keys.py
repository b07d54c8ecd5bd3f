"""Keys of the desks in a real browser: slips confirmed, undo, two digits, a barcode reader, the loupe."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanned_stacks import slip, take_slips
from test_strip import FULL
from windows import office_url, scrolls_sideways, sign_in, violations

from omr.records.store.store import Store
from omr.words import Role


@pytest.fixture
def reviewing(window, office):
    """A reviewer's window on an office with two slips of five doubtful rows and two rows of others."""
    office.worklist.second_share = 0.0
    take_slips(office.workspace, [slip(**FULL), slip(A5="id_card ?other"), slip(B2="?3"), slip(**FULL)])
    sign_in(window, Role.REVIEWER)
    window.goto(office_url(window) + "/review")
    return window


def state(office, reading: int) -> dict[str, str]:
    with Store.open(office.workspace.database) as store:
        rows = store.rows("SELECT question, state, codes FROM current_answers WHERE reading = ?", reading)
        return {row["question"]: f"{row['state']} {row['codes']}".strip() for row in rows}


def test_a_slip_is_confirmed_with_keys_alone(reviewing, office):
    window = reviewing
    window.wait_for_selector("#strip [aria-current]")
    assert violations(window) == [] and scrolls_sideways(window) == []
    window.wait_for_function("document.querySelector('#strip image').getBoundingClientRect().width > 0")
    window.keyboard.press("Enter")  # nothing was read in these rows: the slip stays
    window.wait_for_selector("text=còn 5 câu chưa có trả lời")
    window.keyboard.press("1")  # A5 takes several: the row stays chosen
    window.wait_for_selector("text=còn 4 câu chưa có trả lời")
    window.keyboard.press("ArrowDown")
    for key, left in (("5", 3), ("5", 2), ("m", 1)):
        window.keyboard.press(key)
        window.wait_for_selector(f"text=còn {left} câu chưa có trả lời")
    window.keyboard.press("0")
    window.wait_for_selector("#lack", state="hidden")
    window.keyboard.press("ArrowUp")
    window.keyboard.press("2")  # put right: it was said that two boxes are marked
    assert violations(window) == []
    window.keyboard.press("Enter")
    window.wait_for_url("**/review/slips/4")
    said = state(office, 1)
    assert said["A5"] == "answered id_card" and said["B1"] == "answered 5" and said["B2"] == "answered 5"
    assert said["B3"] == "answered 2" and said["B4"] == "no_answer"
    window.keyboard.press("z")
    window.wait_for_url("**/review/slips/1")
    assert state(office, 1)["B1"] == "doubtful"


def test_the_keys_are_shown_and_a_row_of_several_can_be_passed_over(reviewing):
    window = reviewing
    window.keyboard.press("n")
    window.wait_for_url("**/review/slips/4")
    window.keyboard.press("n")
    window.wait_for_selector('[data-item="A3-B2"]')
    window.keyboard.press("n")
    window.wait_for_selector('[data-item="A2-A5"]')
    window.keyboard.press("?")
    window.wait_for_selector("#keys[open] >> text=Căn cước")
    assert violations(window) == []
    window.keyboard.press("?")
    window.wait_for_selector("#keys", state="hidden")
    window.keyboard.press("Enter")
    window.wait_for_selector("text=Chưa chọn ô nào")
    window.keyboard.press("n")
    window.wait_for_url("**/review/slips/1")  # what was passed over first comes again first


def test_a_barcode_reader_answers_no_question_it_finds_its_slip(reviewing, office):
    window = reviewing
    window.goto(office_url(window) + "/review?way=single")
    window.wait_for_selector("[data-item]")
    with Store.open(office.workspace.database) as store:
        serial = store.value("SELECT serial FROM readings WHERE reading = 2")
    # as fast as a reader types, however busy the machine is: all keys before anything else happens
    window.evaluate(
        """keys => {
            const pressed = (key) => new KeyboardEvent("keydown", {key, bubbles: true});
            for (const key of keys) document.body.dispatchEvent(pressed(key));
        }""",
        [*serial, "Enter"],
    )
    window.wait_for_url(f"**/slips/{serial}")
    with Store.open(office.workspace.database) as store:
        assert store.value("SELECT count(*) FROM decided_answers") == 0


def test_the_loupe_shows_what_lies_under_the_pointer(reviewing):
    window = reviewing
    window.wait_for_selector("#strip image")
    window.hover("#strip [data-row] svg >> nth=1")
    window.keyboard.down("Shift")
    window.wait_for_selector(".loupe", state="visible")
    assert "/review/whole/1.jpg" in window.evaluate(
        "getComputedStyle(document.querySelector('.loupe')).backgroundImage"
    )
    window.keyboard.up("Shift")
    window.wait_for_selector(".loupe", state="hidden")


STATIC = Path(__file__).parents[2] / "omr" / "web" / "static"


def test_keys_of_two_digits_wait_for_the_second(browser):
    """Options past the ninth had keys that no key pressed."""
    window = browser.new_page()
    window.set_content(
        '<main><div id="item">'
        + "".join(f'<button data-key="{n}" onclick="said.push({n})">{n}</button>' for n in range(1, 13))
        + "</div></main><script>const said = []</script>"
    )
    for name in ("keys", "review"):
        window.add_script_tag(content=(STATIC / f"{name}.js").read_text("utf-8"))
    for key, then in (("1", 0), ("2", 1), ("3", 2), ("1", 2), ("Enter", 3)):
        window.keyboard.press(key)
        window.wait_for_function(f"said.length === {then}")
    assert window.evaluate("said") == [12, 3, 1]
    window.close()
