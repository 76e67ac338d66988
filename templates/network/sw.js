{% load static %}// The service worker: opens the pages of a meeting while there is no signal, shows that something waits, and opens what was tapped.
// It keeps scripts, the stylesheet and one page that names nobody. No page from behind the sign-in, no answer and no word goes through its
// store (docs/adr/0018).

const ICON = "{% static "icons/home.png" %}";
const PLAIN = { title: "You have a message", body: "Sign in to see it.", path: "/" };
const RENEWED = "{% url "renew_browser" %}";

// What is kept is of one version, whole. A new one is complete before the old one goes, and never takes over while a record is open.
const PARTS = [{% for one in parts %}"{{ one }}"{% if not forloop.last %}, {% endif %}{% endfor %}];
const SHELL = "{% url "without_signal" %}";
const OURS = "parts ", KEPT = `${OURS}{{ version }}`;
const PATIENCE = 20000;
const PAGES = /^\/(board\/|on-this-device\/|accounts\/logout\/|meetings\/.*)?$/;
const RECORD = /\/record\//;

addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const kept = await caches.open(KEPT);
  await Promise.all([SHELL, ...PARTS].map(async (part) => {
    const answer = await fetch(part, { cache: "reload", credentials: "omit" });
    if (!answer.ok) throw new Error(part);
    await kept.put(part, answer);
  }));
  const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!open.some((page) => RECORD.test(page.url))) await skipWaiting();
}

addEventListener("activate", (event) => event.waitUntil(tidy()));

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== KEPT) await caches.delete(name);
}

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (PARTS.includes(pathname)) event.respondWith(part(request, pathname));
  else if (request.mode === "navigate" && PAGES.test(pathname)) event.respondWith(page(request));
});

const kept = (path) => caches.match(path, { cacheName: KEPT, ignoreVary: true });

// A name that changes with its contents needs no question to the service.
async function part(request, path) {
  const found = await kept(path);
  if (found && /\.[0-9a-f]{12}\./.test(path)) return found;
  try { return await fetch(request); } catch (problem) { if (found) return found; throw problem; }
}

// Whatever the service answers is shown. Without an answer, or with a proxy's word that there is none, what is on this device.
async function page(request) {
  const stop = new AbortController(), late = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch(request, { signal: stop.signal });
    if (![502, 503, 504].includes(answer.status)) return answer;
    return await kept(SHELL) || answer;
  } catch (problem) {
    const shell = await kept(SHELL);
    if (shell) return shell;
    throw problem;
  } finally { clearTimeout(late); }
}

// One neutral notification for each push. What waits at the same address takes the place of the one before, and is heard again.
addEventListener("push", (event) => event.waitUntil(show(event.data)));

function show(data) {
  const { title, body, path } = told(data);
  return registration.showNotification(title, { body, tag: path, renotify: true, icon: ICON, data: { path } });
}

function told(data) {
  try {
    const found = data.json();
    const whole = ["title", "body", "path"].every((name) => typeof found[name] === "string" && found[name]);
    return whole && new URL(found.path, location.origin).origin === location.origin ? found : PLAIN;
  } catch { return PLAIN; }
}

// What is open already is brought forward. No other page is led away: somebody may be writing on it.
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(new URL(event.notification.data?.path || "/", location.origin).href));
});

async function lead(address) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = pages.find((page) => page.url === address);
  return there ? there.focus() : clients.openWindow(address);
}

// The browser's maker has ended this subscription, or gives another. Signed in or not, the browser says so by its cookie; if the service
// does not want it any more, or cannot be reached, the next message goes by e-mail and the page says that this device was lost.
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event.newSubscription)));

async function renew(given) {
  const answer = await fetch(RENEWED);
  if (!answer.ok) return;
  const { key, token } = await answer.json();
  const subscription = given || await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  await fetch(RENEWED, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(subscription) });
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
