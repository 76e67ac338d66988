// On every page of staff: puts today's meetings on this device while there is signal, and takes away what is old, somebody else's, or to be
// left behind at sign-out.

import { ask } from "./kept.js";
import { allPacks, dropVault, forgetEnded, keepAsItStands, over, putPack, sift, signOut, signedOut, vaultOf } from "./packs.js";

const author = document.body.dataset.author;
const OLD = 3 * 60 * 60 * 1000; // milliseconds after which a pack is fetched anew
const PATIENCE = 30000; // milliseconds for the parts to come; until then a meeting is not ready
const SHELL = "/without-signal/";

// What this browser keeps of the service itself is complete.
async function partsKept() {
  try {
    const registration = await navigator.serviceWorker.register("/sw.js", { scope: "/" });
    const enough = new Promise((go) => setTimeout(go, PATIENCE));
    if (!registration.active) await Promise.race([navigator.serviceWorker.ready, enough]);
    return Boolean(registration.active && await caches.match(SHELL));
  } catch { return false; }
}

const own = (pack) => pack.author === author;
const same = (pack, meeting, version, vault) => pack && pack.stamp === meeting.stamp && pack.version === version
  && Boolean(pack.sealed) === Boolean(vault) && Date.now() - pack.came < OLD;

async function fetched(uuid, vault) {
  const nameless = await ask(`/meetings/${uuid}/prepare/nameless/`, "");
  if (nameless.code !== 200) return null;
  const named = vault ? await ask(`/meetings/${uuid}/prepare/`, "") : {};
  if (vault && named.code !== 200) return null;
  const { name, where, page, record } = named;
  return { nameless: nameless.record, pages: { name, where, page, record } };
}

export async function prepare() {
  await sift((pack) => !over(pack));
  const today = signedOut() ? {} : await ask("/on-this-device/today/", "");
  if (signedOut()) { await forgetEnded(); return; }
  if (today.code === 404) { await dropVault(author); return; } // of this service no more
  if (today.code !== 200 || today.author !== author) return;
  const wanted = new Map(today.meetings.map((one) => [one.uuid, one]));
  await sift((pack) => own(pack) && wanted.has(pack.meeting));
  const vault = await vaultOf(author);
  const packs = new Map((await allPacks()).map((pack) => [pack.meeting, pack]));
  for (const meeting of today.meetings) {
    if (same(packs.get(meeting.uuid), meeting, today.version, vault)) continue;
    const got = await fetched(meeting.uuid, vault).catch(() => null); // what is not here is said (ready.js)
    if (signedOut()) return;
    if (!got) continue;
    const { uuid, at, until, stamp } = meeting;
    await putPack({ author, meeting: uuid, at, until, stamp, version: today.version, came: Date.now(), nameless: got.nameless }, got.pages, vault);
  }
  return today;
}

// What has come of it is said where meetings are shown (ready.js).
const hears = [];
let known = null;
export function whenPrepared(work) {
  hears.push(work);
  if (known) work(...known);
}
export async function prepareAndTell() {
  const alone = navigator.locks ? navigator.locks.request("preparing", prepare) : prepare();
  const today = await alone.catch(() => null);
  if (!today) return today;
  known = [today, await partsKept()];
  await Promise.all(hears.map((work) => work(...known)));
  return today;
}

// At sign-out first everything goes that could be opened again; what was written and is not sent stays, sealed.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-sign-out]") || form.dataset.emptied) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  await signOut();
  form.dataset.emptied = "yes";
  form.requestSubmit(event.submitter);
}, true);

// Where there is signal again, something may have changed, or come to an end.
addEventListener("online", prepareAndTell);

// What is somebody else's goes by the word of the service alone: by this page as it comes, and by each list of today. A page that has been
// open for long may be of somebody who is not signed in any more.
if (author && window.indexedDB) sift(own).catch(() => {});
if (author && window.indexedDB && !document.getElementById("lock")) {
  const record = document.getElementById("record"), writes = document.getElementById("composer"); // not yet long before its hour
  prepareAndTell().then(() => { if (writes) keepAsItStands(author, record.dataset.meeting); });
}
