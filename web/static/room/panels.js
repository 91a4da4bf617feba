/* Which of the side panels is open, and the buttons that open them. */

import { show } from "./page.js";

export function openPanel(name) {
  for (const part of document.querySelectorAll("[data-panel]")) {
    const chosen = part.dataset.panel === name;
    if (part.matches(".panels > section")) show(part, chosen);
    else part.setAttribute("aria-expanded", String(chosen));
  }
}

export function start() {
  for (const button of document.querySelectorAll("button[data-panel]")) {
    button.onclick = () => openPanel(button.getAttribute("aria-expanded") === "true" ? "main" : button.dataset.panel);
  }
}
