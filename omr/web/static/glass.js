// The scanner check: a scan is sent, looked at, and not kept.
"use strict";

const sheet = document.getElementById("sheet");
sheet.addEventListener("change", async () => {
  const told = document.getElementById("glass-told");
  const [file] = sheet.files;
  if (!file) return;
  told.replaceChildren(Object.assign(document.createElement("progress"), { ariaLabel: file.name }));
  try {
    const answer = await fetch(`${sheet.dataset.address}?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      body: file,
      headers: { "X-CSRF-Token": csrf, "Content-Type": "application/octet-stream", Accept: "application/json" },
    });
    const text = await answer.text();
    if (answer.ok) told.innerHTML = text;
    else told.replaceChildren(Object.assign(document.createElement("p"), { className: "note bad", textContent: text }));
  } catch {
    told.replaceChildren(Object.assign(document.createElement("p"), { className: "note bad", textContent: sheet.dataset.lost }));
  }
  sheet.value = "";
});
