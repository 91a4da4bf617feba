// The readiness wall, live: each news names tiles that stand differently now; counts and order follow. It builds no HTML from data.
"use strict";

(() => {
  const ORDER = 500;               // milliseconds in which tiles that move wait for each other: what they say is never late
  const wall = document.getElementById("wall");
  if (!wall) return;
  const fresh = document.getElementById("fresh");
  const tiles = new Map([...wall.querySelectorAll("[data-key]")].map((tile) => [tile.dataset.key, tile]));
  const verdicts = new Map();      // of every point of the wall, those that a filter hides too
  let known = false;
  let later;

  const number = (selector, value) => {
    const element = document.querySelector(selector);
    if (element && element.textContent !== String(value)) element.textContent = value;
  };

  function count() {
    const all = [...verdicts.values()];
    for (const element of document.querySelectorAll("[data-count]")) {
      number(`[data-count="${element.dataset.count}"]`, all.filter((verdict) => verdict === element.dataset.count).length);
    }
    number("#ready", all.filter((verdict) => verdict === "ready").length);
    number("#total", all.length);
  }

  function paint(tile, seen) {
    const link = tile.querySelector(".pt");
    const same = tile.dataset.verdict === seen.verdict;
    tile.dataset.verdict = seen.verdict;
    tile.dataset.rank = seen.rank;
    link.className = `pt ${seen.look}`;
    link.querySelector(".pt-line use").setAttribute("href", `${wall.dataset.sprite}#${seen.icon}`);
    link.querySelector(".pt-line span").textContent = seen.line;
    link.querySelector(".pt-note > span").textContent = seen.note;
    return !same;
  }

  // The worst first, in each group and among groups; who has the focus keeps it.
  function order() {
    const focus = document.activeElement;
    wall.dataset.ordered = wall.dataset.shown;
    const rank = (tile) => [Number(tile.dataset.rank), tile.dataset.title];
    const worse = (a, b) => a[0] - b[0] || a[1].localeCompare(b[1], "vi");
    const groups = [...wall.querySelectorAll("[data-group]")];
    for (const group of groups) {
      const list = group.querySelector("ul");
      const sorted = [...list.children].sort((a, b) => worse(rank(a), rank(b)));
      if (sorted.some((tile, place) => list.children[place] !== tile)) list.append(...sorted);
      group.querySelector(".g-ready").textContent = sorted.filter((tile) => tile.dataset.verdict === "ready").length;
    }
    const of = (group) => {
      const inside = [...group.querySelectorAll("[data-key]")].map((tile) => Number(tile.dataset.rank));
      return [Math.min(...inside), -inside.filter((one) => one < 2).length, group.dataset.name];
    };
    const sorted = groups.map((group) => [group, of(group)]).sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1] || a[2].localeCompare(b[2], "vi"));
    if (sorted.some(([group], place) => groups[place] !== group)) wall.append(...sorted.map(([group]) => group));
    if (focus && focus !== document.activeElement) focus.focus();
  }

  function tested(news) {
    const told = [];
    wall.dataset.shown = Number(wall.dataset.shown ?? 0) + 1;
    for (const seen of news) {
      verdicts.set(seen.key, seen.verdict);
      const tile = tiles.get(seen.key);
      if (tile && paint(tile, seen) && known) told.push(`${tile.dataset.title}: ${seen.line}`);
    }
    count();
    if (!known) order();
    else later ??= setTimeout(() => {
      later = undefined;
      order();
    }, ORDER);
    if (told.length && told.length <= 3) document.getElementById("told").textContent = told.join(". ");
    known = true;
  }

  const feed = new EventSource(wall.dataset.events);
  feed.addEventListener("open", () => (fresh.textContent = fresh.dataset.live));
  feed.addEventListener("error", () => (fresh.textContent = fresh.dataset.offline));
  feed.addEventListener("tested", (event) => tested(JSON.parse(event.data)));
  addEventListener("pagehide", () => feed.close());
})();
