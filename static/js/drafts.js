// What is being written in any form of the record: sealed once a second, so that a browser that is ended loses none of it. Words of a window
// that has gone wait for the service, which alone can open them, and for their form to be empty.

import { device, hereIs, placed, say, to } from "./recorded.js";

const SOON = 1000;
const boxes = new Map(); // by name. `read`: what is typed there, or null; `putIn`: puts it back, and says whether there was a place for it
const kept = new Map(); // what is on the disk of each
let timer = 0;

export function keepsDraft(name, form, { read, putIn, free = () => !read() }) {
  boxes.set(name, { form, read, putIn, free });
  form.addEventListener("input", () => { timer ||= setTimeout(keepDrafts, SOON); });
}
// What has become an entry is not being written any more, though it may still stand in its form: the entry took its draft along (kept.js).
export function taken(name) {
  const { form, read } = boxes.get(name), said = read();
  form.dataset.taken = said ? JSON.stringify(said) : "";
  kept.delete(name);
}
function words(name) {
  const { form, read } = boxes.get(name), said = read(), text = said ? JSON.stringify(said) : "";
  return text === form.dataset.taken ? "" : text;
}
export const writing = (name = "") => [...boxes.keys()].some((one) => (!name || one === name) && words(one));
export const unkept = () => [...boxes.keys()].some((name) => words(name) && words(name) !== kept.get(name));

export async function keepDrafts() {
  clearTimeout(timer);
  timer = 0;
  if (!to) return;
  await placed;
  await Promise.all([...boxes.keys()].map(keep));
}
async function keep(box) {
  const text = words(box);
  if (text === (kept.get(box) || "")) return;
  kept.set(box, text);
  const done = await device.draft({ ...hereIs, box }, text ? JSON.parse(text) : null, to);
  if (!done && kept.get(box) === text) kept.delete(box);
}

let asked = null;
export let owed = false;
export function giveBackDrafts() {
  // One window at a time: what it gives back is its own then, and stands in no second box.
  asked ||= (navigator.locks ? navigator.locks.request("given back", giveBack) : giveBack()).catch(() => true).then((more) => { owed = more; asked = null; });
  return asked;
}
async function giveBack() {
  let more = false;
  await placed;
  for (const draft of boxes.has("composer") ? await device.left(hereIs.meeting) : []) {
    const name = boxes.has(draft.box) ? draft.box : "composer", box = boxes.get(name); // the form may be gone: what was brought has been taken up
    const said = box.free() && await device.open(draft);
    if (said === null) continue; // it stays on the page of this device
    if (!said || !box.free() || !box.putIn(said)) { more = true; continue; }
    say(name === "composer" ? "What you were writing is in the box again." : "What you were writing stands in its form again.");
    await keepDrafts();
    if ((kept.get(name) || "") === words(name)) await device.draft(draft, null); // on the disk again, or an entry by now
  }
  return more;
}

// Of a plain form: all of its fields, once something is typed in one. `words` is what the page of this device shows of it.
export function typedIn(form) {
  const typed = [...form.elements].filter((one) => one.value?.trim() && one.value !== one.defaultValue && "defaultValue" in one);
  const fields = Object.fromEntries([...new FormData(form)].filter(([name]) => !["csrfmiddlewaretoken", "uuid"].includes(name)));
  return typed.length ? { words: typed.map((one) => one.value.trim()).join(", "), ...fields } : null;
}
export function fillIn(form, said) {
  for (const [name, value] of Object.entries(said)) if (form.elements[name] && name !== "uuid") form.elements[name].value = value;
  return true;
}
