// The intake desk: choose or drop files, send them one after the other, follow the reading.
"use strict";

const form = document.getElementById("new-stack");
if (form) {
  const chosen = []; // {file, line}
  const list = document.getElementById("chosen");
  const lineTemplate = document.getElementById("file-line");
  const drop = document.getElementById("drop");
  const button = document.getElementById("send");
  const trouble = document.getElementById("trouble");
  const suffixes = document.getElementById("files").accept.split(",");
  const scan = (name) => suffixes.some((suffix) => name.toLowerCase().endsWith(suffix));
  const tell = (text) => { trouble.append(Object.assign(document.createElement("p"), { textContent: text })); trouble.hidden = false; };

  const refresh = () => { button.disabled = chosen.length === 0; };

  const add = (files) => {
    trouble.replaceChildren();
    trouble.hidden = true;
    const left = files.filter((file) => !scan(file.name) || file.name.startsWith("."));
    if (left.length) tell(button.dataset.leftOut.replace("{names}", left.map((file) => file.name).join(", ")));
    for (const file of files.filter((file) => !left.includes(file))) {
      const line = lineTemplate.content.cloneNode(true).firstElementChild;
      line.querySelector(".file-name").textContent = file.name;
      line.querySelector("progress").setAttribute("aria-label", file.name);
      const entry = { file, line };
      line.querySelector("button").addEventListener("click", () => {
        chosen.splice(chosen.indexOf(entry), 1);
        line.remove();
        refresh();
      });
      chosen.push(entry);
      list.append(line);
    }
    refresh();
  };

  const walk = async (entry) => { // a dropped folder, in the order of its names
    if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
    const reader = entry.createReader();
    const inside = [];
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) break;
      inside.push(...some);
    }
    inside.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    return (await Promise.all(inside.map(walk))).flat();
  };

  for (const id of ["files", "folder"]) {
    document.getElementById(id).addEventListener("change", (event) => {
      const files = [...event.target.files];
      files.sort((a, b) => a.webkitRelativePath.localeCompare(b.webkitRelativePath, undefined, { numeric: true }));
      add(files);
      event.target.value = "";
    });
  }
  for (const name of ["dragover", "dragenter"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    add((await Promise.all(entries.map(walk))).flat());
  });

  const post = (url, body, progress, headers = {}) => new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch tells nothing about how far an upload is
    request.open("POST", url);
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.onprogress = (event) => { progress.value = 100 * event.loaded / event.total; };
    request.onload = () => request.status < 400 ? done(request) : fail(Object.assign(new Error(request.responseText), { status: request.status }));
    request.onerror = () => fail(new Error(button.dataset.lost));
    request.send(body);
  });

  // Enter in the count is no wish to scan: paper moves only when somebody says so.
  document.getElementById("expected").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

  form.addEventListener("submit", async (event) => {
    if (event.submitter !== button) return; // a scanner fills the stack
    event.preventDefault();
    trouble.replaceChildren();
    trouble.hidden = true;
    button.disabled = true;
    button.textContent = button.dataset.busy;
    let stack = null;
    let refused = 0;
    try {
      stack = JSON.parse((await post("/intake", new URLSearchParams(new FormData(form)))).responseText).stack;
      for (const { file, line } of chosen) {
        const address = `${stack}/file?name=${encodeURIComponent(file.name)}`;
        try {
          await post(address, file, line.querySelector("progress"), { "Content-Type": "application/octet-stream" });
          line.querySelector("progress").value = 100;
          line.classList.add("sent");
        } catch (error) { // one file that cannot be taken does not drop the others
          if (!error.status) throw error;
          refused += 1;
          line.classList.add("refused");
          tell(button.dataset.notTaken.replace("{name}", file.name).replace("{why}", error.message));
        }
      }
      if (refused === chosen.length) throw new Error("");
      await post(`${stack}/send`, new URLSearchParams({ csrf }));
      if (!refused) { location.assign(stack); return; }
      const link = Object.assign(document.createElement("a"), { href: stack, textContent: button.dataset.see });
      trouble.append(link);
      button.textContent = button.dataset.idle;
    } catch (error) {
      if (stack) post(`${stack}/drop`, new URLSearchParams({ csrf })).catch(() => {});
      if (error.message) tell(error.message);
      button.textContent = button.dataset.idle;
      refresh();
    }
  });
}

const following = document.getElementById("progress");
if (following) {
  follow(following.dataset.events).onmessage = (event) => { following.innerHTML = event.data; };
}
