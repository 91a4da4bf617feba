/* The service worker of the installed application: keeps scripts, styles and fonts, whose addresses carry a hash, and says so
 * when the server cannot be reached.  It keeps no page, no document and nothing that belongs to somebody. */

const KEPT = "diemcau-1";
const AWAY = "/away";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const kept = await caches.open(KEPT);
    await kept.add(new Request(AWAY, { cache: "reload", credentials: "omit" }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** Whether what stands at this address is the same for ever. */
const forGood = (url) => url.pathname.startsWith("/static/") && (url.pathname.startsWith("/static/=") || url.searchParams.has("v"));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (forGood(url)) event.respondWith(fromKept(request));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(AWAY)));
});

async function fromKept(request) {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok && answer.status === 200 && /immutable/.test(answer.headers.get("cache-control") ?? "")) {
    const kept = await caches.open(KEPT);
    await kept.put(request, answer.clone());
    const keys = (await kept.keys()).filter((one) => new URL(one.url).pathname !== AWAY);      // that page stays
    for (const old of keys.slice(0, Math.max(0, keys.length - 120))) await kept.delete(old);      // the oldest
  }
  return answer;
}
