// What the parts of the record page share: the page itself, what it says, and how something that was done becomes an entry.

import { clock as deviceClock, keptBy, newId } from "./kept.js";

export const root = document.getElementById("record");
export const lines = document.getElementById("lines");
export const { author, meeting, person, personKey } = root.dataset;
export const hereIs = { meeting, case: root.dataset.case };
export const to = root.dataset.sealTo ? { key: root.dataset.sealTo, name: root.dataset.sealName } : null;
export const SAY = JSON.parse(document.getElementById("say")?.textContent || "{}");

export const say = (detail) => document.dispatchEvent(new CustomEvent("od:say", { detail }));
export const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });
export const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: root.dataset.zone || undefined });
export const now = () => new Date(Date.now() - deviceClock.offset);

// What is done by each part when something is heard: of what was sent, of who is in the room, of every change on the device.
export const hears = { settled: [], changed: [], room: [] };
const all = (parts, ...what) => parts.map((part) => part(...what));
export const token = { now: document.querySelector("[name=csrfmiddlewaretoken]")?.value || "", fresh: async () => false }; // says whether the service answered
export const device = keptBy(author, {
  token: () => token.now,
  freshToken: () => token.fresh(),
  changed: () => all(hears.changed),
  // Entries of all meetings go out from whichever page is open: what became of those of another meeting is no business of this one.
  settled: (...what) => what[0].entry.meeting === meeting && Promise.all(all(hears.settled, ...what)),
});

// This window's place for what is being written. Loaded anew under the lock (shell.js), it goes on in the one that it had, where the words
// of this page are; unless they stand in another window, too.
const hold = (name) => new Promise((held) => {
  navigator.locks.request(name, { ifAvailable: true }, (lock) => { held(Boolean(lock)); return lock && new Promise(() => {}); }).catch(() => held(false));
});
async function takePlace() {
  if (!navigator.locks) return;
  if (root.dataset.window && await hold(root.dataset.window)) device.window = root.dataset.window;
  else await hold(device.window);
  root.dataset.window = device.window;
}
export const placed = takePlace();

// An entry: whatever is done on this page. All wait in one row, so that no decision overtakes an arrival, and no close a line.
export const mine = new Map(); // what this page shows and the service does not have yet, by its id
let last = { moment: -Infinity, offset: null };
// When something is done, and how far off the clock is. What is done later stays later, however the clock is measured in between.
function moment() {
  const at = Date.now();
  let offset = deviceClock.measured ? deviceClock.offset : null;
  if (last.offset !== null && at - offset <= last.moment) offset = last.offset;
  last = { moment: at - offset, offset };
  return { said_at: new Date(at).toISOString(), offset_ms: offset === null ? "" : String(offset) };
}
export function add(fields, entry = {}) {
  const item = { uuid: newId(), ...hereIs, to, tried: 0, ...entry };
  item.fields = { ...fields, ...moment() };
  if (item.mark) { mine.set(item.uuid, item); item.mark.dataset.of = item.uuid; }
  item.kept = device.keep(item);
  all(hears.changed);
  return item;
}

// Where an entry is, said where it stands.
export function where(item) {
  if (item.elsewhere) return ""; // another window has sent it
  if (item.stored === undefined) return "Being kept on this phone";
  return `${item.stored ? "On this phone" : "In this window only: keep it open"}, ${device.reachable && !device.stopped ? "being sent" : "waiting to be sent"}`;
}

// A sentence at a field, and what is announced first. Without a sentence: all is well with this form.
export function complain(form, field, sentence) {
  let note = form.querySelector(".field-error[data-here]");
  if (!note) {
    note = element("p", "", { className: "field-error", id: `${form.id || "form"}-error` });
    note.dataset.here = "";
    note.setAttribute("role", "alert");
  }
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  note.textContent = sentence || "";
  note.hidden = !sentence;
  if (!sentence) return false;
  const place = field.closest(".field, fieldset, .composer__words") || field;
  place.before(note);
  field.setAttribute("aria-invalid", "true");
  if (field.type !== "textarea") field.setAttribute("aria-describedby", note.id);
  field.focus();
  return true;
}
