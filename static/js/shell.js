// A cold start without signal. Nothing is known here but what lies on this device: the hours of today's meetings, a record that names
// nobody, and, under the lock, the pages with names. What is opened is the page that the service made, in this document.

import { clock } from "./kept.js";
import { allPacks, boundNow, boundPages, giveBackTyped, keepAsItStands, over, sift, vaultOf, whenSignedOut } from "./packs.js";
import { unlock, unseal } from "./vault.js";

const own = document.body; // to come back to
const shell = document.getElementById("shell");
const scripts = { ...shell.dataset };
const part = (id) => document.getElementById(id);
const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
const ADDRESS = /^\/meetings\/([0-9a-f-]{36})\/(record\/)?/;

let packs = [], vault = null, key = null, shown = location.pathname;
const names = new Map(); // of meetings, once opened

const asked = () => {
  const [, uuid, record] = location.pathname.match(ADDRESS) || [];
  return { uuid, what: record ? "record" : "page", pack: packs.find((pack) => pack.meeting === uuid) };
};
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const about = ({ at }) => `A meeting ${new Date(at).toDateString() === new Date().toDateString() ? "" : `on ${weekday.format(at)} `}at ${hour.format(at)}`;

function say(text) { part("shell-said").textContent = text; }
function show() {
  const { uuid, what, pack } = asked();
  const locked = packs.some((one) => one.sealed) && !key;
  part("shell-lock").hidden = !locked;
  part("by-passkey").hidden = vault?.way.kind !== "passkey";
  part("by-words").hidden = vault?.way.kind !== "words";
  part("shell-nameless").hidden = !pack;
  if (!packs.length) say("There is no meeting on this device. What you have written before stays here, sealed, and is sent when there is signal again.");
  else if (pack && pack.sealed && !key) say(`${about(pack)}. It is on this device, locked.`);
  else if (pack) say(what === "page" ? `${about(pack)}. Its place and its people are not on this device, because it has no lock. You can write the record.` : about(pack));
  else if (uuid) say("This meeting is not on this device. These are:");
  else say(locked ? "These meetings are on this device, locked." : "These meetings are on this device.");
  const listed = pack ? [] : packs;
  part("shell-list").hidden = !listed.length;
  part("shell-list").replaceChildren(...listed.map(row));
  if (pack && !pack.sealed && what === "page") part("shell-list").replaceChildren(row(pack));
  part("shell-list").hidden = !part("shell-list").childElementCount;
}
function row(pack) {
  const item = element("li", "", { className: "sheet stack-tight" }), name = names.get(pack.meeting);
  const title = element("h2", about(pack));
  if (name) title.append(", ", element("bdi", name.name));
  item.append(title);
  if (name) item.append(element("p", name.where));
  const links = element("p", "", { className: "row" });
  links.append(element("a", "Record it", { href: `/meetings/${pack.meeting}/record/`, className: "button" }));
  if (pack.sealed) links.append(element("a", "Place and people", { href: `/meetings/${pack.meeting}/` }));
  item.append(links);
  return item;
}

// Opening.
async function open(words) {
  const error = part("shell-error");
  error.hidden = true;
  try {
    key = await unlock(vault, words);
    if (!key) error.textContent = words === undefined ? "This passkey did not open it." : "This is not the passphrase. Look at capital letters and spaces, and try again.";
  } catch { error.textContent = "That did not work, or you stopped it. You can try again, or write without opening it."; }
  error.hidden = Boolean(key);
  if (!key) return;
  for (const pack of packs) {
    const pages = pack.sealed && await unseal(pack.sealed, boundPages(pack), vault, key).catch(() => null);
    if (pages) names.set(pack.meeting, pages);
  }
  const { pack } = asked();
  if (pack && names.has(pack.meeting)) await enter();
  else show();
}
async function enter() {
  const { pack, what } = asked(), pages = names.get(pack.meeting);
  const now = what === "record" && pack.now ? await unseal(pack.now, boundNow(pack), vault, key).catch(() => null) : null;
  if (now && pack.nowAt > pack.came) {
    await turnInto(now.body, pack, pack.nowAt, true);
    await tellOfMore(now, pack);
  } else await turnInto(pages[what], pack, pack.came);
}

// A browser that is killed within the half second before the page is saved anew has kept more than stands here: that is said, so that nobody
// writes or taps it once more. Words whose draft is gone went the way of a kept line; they are taken out of the box, and can be put back.
const NOTE = "[data-kept-since]";
async function tellOfMore({ at, body }, { meeting }) {
  const { device, hears } = await import(scripts.recorded);
  await device.ready;
  const more = device.rows().filter((one) => one.meeting === meeting && one.n > at && !body.includes(one.uuid));
  if (more.length) {
    const drafted = (await device.drafts()).some((one) => (one.of || one.meeting) === meeting && (one.box || "composer") === "composer");
    part("main").append(noteOf(more, drafted ? "" : takeOut()));
  }
  const waits = (uuid) => device.rows().some((one) => one.uuid === uuid && !one.refused);
  const look = () => {
    for (const note of document.querySelectorAll(NOTE)) {
      if (!note.dataset.keptSince.split(" ").some(waits)) note.querySelector("[data-said]")?.remove();
      if (!note.childElementCount) note.remove();
    }
  };
  hears.changed.push(look);
  look();
  for (const button of document.querySelectorAll(`${NOTE} button`)) button.addEventListener("click", () => putBack(button.closest(NOTE)));
}
function noteOf(more, words) {
  const note = element("div", "", { className: "notice notice--wait stack-tight" }), [were, stand] = more.length === 1 ? ["entry was", "does"] : ["entries were", "do"];
  note.dataset.keptSince = more.map(({ uuid }) => uuid).join(" ");
  const said = element("p", `${more.length} ${were} kept on this phone just before this page was closed, and ${stand} not stand here. Do not write or tap it again: it is here once it is at the service.`);
  said.dataset.said = "";
  said.setAttribute("role", "status");
  note.append(said);
  if (words) {
    note.append(element("p", "These words stood in the box. Most likely they are kept:"), element("p", words, { className: "voice voice--small", dir: "auto" }),
      element("button", "They are not kept: put them back into the box", { className: "link", type: "button" }));
  }
  return note;
}
const typed = (box, words) => { box.value = words; box.dispatchEvent(new Event("input", { bubbles: true })); };
function takeOut() {
  const { elements } = part("composer"), words = elements.text.value.trim();
  if (!words) return "";
  if (!part("changing").hidden) part("changing").querySelector("button").click();
  for (const one of document.querySelectorAll("#composer [name=voice]:checked:not(#whose-other)")) one.checked = false;
  typed(elements.text, "");
  return words;
}
function putBack(note) {
  const box = part("composer").elements.text;
  typed(box, [note.querySelector(".voice").textContent, box.value.trim()].filter(Boolean).join("\n"));
  for (const one of [...note.children]) if (!("said" in one.dataset)) one.remove();
  if (!note.childElementCount) note.remove();
  box.focus();
}

// The page of the service takes the place of this one. Its scripts are those that this device keeps, of one version with this page.
async function turnInto(html, pack, since, asItStood = false) {
  const page = new DOMParser().parseFromString(html, "text/html"), record = page.getElementById("record");
  for (const one of page.querySelectorAll("script:not([type='application/json']), #from-device")) one.remove();
  page.getElementById("clock-watch")?.replaceChildren();
  if (record) {
    delete record.dataset.now; // of another moment than this one
    if (asItStood) record.dataset.asItStood = "yes";
  } else {
    for (const one of page.querySelectorAll("form, [data-online]")) one.remove(); // they need the service
    page.querySelector(".bar").replaceWith(own.querySelector(".bar").cloneNode(true));
  }
  const at = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: record?.dataset.zone }).format(since);
  const words = record && html === pack.nameless ? "Nobody is named here. Whoever is in the room and has no button is written down by hand, under “Somebody else”."
    : `This is from ${at}, as it was put on this device.`;
  const note = element("p", `No connection. ${words}`, { id: "from-device", className: "hint" });
  page.getElementById("main").prepend(note);
  document.title = record ? "Record" : "Meeting";
  document.body.replaceWith(document.adoptNode(page.body));
  scrollTo({ top: record ? document.documentElement.scrollHeight : 0 });
  giveBackTyped();
  if (pack.offset !== null && !clock.measured) Object.assign(clock, { offset: pack.offset, measured: true });
  await import(scripts.page);
  if (!record) return;
  const opened = pack.sealed && key;
  key = null; // from here one leaves the usual way, and what is locked is locked
  names.clear();
  await import(scripts.record);
  if (opened) await keepAsItStands(pack.author, pack.meeting);
}

// From one page on this device to the other without locking it in between.
addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[href]"), [, uuid] = link?.pathname.match(ADDRESS) || [];
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!names.has(uuid) && !(link.pathname === "/" && key)) return;
  event.preventDefault();
  history.pushState(null, "", link.pathname);
  shown = link.pathname;
  if (uuid) { await enter(); return; }
  document.body.replaceWith(own);
  document.title = "No connection";
  show();
});
addEventListener("popstate", () => { if (location.pathname !== shown) location.reload(); }); // a record turns its own leaves
addEventListener("online", () => { if (shell.isConnected) location.reload(); });
whenSignedOut(() => { if (!part("record")) location.replace("/accounts/logout/"); }); // a record hears of it itself (record.js)

part("by-passkey").addEventListener("submit", (event) => { event.preventDefault(); open(); });
part("by-words").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = part("words"), words = field.value;
  if (!words.trim()) { field.focus(); return; }
  const button = event.submitter;
  button?.setAttribute("aria-disabled", "true");
  field.value = "";
  await open(words);
  button?.removeAttribute("aria-disabled");
  if (field.isConnected) field.focus();
});
part("shell-nameless").querySelector("button").addEventListener("click", () => {
  const { pack } = asked();
  turnInto(pack.nameless, pack, pack.came);
});
part("shell-again").addEventListener("click", () => location.reload());

try {
  await sift((pack) => !over(pack));
  packs = await allPacks();
  vault = packs.length ? await vaultOf(packs[0].author) : null;
  const { pack, what } = asked();
  if (pack && !pack.sealed && what === "record") await turnInto(pack.nameless, pack, pack.came);
  else show();
} catch { say("This browser keeps nothing on this device."); }
