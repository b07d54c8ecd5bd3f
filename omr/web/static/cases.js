// One case: its keys, a page turned, a serial taken over, two sheets that blink in register.
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

// A serial that contradicts a letter that can be read is not sent; the server refuses it, too.
const typing = document.getElementById("typing");
if (typing) {
  typing.addEventListener("submit", (event) => {
    if (typing.querySelector("[data-refused]")) event.preventDefault();
  });
}

const blink = document.getElementById("blink");
const showSide = (side) => {
  for (const one of blink.querySelectorAll("[data-side]")) {
    if (one.dataset.later && one.dataset.side === side) { one.src = one.dataset.later; delete one.dataset.later; }
    if (one.tagName === "IMG" || side !== "d") one.hidden = one.dataset.side !== side;
  }
  blink.dataset.shown = side;
};
if (blink) {
  blink.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (!button) return;
    const shown = blink.dataset.shown || "1";
    showSide(button.dataset.key === "d" ? (shown === "d" ? "1" : "d") : shown === "1" ? "2" : "1");
  });
}

pressButtons();

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !blink || isTyping(event.target) || event.target.closest("button")) return;
  event.preventDefault();
  blink.querySelector('[data-key="space"]').click();
});
