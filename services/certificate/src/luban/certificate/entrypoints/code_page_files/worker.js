// Keeps the page, its scripts and the published keys, so that a phone that was here once checks without a network.
// While there is one, everything comes from it, and what is kept is kept anew.

const STORE = "luban-code-page";
const PAGE = "/v";
const KEPT = [PAGE, "/v/page.css", "/v/page.js", "/v/pocket.js", "/v/words.js", "/v1/trust"];
const PATIENCE = 4000; // milliseconds that a network may take before what is kept is shown
const NO_PATIENCE = 5000; // and for so long after that what is kept is shown at once: a page is several files

let shownAtOnceUntil = 0;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(Promise.all(KEPT.map(renewed)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  // By its path only: a scanned address bears the certificate behind #, which must be in no request and no store.
  const { origin, pathname } = new URL(event.request.url);
  const path = pathname === PAGE.toUpperCase() ? PAGE : pathname;
  if (event.request.method !== "GET" || origin !== location.origin || !KEPT.includes(path)) return;
  const fresh = renewed(path);
  event.waitUntil(fresh.catch(() => {})); // a slow network still renews what is kept
  event.respondWith(answer(path, fresh));
});

async function answer(path, fresh) {
  const store = await caches.open(STORE);
  const kept = await store.match(path);
  if (!kept) return fresh;
  const patience = Date.now() < shownAtOnceUntil ? 0 : PATIENCE;
  const first = await Promise.race([fresh.catch(() => kept), elapsed(patience)]);
  if (!first && patience) shownAtOnceUntil = Date.now() + NO_PATIENCE;
  return first ?? kept;
}

async function renewed(path) {
  const answer = await fetch(path, { cache: "no-cache", credentials: "omit" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const headers = new Headers(answer.headers);
  headers.set("luban-kept-at", new Date().toISOString());
  const store = await caches.open(STORE);
  await store.put(path, new Response(await answer.clone().blob(), { headers }));
  return answer;
}

function elapsed(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
