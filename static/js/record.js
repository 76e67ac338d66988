// The record of a meeting on a phone. What is written stands on the page at once, rests sealed on the device (kept.js) until the service
// has it, and says of itself where it is.
//
// The page works without this script, too: it sends the same words to the addresses of its forms.

import { ask, askForRoom, clearWords, clock as deviceClock, clockWords, keptBy, measurePage, newId, roomWords } from "./kept.js";

const root = document.getElementById("record");
const taps = document.getElementById("taps");
const composer = document.getElementById("composer");
const lines = document.getElementById("lines");
const sent = document.getElementById("sent");
const NEWS = 8000, DRAFT = 1000;
const { author, meeting } = root.dataset;
const to = root.dataset.sealTo ? { key: root.dataset.sealTo, name: root.dataset.sealName } : null;

const say = (detail) => document.dispatchEvent(new CustomEvent("od:say", { detail }));
const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });

measurePage(root.dataset.now);

let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
let cursor = root.dataset.cursor;

const device = keptBy(author, {
  token: () => token,
  freshToken: async () => { const before = token; await news(); return token !== before; },
  changed: () => show(),
  settled,
});

// An entry: something said, or somebody who comes or goes. Taps and lines wait in one row: no decision overtakes an arrival.
function add(fields, entry = {}) {
  const item = { uuid: newId(), meeting, case: root.dataset.case, to, tried: 0, ...entry };
  item.fields = { ...fields, said_at: new Date().toISOString(), offset_ms: deviceClock.measured ? String(deviceClock.offset) : "" };
  device.keep(item).then(show);
  show();
  return item;
}
function settled(result, item, answer) {
  if (result.entry.meeting !== meeting) return;
  if (!result.done) { notTaken(result, item); return; }
  document.querySelector(`[data-entry="${result.uuid}"]`)?.remove();
  if (result.html) {
    place(result.html, result.uuid);
    if (item) say(result.refused ? "Kept, but not as a decision." : "Kept.");
  }
  apply(answer);
}
addEventListener("online", () => news());
document.addEventListener("visibilitychange", () => { if (document.hidden) keepDraft(); else news(); });

// Signed out, or somebody else signed in on this device: the words wait, sealed, until who wrote them is back.
function tellStopped() {
  const box = document.getElementById("signed-out");
  if (box.hidden === !device.stopped) return;
  const words = device.stopped === "out" ? "You are signed out. What you wrote is still here. Sign in in a new window, then come back to this one." : "Somebody else is signed in on this device. What you wrote is still here and goes out only in your own name.";
  const link = element("a", "Sign in, then come back", { href: "/accounts/login/", target: "_blank", rel: "noopener" });
  const second = element("p");
  second.append(link);
  box.replaceChildren(...(device.stopped ? [element("p", words), second] : []));
  box.hidden = !device.stopped;
}
// Signing out in another window ends this page, too. Only what could not be stored keeps it open.
if (typeof BroadcastChannel === "function") {
  new BroadcastChannel("od.signed-out").addEventListener("message", () => {
    if (device.loose()) return;
    document.documentElement.hidden = true;
    location.replace("/");
  });
}

// What the page says about itself.
let said = "";
const entries = (n) => (n === 1 ? "1 entry" : `${n} entries`);
function show() {
  tellStopped();
  const waiting = device.waiting(meeting), refused = device.refused(meeting).length, { reachable, stopped } = device;
  const unsaid = `${entries(waiting)} on this phone`;
  const rest = refused ? `${refused} not taken` : root.dataset.status === "started" ? "All at the service" : "Not started";
  sent.textContent = stopped ? (waiting ? unsaid : "Signed out") : waiting ? (reachable ? `Sending ${waiting}` : unsaid) : rest;
  sent.className = `chip ${(waiting && !reachable) || stopped || refused ? "chip--wait" : "chip--plain"}`;
  for (const item of mine.values()) item.state?.(stateOf(item));
  tellKept();
  const announced = stopped || (waiting && !reachable ? "waiting" : waiting ? said : "kept");
  if (announced !== said) {
    if (announced === "waiting") say("No connection. What you write stays on this phone and is sent later.");
    else if (announced === "kept" && said === "waiting") say(refused ? "Connected again. Not everything was taken." : "Connected again. Everything is at the service.");
    said = announced;
  }
}
function stateOf(item) {
  if (item.stored === undefined) return "Being kept on this phone";
  const where = item.stored ? "On this phone" : "In this window only: keep it open";
  return `${where}, ${device.reachable && !device.stopped ? "being sent" : "waiting to be sent"}`;
}
const mine = new Map(); // lines of this page that are not at the service, by their id

// What rests on the device from before, and what could not be put there.
function tellKept() {
  const note = document.getElementById("kept-note");
  const before = device.rows().filter((one) => !one.refused && earlier.has(one.uuid)).length;
  const words = [];
  if (root.dataset.status === "closed") words.push("This meeting was closed meanwhile. What comes now comes late: it is not read back, and shared with nobody until it has been seen.");
  if (before) words.push(`${entries(before)} from before ${before === 1 ? "is" : "are"} sealed on this phone. What was said stands here again once it is at the service.`);
  if (device.broken || !to) words.push("This browser can keep nothing on this phone. What you write stays in this window until it is sent: keep it open.");
  else if (device.loose() && [...mine.values()].some((item) => item.stored === false)) words.push("There is no room on this phone for what you write. It stays in this window until it is sent: keep it open.");
  for (const text of [clockWords(), roomWords()]) if (text) words.push(text);
  if (note.dataset.words !== words.join()) note.replaceChildren(...words.map((text) => element("p", text)));
  note.dataset.words = words.join();
  note.hidden = !words.length;
  const hint = document.getElementById("kept-hint");
  const may = to && (root.dataset.status === "booked" || device.waiting(meeting)) ? clearWords() : "";
  if (hint.textContent !== may) hint.textContent = may;
  hint.hidden = !may;
}
const earlier = new Set();

// What the service did not take stays on the device, with the reason and what can be done.
function notTaken(result, item) {
  const { uuid, fields, sentence } = result;
  const line = fields?.do === "line" || !fields;
  let holder = item?.element || document.querySelector(`[data-entry="${uuid}"]`);
  if (!holder) {
    holder = document.getElementById("line-here").content.firstElementChild.cloneNode(true);
    holder.querySelector(".voice").textContent = fields ? fields.text || tapWords(fields) : "Sealed words that cannot be opened";
    holder.querySelector(".voice").classList.toggle("voice", line);
    holder.querySelector(".face").textContent = "!";
    holder.querySelector("b").textContent = "Not taken";
    holder.querySelector("time").textContent = fields?.said_at ? clock.format(new Date(Date.parse(fields.said_at) - Number(fields.offset_ms || 0))) : "";
    lines.append(holder);
  }
  holder.dataset.entry = uuid;
  mine.delete(uuid);
  const mark = holder.querySelector("[data-state]");
  mark.textContent = `Not accepted: ${sentence} ${line ? "The words are still here, on this phone only. " : ""}`;
  say(`Not accepted: ${sentence}`);
  if (!fields) return;
  const away = element("button", line ? "Put them back into the box" : "Leave it out", { type: "button", className: "link" });
  away.addEventListener("click", async () => {
    if (line && composer) {
      composer.elements.text.value = [fields.text, composer.elements.text.value].filter(Boolean).join("\n");
      grow();
      composer.elements.text.focus();
      await keepDraft(true);
    }
    holder.remove();
    await device.drop(uuid);
  });
  mark.append(away);
}
const tapWords = (fields) => {
  const who = document.querySelector(`#here [data-who="${CSS.escape(fields.who || "")}"] bdi`)?.textContent || "Somebody";
  return { arrive: `${who} came`, leave: `${who} left`, mistake: "A tap taken back" }[fields.do] || "";
};

// Words being written are sealed once a second, so that a browser that is ended loses none of them.
let draftTimer = 0, drafted = "";
const here_is = { meeting, case: root.dataset.case };
async function keepDraft(now = false) {
  clearTimeout(draftTimer);
  draftTimer = 0;
  if (!composer || !to) return;
  const { text, kind, voice, voice_name } = composer.elements;
  if (text.value === drafted && !now) return;
  const words = text.value;
  if (await device.draft(here_is, words.trim() ? { text: words, kind: kind.value, voice: voice.value, voice_name: voice_name.value } : null, to)) drafted = words;
}
const draftSoon = () => { draftTimer ||= setTimeout(keepDraft, DRAFT); };
async function giveBackDraft() {
  const draft = composer && !composer.elements.text.value && await device.lastDraft(meeting);
  if (!draft?.text || composer.elements.text.value) return;
  composer.elements.text.value = drafted = draft.text;
  composer.elements.voice_name.value = draft.voice_name || "";
  for (const name of ["kind", "voice"]) {
    const radio = composer.querySelector(`[name=${name}][value="${CSS.escape(draft[name] || "")}"]`);
    if (radio && !radio.disabled && !radio.closest("label").hidden) radio.checked = true;
  }
  grow();
  say("What you were writing is in the box again.");
}
addEventListener("beforeunload", (event) => {
  const typed = composer?.elements.text.value;
  if (device.loose() || (typed?.trim() && typed !== drafted)) event.preventDefault();
});

// Whose words: nobody's until somebody is tapped, so that no line is kept in the name of whoever happened to stand first.
const voices = () => [...composer.querySelectorAll(".whose label:not([hidden]) input")];
let byItself = false; // "somebody else" was chosen by the page, while nobody was in the room
function onlyOther() {
  const other = document.getElementById("whose-other");
  const alone = voices().length === 1;
  if (alone) other.checked = true;
  else if (byItself && !composer.elements.voice_name.value) other.checked = false;
  byItself = alone;
}

// Who is here.
const present = () => [...document.querySelectorAll("#here [data-who][aria-pressed='true']")].map((one) => one.dataset.who);
function room(keys, sentence) {
  if (!composer) return;
  for (const label of composer.querySelectorAll(".whose label")) {
    const radio = label.querySelector("input");
    if (radio.value !== "other") label.hidden = !keys.includes(radio.value);
    if (label.hidden && radio.checked) radio.checked = false;
  }
  onlyOther();
  const decision = composer.querySelector("[name=kind][value=decision]");
  const note = document.getElementById("decisions-wait");
  const was = decision.disabled;
  decision.disabled = Boolean(sentence);
  if (sentence) {
    if (decision.checked) composer.querySelector("[name=kind][value=voice]").checked = true;
    decision.setAttribute("aria-describedby", note.id);
  } else decision.removeAttribute("aria-describedby");
  note.textContent = sentence;
  note.hidden = !sentence;
  if (was !== decision.disabled) say(sentence || `${root.dataset.person} is in the room.`);
}
// What is there already, or under a finger, is left alone: a button that is put anew between press and release takes no tap.
function swap(id, html) {
  const holder = document.getElementById(id);
  const fresh = document.createElement("template");
  fresh.innerHTML = html.trim();
  if (!holder || holder.innerHTML.trim() === fresh.innerHTML || holder.querySelector(":active")) return false;
  const across = holder.firstElementChild?.scrollLeft || 0;
  holder.replaceChildren(fresh.content);
  if (holder.firstElementChild) holder.firstElementChild.scrollLeft = across;
  return true;
}
function apply(answer) {
  if (answer.status_of) root.dataset.status = answer.status_of;
  const tapsWait = device.tapsWait();
  if (answer.here && !tapsWait) {
    const key = document.activeElement?.dataset?.who;
    const open = document.querySelector("#slip details")?.open;
    const changed = swap("here", answer.here);
    if (swap("slip", answer.slip) && open && document.querySelector("#slip details")) document.querySelector("#slip details").open = true;
    if (changed && key) document.querySelector(`#here [data-who="${key}"]`)?.focus({ preventScroll: true });
    room(answer.present, answer.wait);
    const brings = document.getElementById("brings");
    if (brings) brings.hidden = !answer.brings;
  }
}
taps?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.formAction || taps.elements.at) return; // times typed afterwards go the plain way
  event.preventDefault();
  const url = new URL(button.formAction).pathname;
  const name = button.querySelector("bdi").textContent;
  add({ do: url.split("/").at(-2), [button.name]: button.value }, { tap: true });
  if (button.dataset.who) {
    const here = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(here));
    button.formAction = url.replace(/(arrive|leave)\/$/, here ? "leave/" : "arrive/");
    say(here ? `${name} is here.` : `${name} has left.`);
    const keys = present(), person = root.dataset.person;
    const out = !keys.includes(root.dataset.personKey);
    room(keys, out ? `${person} is not in the room. Decisions wait until ${person} is back.` : "");
    root.dataset.status = "started";
    document.getElementById("close-link").hidden = false;
  }
});

// A line.
const faces = { person: "face face--person", member: "face face--member", team: "face face--team", other: "face face--other" };
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: root.dataset.zone || undefined });

function draw(fields) {
  const item = document.getElementById("line-here").content.firstElementChild.cloneNode(true);
  const whose = composer.querySelector(".whose input:checked");
  const voiced = ["use", "voice", "reflection"].includes(fields.kind);
  const name = !voiced ? "" : whose?.value === "other" ? fields.voice_name : whose?.dataset.name || "";
  const by = { decision: "Decided together", understanding: "How we understand it now", action: `${fields.action_who} does`, use: `${name} wishes`, reflection: `${name}, reflecting` }[fields.kind] || name;
  const kind = fields.kind === "use" ? "wish" : fields.kind;
  item.dataset.line = fields.uuid;
  item.firstElementChild.classList.add(`line--${kind}`);
  const face = item.querySelector(".face");
  face.className = kind === "decision" || kind === "action" ? faces.team : faces[voiced && whose?.value !== "other" ? whose?.dataset.face : "other"] || faces.other;
  face.textContent = kind === "decision" ? "✓" : kind === "action" ? "→" : (name.match(/[\p{L}\p{N}]/u) || ["·"])[0].toUpperCase();
  item.querySelector("b").textContent = by;
  item.querySelector("time").textContent = clock.format(new Date(Date.now() - deviceClock.offset));
  item.querySelector(".voice").textContent = fields.text.trim();
  return item;
}
function place(html, id) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const fresh = holder.content.firstElementChild;
  const old = lines.querySelector(`[data-line="${id}"]`);
  mine.delete(id);
  if (old) { if (old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh); } else lines.append(fresh);
  document.getElementById("none").hidden = true;
  return !old;
}
const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

function missing(fields) {
  if (!fields.text.trim()) return ["text", "Write something first."];
  if (fields.text.trim().length > 20000) return ["text", `This is ${fields.text.trim().length} characters long, and 20,000 is the most. Please keep it as two lines.`];
  if (["use", "voice", "reflection"].includes(fields.kind) && !fields.voice) return ["voice", "Say whose words these are."];
  if (["use", "voice", "reflection"].includes(fields.kind) && fields.voice === "other" && !fields.voice_name.trim()) return ["voice_name", "Say whose words these are."];
  if (fields.kind === "action") {
    if (!fields.action_who.trim()) return ["action_who", "Say who does it."];
    if (!fields.action_by) return ["action_by", "Say by when."];
    if (!fields.action_looked_after_by.trim()) return ["action_looked_after_by", "Say who looks after it."];
  }
  return null;
}
function complain(problem) {
  let note = composer.querySelector(".composer__error");
  if (!note) {
    note = document.createElement("p");
    note.className = "field-error composer__error";
    note.id = "composer-error";
    note.setAttribute("role", "alert");
    composer.querySelector(".composer__words").before(note);
  }
  note.textContent = problem ? problem[1] : "";
  note.hidden = !problem;
  for (const one of composer.querySelectorAll("[aria-invalid]")) { one.removeAttribute("aria-invalid"); }
  if (!problem) return;
  const field = problem[0] === "voice" ? voices()[0] : composer.elements[problem[0]];
  field.setAttribute("aria-invalid", "true");
  if (field.type !== "textarea") field.setAttribute("aria-describedby", note.id);
  field.focus();
}
const grow = () => {
  const box = composer.elements.text;
  if (CSS.supports("field-sizing", "content")) return;
  box.rows = Math.min(8, Math.max(1, Math.ceil(box.value.length / 36), box.value.split("\n").length));
};

if (composer) {
  composer.elements.text.addEventListener("input", () => { grow(); draftSoon(); });
  grow();
  onlyOther();
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(composer)].filter(([name]) => name !== "csrfmiddlewaretoken"));
    const problem = missing(fields);
    complain(problem);
    if (problem) return;
    composer.querySelector(".errors")?.remove();
    const item = { uuid: newId() };
    const drawn = draw({ ...fields, uuid: item.uuid });
    const mark = drawn.querySelector("[data-state]");
    lines.append(drawn);
    document.getElementById("none").hidden = true;
    composer.elements.text.value = drafted = composer.elements.voice_name.value = "";
    for (const one of voices()) one.checked = false;
    onlyOther();
    for (const name of ["action_who", "action_by", "action_looked_after_by", "at"]) if (composer.elements[name]) composer.elements[name].value = "";
    grow();
    composer.elements.text.focus();
    toEnd();
    mine.set(item.uuid, add({ do: "line", ...fields }, { ...item, element: drawn, state: (text) => { if (mark.textContent !== text) mark.textContent = text; } }));
    show();
  });
}

// News of the others who write in the same meeting.
let asking = null;
function news() {
  asking ||= look().finally(() => { asking = null; });
  return asking;
}
async function look() {
  let answer = null;
  try { answer = await ask(`${root.dataset.news}?since=${encodeURIComponent(cursor)}`, token); } catch { return; }
  if (answer.code === 302) { if (!device.stopped) device.stop("out"); return; }
  if (answer.code !== 200 || !answer.cursor) return;
  token = answer.csrf;
  if (answer.me !== root.dataset.me) { if (device.stopped !== "other") device.stop("other"); return; }
  cursor = answer.cursor;
  device.reachable = true;
  root.dataset.status = answer.status_of;
  if (device.stopped) device.goOn();
  if (answer.status_of === "closed" && !device.waiting(meeting) && !device.refused(meeting).length && !composer?.elements.text.value.trim()) { location.reload(); return; }
  const stuck = atEnd();
  let others = 0;
  for (const one of answer.lines) if (place(one.html, one.uuid)) others += 1;
  for (const uuid of answer.gone) lines.querySelector(`[data-line="${uuid}"]`)?.remove();
  arrange(answer.order);
  apply(answer);
  if (others) { say(others === 1 ? "A new line." : `${others} new lines.`); if (stuck) toEnd(); }
  show();
  if (device.waiting()) device.send();
}
function arrange(order) {
  const known = [...lines.children].filter((one) => order.includes(one.dataset.line));
  const sorted = [...known].sort((a, b) => order.indexOf(a.dataset.line) - order.indexOf(b.dataset.line));
  if (known.every((one, at) => one === sorted[at])) return;
  const rest = [...lines.children].filter((one) => !known.includes(one));
  lines.replaceChildren(...sorted, ...rest);
}
if (root.dataset.news) {
  setInterval(() => { if (!document.hidden) news(); }, NEWS);
  news();
}
askForRoom().then(show);
device.ready.then(async () => {
  for (const one of device.rows()) if (one.meeting === meeting) earlier.add(one.uuid);
  await device.retry(meeting);
  await giveBackDraft();
  root.dataset.ready = "yes";
});
navigator.locks?.request("writing", { mode: "shared" }, () => new Promise(() => {})); // other windows know that words in the box have an owner
