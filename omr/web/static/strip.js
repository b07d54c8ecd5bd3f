// Slip mode: arrows choose a row, its keys correct it, Enter confirms the slip once every row says something.
"use strict";

const strip = document.getElementById("strip");
const rows = [...strip.querySelectorAll("[data-row]")];
const bar = document.getElementById("bar");
const lack = document.getElementById("lack");
const confirmation = document.getElementById("confirm");
let at = 0;

const fieldOf = (row) => row.querySelector("input[type=hidden]");
const lacking = () => rows.filter((row) => !fieldOf(row).value);

// What a row says is drawn at its boxes and written below them.
const show = (row) => {
  const said = fieldOf(row).value.split(" ").filter(Boolean);
  for (const box of row.querySelectorAll("rect[data-code]")) box.classList.toggle("said", said.includes(box.dataset.code));
  const names = JSON.parse(row.dataset.names);
  row.querySelector("[data-reading]").textContent = said.length ? said.map((code) => names[code]).join(", ") : strip.dataset.asks;
  row.classList.toggle("lacks", !said.length);
};

const count = () => {
  const left = lacking().length;
  lack.textContent = left ? strip.dataset.lacks.replace("{count}", left) : "";
  confirmation.setAttribute("aria-disabled", left ? "true" : "false");
};

const choose = (place) => {
  at = Math.min(Math.max(place, 0), rows.length - 1);
  rows.forEach((row, i) => { row.toggleAttribute("aria-current", i === at); row.tabIndex = i === at ? 0 : -1; });
  if (rows[at].hasAttribute("aria-current")) rows[at].setAttribute("aria-current", "true");
  bar.replaceChildren(rows[at].querySelector("template").content.cloneNode(true));
  rows[at].focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: "nearest" });
};

const answer = (value) => {
  const row = rows[at];
  const field = fieldOf(row);
  const options = JSON.parse(row.dataset.options);
  if ("several" in row.dataset && options.includes(value)) {
    const said = field.value.split(" ").filter((code) => options.includes(code));
    const now = said.includes(value) ? said.filter((code) => code !== value) : [...said, value];
    field.value = options.filter((code) => now.includes(code)).join(" ");
  } else {
    field.value = value;
  }
  row.classList.add("corrected");
  show(row);
  count();
  if (!("several" in row.dataset)) {
    const next = rows.findIndex((one, i) => i > at && !fieldOf(one).value);
    if (next > 0) choose(next);
  }
};

strip.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (row) choose(rows.indexOf(row));
});
bar.addEventListener("click", (event) => {
  const button = event.target.closest("button[value]");
  if (button) answer(button.value);
});
strip.addEventListener("submit", (event) => {
  const [first] = lacking();
  if (!first) return;
  event.preventDefault();
  choose(rows.indexOf(first));
});

whenPressed((key) => {
  if (document.querySelector("dialog[open]")) return;
  if (key === "arrowdown" || key === "arrowright") { choose(at + 1); return; }
  if (key === "arrowup" || key === "arrowleft") { choose(at - 1); return; }
  const button = bar.querySelector(`[data-key~="${CSS.escape(key)}"]`) || document.querySelector(`main [data-key~="${CSS.escape(key)}"]`);
  if (button) button.click();
}, (digit) => [...bar.querySelectorAll("[data-key]")].some((one) => new RegExp(`^${digit}[0-9]$`).test(one.dataset.key)));

document.addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow") && !isTyping(event.target)) event.preventDefault(); // the page does not move away
});

rows.forEach(show);
count();
choose(Math.max(rows.findIndex((row) => !fieldOf(row).value), 0));
