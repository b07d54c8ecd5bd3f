"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent);
  const words = told.words;
  const form = document.getElementById("form");
  const state = document.getElementById("state");
  const keptText = document.getElementById("kept");
  const save = document.getElementById("save");
  const shelf = "omr:" + told.form + ":" + told.fingerprint;
  let memory = [];

  const kept = () => {
    try { return JSON.parse(localStorage.getItem(shelf) || "[]"); } catch { return memory; }
  };
  const keep = (rows) => {
    memory = rows;
    try { localStorage.setItem(shelf, JSON.stringify(rows)); } catch { /* a browser that keeps nothing: until it is closed */ }
    show();
  };
  const show = () => {
    const count = kept().length;
    keptText.textContent = count ? words.kept.replace("%", String(count)) : "";
    save.hidden = !count;
  };
  const say = (text, bad) => {
    state.textContent = text;
    state.className = bad ? "bad" : "";
  };
  const field = (key) => document.getElementById("q-" + key);
  const given = (q) => {
    if (field(q.key).hidden) return "";
    if (q.kind === "one" || q.kind === "several") {
      return [...form.querySelectorAll(`input[name="${q.key}"]:checked`)].map((box) => box.value).join(" ");
    }
    return document.getElementById(q.key).value.trim();
  };
  const ask = () => {
    for (const q of told.questions) {
      if (!q.only_if) continue;
      const before = told.questions.find((one) => one.key === q.only_if.question);
      const said = before ? given(before).split(" ") : [];
      field(q.key).hidden = !q.only_if.codes.some((code) => said.includes(code));
    }
  };
  const wrong = (key, text) => {
    const place = document.getElementById("wrong-" + key);
    const input = document.getElementById(key);
    if (!place) return;
    place.textContent = text;
    place.hidden = !text;
    if (input) input.setAttribute("aria-invalid", text ? "true" : "false");
  };
  const checked = () => {
    let first = null;
    const unit = document.getElementById("unit");
    const lines = [["unit", unit.value.trim() ? "" : words.required]];
    for (const q of told.questions) {
      if (q.kind === "one" || q.kind === "several" || q.kind === "text" || field(q.key).hidden) continue;
      const said = given(q);
      const outside = q.kind === "month" && said && ((q.earliest && said < q.earliest) || (q.latest && said > q.latest));
      lines.push([q.key, document.getElementById(q.key).checkValidity() && !outside ? "" : words.wrong]);
    }
    for (const q of told.questions) {
      if (!q.ranking || field(q.key).hidden) continue;
      const same = told.questions.some((one) => one !== q && one.ranking === q.ranking && given(q) && given(one) === given(q));
      lines.push([q.key, same ? words.each_once : ""]);
    }
    for (const [key, text] of lines) {
      wrong(key, text);
      if (text && !first) first = document.getElementById(key) || field(key).querySelector("input");
    }
    if (first) first.focus();
    return !first;
  };
  const moment = () => {
    const now = new Date();
    const two = (n) => String(n).padStart(2, "0");
    const off = -now.getTimezoneOffset();
    const zone = (off < 0 ? "-" : "+") + two(Math.floor(Math.abs(off) / 60)) + ":" + two(Math.abs(off) % 60);
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T${two(now.getHours())}:` +
      `${two(now.getMinutes())}:${two(now.getSeconds())}${zone}`;
  };
  const name = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const row = () => {
    const said = { response: name(), day: moment(), form: told.form, unit: document.getElementById("unit").value.trim() };
    for (const q of told.questions) said[q.key] = given(q);
    return said;
  };
  const cell = (text) => '"' + String(text).replaceAll('"', '""') + '"';
  const table = (rows) => {
    const columns = ["response", "day", "form", "unit", ...told.questions.map((q) => q.key)];
    return "\ufeff" + [columns, ...rows.map((one) => columns.map((column) => one[column] ?? ""))]
      .map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  form.addEventListener("input", ask);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!checked()) { say(words.required, true); return; }
    const said = row();
    if (told.send_to) {
      try {
        const answer = await fetch(told.send_to, {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said),
        });
        if (!answer.ok) throw new Error(String(answer.status));
        say(words.thanks + " " + words.sent);
      } catch {
        keep([...kept(), said]);
        say(words.not_sent, true);
      }
    } else {
      keep([...kept(), said]);
      say(words.thanks);
    }
    const unit = document.getElementById("unit").value;
    form.reset();
    document.getElementById("unit").value = unit;
    ask();
    window.scrollTo(0, 0);
    state.tabIndex = -1;
    state.focus();
  });
  save.addEventListener("click", () => {
    const rows = kept();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([table(rows)], { type: "text/csv" }));
    link.download = `${told.form}-${moment().slice(0, 16).replaceAll(":", "")}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
    if (window.confirm(words.cleared.replace("%", String(rows.length)))) {
      const saved = new Set(rows.map((one) => one.response));
      keep(kept().filter((one) => !saved.has(one.response)));
      say(words.saved);
    }
  });
  ask();
  show();
})();
