// Keys: which one was pressed, whatever an input method makes of it; a barcode reader told from a person;
// numbers of two digits; what the keys of this page do (?), and the search box (/).
"use strict";

(() => {
  const BURST_MS = 35; // a reader types a sign every 1 to 15 ms; who types 10 signs a second needs 100
  const READER_SIGNS = 10; // a serial has 15
  const SECOND_DIGIT_MS = 700; // to press a second digit where there are keys of two

  // The key that was pressed, not the letter that an input method made of it: under Telex W is Ư.
  const keyOf = (event) => {
    const letter = /^Key([A-Z])$/.exec(event.code);
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    if (letter) return letter[1].toLowerCase();
    if (digit && !event.shiftKey) return digit[1];
    return event.code === "NumpadEnter" ? "enter" : event.key.toLowerCase();
  };

  const isTyping = (target) => target.matches("input:not([type=checkbox], [type=radio]), textarea, select");

  // Calls `act(key, event)` for each key that a person presses outside of fields. Keys come after a moment:
  // a barcode reader types its serial into whatever page is open, and no sign of it may answer a question.
  let listening = false;
  const whenPressed = (act, longer = () => false) => {
    listening = true;
    let waiting = [];
    let timer = 0;
    let digits = "";
    let second = 0;

    const pressed = (key, event) => {
      clearTimeout(second);
      if (digits) {
        const both = digits + key;
        const first = digits;
        digits = "";
        if (/^[0-9]$/.test(key) && longer(first)) {
          act(both, event);
          return;
        }
        act(first, event);
        if (key === "enter") return; // it only ended the number
      }
      if (/^[1-9]$/.test(key) && longer(key)) {
        digits = key;
        second = setTimeout(() => { const first = digits; digits = ""; act(first, event); }, SECOND_DIGIT_MS);
        return;
      }
      act(key, event);
    };

    const flush = () => {
      const burst = waiting;
      waiting = [];
      const signs = burst.filter(([key]) => key.length === 1);
      if (signs.length >= READER_SIGNS) {
        const read = signs.map(([, event]) => event.key).join("");
        location.assign(`/search?q=${encodeURIComponent(read)}`);
        return;
      }
      for (const [key, event] of burst) pressed(key, event);
    };

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event.target)) return;
      const key = keyOf(event);
      if (key === "shift") return;
      const onControl = event.target.closest("button, a, summary, label, input");
      if (key === " " && onControl) return; // it presses the control; no reader sends one
      const read = waiting.some(([before]) => before.length === 1); // signs came just before: a reader ends them
      if (key === "enter" && !read && onControl && onControl.matches(":focus-visible")) return;
      if (key === "enter" || key.length === 1 && key !== " " && key !== "?" && key !== "/") event.preventDefault();
      waiting.push([key, event]);
      clearTimeout(timer);
      timer = setTimeout(flush, BURST_MS);
    });
  };

  // The keys of this page are those that its buttons carry, and those that it names besides.
  const showKeys = (dialog) => {
    const list = dialog.querySelector("dl");
    for (const made of list.querySelectorAll("[data-made]")) made.remove();
    const seen = new Set();
    const always = list.firstChild; // what every page has; the page's own keys stand above, as its buttons do
    for (const button of document.querySelectorAll("main [data-key]")) {
      const sign = button.querySelector("kbd") || (button.parentElement && button.parentElement.querySelector("kbd"));
      if (!sign || seen.has(button.dataset.key) || !button.offsetParent) continue;
      seen.add(button.dataset.key);
      const row = document.createElement("div");
      row.dataset.made = "";
      const key = document.createElement("dt");
      const what = document.createElement("dd");
      key.append(sign.cloneNode(true));
      what.textContent = (button.closest("label") || button).textContent.replace(sign.textContent, "").trim();
      row.append(key, what);
      list.insertBefore(row, always);
    }
    dialog.showModal();
  };

  document.addEventListener("click", (event) => {
    const dialog = document.getElementById("keys");
    if (dialog && event.target.closest("[data-show-keys]")) showKeys(dialog);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const dialog = document.getElementById("keys");
    const finder = document.getElementById("q");
    if (event.key === "?" && dialog) {
      event.preventDefault();
      if (dialog.open) dialog.close(); else if (!document.querySelector("dialog[open]")) showKeys(dialog);
    }
    if (event.key === "/" && finder && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      finder.focus();
    }
  });

  // Keys press the buttons that carry them: on every page whose own script asks for nothing else.
  const pressButtons = () => whenPressed((key) => {
    if (document.querySelector("dialog[open]")) return;
    const button = document.querySelector(`main [data-key~="${CSS.escape(key)}"]`);
    if (button) button.click();
  });
  document.addEventListener("DOMContentLoaded", () => { if (!listening) pressButtons(); });

  window.isTyping = isTyping;
  window.whenPressed = whenPressed;
  window.pressButtons = pressButtons;
})();
