// The desk of cases: turn a page, take over a serial that is nearly what was typed.
"use strict";

document.addEventListener("click", (event) => {
  const turning = event.target.closest("[data-turn]");
  if (turning) {
    const page = document.getElementById("page");
    const turns = (Number(page.dataset.turns || 0) + 1) % 4;
    page.dataset.turns = turns;
    page.src = turning.dataset.turn + turns;
  }
  const near = event.target.closest("[data-serial]");
  if (near) {
    const typed = document.getElementById("serial");
    typed.value = near.dataset.serial;
    typed.dispatchEvent(new Event("input", { bubbles: true }));
    typed.focus();
  }
});
