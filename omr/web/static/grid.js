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
}
