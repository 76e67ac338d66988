// What is prepared on this device, one pack for each meeting of today: its hour, a record to write in that names nobody, and, where there
// is a lock (vault.js), the pages with names, sealed. One account at a time: whoever else signs in empties it.

import { clock, seal } from "./kept.js";
import { storeOf } from "./store.js";

const SOON = 500;

const within = storeOf("prepared", ["packs", "vaults"], (made) => {
  made.createObjectStore("vaults", { keyPath: "author" });
  made.createObjectStore("packs", { keyPath: ["author", "meeting"] });
});

// All of it goes when nobody of staff is signed in here any more: at sign-out, in all windows, and when a cookie of the service says so
// (opendialogue/limits.py). Others hear of it first: what they were about to put here is not put any more, or goes when they hear.
const MARK = /(?:^|; )((?:__Host-)?ended)=/;
const windows = typeof BroadcastChannel === "function" ? new BroadcastChannel("od.signed-out") : null;
let left = false; // heard in this window: what is here later is of who signed in after that, and not this window's to put or to take
const ended = () => MARK.test(document.cookie);
export const signedOut = () => left || ended();
const forgetAll = () => within("readwrite", (packs) => { packs.clear(); }).catch(() => {});
export const forgetEnded = async () => { if (ended()) await forgetAll(); };
export function signOut() {
  left = true;
  windows?.postMessage("");
  return forgetAll();
}
export const whenSignedOut = (work) => windows?.addEventListener("message", work);
whenSignedOut(() => { left = true; forgetAll(); });
if (ended()) {
  forgetAll().then(() => {
    const [, name] = document.cookie.match(MARK) || [];
    if (name && document.body.dataset.me) document.cookie = `${name}=; Path=/; Max-Age=0${name === "ended" ? "" : "; Secure"}`;
  });
}

export const allPacks = async () => (await within("readonly", (packs) => packs.getAll())).sort((a, b) => a.at - b.at);
export const vaultOf = (author) => within("readonly", (_, vaults) => vaults.get(author));
export const putVault = (vault) => within("readwrite", (_, vaults) => { vaults.put(vault); });
export const dropVault = (author) => within("readwrite", (packs, vaults) => { vaults.delete(author); packs.clear(); });
// A day after its meeting, by the time of the service as it was known when the pack came.
export const over = (pack) => pack.until <= Date.now() - (pack.offset || 0);
export const sift = (stays) => within("readwrite", (packs) => {
  packs.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (!stays(cursor.value)) cursor.delete();
    cursor.continue();
  };
});

const bound = (what, { author, meeting }) => [what, author, meeting].join("\n");
export const boundPages = (pack) => bound("pages", pack), boundNow = (pack) => bound("now", pack);

export async function putPack(pack, pages, vault) {
  const whole = { ...pack, offset: clock.measured ? clock.offset : null };
  if (vault) whole.sealed = await seal(pages, boundPages(pack), vault.point);
  await within("readwrite", (packs) => {
    packs.get([pack.author, pack.meeting]).onsuccess = ({ target: { result: old } }) => {
      if (!signedOut()) packs.put(vault && old?.now ? { ...whole, now: old.now, nowAt: old.nowAt } : whole);
    };
  });
}

// What somebody typed or chose stands in no markup: it goes along beside it, and back.
const FIELDS = "input, textarea, option";
const sides = (field) => (field.matches("option") ? ["selected", "defaultSelected"]
  : field.matches("[type=radio], [type=checkbox]") ? ["checked", "defaultChecked"] : ["value", "defaultValue"]);
function asItStands() {
  const body = document.body.cloneNode(true), copies = body.querySelectorAll(FIELDS);
  delete body.querySelector("#record").dataset.ready;
  body.querySelector("#sent").textContent = ""; // by then something else may wait
  document.body.querySelectorAll(FIELDS).forEach((field, at) => {
    const [now, before] = sides(field);
    if (field[now] !== field[before]) copies[at].dataset.typed = JSON.stringify(field[now]);
  });
  return body.outerHTML;
}
export function giveBackTyped() {
  for (const field of document.querySelectorAll("[data-typed]")) {
    field[sides(field)[0]] = JSON.parse(field.dataset.typed);
    delete field.dataset.typed;
  }
}

// The record as it stands on the page, sealed twice a second while it changes: opened again without signal, it is where it was.
export async function keepAsItStands(author, meeting) {
  let timer = 0;
  const save = async () => {
    timer = 0;
    if (signedOut()) { await forgetEnded(); return; }
    const vault = await vaultOf(author);
    if (!vault) return;
    const now = await seal({ at: Date.now(), body: asItStands() }, boundNow({ author, meeting }), vault.point);
    await within("readwrite", (packs) => {
      packs.get([author, meeting]).onsuccess = ({ target: { result: pack } }) => { if (pack?.sealed && !signedOut()) packs.put({ ...pack, now, nowAt: Date.now() }); };
    });
  };
  const soon = () => { timer ||= setTimeout(() => save().catch(() => {}), SOON); };
  new MutationObserver(soon).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  document.addEventListener("input", soon);
  addEventListener("visibilitychange", () => { if (document.hidden && timer) { clearTimeout(timer); save().catch(() => {}); } });
  soon();
}
