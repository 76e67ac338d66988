// Read back and close, in this page: by who was here and what stands here, with signal or without. What the service would refuse is refused
// here first, in the same words; and what it refuses after all comes back into these forms.

import { newId } from "./kept.js";
import { SAY, add, device, element, hears, lines, mine, now, root, say, token } from "./recorded.js";
import { came, nameOf, present } from "./room.js";
import { inVersions } from "./lines.js";
import { fillIn, keepDrafts, keepsDraft, taken, typedIn, writing } from "./drafts.js";

const answers = document.getElementById("read-back-form"), close = document.getElementById("close-form");
const rows = document.getElementById("read-back-rows");
const ASK = 4000;
const steps = ["room", "read-back", "close", "closed"];
const title = { "read-back": "read-aloud", close: "close-label", closed: "closed-label" };
let heard = null; // the lines that stood here when it was read back, and who was asked
const ended = document.getElementById("closed"); // says itself which close this page has kept, so that it does so after a reload, too
const closed = () => ended?.dataset.close || "";
const refused = { read_back: "", close: "" }; // entries that came back: the next one takes their place

const standing = () => [...lines.querySelectorAll("[data-line]")].map((one) => one.dataset.line);
const step = () => (closed() ? "closed" : steps.includes(location.hash.slice(1)) ? location.hash.slice(1) : "room");
function show() {
  const at = step();
  for (const part of document.querySelectorAll("[data-step]")) part.hidden = !part.dataset.step.split(" ").includes(at);
  ways();
  if (at === "read-back") ask();
  document.body.dataset.at = at;
}
const ways = () => { document.querySelector("[data-versions]").hidden = !inVersions(); };
function go(to) {
  for (const box of document.querySelectorAll("[data-closing-errors]")) box.hidden = true;
  location.hash = to === "room" ? "" : to;
}
function turned() {
  show();
  scrollTo({ top: 0 });
  document.getElementById(title[step()])?.focus({ preventScroll: true });
}

// One row for each who was here; what they have said already stays.
const rowOf = (who) => rows.querySelector(`[data-row="${CSS.escape(who)}"]`);
function ask() {
  const there = came(), here = present();
  for (const row of [...rows.children]) if (!there.includes(row.dataset.row)) row.remove();
  for (const who of there) {
    const row = rowOf(who) || makeRow(who);
    const left = row.querySelector("[value=left_before]");
    if (!here.includes(who) && !row.querySelector(":checked")) left.checked = true;
    if (here.includes(who) && left.checked && !left.dataset.said) left.checked = false;
    rows.append(row);
  }
}
function makeRow(who) {
  const holder = element("template");
  holder.innerHTML = document.getElementById("read-back-row").innerHTML.replaceAll("KEY", newId());
  const row = holder.content.firstElementChild, walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replace("NAME", nameOf(who));
  row.dataset.row = who;
  return row;
}
rows?.addEventListener("change", (event) => { event.target.dataset.said = "yes"; });
const answerOf = (row) => row.querySelector("input:checked")?.value || "";
const wordsOf = (row) => row.querySelector("textarea").value.trim();

function fillRows(said) {
  for (const row of rows.children) {
    const answer = row.querySelector(`[value="${CSS.escape(said[`answer:${row.dataset.row}`] || "")}"]`);
    if (answer) answer.checked = true;
    if (said[`words:${row.dataset.row}`]) row.querySelector("textarea").value = said[`words:${row.dataset.row}`];
  }
}

// What is typed in both, as long as it is not closed on this phone. A row that is not there yet comes with the news of the room.
function readRows() {
  const typed = closed() ? [] : [...rows.children].filter(wordsOf), said = {};
  for (const row of typed) Object.assign(said, { [`answer:${row.dataset.row}`]: answerOf(row), [`words:${row.dataset.row}`]: wordsOf(row) });
  return typed.length ? { words: typed.map(wordsOf).join("\n"), ...said } : null;
}
function putInRows(said) {
  ask();
  if (!Object.keys(said).every((name) => !name.startsWith("words:") || rowOf(name.slice(6)))) return false;
  fillRows(said);
  return true;
}
if (close) {
  keepsDraft("read_back", answers, { read: readRows, putIn: putInRows });
  keepsDraft("close", close, { read: () => (closed() ? null : typedIn(close)), putIn: (said) => fillIn(close, said) });
}

// What is wrong, at its place and on top, as the pages without a script say it.
function complain(form, problems) {
  for (const old of form.querySelectorAll(".field-error")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
  const box = form.closest("section").querySelector("[data-closing-errors]");
  box.hidden = !problems.length;
  if (!problems.length) return false;
  const list = element("ul");
  for (const { field, sentence, label } of problems) {
    const item = element("li");
    if (field) {
      const note = element("span", sentence, { className: "field-error", id: `${field.id}_error` });
      const place = field.closest("fieldset.field") || field.closest(".field");
      if (place.matches("fieldset")) place.querySelector("legend").after(note); else field.before(note);
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", note.id);
      item.append(element("a", label ? `${label}: ${sentence}` : sentence, { href: `#${field.id}` }));
    } else item.textContent = sentence;
    list.append(item);
  }
  box.replaceChildren(element("h2", "Not closed yet"), element("p", "What you typed is still here. Please look at this:"), list);
  box.focus();
  box.scrollIntoView({ block: "center" });
  return true;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-closing-errors] a");
  if (!link) return;
  event.preventDefault();
  const field = document.getElementById(link.hash.slice(1));
  field?.closest(".field").scrollIntoView({ block: "center" });
  field?.focus({ preventScroll: true });
});

const nobody = () => (came().some((who) => who.startsWith("staff:")) ? [] : [{ sentence: SAY.close_says_who_was_there }]);
function unanswered() {
  return [...rows.children].flatMap((row) => {
    const label = nameOf(row.dataset.row), answer = answerOf(row);
    if (!answer) return [{ field: row.querySelector("input"), sentence: SAY.ask, label }];
    if (answer === "differs" && !wordsOf(row)) return [{ field: row.querySelector("textarea"), sentence: SAY.differs, label }];
    return [];
  });
}
// An entry that came back goes when another is stored in its place.
function instead(name, fields, entry) {
  const item = add({ do: name, ...fields }, { ...entry, box: name, instead: refused[name] });
  refused[name] = "";
  return item;
}
answers?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
  if (complain(answers, [...nobody(), ...unanswered()])) return;
  const said = {};
  for (const row of rows.children) Object.assign(said, { [`answer:${row.dataset.row}`]: answerOf(row), [`words:${row.dataset.row}`]: wordsOf(row) });
  heard = { lines: standing(), who: came(), entry: instead("read_back", said).uuid };
  taken("read_back");
  go("close");
});

function missing() {
  const problems = nobody(), field = (name) => close.elements[name], chosen = field("next").value;
  if (!heard || came().some((who) => !heard.who.includes(who))) problems.push({ sentence: SAY.close_reads_back });
  else if (standing().some((line) => !heard.lines.includes(line))) problems.push({ sentence: SAY.close_reads_back_all });
  if (!chosen) problems.push({ field: close.querySelector("[name=next]"), sentence: SAY.next });
  if (chosen === "none" && !field("no_next_decided_by").value.trim()) problems.push({ field: field("no_next_decided_by"), sentence: SAY.no_next_decided_by });
  if (chosen === "new") {
    const at = field("next_at"), typed = Date.parse(at.value);
    if (at.validity.badInput || (at.value && Number.isNaN(typed))) problems.push({ field: at, sentence: SAY.no_time });
    else if (!at.value) problems.push({ field: at, sentence: SAY.next_at });
    else if (typed <= now().getTime()) problems.push({ field: at, sentence: SAY.booked_ahead });
  }
  if (!field("night_number").value.trim()) problems.push({ field: field("night_number"), sentence: SAY.night_number });
  return problems;
}
const following = () => {
  const chosen = close.elements.next.value;
  if (chosen === "none") return `No next meeting. Decided by: ${close.elements.no_next_decided_by.value.trim()}`;
  const at = chosen === "new" && new Date(close.elements.next_at.value);
  return `Next meeting: ${at ? at.toLocaleString("en-GB", { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }) : close.querySelector("[name=next]:checked").closest("label").textContent.trim()}`;
};
close?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (complain(close, missing())) return;
  const { next, next_at: at, no_next_decided_by: decided, who_comes: comes, night_number: night } = Object.fromEntries(new FormData(close));
  const said = { next, next_at: next === "new" ? at : "", no_next_decided_by: next === "none" ? decided : "", who_comes: comes, night_number: night };
  ended.dataset.close = instead("close", { ...said, heard: heard.lines.join(" ") }, { mark: ended.querySelector("[data-state]") }).uuid;
  taken("close");
  document.getElementById("closed-next").textContent = following();
  document.getElementById("closed-comes").textContent = comes.trim() ? `Who comes: ${comes.trim()}` : "";
  document.getElementById("closed-night").textContent = night.trim();
  turned();
  say("The meeting is closed on this phone.");
});
// As long as it has not gone out, it can be opened again. It may have arrived, and the answer been lost: the service is asked first, if it
// can be, and says so later if not.
document.getElementById("take-close-back")?.addEventListener("click", async () => {
  const uuid = closed();
  const known = await Promise.race([token.fresh(), new Promise((over) => { setTimeout(over, ASK); })]);
  if (closed() !== uuid || root.dataset.status === "closed") return; // its own answer is on the way, and leads to the note
  if (!known) root.dataset.reopened = "yes";
  delete ended.dataset.close;
  await keepDrafts(); // what stands in its form is being written again
  if (!uuid || !await device.takeBack(uuid)) {
    ended.dataset.close = uuid;
    keepDrafts();
    return;
  }
  mine.delete(uuid);
  go("room");
  turned();
});

export const takesBack = (fields) => Boolean(close) && ["read_back", "close"].includes(fields?.do);
hears.settled.push((result) => {
  const fields = result.fields;
  if (result.done && result.uuid === closed()) { location.assign(result.go); return; }
  if (result.done || !takesBack(fields)) return;
  const what = fields.do, made = what === "close" ? closed() : heard?.entry;
  if (made && made !== result.uuid) return; // a newer one has been made: this one stays on the phone, where its author can see it
  const typed = writing(what); // newer, too
  refused[what] = result.uuid;
  if (what === "close") delete ended.dataset.close;
  else { heard = null; ask(); }
  if (!typed) {
    if (what === "close") fillIn(close, fields); else fillRows(fields);
    taken(what); // it is on the disk as the entry that came back
  }
  const to = what === "close" && heard ? "close" : "read-back";
  if (step() !== to) location.hash = to;
  show();
  complain(to === "close" ? close : answers, [{ sentence: result.sentence }]);
});
hears.room.push(() => { if (step() === "read-back") ask(); });

if (answers) {
  addEventListener("hashchange", turned);
  new MutationObserver(ways).observe(lines, { childList: true, subtree: true });
  for (const link of document.querySelectorAll("#close-link, #read-back .actions a")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(link.id ? "read-back" : "room");
    });
  }
  if (step() === "close") go("read-back");
  show();
}
export function toRoom() {
  if (step() === "room") return;
  go("room");
  show();
}
export const isClosing = () => step() !== "room";
