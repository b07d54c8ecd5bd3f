// The review desk: keys press the buttons that carry them.
"use strict";

// The key that was pressed, not the letter that an input method made of it: under Telex W is Ư.
const keyOf = (event) => {
  const letter = /^Key([A-Z])$/.exec(event.code);
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (letter) return letter[1].toLowerCase();
  if (digit && !event.shiftKey) return digit[1];
  return event.code === "NumpadEnter" ? "enter" : event.key.toLowerCase();
};

const item = document.getElementById("item");

const whole = (button) => {
  const dialog = item.querySelector("dialog");
  const picture = dialog.querySelector("img");
  if (!picture.src) picture.src = button.dataset.whole;
  dialog.showModal();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-whole]");
  if (button) whole(button);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const dialog = item.querySelector("dialog");
  const key = keyOf(event);
  if (dialog && dialog.open) {
    if (key === "w") { event.preventDefault(); dialog.close(); }
    return;
  }
  if (key === "enter" && event.target.closest("button, a") && event.target.closest("button, a").matches(":focus-visible")) return;
  const button = item.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button || item.querySelector(".htmx-request")) return; // one decision at a time
  event.preventDefault();
  button.click();
});

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.submit());
}
