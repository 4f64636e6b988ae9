// The service worker of kiosks and tablets. The server puts NAME, VERSION, ASSETS and CHANGING
// before this text, so that it is another script with every change of an asset. It keeps pages and
// parts, never an answer.

const PARTS = `${NAME}-${VERSION}`;
const PAGES = `${NAME}-pages`;
const PATIENCE = 4000; // a network that takes longer is as good as none

self.addEventListener("install", (event) => {
  const fresh = ASSETS.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(PARTS).then((cache) => cache.addAll(fresh)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(`${NAME}-`) && ![PARTS, PAGES].includes(name)) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (ASSETS.includes(pathname)) event.respondWith(part(pathname, event.request));
  else if (CHANGING && new RegExp(CHANGING).test(pathname)) event.respondWith(page(event, pathname));
});

async function part(pathname, request) {
  const kept = await (await caches.open(PARTS)).match(pathname);
  return kept ?? fetch(request);
}

/** From the network while it answers; what it last said otherwise. */
async function page(event, pathname) {
  const cache = await caches.open(PAGES);
  const asked = fetch(event.request).then((answer) => (answer.status >= 500 ? null : answer));
  const answer = await Promise.race([
    asked.catch(() => null),
    new Promise((resolve) => { setTimeout(() => resolve(undefined), PATIENCE); }),
  ]);
  const told = answer?.headers.get(NAME);
  if (told === "keep") event.waitUntil(cache.put(pathname, answer.clone()));
  // Closed, revoked, not enrolled: what was kept is no longer true.
  if (told === "drop") event.waitUntil(cache.delete(pathname));
  if (told) return answer;
  // Nobody, a broken server, or a page of the network's own, as to sign in to a Wi-Fi.
  const kept = await cache.match(pathname);
  return kept ?? answer ?? asked.then((late) => late ?? Response.error());
}
