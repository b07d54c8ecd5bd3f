// What every page needs: our token with each request that htmx sends, its errors said aloud, and nothing
// lost that somebody typed when the session ended meanwhile.
"use strict";

const csrf = document.querySelector('meta[name="csrf"]').content;
const said = document.getElementById("said");

const say = (text) => {
  said.textContent = text;
  said.hidden = !text;
};

// News that come by themselves. While the server is away the page says that it does not know; that a stream
// ends now and then, to begin anew, is no news.
const follow = (address) => {
  const events = new EventSource(address);
  let failed = 0;
  events.onopen = () => { if (failed > 1) say(""); failed = 0; };
  events.onerror = () => {
    // a session that ended is answered by the login page, which is no stream
    if (events.readyState === EventSource.CLOSED) location.reload();
    else if (++failed > 1) say(said.dataset.lost);
  };
  events.addEventListener("end", () => { events.close(); location.reload(); });
  return events;
};

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = csrf;
});
document.addEventListener("htmx:before:request", () => say(""));
document.addEventListener("htmx:error", () => say(said.dataset.away));
document.addEventListener("htmx:response:error", (event) => {
  const response = event.detail.ctx && event.detail.ctx.response;
  const text = event.detail.ctx && event.detail.ctx.text;
  const plain = response && response.headers && (response.headers.get("content-type") || "").startsWith("text/plain");
  say(plain && text ? text : said.dataset.failed);
});

document.addEventListener("click", (event) => {
  const printing = event.target.closest("[data-print]");
  if (printing) window.print();
  const asking = event.target.closest("[data-confirm]");
  if (asking && !window.confirm(asking.dataset.confirm)) event.preventDefault();
});

// A form is sent once, and says that it is on its way; what the browser brings back can be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  const button = event.submitter;
  setTimeout(() => { // after all others that look at the event
    if (event.defaultPrevented) return;
    form.dataset.sent = "1";
    if (button) button.setAttribute("aria-busy", "true");
    if ("file" in form.dataset) setTimeout(release, 3000); // the page stays: what comes is a file
  });
});
const release = () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("form [aria-busy]")) button.removeAttribute("aria-busy");
};
window.addEventListener("pageshow", release);

// What takes the server some seconds shows that it is on its way, and is asked for once.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-slow]");
  if (!link) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy")) return;
  say("");
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href);
    if (answer.redirected) location.assign(answer.url); // the session has ended: to the login
    else if (answer.ok) save(await answer.blob(), link.dataset.slow);
    else say(said.dataset.failed);
  } catch {
    say(said.dataset.away);
  }
  link.removeAttribute("aria-busy");
});
const save = (content, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

// Typed text is kept in this tab until its form was taken. It comes back only after a login that an ended
// session asked for, and only into the very same form: an old text must never stand in another one.
const DRAFTS = "omr-drafts";
const ASKED = "omr-login-asked";
const drafts = () => JSON.parse(sessionStorage.getItem(DRAFTS) || "{}");
const typed = (field) => field.form && field.name && field.form.method === "post"
  && !["hidden", "password", "file", "checkbox", "radio", "submit"].includes(field.type);
const place = (field) => `${new URL(field.form.action).pathname} ${field.name}`;

if (document.querySelector("[data-session-ended]")) {
  sessionStorage.setItem(ASKED, "1");
} else if (!document.querySelector("[data-login]")) {
  if (sessionStorage.getItem(ASKED)) {
    const kept = drafts();
    for (const field of document.querySelectorAll("input, textarea, select")) {
      if (typed(field) && kept[place(field)]) field.value = kept[place(field)];
    }
  } else {
    sessionStorage.removeItem(DRAFTS);
  }
  sessionStorage.removeItem(ASKED);
}

document.addEventListener("input", (event) => {
  if (!typed(event.target)) return;
  sessionStorage.setItem(DRAFTS, JSON.stringify({ ...drafts(), [place(event.target)]: event.target.value }));
});
