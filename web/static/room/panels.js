/* Which of the side panels is open, and the buttons that open them.  Whoever opens one by its button is taken into it, and back
 * by Escape; a panel that opens by itself (a vote) takes nobody's place on the page. */

import { show } from "./page.js";

let from = null;      // the button that opened the present panel

export function openPanel(name) {
  document.body.dataset.open = name;
  for (const part of document.querySelectorAll("[data-panel]")) {
    const chosen = part.dataset.panel === name;
    if (part.matches(".panels > section")) show(part, chosen);
    else part.setAttribute("aria-expanded", String(chosen));
  }
}

function pressed(button) {
  const opens = button.getAttribute("aria-expanded") !== "true";
  openPanel(opens ? button.dataset.panel : "main");
  from = opens ? button : null;
  if (opens) document.querySelector(`.panels > [data-panel="${button.dataset.panel}"]`)?.focus({ preventScroll: true });
}

function escaped(event) {
  if (event.key !== "Escape" || !from || document.querySelector("dialog[open]")) return;
  if (event.target !== document.body && !event.target.closest(".panels > section")) return;      // the body: what had the focus is gone
  openPanel("main");
  from.focus();
  from = null;
}

export function start() {
  for (const section of document.querySelectorAll(".panels > section")) section.tabIndex = -1;
  for (const button of document.querySelectorAll("button[data-panel]")) button.onclick = () => pressed(button);
  document.addEventListener("keydown", escaped);
}
