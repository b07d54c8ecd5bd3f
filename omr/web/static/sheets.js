// Tables that are sent to be looked at first, errands whose progress is shown, fields for barcode readers.
"use strict";

// A file, or what was copied out of a spreadsheet, goes up as it is; the answer says where it is looked at.
for (const form of document.querySelectorAll("form[data-sheet]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    const file = form.querySelector('input[type="file"]').files[0];
    const pasted = form.querySelector("textarea");
    const text = pasted && pasted.value.trim() ? pasted.value : "";
    if (!file && !text) return say(form.dataset.nothing);
    form.querySelector("button").disabled = true; // a large file takes a while: once is enough
    const name = file ? file.name : form.dataset.pasted;
    const told = new URLSearchParams({ name });
    for (const field of form.querySelectorAll("[data-told]")) told.set(field.name, field.value);
    try {
      const answer = await fetch(`${form.getAttribute("action")}?${told}`, {
        method: "POST", body: file || text,
        headers: { "X-CSRF-Token": csrf, Accept: "application/json", "Content-Type": "application/octet-stream" },
      });
      if (!answer.ok) {
        form.querySelector("button").disabled = false;
        return say(await answer.text());
      }
      location.assign((await answer.json()).page);
    } catch {
      form.querySelector("button").disabled = false;
      say(said.dataset.away);
    }
  });
}

const errand = document.querySelector("[data-errand]");
if (errand) {
  const bar = errand.querySelector("progress");
  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "application/json" } });
      if (!answer.ok) return location.reload();
      const told = await answer.json();
      if (!told.under_way) return location.reload();
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
        errand.querySelector("[data-errand-done]").textContent = told.done.toLocaleString(document.documentElement.lang);
        errand.querySelector("[data-errand-total]").textContent = told.total.toLocaleString(document.documentElement.lang);
      }
      say("");
    } catch {
      say(said.dataset.lost);
    }
    setTimeout(look, 700);
  };
  setTimeout(look, 400);
}

// A barcode reader ends with Enter: in the first field it leads to the last, never sends the form half-filled.
document.addEventListener("keydown", (event) => {
  const next = event.key === "Enter" && event.target.dataset && event.target.dataset.then;
  if (!next) return;
  event.preventDefault();
  const field = document.getElementById(next);
  field.focus();
  if (field.select) field.select();
});
