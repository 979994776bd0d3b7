// What pages do better with a script: they work without one, all but security keys, which
// browsers talk to by script alone.
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

  // Security keys: the browser asks the key, and the form carries what it said.
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer ?? [])))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ceremonies = {
    async create(asked) {
      const { response } = await navigator.credentials.create({
        publicKey: {
          challenge: bytes(asked.challenge),
          rp: { id: asked.party, name: "Arnold" },
          user: { id: bytes(asked.handle), name: asked.called, displayName: asked.called },
          pubKeyCredParams: asked.algorithms.map((alg) => ({ type: "public-key", alg })),
          excludeCredentials: asked.keys.map((id) => ({ type: "public-key", id: bytes(id) })),
          authenticatorSelection: { residentKey: "discouraged", userVerification: "discouraged" },
          attestation: "none",
          timeout: asked.seconds * 1000,
        },
      });
      return { client_data: text(response.clientDataJSON), attestation: text(response.attestationObject) };
    },
    async get(asked) {
      const { rawId, response } = await navigator.credentials.get({
        publicKey: {
          challenge: bytes(asked.challenge),
          rpId: asked.party,
          allowCredentials: asked.keys.map((id) => ({ type: "public-key", id: bytes(id) })),
          userVerification: "discouraged",
          timeout: asked.seconds * 1000,
        },
      });
      return {
        credential_id: text(rawId),
        client_data: text(response.clientDataJSON),
        authenticator_data: text(response.authenticatorData),
        signature: text(response.signature),
        user_handle: text(response.userHandle),
      };
    },
  };
  const keyTrouble = {
    NotAllowedError: "No security key answered, or it was called off. Please try again.",
    InvalidStateError: "This security key is registered already.",
    SecurityError: "This browser uses no security keys at this address.",
    NotSupportedError: "This security key signs in no way that is known here.",
  };
  for (const form of document.querySelectorAll("form[data-key]")) {
    const told = form.querySelector("[data-key-told]");
    const button = form.querySelector("button");
    const label = button.textContent;
    const tell = (words) => {
      told.textContent = words;
      told.hidden = false;
    };
    if (!window.PublicKeyCredential) {
      tell("This browser does not know security keys, or this page did not come by https. Please use another one.");
      continue;
    }
    button.hidden = false;
    if (button.matches("[data-key-first]")) button.focus();
    form.addEventListener("submit", async (event) => {
      if (form.dataset.answered) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (button.disabled) return;
      button.disabled = true;
      button.textContent = "Waiting for the key …";
      told.hidden = true;
      try {
        const asked = JSON.parse(form.dataset.key);
        const answer = await ceremonies[asked.ceremony](asked);
        for (const [name, value] of Object.entries(answer)) form.elements.namedItem(name).value = value;
        form.dataset.answered = "yes";
        form.requestSubmit();
      } catch (error) {
        tell(keyTrouble[error.name] ?? `The security key could not be used (${error.name}).`);
      }
      button.disabled = false;
      button.textContent = label;
      button.focus();
    });
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
    for (const form of document.forms) {
      delete form.dataset.sent;
      delete form.dataset.answered;
    }
  });
})();
