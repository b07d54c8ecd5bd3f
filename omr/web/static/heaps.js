// The list of cases: a whole stack chosen at once, how many are chosen said on each button.
"use strict";

for (const form of document.querySelectorAll(".heap form")) {
  const boxes = [...form.querySelectorAll('input[name="item"]')];
  const all = form.querySelector("[data-all]");
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    for (const place of form.querySelectorAll("[data-count]")) place.textContent = `(${chosen})`;
    for (const button of form.querySelectorAll('button[name="word"]')) button.disabled = chosen === 0;
    if (all) {
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes) box.checked = all.checked;
    count();
  });
  count();
}

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.submit());
}

pressButtons();
