/* The page follows the room: when something that stands on it has changed, it is asked for again and renewed part by part; where
 * somebody writes, only what is around it is new.  News that need no question are follow.js's, in browsers that know modules.
 * Old browsers that know less than this keep the page as it is; the plain forms go on working. */
(function () {
  "use strict";
  const CONCERNS = ["meeting", "motion", "documents", "running", "floor", "recording"];
  const TOLD = ["page", "chat", "chat_gone"];
  const PAUSE = 1000;             // a hall of telephones does not ask at the same instant
  const AGAIN = [5000, 15_000, 60_000];      // an HTTP error ends an EventSource for good: then a new one; the last one repeats
  const STAYS = 8000;             // what was said of the own press is read before it goes
  const opened = Date.now();
  let waiting = 0;

  async function again() {
    waiting = 0;
    const response = await fetch(location.pathname, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (response.status === 429 || response.status >= 500) return undefined;      // the next news ask again
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("now");
    if (!fresh) return location.reload();      // the link was taken back, or the meeting is over: the page says so
    renew(document.getElementById("now"), fresh);
    document.dispatchEvent(new CustomEvent("renewed"));
  }

  function renew(now, fresh) {
    const focused = document.activeElement && document.activeElement.closest("#now form");
    const action = focused ? focused.getAttribute("action") : null;
    const names = [...fresh.children].map((part) => part.id);
    let before = null;
    for (const part of [...fresh.children]) {
      const old = document.getElementById(part.id);
      const stays = old && (old.dataset.own ? old.dataset.own === part.dataset.own : old.isEqualNode(part));
      if (!old) before ? before.after(document.adoptNode(part)) : now.prepend(document.adoptNode(part));
      else if (!stays) old.replaceWith(document.adoptNode(part));
      else if (old.dataset.own) around(old, part);
      before = stays ? old : part;
    }
    for (const part of [...now.children]) {
      if (!names.includes(part.id) && !(part.id === "said" && Date.now() - opened < STAYS)) part.remove();
    }
    Object.assign(now.dataset, fresh.dataset);
    if (!("events" in fresh.dataset)) delete now.dataset.events;
    const same = action && !focused.isConnected ? now.querySelector(`form[action="${CSS.escape(action)}"] button`) : null;
    if (same) same.focus();
  }

  /** A part that stays, with its forms: what is around them is new, unless news of later came meanwhile. */
  function around(old, fresh) {
    if ((old.dataset.since || "") > (fresh.dataset.since || "")) return;
    Object.assign(old.dataset, fresh.dataset);
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const was = old.querySelector(`[data-part="${part.dataset.part}"]`);
      if (was && !was.isEqualNode(part)) was.replaceWith(document.adoptNode(part));
    }
  }

  function soon() {
    if (!waiting) waiting = setTimeout(() => again().catch(() => { waiting = 0; }), PAUSE * (0.2 + Math.random()));
  }

  /** Whether a change is of something that stands here; of the queue only what moves the own place in it. */
  function concerns(parts) {
    if (CONCERNS.some((name) => name in parts)) return true;
    if (parts.chat && parts.chat.set && "mode" in parts.chat.set) return true;
    const { me } = document.getElementById("now").dataset;
    const queue = parts.queue;
    return Boolean(queue) && (document.querySelector("#hand[data-waits]") !== null || !queue.set || Object.values(queue.set).some((row) => row.person === me));
  }

  const now = document.getElementById("now");
  if (!now || !now.dataset.events || !window.EventSource || !window.fetch || !window.DOMParser) return;
  let first = true;
  let failures = 0;

  function listen() {
    const { events } = document.getElementById("now").dataset;
    if (!events) return;      // the meeting is over: there will be no news
    const feed = new EventSource(events);
    feed.addEventListener("state", () => { if (!first) soon(); first = false; failures = 0; });
    feed.addEventListener("you", soon);
    feed.addEventListener("change", (event) => { if (concerns(JSON.parse(event.data).parts)) soon(); });
    for (const name of TOLD) {
      feed.addEventListener(name, ({ data }) => {
        const news = new CustomEvent("room", { cancelable: true, detail: { name, data: JSON.parse(data) } });
        if (document.dispatchEvent(news)) soon();      // nobody knew what to do with it
      });
    }
    feed.onerror = () => {
      if (feed.readyState !== EventSource.CLOSED) return;
      soon();
      setTimeout(listen, AGAIN[Math.min(failures, AGAIN.length - 1)] * (0.75 + Math.random() / 2));
      failures += 1;
    };
  }

  listen();
})();
