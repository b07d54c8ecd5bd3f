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
  const scan = /\.(pdf|tiff?|jpe?g|png)$/i;

  const refresh = () => { button.disabled = chosen.length === 0; };

  const add = (files) => {
    for (const file of files) {
      if (!scan.test(file.name) || file.name.startsWith(".")) continue;
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
    for (const entry of entries) add(await walk(entry));
  });

  const post = (url, body, progress, headers = {}) => new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch tells nothing about how far an upload is
    request.open("POST", url);
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.onprogress = (event) => { progress.value = 100 * event.loaded / event.total; };
    request.onload = () => request.status < 400 ? done(request) : fail(new Error(request.responseText));
    request.onerror = () => fail(new Error(button.dataset.lost));
    request.send(body);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    button.textContent = button.dataset.busy;
    let stack = null;
    try {
      stack = JSON.parse((await post("/intake", new URLSearchParams(new FormData(form)))).responseText).stack;
      for (const { file, line } of chosen) {
        const address = `${stack}/file?name=${encodeURIComponent(file.name)}`;
        await post(address, file, line.querySelector("progress"), { "Content-Type": "application/octet-stream" });
        line.querySelector("progress").value = 100;
        line.classList.add("sent");
      }
      await post(`${stack}/send`, new URLSearchParams({ csrf }));
      location.assign(stack);
    } catch (error) {
      if (stack) post(`${stack}/drop`, new URLSearchParams({ csrf })).catch(() => {});
      trouble.textContent = error.message;
      trouble.hidden = false;
      button.textContent = button.dataset.idle;
      refresh();
    }
  });
}

const following = document.getElementById("progress");
if (following) {
  const events = new EventSource(following.dataset.events);
  events.onmessage = (event) => { following.innerHTML = event.data; };
  events.addEventListener("end", () => { events.close(); location.reload(); });
}
