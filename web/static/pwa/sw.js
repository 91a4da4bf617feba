/* The service worker of the installed application: says so when the server cannot be reached.  It keeps that one page, no other, no
 * document and nothing that belongs to somebody.  Scripts, styles and fonts carry a hash in their address, so the browser's own
 * cache keeps them for good, and answers sooner than a worker could: they do not pass through here. */

const KEPT = "diemcau-2";
const AWAY = "/away";

self.addEventListener("install", (event) => {
  // Only sooner: a browser that knows no such routes, or not this condition, asks the worker and is left alone by it.
  event.waitUntil(event.addRoutes?.({ condition: { not: { requestMode: "navigate" } }, source: "network" }).catch(() => {}));
  event.waitUntil((async () => {
    const kept = await caches.open(KEPT);
    await kept.add(new Request(AWAY, { cache: "reload", credentials: "omit" }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
    await self.registration.navigationPreload?.enable();      // a page is asked for while this worker wakes
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate" && event.request.method === "GET") event.respondWith(page(event));
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? await fetch(event.request);
  } catch {
    return caches.match(AWAY);
  }
}
