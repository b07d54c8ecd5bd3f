// Grid mode: the button says how many boxes it will record; keys answer the row that has the focus.
"use strict";

const grid = document.getElementById("grid");
if (grid) {
  const record = document.getElementById("record");
  const count = () => {
    const said = grid.querySelectorAll('input[type="radio"]:checked:not([value=""])').length;
    record.textContent = record.dataset.text.replace("{count}", said);
    record.disabled = said === 0;
  };
  grid.addEventListener("change", count);
  count();

  // 1 says yes, 0 no, of the row that has the focus or else of the first without an answer; then the next.
  const rows = [...grid.querySelectorAll("fieldset")];
  const answer = (value) => {
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    const open = rows.findIndex((row) => row.querySelector('input[value=""]').checked);
    const row = rows[focused < 0 ? open : focused];
    const said = row && row.querySelector(`input[value="${value}"]`);
    if (!said) return;
    said.checked = true;
    count();
    const next = rows[rows.indexOf(row) + 1] || row;
    next.querySelector("input").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  whenPressed((key) => {
    if (document.querySelector("dialog[open]")) return;
    if (key === "1") answer("yes");
    else if (key === "0") answer("no");
    else if (key === "enter" && !record.disabled) record.click();
    else {
      const button = document.querySelector(`main [data-key~="${CSS.escape(key)}"]`);
      if (button) button.click();
    }
  });
}
