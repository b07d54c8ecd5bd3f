// What every page needs: our token with each request that htmx sends, and its errors said aloud.
"use strict";

const csrf = document.querySelector('meta[name="csrf"]').content;

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = csrf;
});

document.addEventListener("click", (event) => {
  const printing = event.target.closest("[data-print]");
  if (printing) window.print();
});
