// The scanning desk: pages appear as they come; when the scanner has ended, the whole desk is shown anew.
"use strict";

const scanning = document.getElementById("scanning");
if (scanning && scanning.dataset.events) {
  const events = follow(scanning.dataset.events);
  const pages = document.getElementById("pages");
  events.addEventListener("page", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    const card = template.content.firstElementChild;
    const there = document.getElementById(card.id);
    if (there) there.replaceWith(card);
    else pages.append(card);
  });
  events.addEventListener("told", (event) => { document.getElementById("told").innerHTML = event.data; });
}
