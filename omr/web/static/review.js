// The review desk: keys press the buttons that carry them.
"use strict";

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

const buttonOf = (key) => item.querySelector(`[data-key~="${CSS.escape(key)}"]`);

whenPressed((key) => {
  const dialog = item.querySelector("dialog");
  if (dialog && dialog.open) {
    if (key === "w") dialog.close();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const button = buttonOf(key);
  if (button && !item.querySelector(".htmx-request")) button.click(); // one decision at a time
}, (digit) => [...item.querySelectorAll("[data-key]")].some((one) => new RegExp(`^${digit}[0-9]$`).test(one.dataset.key)));

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.submit());
}
