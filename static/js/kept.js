// What was written on this device and is not at the service yet: sealed to the service's key, so that nobody reads it here again, its
// author included (docs/adr/0012), sent in the order it was written, deleted once the service has it. What it does not take stays, with the
// reason.

import { storeOf } from "./store.js";

const PATIENCE = 20000, FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000;
const MOST = 10, HEAVIEST = 120000; // entries and characters that go out at a time: a slow line has them across before patience ends
const GIVE_UP = 6; // failures of the service itself over one entry, after which it lets the others pass

export const bytes = (text) => new TextEncoder().encode(text);
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) { whole.set(new Uint8Array(part), at); at += part.byteLength; }
  return whole;
}
export const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
export function encode(parts) {
  let text = "";
  for (let at = 0; at < parts.length; at += 8192) text += String.fromCharCode(...parts.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
export const newId = () => (crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g,
  (c) => (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16)));

// Sealing. The length says nothing either: words are filled up to full blocks. The key of the next entry is made ahead: whoever has written
// something waits for the disk alone.
export const CURVE = { name: "ECDH", namedCurve: "P-256" }, AES = { name: "AES-GCM", length: 256 };
const ahead = new Map(); // by the service's key
async function makeKey(to) {
  const service = decode(to), pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const ours = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { ours, key: await sharedKey(pair.privateKey, service, join(ours, service), "encrypt") };
}
// What one's private key and the other's public one make, for the two public ones in `between`.
export async function sharedKey(own, other, between, use) {
  const point = await crypto.subtle.importKey("raw", other, CURVE, false, []);
  const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: point }, own, 256);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const derive = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: join(bytes("opendialogue sealed 1"), between) };
  return crypto.subtle.deriveKey(derive, material, AES, false, [use]);
}
function keyFor(to) {
  const next = ahead.get(to) || makeKey(to);
  ahead.delete(to);
  return next;
}
function makeAhead(to) {
  if (ahead.has(to)) return;
  const next = makeKey(to);
  ahead.set(to, next);
  next.catch(() => ahead.delete(to));
}
export async function seal(fields, bound, to) {
  const { ours, key } = await keyFor(to);
  const words = bytes(JSON.stringify(fields)), block = new Uint8Array(Math.ceil(words.length / 512) * 512).fill(32);
  block.set(words);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: bytes(bound) }, key, block);
  return encode(join(ours, nonce, sealed));
}

// The store.
const within = storeOf("kept", ["entries", "drafts"], (made) => {
  made.createObjectStore("entries", { keyPath: "n" }).createIndex("author", "author");
  made.createObjectStore("drafts", { keyPath: ["author", "meeting"] });
}, { strict: true });

// One question to the service, and how far this device's clock is off (ours minus the service's), measured with it.
export const clock = { offset: 0, measured: false };
const measure = (from, to, now) => { if (now) Object.assign(clock, { offset: Math.round((from + to) / 2 - now), measured: true }); };
// The same of the page itself, as it came.
export function measurePage(now) {
  const [visit] = performance.getEntriesByType("navigation");
  const came = visit && visit.responseStart ? performance.timeOrigin + visit.responseStart : Date.now();
  measure(came, came, Number(now));
}
export async function ask(url, token, options = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  const from = Date.now();
  try {
    const response = await fetch(url, { redirect: "manual", signal: stop.signal, ...options, headers: { Accept: "application/json", "X-CSRFToken": token } });
    const json = (response.headers.get("Content-Type") || "").startsWith("application/json") ? await response.json() : {};
    measure(from, Date.now(), json.now);
    return { ...json, code: response.type === "opaqueredirect" ? 302 : response.status };
  } finally { clearTimeout(timer); }
}

// What has to be known of this device before a meeting, not after. Nothing when all is well.
const FAR_OFF = 120000, LITTLE_ROOM = 50 * 1024 * 1024;
const span = (ms) => {
  const minutes = Math.round(Math.abs(ms) / 60000), hours = Math.floor(minutes / 60);
  return [hours && `${hours} h`, (minutes % 60 || !hours) && `${minutes % 60} min`].filter(Boolean).join(" ");
};
export function clockWords() {
  if (!clock.measured || Math.abs(clock.offset) <= FAR_OFF) return "";
  return `The clock of this device is ${span(clock.offset)} ${clock.offset > 0 ? "ahead" : "behind"}. What you write gets the right time.`;
}
export const room = { persistent: true, free: Infinity };
export async function askForRoom() {
  try {
    room.persistent = (await navigator.storage.persisted()) || (await navigator.storage.persist());
    const { quota, usage } = await navigator.storage.estimate();
    if (quota) room.free = quota - usage;
  } catch { room.persistent = false; }
}
export const roomWords = () => (room.free < LITTLE_ROOM ? `There is little room left on this device: ${Math.max(0, Math.floor(room.free / 1048576))} MB. Make room before the meeting.` : "");
export const clearWords = () => (room.persistent ? "" : "This browser may clear what waits here after a week. Open it again before, where there is signal.");

const reasons = {
  400: "It is too long, or could not be read.", 403: "You cannot write in this record any more.",
  404: "This meeting cannot be found any more.", 413: "It is too long.", 500: "The service could not take it just now.",
};

// What one author has on this device. `page` knows the token, how to get a fresh one, and is told of every change.
export function keptBy(author, page) {
  const made = new Map(); // what was written in this page, by its id: with words, and with what the page does next
  const loose = []; // what could not be stored: in this page only
  const others = typeof BroadcastChannel === "function" ? new BroadcastChannel("kept") : null;
  let rows = [], fresh = false, written = 0, last = 0, pending = 0;
  let sending = false, again = false, timer = 0, pause = FIRST_PAUSE, most = MOST, failed = 0;
  const device = { rows: () => [...rows, ...loose], reachable: true, unwell: false, stopped: "", broken: false, loose: () => loose.length + pending, unstored: () => loose.length };
  device.waiting = (meeting) => new Set([...device.rows().filter((one) => !one.refused), ...[...made.values()].filter((one) => !one.refused)]
    .filter((one) => !meeting || one.meeting === meeting).map((one) => one.uuid)).size;
  // Taps of this page; and whatever else waits for this meeting, from before or from another window: nobody can look into it here.
  device.tapsWait = (meeting) => [...made.values()].some((one) => one.tap && !one.refused)
    || rows.some((one) => one.meeting === meeting && !one.refused && !made.has(one.uuid));
  device.refused = (meeting) => device.rows().filter((one) => one.refused && (!meeting || one.meeting === meeting));

  // A fault of the page in hearing of it is told to the browser, and ends no storing and no sending.
  const tell = async (what) => { try { await what(); } catch (error) { Promise.reject(error); } };
  async function look() {
    const refused = [];
    try {
      fresh = Boolean(others); // until another page says that something changed
      let before = 0;
      do { before = written; rows = await within("readonly", (entries) => entries.index("author").getAll(author)); } while (before !== written);
      // What another window has sent: taken, or refused.
      for (const [uuid, item] of [...made].filter(([, one]) => one.stored)) {
        const row = rows.find((one) => one.uuid === uuid);
        if (!row) { made.delete(uuid); item.elsewhere = true; } else if (row.refused && !item.refused) refused.push([row, item]);
        item.refused = Boolean(row?.refused);
      }
      last = rows.reduce((most, one) => Math.max(most, one.n), last);
      device.broken = false;
    } catch { device.broken = true; fresh = false; } // what was seen before still counts
    for (const [entry, item] of refused) await tell(() => page.settled({ uuid: entry.uuid, done: false, sentence: entry.refused, entry, fields: item.fields }, item, {}));
    tell(page.changed);
  }
  const changed = () => { others?.postMessage("changed"); return look(); };
  others?.addEventListener("message", () => { fresh = false; look(); });
  // In the order of writing, in all windows of this browser; a fraction of its own for each, so that no two are the same.
  const own = Math.random();
  const next = () => { last = Math.floor(Math.max(last + 1, Date.now())) + own; return last; };
  // Drafts wait for what was said before, and nothing that is said for a draft that is still on its way to the disk.
  const turns = {};
  const inTurn = (row, work) => { pending += 1; turns[row] = Promise.allSettled([turns[row], turns.entries]).then(work).finally(() => { pending -= 1; }); return turns[row]; };
  device.atRest = () => Promise.all(Object.values(turns));

  const bound = (entry) => [entry.key, entry.case, entry.meeting, entry.author, entry.uuid].join("\n");
  async function sealed(entry, fields, to) {
    const whole = { ...entry, author, key: to.name };
    return { ...whole, sealed: await seal(fields, bound(whole), to.key) };
  }

  // All at once: the entry is there, and what it was written in, or is instead of, is not.
  device.keep = (item) => {
    made.set(item.uuid, item);
    if (item.box) latest.set(placeOf(item), item);
    return inTurn("entries", async () => {
      const entry = { uuid: item.uuid, meeting: item.meeting, case: item.case };
      try {
        const whole = await sealed(entry, item.fields, item.to);
        const before = rows.find((one) => one.uuid === item.instead);
        whole.n = next();
        await within("readwrite", (entries, drafts) => {
          entries.add(whole);
          if (item.box) drafts.delete([author, placeOf(item)]);
          if (before) entries.delete(before.n);
        });
        item.stored = true;
        rows = [...rows.filter((one) => one.uuid !== item.instead), whole];
        written += 1;
        if (item.instead) made.delete(item.instead);
        others?.postMessage("changed");
      } catch { // no room, no store, no key: it lives in this page until it is sent
        loose.push({ ...entry, author, open: item.fields, n: next() });
        item.stored = false;
      }
      tell(page.changed);
      device.send();
      if (item.to) makeAhead(item.to.key);
    });
  };
  // Taken back, as long as it has not gone out. Says whether it was still here.
  device.takeBack = (uuid) => alone(async () => {
    await look();
    const here = device.rows().some((one) => one.uuid === uuid);
    if (here) await device.drop(uuid);
    return here;
  });

  // What is being written in one of the forms, once a second: sealed like the rest, and given back by the service when the page is opened
  // again. Each window has a place of its own for it, and a lock of that name as long as it is there.
  device.window = newId();
  const placeOf = ({ meeting, box }) => `${meeting} ${device.window} ${box}`;
  const latest = new Map(); // what was last made an entry in each place: a draft from before it comes too late
  device.draft = (entry, fields, to) => {
    const place = entry.sealed ? entry.meeting : placeOf(entry); // one that was found on the disk lies where it was found
    const before = latest.get(place);
    return inTurn("drafts", async () => {
      try {
        const whole = fields && await sealed({ uuid: newId(), ...entry }, { do: "draft", ...fields }, to);
        if (to) makeAhead(to.key);
        if (latest.get(place) === before) await within("readwrite", (_, drafts) => {
          if (whole) drafts.put({ ...whole, of: entry.meeting, meeting: place, window: device.window, n: next() }); else drafts.delete([author, place]);
        });
        return true;
      } catch { return false; }
    });
  };
  device.drafts = async () => (await within("readonly", (_, drafts) => drafts.getAll()).catch(() => [])).filter((one) => one.author === author);
  // Those of windows that have gone, the oldest first.
  device.left = async (meeting) => {
    const held = navigator.locks ? (await navigator.locks.query()).held : [];
    return (await device.drafts()).sort((a, b) => (a.n || 0) - (b.n || 0))
      .filter((one) => (one.of || one.meeting) === meeting && one.window !== device.window && !held.some(({ name }) => name === one.window));
  };
  // Its words, or null where the service does not give them. Fails without an answer.
  device.open = async ({ of, ...draft }) => {
    const { results: [found] } = await post([{ ...draft, meeting: of || draft.meeting }]);
    return found.done ? found.fields : null;
  };

  const post = (chosen) => ask(`/meetings/${chosen[0].meeting}/record/entries/`, page.token(), {
    method: "POST",
    body: JSON.stringify({ author, offset_ms: clock.measured ? clock.offset : 0, entries: chosen.map(({ n, ...entry }) => ({ ...entry, waited: made.get(entry.uuid)?.tried !== 0 })) }),
  });

  function chosenNext() {
    const all = device.rows().filter((entry) => !entry.refused).sort((a, b) => a.n - b.n);
    const chosen = [];
    let weight = 0;
    for (const entry of all) {
      weight += (entry.sealed || entry.open.text || "").length;
      if (entry.meeting !== all[0].meeting || chosen.length === most || (chosen.length && weight > HEAVIEST)) break;
      chosen.push(entry);
    }
    return chosen;
  }
  async function settle(results, answer) {
    const known = new Map(device.rows().map((entry) => [entry.uuid, entry]));
    const settled = results.filter((one) => known.has(one.uuid)), items = settled.map((one) => made.get(one.uuid));
    if (!settled.length) return false;
    await within("readwrite", (entries) => {
      for (const one of settled) {
        const { n, open: words, ...entry } = known.get(one.uuid);
        if (!words) { if (one.done) entries.delete(n); else entries.put({ ...entry, n, refused: one.sentence }); }
      }
    });
    // All of it is so before the page hears of the first: it looks at what still waits.
    written += 1;
    for (const [n, one] of settled.entries()) {
      const at = loose.findIndex((entry) => entry.uuid === one.uuid), item = items[n];
      if (at >= 0) { if (one.done) loose.splice(at, 1); else loose[at].refused = one.sentence; }
      if (one.done) made.delete(one.uuid); else if (item) item.refused = true;
      rows = rows.flatMap((row) => (row.uuid !== one.uuid ? [row] : one.done ? [] : [{ ...row, refused: one.sentence }]));
    }
    for (const [n, one] of settled.entries()) {
      await tell(() => page.settled({ ...one, entry: known.get(one.uuid), fields: items[n]?.fields || one.fields }, items[n], answer));
    }
    await changed();
    return true;
  }
  async function batch() {
    if (!fresh) await look();
    const chosen = chosenNext();
    if (!chosen.length || device.stopped) return false;
    let answer = null;
    try { answer = await post(chosen); } catch { /* no signal, or no answer in time */ }
    for (const entry of chosen) { const item = made.get(entry.uuid); if (item) item.tried += 1; }
    const code = answer ? answer.code : 0;
    if (code === 302 || code === 409) { device.stop(code === 302 ? "out" : "other"); return false; }
    if (code === 500) { most = 1; if (chosen.length === 1) failed += 1; }
    device.unwell = code === 429 || code >= 500; // there is a connection, and no answer to speak of
    if (!code || code === 429 || (code >= 500 && failed < GIVE_UP)) { later(); return false; }
    device.reachable = true;
    // Nothing is refused for want of a token: a new sign-in has a new one, and two answers at once may have brought two.
    if (answer.stale) { await page.freshToken(); again = false; if (!device.stopped) later(true); return false; }
    pause = FIRST_PAUSE;
    failed = 0;
    if (chosen.length > 1 && (code === 400 || code === 413)) { most = 1; return true; }
    const whole = code < 300 ? answer.results || [] : chosen.map(({ uuid }) => ({ uuid, done: false, sentence: reasons[code] || "The service did not take it." }));
    if (await settle(whole, answer).catch(() => false)) { most = code < 300 ? MOST : most; return true; }
    later();
    return false;
  }
  function later(reachable = false) {
    device.reachable = reachable;
    clearTimeout(timer);
    timer = setTimeout(device.send, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
    tell(page.changed);
  }
  const alone = (work) => (navigator.locks ? navigator.locks.request("kept", work) : work()); // one page of this browser at a time

  device.send = async () => {
    clearTimeout(timer);
    if (sending) { again = true; return; }
    sending = true;
    try { await alone(async () => { while (!device.stopped && await batch()); }); } finally { sending = false; }
    if (again) { again = false; device.send(); }
  };
  device.soon = () => { pause = FIRST_PAUSE; device.send(); };
  device.stop = (why) => { device.stopped = why; tell(page.changed); };
  device.goOn = () => { device.stopped = ""; device.soon(); };
  // What was not taken is tried again: a key may have come back, or the right to write.
  device.retry = async (meeting) => {
    const refused = rows.filter((entry) => entry.refused && (!meeting || entry.meeting === meeting));
    fresh = false;
    if (refused.length) await within("readwrite", (entries) => { for (const { refused: _, ...entry } of refused) entries.put(entry); }).catch(() => {});
    device.send();
  };
  device.drop = async (uuid) => {
    const entry = rows.find((one) => one.uuid === uuid), at = loose.findIndex((one) => one.uuid === uuid);
    if (entry) await within("readwrite", (entries) => { entries.delete(entry.n); });
    if (at >= 0) loose.splice(at, 1);
    made.delete(uuid);
    await changed();
  };
  device.ready = look();
  addEventListener("online", device.soon);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) device.send(); });
  return device;
}
