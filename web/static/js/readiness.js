// The readiness wall, live: each news names points that stand differently now; tiles, marks of the map, counts and order follow.
// It builds no HTML from data. What the reader has folded or unfolded stays so.
"use strict";

(() => {
  const ORDER = 500;               // milliseconds in which tiles that move wait for each other: what they say is never late
  const wall = document.getElementById("wall");
  if (!wall) return;
  const fresh = document.getElementById("fresh");
  const tiles = new Map([...wall.querySelectorAll("[data-key]")].map((tile) => [tile.dataset.key, tile]));
  const marks = new Map([...document.querySelectorAll("#chart [data-mark]")].map((mark) => [mark.dataset.mark, mark]));
  const verdicts = new Map();      // of every point of the wall, those that a filter hides too
  const touched = new Set();       // folds that the reader has opened or closed
  let known = false;
  let later;

  const put = (element, value) => {
    if (element && element.textContent !== String(value)) element.textContent = value;
  };

  function count() {
    const all = [...verdicts.values()];
    for (const element of document.querySelectorAll("[data-count]")) {
      put(element, all.filter((verdict) => verdict === element.dataset.count).length);
    }
    put(document.getElementById("ready"), all.filter((verdict) => verdict === "ready").length);
    put(document.getElementById("total"), all.length);
  }

  function paint(tile, seen) {
    const link = tile.querySelector(".pt");
    const same = tile.dataset.verdict === seen.verdict;
    tile.dataset.verdict = seen.verdict;
    tile.dataset.rank = seen.rank;
    link.className = `pt ${seen.look}`;
    link.querySelector(".pt-line use").setAttribute("href", `${wall.dataset.sprite}#${seen.icon}`);
    put(link.querySelector(".pt-line span"), seen.line);
    put(link.querySelector(".pt-note > span"), seen.note);
    if (!same && known && seen.verdict === "failed") unfold(tile, false);
    return !same;
  }

  function draw(mark, name, seen) {
    mark.setAttribute("class", `mk ${seen.look}`);
    mark.querySelector("use").setAttribute("href", `#mk-${seen.verdict}`);
    put(mark.querySelector("title"), `${name}: ${seen.word}${seen.line === seen.word ? "" : `. ${seen.line}`}`);
  }

  // Every fold around it is opened; those that the reader has closed only if it is the reader who asks.
  function unfold(tile, asked) {
    for (let fold = tile.closest("details"); fold && wall.contains(fold); fold = fold.parentElement.closest("details")) {
      if (asked || !touched.has(fold)) fold.open = true;
    }
  }

  // How many of the group stand how: the number of the ready in a list; in the tree words and a bar.
  function sum(group, inside) {
    const of = (verdict) => inside.filter((tile) => tile.dataset.verdict === verdict).length;
    put(group.querySelector(":scope > h2 .g-ready"), of("ready"));
    for (const part of group.querySelectorAll(":scope > details > summary .vc")) {
      part.hidden = !of(part.dataset.n);
      put(part.querySelector("b"), of(part.dataset.n));
    }
    let begin = 0;
    for (const part of group.querySelectorAll(":scope > details > summary rect")) {
      part.setAttribute("x", begin);
      part.setAttribute("width", of(part.dataset.n));
      begin += of(part.dataset.n);
    }
  }

  const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2].localeCompare(b[2], document.documentElement.lang);
  function sort(list, of) {
    const sorted = [...list.children].map((item) => [item, of(item)]).sort(([, a], [, b]) => compare(a, b)).map(([item]) => item);
    if (sorted.some((item, place) => list.children[place] !== item)) list.append(...sorted);
  }

  // The worst first, in each group and among groups; who has the focus keeps it.
  function order() {
    const focus = document.activeElement;
    wall.dataset.ordered = wall.dataset.shown;
    const ranks = new Map();
    for (const group of wall.querySelectorAll("[data-group]")) {
      const inside = [...group.querySelectorAll("[data-key]")];
      const numbers = inside.map((tile) => Number(tile.dataset.rank));
      const worst = Math.min(...numbers);
      ranks.set(group, [worst, -numbers.filter((one) => one === worst).length, group.dataset.name]);
      sum(group, inside);
    }
    for (const list of wall.querySelectorAll("[data-rows]")) sort(list, (tile) => [Number(tile.dataset.rank), 0, tile.dataset.title]);
    for (const list of [wall, ...wall.querySelectorAll("[data-folds]")]) {
      if ("folds" in list.dataset) sort(list, (group) => ranks.get(group));
    }
    if (focus && focus !== document.activeElement) focus.focus();
  }

  function tested(news) {
    const told = [];
    wall.dataset.shown = Number(wall.dataset.shown ?? 0) + 1;
    for (const seen of news) {
      verdicts.set(seen.key, seen.verdict);
      const tile = tiles.get(seen.key);
      if (tile && paint(tile, seen) && known) told.push(`${tile.dataset.title}: ${seen.line}`);
      if (tile && marks.has(seen.key)) draw(marks.get(seen.key), tile.dataset.title, seen);
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

  wall.addEventListener("click", (event) => {
    const summary = event.target.closest("summary");
    if (summary) touched.add(summary.parentElement);
  });
  // From a mark to its line in the tree.
  document.getElementById("chart")?.addEventListener("click", (event) => {
    const tile = tiles.get(event.target.closest("[data-mark]")?.dataset.mark);
    if (!tile) return;
    event.preventDefault();
    unfold(tile, true);
    history.replaceState(null, "", `#${tile.id}`);
    tile.scrollIntoView({ block: "center" });
    tile.querySelector(".pt").focus({ preventScroll: true });
  });

  const feed = new EventSource(wall.dataset.events);
  feed.addEventListener("open", () => (fresh.textContent = fresh.dataset.live));
  feed.addEventListener("error", () => (fresh.textContent = fresh.dataset.offline));
  feed.addEventListener("tested", (event) => tested(JSON.parse(event.data)));
  addEventListener("pagehide", () => feed.close());
})();
