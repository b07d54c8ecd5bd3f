// The loupe: while Shift is held, what lies under the pointer is shown larger; the picture is there already.
"use strict";

(() => {
  const TIMES = 2.6;
  const lens = document.createElement("div");
  lens.className = "loupe";
  lens.hidden = true;
  lens.setAttribute("aria-hidden", "true");
  document.body.append(lens);
  let x = 0;
  let y = 0;
  let held = false;

  const draw = () => {
    const under = held && document.elementsFromPoint(x, y)
      .map((one) => one.closest("[data-loupe]")).find((one) => one);
    const picture = under && under.querySelector("img, image");
    lens.hidden = !picture;
    if (!picture) return;
    const place = picture.getBoundingClientRect();
    const size = lens.offsetWidth;
    lens.style.left = `${x - size / 2}px`;
    lens.style.top = `${y - size / 2}px`;
    lens.style.backgroundImage = `url("${picture.currentSrc || picture.href.baseVal}")`;
    lens.style.backgroundSize = `${place.width * TIMES}px ${place.height * TIMES}px`;
    lens.style.backgroundPosition =
      `${size / 2 - (x - place.left) * TIMES}px ${size / 2 - (y - place.top) * TIMES}px`;
  };

  document.addEventListener("pointermove", (event) => {
    x = event.clientX;
    y = event.clientY;
    if (held) draw();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || held) return;
    held = true;
    draw();
  });
  const end = (event) => {
    if (event.type === "keyup" && event.key !== "Shift") return;
    held = false;
    draw();
  };
  document.addEventListener("keyup", end);
  window.addEventListener("blur", end);
})();
