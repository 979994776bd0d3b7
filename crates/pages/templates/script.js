// What pages do better with a script: they work without one.
"use strict";

(() => {
  const announce = (text) => {
    const place = document.querySelector("[data-announce]");
    if (place) place.textContent = text;
  };

  // Copying. Where the browser does not let us, the text is selected instead.
  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) continue;
    const label = button.textContent;
    let timer;
    button.hidden = false;
    button.addEventListener("click", async () => {
      let told = "Copied";
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        getSelection().selectAllChildren(source);
        told = "Selected: copy it with your keyboard";
      }
      button.textContent = told;
      announce(told);
      clearTimeout(timer);
      timer = setTimeout(() => { button.textContent = label; }, 3000);
    });
  }

  // The time left, told by a clock that nobody sets.
  const words = (left) => {
    const parts = [[Math.floor(left / 3600), "h"], [Math.floor(left / 60) % 60, "min"], [left % 60, "s"]];
    while (parts.length > 1 && parts[0][0] === 0) parts.shift();
    return parts.map(([count, unit]) => `${count} ${unit}`).join(" ");
  };
  const warnings = new Map([[300, "Five minutes left in this session"], [60, "One minute left in this session"]]);
  for (const clock of document.querySelectorAll("[data-left]")) {
    const ends = performance.now() + Number(clock.dataset.left) * 1000;
    const tick = () => {
      const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
      clock.textContent = words(left);
      if (warnings.has(left)) announce(warnings.get(left));
      if (left === 0) location.replace("/console/home");
      else setTimeout(tick, 1000);
    };
    tick();
  }

  // A form that only carries something on goes by itself.
  for (const form of document.querySelectorAll("form[data-go]")) form.requestSubmit();

  // A form goes once: a second press on a slow line would do the deed twice.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
})();
