/* The page follows the room: when something that stands on it has changed, it is asked for again and its middle replaced.
 * Old browsers that know less than this keep the page as it is; the plain forms go on working. */
(function () {
  "use strict";
  const CONCERNS = ["meeting", "motion", "documents", "running", "floor", "queue"];
  const PAUSE = 1000;             // a hall of telephones does not ask at the same instant
  const AGAIN = [5000, 15_000, 60_000];      // an HTTP error ends an EventSource for good: then a new one; the last one repeats
  let waiting = 0;

  async function again() {
    waiting = 0;
    const now = document.getElementById("now");
    if (now.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return soon();
    const response = await fetch(location.pathname, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (response.status === 429 || response.status >= 500) return undefined;      // the next news ask again
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("now");
    if (!fresh) return location.reload();      // the link was taken back, or the meeting is over: the page says so
    const focused = document.activeElement && document.activeElement.closest("form");
    const action = focused && now.contains(focused) ? focused.getAttribute("action") : null;
    now.replaceWith(document.adoptNode(fresh));
    if (action) {
      const same = fresh.querySelector(`form[action="${CSS.escape(action)}"] button`);
      if (same) same.focus();
    }
  }

  function soon() {
    if (!waiting) waiting = setTimeout(() => again().catch(() => { waiting = 0; }), PAUSE * (0.2 + Math.random()));
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
    feed.addEventListener("change", (event) => {
      const parts = JSON.parse(event.data).parts;
      if (CONCERNS.some((name) => name in parts)) soon();
    });
    feed.onerror = () => {
      if (feed.readyState !== EventSource.CLOSED) return;
      soon();
      setTimeout(listen, AGAIN[Math.min(failures, AGAIN.length - 1)] * (0.75 + Math.random() / 2));
      failures += 1;
    };
  }

  listen();
})();
