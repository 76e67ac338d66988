{% load static %}// The service worker: shows that something waits while no page is open, and opens what was tapped.
// It keeps nothing: no page, no answer, no word. It handles no "fetch", so that pages work the same with and without it.

const ICON = "{% static "icons/home.png" %}";
const PLAIN = { title: "You have a message", body: "Sign in to see it.", path: "/" };
const RENEWED = "{% url "renew_browser" %}";

addEventListener("install", () => skipWaiting());

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
