// What every page does: leave quickly, send once, keep unsent words, Ctrl + Enter, show errors first, say what changed.

document.addEventListener("od:say", (event) => {
  const status = document.getElementById("status"); // of the page that stands here now: js/shell.js puts others in its place
  if (status) status.textContent = event.detail;
});

// Leave quickly. The page is blank at once, however slow the other site is, and Back does not lead here.
document.addEventListener("click", (event) => {
  const leave = event.target.closest("[data-leave]");
  if (!leave || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  document.documentElement.hidden = true;
  document.title = " ";
  location.replace(leave.href);
});

// Errors first, and in the tab as well, for those who hear the title before the page.
const errors = document.querySelector("[data-errors]");
if (errors) {
  errors.focus();
  document.title = `Not saved · ${document.title}`;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-errors] a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  if (field.matches("fieldset")) field.tabIndex = -1;
  (field.closest(".field") || field).scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
});

// A form goes out once. If nothing comes of it (no network, stopped, Back), it can be sent again.
// A form with people's words (data-keep) first asks whether the service can be reached at all: without signal the
// browser would leave the page, and the words with it.
const AGAIN_AFTER = 10000;
const REACH_WITHIN = 4000;
const released = (form) => {
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("[data-held]")) {
    button.removeAttribute("aria-disabled");
    button.removeAttribute("data-held");
  }
};
const held = (form, button) => {
  form.dataset.sending = "yes";
  if (button) { button.setAttribute("aria-disabled", "true"); button.setAttribute("data-held", ""); }
  setTimeout(() => released(form), AGAIN_AFTER);
};
const note = (form, words) => {
  let place = form.querySelector(":scope > [data-note]");
  if (!place) {
    place = document.createElement("p");
    place.className = "notice notice--wait";
    place.setAttribute("role", "status");
    place.dataset.note = "";
    form.append(place);
  }
  place.textContent = words;
};
async function reachable() {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), REACH_WITHIN);
  try { await fetch("/healthz", { cache: "no-store", signal: stop.signal }); return true; } catch { return false; } finally { clearTimeout(late); }
}
async function sendKept(form, button) {
  held(form, button);
  const there = await reachable();
  if (there) await keep(form);
  released(form);
  if (!there) { note(form, "There is no connection. Nothing was sent, and your words are still here. Please try again."); return; }
  form.querySelector(":scope > [data-note]")?.remove();
  form.dataset.reached = "yes";
  form.requestSubmit(button && button.form === form ? button : undefined);
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-offline")) return;
  if (form.dataset.sending) { event.preventDefault(); return; }
  if (form.matches("[data-sign-out]")) {
    forget();
    if (typeof BroadcastChannel === "function") new BroadcastChannel("od.signed-out").postMessage("");
  }
  if (form.matches("[data-keep]")) {
    if (!form.dataset.reached) { event.preventDefault(); sendKept(form, event.submitter); return; }
    delete form.dataset.reached;
  }
  held(form, event.submitter);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest && event.target.closest("form");
  if (form) released(form);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(released));

// Ctrl + Enter sends the form one is writing in.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.form;
  if (form) { event.preventDefault(); form.requestSubmit(); }
});

// Unsent words. Pages are not stored by the browser, so a lost connection would lose what was typed in a form.
// Kept in this tab only, from sending until another page has come, and given back to the same person only: after Back or a reload, or after
// signing in again on the way. Browsers write that to the disk, so it is sealed under a key of the account that comes with each page, and
// pages are nowhere stored. Where nothing can be sealed, nothing is kept.
const KEY = "od.unsent";
const forget = () => { try { sessionStorage.removeItem(KEY); } catch { /* storage is off: nothing is kept */ } };
const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join(""));
const own = () => crypto.subtle.importKey("raw", bytes(document.body.dataset.keepKey), "AES-GCM", false, ["encrypt", "decrypt"]);
// With the words goes what makes them the same ones when they are sent again, and when the call began.
const ALONG = ["uuid", "once", "started_at"];
const fields = (form) => [...form.elements].filter((one) => one.name && (ALONG.includes(one.name) || !["hidden", "password", "file", "submit", "button"].includes(one.type)));
const formKey = (form) => form.id || form.getAttribute("action") || String([...document.forms].indexOf(form));
async function keep(form) {
  const typed = fields(form).map((one) => [one.name, one.type, one.value, one.checked === true]);
  const words = JSON.stringify({ path: location.pathname, form: formKey(form), typed }), iv = crypto.getRandomValues(new Uint8Array(12));
  try {
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await own(), new TextEncoder().encode(words));
    sessionStorage.setItem(KEY, JSON.stringify({ iv: text(iv), sealed: text(sealed) }));
  } catch { forget(); } // no key, no room, no storage
}
function fill(form, typed) {
  return typed.filter(([name, type, value, checked]) => {
    const found = fields(form).filter((one) => one.name === name && one.type === type);
    for (const one of found) {
      if (type === "checkbox" || type === "radio") { if (one.value === value) one.checked = checked; } else one.value = value;
    }
    return !found.length && value;
  });
}
// Rows that were added by hand are added anew, once js/rows.js is there to do it.
function fillRows(form, rest) {
  for (const [name] of rest) {
    const [, rows] = name.match(/^(.+)-\d+-/) || [];
    const button = rows && form.querySelector(`[data-rows="${CSS.escape(rows)}"] [data-rows-add]`);
    for (let tries = 0; button && !form.elements[name] && tries < 40; tries += 1) button.click();
  }
  fill(form, rest);
}
async function giveBack() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEY) || "null"); } catch { forget(); }
  if (!kept) return;
  if (document.body.hasAttribute("data-entrance")) {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept, signedOut: true }));
    return;
  }
  const [visit] = performance.getEntriesByType("navigation");
  const back = kept.signedOut || (visit && visit.type !== "navigate");
  forget();
  if (!back || errors) return;
  try {
    const words = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(kept.iv) }, await own(), bytes(kept.sealed));
    kept = JSON.parse(new TextDecoder().decode(words));
  } catch { return; } // of somebody else
  const form = kept.path === location.pathname && [...document.forms].find((one) => one.hasAttribute("data-keep") && formKey(one) === kept.form);
  if (!form) return;
  const rest = fill(form, kept.typed), more = () => fillRows(form, rest);
  if (rest.length && document.readyState === "complete") more();
  else if (rest.length) addEventListener("load", more);
  note(form, "This may not have arrived. Your words are still here: please send them again.");
}
giveBack();
