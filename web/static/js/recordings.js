// The tab Ghi hình: what goes on by itself is fetched again, part by part, so that nothing that is open, played or typed is lost.
"use strict";

const EVERY = 3000;

const idle = (part) => !part.contains(document.activeElement) && ![...part.querySelectorAll("video")].some((film) => !film.paused);

function replace(old, fresh) {
  if (fresh && idle(old)) old.replaceWith(document.adoptNode(fresh));
}

function take(page) {
  const list = document.getElementById("recordings");
  const fresh = page.getElementById("recordings");
  if (!fresh) return;
  if (fresh.childElementCount !== list.childElementCount) {
    replace(list, fresh);
    return;
  }
  list.toggleAttribute("data-busy", fresh.hasAttribute("data-busy"));
  for (const section of list.querySelectorAll("section[id]")) {
    const newer = fresh.querySelector(`#${CSS.escape(section.id)}`);
    if (newer && newer.dataset.stand !== section.dataset.stand) replace(section, newer);
    else for (const part of section.querySelectorAll("[data-live]")) replace(part, fresh.querySelector(`#${CSS.escape(part.id)}`));
  }
}

async function refresh() {
  const list = document.getElementById("recordings");
  if (!list?.hasAttribute("data-busy")) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.pathname, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // away for a moment: asked again
    }
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);
