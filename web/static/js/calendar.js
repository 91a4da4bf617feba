// Calendars: arrow keys between meetings, Enter opens; a meeting of one's own is moved or stretched by mouse or keyboard.
// The page works without it: blocks are links, and "Đổi giờ" leads to a form. It decides nothing: the server refuses or moves.
"use strict";

(() => {
  const STEP = 15;
  const EDGE = 8; // pixels at each end of a block that stretch it
  let cal = document.querySelector("[data-cal]");
  if (!cal) return;
  const heard = document.querySelector("#heard");
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  let moving = null;

  const seen = (element) => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
  const blocks = () => [...cal.querySelectorAll("a.cb, a.cm")].filter(seen);
  const days = () => (cal.dataset.days || "").split(" ").filter(Boolean);
  const opens = () => Number(cal.dataset.first) * 60;
  const closes = () => Number(cal.dataset.last) * 60;
  const minutes = (wall) => Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16));
  const clock = (n) => `${String(Math.floor(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`;
  const clamp = (n, least, most) => Math.max(least, Math.min(most, n));

  // Where a block says what it is: itself, or its entry in the list below the lanes.
  function entry(block) {
    const target = block.getAttribute("href");
    return target.startsWith("#") ? document.querySelector(target) : block;
  }

  function open(block) {
    const told = entry(block);
    const link = told === block ? block : told?.querySelector("a[href^='/meetings/']");
    if (link) location.assign(link.href);
    else told?.scrollIntoView({ block: "center" });
  }

  // One stop for Tab; the arrows do the rest.
  function rove(chosen) {
    for (const block of cal.querySelectorAll("a.cb, a.cm")) block.tabIndex = -1;
    const all = blocks();
    if (all.length) (all.includes(chosen) ? chosen : all[0]).tabIndex = 0;
  }

  function light(block) {
    document.querySelectorAll(".lit").forEach((element) => element.classList.remove("lit"));
    const told = entry(block);
    if (told && told !== block) told.classList.add("lit");
  }

  const laneOf = (block) => block.closest(".cl, .cday");

  function step(block, key) {
    const all = blocks();
    const lane = laneOf(block);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const own = all.filter((other) => laneOf(other) === lane);
      return own[own.indexOf(block) + (key === "ArrowLeft" ? -1 : 1)];
    }
    const lanes = [...new Set(all.map(laneOf))];
    const next = lanes[lanes.indexOf(lane) + (key === "ArrowUp" ? -1 : 1)];
    const left = block.getBoundingClientRect().left;
    const far = (other) => Math.abs(other.getBoundingClientRect().left - left);
    return all.filter((other) => laneOf(other) === next).sort((a, b) => far(a) - far(b))[0];
  }

  // --- moving -------------------------------------------------------------------------------------------------------

  function begin(block) {
    const told = entry(block);
    if (!told?.dataset.move || told.dataset.start.slice(0, 10) !== told.dataset.end.slice(0, 10)) return null;
    const day = days().indexOf(told.dataset.start.slice(0, 10));
    if (day < 0) return null;
    const start = minutes(told.dataset.start);
    const end = minutes(told.dataset.end);
    const same = block === told ? [block] : [...cal.querySelectorAll(`a.cb[href='${block.getAttribute("href")}']`)];
    still([...cal.querySelectorAll("[data-bar]")].map((bar) => bar.getBoundingClientRect().height));
    const homes = same.map((one) => [one, one.parentElement, one.nextSibling]);
    same.forEach((one) => one.classList.add("moving"));
    return { block, told, day, start, end, at: { day, start, end }, same, homes };
  }

  // The cell of a day: its own lane where days are rows, a part of the same lane where they are columns.
  function cell(home, day) {
    if (cal.dataset.mode === "rows") return cal.querySelectorAll("[data-bar]")[day];
    const bar = home.closest(".bar");
    let found = bar.querySelector(`:scope > .d${day}`);
    if (!found) {
      found = document.createElement("div");
      found.className = `d${day}`;
      bar.append(found);
    }
    return found;
  }

  function put(state, day, start, end) {
    const length = end - start;
    const least = opens();
    const most = closes();
    state.at = { day: clamp(day, 0, days().length - 1), start: clamp(start, least, Math.max(least, most - length)) };
    state.at.end = Math.min(state.at.start + length, most);
    for (const [one, home] of state.homes) {
      const place = cell(home, state.at.day);
      if (one.parentElement !== place) place.append(one);
      one.style.gridColumn = `${(state.at.start - least) / STEP + 1} / ${(state.at.end - least) / STEP + 1}`;
    }
    if (heard) heard.textContent = `${days()[state.at.day]} ${clock(state.at.start)}–${clock(state.at.end)}`;
    write(state, state.at.start, state.at.end);
  }

  function write(state, start, end) {
    const hours = state.block.querySelector(".h");
    if (hours) hours.firstChild.textContent = `${clock(start)}–${clock(end)}`;
  }

  function restore(state) {
    write(state, state.start, state.end);
    still(null);
    for (const [one, home, next] of state.homes) {
      one.style.gridColumn = "";
      one.classList.remove("moving");
      home.insertBefore(one, next && next.parentElement === home ? next : null);
    }
  }

  // Lanes keep their height while a block is in the hand: what one aims at must not move away.
  function still(heights) {
    if (cal.dataset.mode !== "rows") return;
    for (const [number, bar] of [...cal.querySelectorAll("[data-bar]")].entries()) bar.style.height = heights ? `${heights[number]}px` : "";
  }

  async function finish(state) {
    const { day, start, end } = state.at;
    if (day === state.day && start === state.start && end === state.end) { restore(state); state.block.focus(); return; }
    const body = new URLSearchParams({
      _csrf: csrf, start: `${days()[day]}T${clock(start)}`, end: `${days()[day]}T${clock(end)}`,
      was_start: state.told.dataset.start, was_end: state.told.dataset.end,
    });
    if (!await send(state.told.dataset.move, body)) restore(state);
  }

  async function send(where, body) {
    cal.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(where, { method: "POST", body, headers: { "x-part": "1" }, credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const news = page.querySelector("#said") || page.querySelector("main");
      const said = document.querySelector("#said");
      // The news comes when the page shows it: whoever acts on it finds what is new. Without a second answer the block stays where it was put.
      if (answer.ok) await again().catch(() => {});
      said.replaceChildren(...[...news.childNodes].map((node) => document.adoptNode(node)));
      (said.querySelector("[role=alert]") || said).focus();
      said.scrollIntoView({ block: "nearest" });
      return answer.ok;
    } catch {
      return false;
    } finally {
      cal.removeAttribute("aria-busy");
    }
  }

  // What the server shows now; open folds stay open.
  async function again() {
    const open = new Set([...cal.querySelectorAll("details[open]")].map((fold) => fold.textContent.trim().slice(0, 40)));
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of ["#cal", "#list"]) {
      const fresh = page.querySelector(part);
      const old = document.querySelector(part);
      if (fresh && old) old.replaceWith(document.adoptNode(fresh));
    }
    cal = document.querySelector("[data-cal]");
    for (const fold of cal.querySelectorAll("details")) if (open.has(fold.textContent.trim().slice(0, 40))) fold.open = true;
    listen();
  }

  function steer(event) {
    const { day, start, end } = moving.at;
    const sideways = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (sideways && event.shiftKey) put(moving, day, start, Math.max(start + STEP, end + sideways));
    else if (sideways) put(moving, day, start + sideways, end + sideways);
    else if (turn) put(moving, day + turn, start, end);
    else if (event.key === "Enter") { const state = moving; moving = null; finish(state); }
    else if (event.key === "Escape") { const state = moving; moving = null; restore(state); state.block.focus(); }
    else return;
    event.preventDefault();
    if (moving) moving.block.focus();
  }

  function key(event) {
    if (moving) { steer(event); return; }
    const block = event.target.closest("a.cb, a.cm");
    if (!block || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      const next = step(block, event.key);
      if (next) { rove(next); next.focus(); }
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      open(block);
    } else if (event.key.toLowerCase() === "m") {
      moving = begin(block);
      if (moving) { put(moving, moving.day, moving.start, moving.end); event.preventDefault(); }
    }
  }

  // --- the mouse ----------------------------------------------------------------------------------------------------

  function at(state, x, y) {
    const rows = cal.dataset.mode === "rows";
    const bar = rows ? cal.querySelector("[data-bar]") : state.block.closest(".bar");
    const frame = bar.getBoundingClientRect();
    const wide = cal.dataset.mode === "columns" ? days().length : 1;
    const across = clamp((x - frame.left) / frame.width, 0, 0.9999) * wide;
    let day = cal.dataset.mode === "columns" ? Math.floor(across) : 0;
    if (rows) {
      const lanes = [...cal.querySelectorAll("[data-bar]")].map((one) => one.getBoundingClientRect());
      day = lanes.findIndex((one) => y < one.bottom);
      if (day < 0) day = lanes.length - 1;
    }
    return { day, minute: opens() + (across % 1) * (closes() - opens()) };
  }

  function grab(event) {
    const block = event.target.closest("a.mv");
    if (!block || event.button !== 0 || event.pointerType === "touch" || moving) return;
    const frame = block.getBoundingClientRect();
    const part = frame.width > 3 * EDGE && event.clientX < frame.left + EDGE ? "start" : frame.width > 2 * EDGE && event.clientX > frame.right - EDGE ? "end" : "all";
    let state = null;
    let from = null;
    const round = (n) => Math.round(n / STEP) * STEP;
    const drag = (next) => {
      if (!state) {
        if (Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) < 4) return;
        state = begin(block);
        if (!state) { drop(); return; }
        from = at(state, event.clientX, event.clientY);
      }
      const now = at(state, next.clientX, next.clientY);
      const by = round(now.minute - from.minute);
      if (part === "start") put(state, state.day, Math.min(state.start + by, state.end - STEP), state.end);
      else if (part === "end") put(state, state.day, state.start, Math.max(state.end + by, state.start + STEP));
      else put(state, state.day + now.day - from.day, state.start + by, state.end + by);
    };
    const drop = () => {
      removeEventListener("pointermove", drag);
      removeEventListener("pointerup", drop);
      removeEventListener("keydown", stop, true);
      if (!state) return;
      // The click that may follow a drag opens nothing; the next one does.
      const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
      addEventListener("click", swallow, true);
      setTimeout(() => removeEventListener("click", swallow, true), 0);
      finish(state);
    };
    const stop = (pressed) => {
      if (pressed.key !== "Escape" || !state) return;
      state.at = { day: state.day, start: state.start, end: state.end };
      drop();
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", drop);
    addEventListener("keydown", stop, true);
  }

  function listen() {
    rove(null);
    cal.addEventListener("keydown", key);
    cal.addEventListener("pointerdown", grab);
    cal.addEventListener("dragstart", (event) => event.preventDefault());
    cal.addEventListener("focusin", (event) => { const block = event.target.closest("a.cb"); if (block) light(block); });
    cal.addEventListener("mouseover", (event) => { const block = event.target.closest("a.cb"); if (block && !moving) light(block); });
    cal.addEventListener("toggle", () => rove(document.activeElement), true);
  }
  listen();

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-moving]");
    if (!form) return;
    event.preventDefault();
    send(form.action, new URLSearchParams(new FormData(form)));
  });
})();
