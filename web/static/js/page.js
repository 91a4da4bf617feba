// What every page may want: forms that update parts of the page, filtering without accents, focus on a summary.
// Pages work without it. It never builds HTML from data: it only moves in what the server rendered.
"use strict";

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();

// <form data-live="URL" data-parts="#a,#b">: after a change, posts the form there and replaces those parts.
function live(form) {
  let timer = 0;
  let running = null;
  const refresh = async () => {
    if (running) running.abort();
    const mine = (running = new AbortController());
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.live, {
        method: "POST", body, signal: mine.signal, headers: { "x-part": "1" }, credentials: "same-origin",
      });
      if (answer.redirected) { location.assign(answer.url); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const selector of form.dataset.parts.split(",")) {
        const fresh = page.querySelector(selector);
        const old = document.querySelector(selector);
        if (!fresh || !old) continue;
        carry(old, fresh, body);
        const held = old.contains(document.activeElement) ? document.activeElement : null;
        old.replaceWith(document.adoptNode(fresh));
        if (held) again(fresh, held);  // whoever works with the keyboard stays where they were
      }
    } catch (error) {
      if (error.name !== "AbortError") form.dispatchEvent(new CustomEvent("offline", { bubbles: true }));
    } finally {
      if (running === mine) form.removeAttribute("aria-busy");
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target.closest("[data-still]")) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, 200);
  });
}

// What was typed or ticked since the question was sent is newer than its answer.
function carry(old, fresh, sent) {
  for (const field of old.querySelectorAll("input[name]:not([type=hidden], [type=file]), select[name], textarea[name]")) {
    const known = sent.getAll(field.name).includes(field.value);
    const same = [...fresh.querySelectorAll(`[name="${CSS.escape(field.name)}"]`)];
    if (field.type === "checkbox" || field.type === "radio") {
      const twin = same.find((one) => one.value === field.value);
      if (twin && field.checked !== known) twin.checked = field.checked;
    } else if (!known && same[0]) same[0].value = field.value;
  }
}

// Gives the focus to what stands in the place of a field that was replaced.
function again(part, held) {
  const same = held.id ? part.querySelector(`#${CSS.escape(held.id)}`)
    : [...part.querySelectorAll(`[name="${CSS.escape(held.name ?? "")}"]`)].find((one) => one.value === held.value);
  same?.focus({ preventScroll: true });
  if (same?.selectionStart != null && held.selectionStart != null) same.setSelectionRange(held.selectionStart, held.selectionEnd);
}

// <input data-filter="#list">: hides rows of the list whose data-name does not contain the words, accents or not.
function filter(input) {
  const list = document.querySelector(input.dataset.filter);
  if (!list) return;
  const apply = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    for (const item of [...list.querySelectorAll("[data-name]")].reverse()) {
      const own = words.every((word) => fold(item.dataset.name).includes(word));
      const inside = [...item.querySelectorAll("[data-name]")].some((child) => !child.hidden);
      item.hidden = words.length > 0 && !own && !inside;
      const folded = item.querySelector(":scope > details");
      if (!folded) continue;
      // A group that is meant by its own name shows all of it.
      if (own) item.querySelectorAll("[data-name]").forEach((child) => { child.hidden = false; });
      if (words.length) folded.open = own || inside;
    }
  };
  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

document.querySelectorAll("form[data-live]").forEach(live);
document.querySelectorAll("input[data-filter]").forEach(filter);
document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
document.querySelector(".summary")?.focus();
for (const tabs of document.querySelectorAll(".tabs")) {      // on a phone the present one may lie outside
  const now = tabs.querySelector("[aria-current]");
  if (now) tabs.scrollLeft = now.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - now.offsetWidth) / 2;
}
