// Notifications on this device: says what this browser can do, and sets them up on a tap. It asks for nothing before that.
const place = document.querySelector("[data-push]");
const form = place?.querySelector("form");
const said = place?.querySelector("[data-push-said]");

const show = (state) => {
  for (const one of place.querySelectorAll("[data-push-state]")) one.hidden = one.dataset.pushState !== state;
};
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const mark = async (words) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words)))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

// An iPhone knows notifications only from its home screen; the page inside any other of its browsers does not say so itself.
const iphone = /iPhone|iPad|iPod/.test(navigator.userAgent) || navigator.standalone !== undefined;
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return registration?.pushManager.getSubscription();
}

async function look() {
  if (!able) { show(iphone && !navigator.standalone ? "home" : "unable"); return; }
  if (Notification.permission === "denied") { show("denied"); return; }
  const found = Notification.permission === "granted" && await subscription().catch(() => null);
  const here = place.dataset.here;
  if (here && found && await mark(found.endpoint) === here) { show("here"); return; }
  show("ready");
  place.querySelector("[data-push-forgotten]").hidden = !here;
}

async function subscribed(key) {
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const old = await pushManager.getSubscription();
  if (old && old.options.applicationServerKey && text(old.options.applicationServerKey) === key) return old;
  await old?.unsubscribe(); // it was made for another key of the service
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
}

async function setUp() {
  const permission = await Notification.requestPermission();
  if (permission === "denied") { show("denied"); return; }
  if (permission !== "granted") { said.textContent = "Nothing was allowed, so nothing has changed. You can try again."; return; }
  form.elements.subscription.value = JSON.stringify(await subscribed(place.dataset.push));
  form.submit();
}

let busy = false;
form?.addEventListener("submit", async (event) => {
  if (form.elements.subscription.value) return; // it is there already, and only the name was missing
  event.preventDefault();
  if (busy) return;
  busy = true;
  said.hidden = false;
  said.textContent = "Asking this browser …";
  try {
    await setUp();
  } catch {
    said.textContent = "This browser could not reach its own notification service, or has it switched off. Nothing has changed. You can try again later, or take another browser.";
  }
  busy = false;
});

if (form) look();
