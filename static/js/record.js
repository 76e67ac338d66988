// The record of a meeting on a phone. What is written stands on the page at once, is sent in the order it was written, and says of
// itself whether it has arrived. Nothing is put into the browser's storage: unsent lines live in this page, and leaving it is asked about.
//
// The page works without this script, too: it sends the same forms to the same addresses.

const root = document.getElementById("record");
const taps = document.getElementById("taps");
const composer = document.getElementById("composer");
const lines = document.getElementById("lines");
const sent = document.getElementById("sent");
const NEWS = 8000, FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000, PATIENCE = 20000;

const say = (detail) => document.dispatchEvent(new CustomEvent("od:say", { detail }));
const newId = () => (crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g,
  (c) => (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16)));

// The device's clock may be wrong by hours. How far off it is (ours minus the service's) goes with everything that is sent.
const [loaded] = performance.getEntriesByType("navigation");
let offset = Math.round((loaded && loaded.responseStart ? performance.timeOrigin + loaded.responseStart : Date.now()) - Number(root.dataset.now));
const measure = (from, to, now) => { if (now) offset = Math.round((from + to) / 2 - now); };

let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
let cursor = root.dataset.cursor;

async function ask(url, options = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  const from = Date.now();
  try {
    const response = await fetch(url, { redirect: "manual", signal: stop.signal, ...options, headers: { Accept: "application/json", "X-CSRFToken": token } });
    const json = (response.headers.get("Content-Type") || "").startsWith("application/json") ? await response.json() : {};
    measure(from, Date.now(), json.now);
    return { status: response.type === "opaqueredirect" ? 302 : response.status, ...json, code: response.status };
  } finally { clearTimeout(timer); }
}

// What waits to be sent, in order: lines and taps. A tap that has not arrived must not be overtaken by a decision.
const queue = [];
let sending = false, pause = FIRST_PAUSE, timer = 0, reachable = true, stopped = "";

function add(url, fields, entry = {}) {
  const body = new URLSearchParams(fields);
  body.set("said_at", new Date().toISOString());
  body.set("offset_ms", String(offset));
  body.set("me", root.dataset.me);
  queue.push({ url, body, tries: 0, ...entry });
  show();
  send();
}

async function send() {
  clearTimeout(timer);
  if (sending || !queue.length || stopped) return;
  sending = true;
  const item = queue[0];
  if (item.tries) item.body.set("offline", "1");
  item.tries += 1;
  let answer = null;
  try { answer = await ask(item.url, { method: "POST", body: item.body }); } catch { /* no signal, or no answer in time */ }
  sending = false;
  if (!answer || answer.status >= 500 || answer.status === 429) { reachable = false; later(); return; }
  reachable = true;
  pause = FIRST_PAUSE;
  if (answer.status === 302 || answer.status === 409) { wait(answer); return; }
  if (answer.status === 403 && !item.asked && await freshToken()) { item.asked = true; item.tries -= 1; show(); send(); return; }
  if (stopped) return;
  queue.shift();
  if (answer.status < 300) item.kept?.(answer); else item.refused?.(answer.sentence || reasons[answer.status] || "the service did not take it");
  show();
  send();
}

const reasons = { 403: "you cannot write in this record any more", 404: "this meeting cannot be found any more", 413: "it is too long", 400: "it is too long, or could not be read" };

function later() {
  show();
  timer = setTimeout(send, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}
addEventListener("online", () => { pause = FIRST_PAUSE; send(); news(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { send(); news(); } });

// Signed out, or somebody else signed in on this device: the words stay here until who wrote them is back.
function wait(answer) {
  stopped = answer.status === 302 ? "out" : "other";
  const box = document.getElementById("signed-out");
  box.replaceChildren();
  const text = document.createElement("p");
  const link = document.createElement("a");
  text.textContent = stopped === "out" ? "You are signed out. What you wrote is still here. Sign in in a new window, then come back to this one." : "Somebody else is signed in on this device. What you wrote is still here and goes out only in your own name.";
  link.href = "/accounts/login/";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Sign in, then come back";
  const second = document.createElement("p");
  second.append(link);
  box.append(text, second);
  box.hidden = false;
  show();
}
function goOn() {
  stopped = "";
  document.getElementById("signed-out").hidden = true;
  show();
  send();
}

async function freshToken() {
  const before = token;
  await news();
  return Boolean(token) && token !== before;
}

// What the page says about itself.
let said = "";
function show() {
  const waiting = queue.length;
  const unsaid = waiting === 1 ? "1 entry on this phone" : `${waiting} entries on this phone`;
  const text = stopped ? `${waiting ? unsaid : "Signed out"}` : waiting ? (reachable ? `Sending ${waiting}` : unsaid) : root.dataset.status === "started" ? "All at the service" : "Not started";
  sent.textContent = text;
  sent.className = `chip ${waiting && !reachable || stopped ? "chip--wait" : "chip--plain"}`;
  for (const item of queue) item.state?.(reachable && !stopped ? "Being sent" : "Waiting to be sent: on this phone only");
  const announced = stopped || (waiting && !reachable ? "waiting" : waiting ? said : "kept");
  if (announced !== said) {
    if (announced === "waiting") say("No connection. What you write stays on this phone and is sent later.");
    else if (announced === "kept" && said === "waiting") say("Connected again. Everything is at the service.");
    said = announced;
  }
}
addEventListener("beforeunload", (event) => {
  const typed = composer?.elements.text.value.trim();
  if (queue.length || typed) event.preventDefault();
});

// Who is here.
const present = () => [...document.querySelectorAll("#here [data-who][aria-pressed='true']")].map((one) => one.dataset.who);
function room(keys, sentence) {
  if (!composer) return;
  for (const label of composer.querySelectorAll(".whose label")) {
    const radio = label.querySelector("input");
    if (radio.value !== "other") label.hidden = !keys.includes(radio.value);
    if (label.hidden && radio.checked) radio.checked = false;
  }
  const whose = composer.querySelector(".whose input:checked");
  if (!whose || (whose.value === "other" && !composer.elements.voice_name.value)) {
    (composer.querySelector(".whose label:not([hidden]) input") || {}).checked = true;
  }
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
const shown = {};
function swap(id, html) {
  const holder = document.getElementById(id);
  if (!holder || shown[id] === html) return false;
  const across = holder.firstElementChild?.scrollLeft || 0;
  holder.innerHTML = html;
  shown[id] = html;
  if (holder.firstElementChild) holder.firstElementChild.scrollLeft = across;
  return true;
}
function apply(answer) {
  if (answer.status_of) root.dataset.status = answer.status_of;
  const tapsWait = queue.some((item) => item.tap);
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
  const fields = { [button.name]: button.value, uuid: newId() };
  const url = new URL(button.formAction).pathname;
  const name = button.querySelector("bdi").textContent;
  delete shown.here;
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
  add(url, fields, { tap: true, kept: apply, refused: (why) => { say(why); news(); } });
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
  item.querySelector("time").textContent = clock.format(new Date(Date.now() - offset));
  item.querySelector(".voice").textContent = fields.text.trim();
  return item;
}
function place(html, id) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const fresh = holder.content.firstElementChild;
  const old = lines.querySelector(`[data-line="${id}"]`);
  if (old) { if (old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh); } else lines.append(fresh);
  document.getElementById("none").hidden = true;
  return !old;
}
const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

function missing(fields) {
  if (!fields.text.trim()) return ["text", "Write something first."];
  if (fields.text.trim().length > 20000) return ["text", `This is ${fields.text.trim().length} characters long, and 20,000 is the most. Please keep it as two lines.`];
  if (["use", "voice", "reflection"].includes(fields.kind) && (!fields.voice || (fields.voice === "other" && !fields.voice_name.trim()))) return ["voice_name", "Say whose words these are."];
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
  const field = composer.elements[problem[0]];
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
  composer.elements.text.addEventListener("input", grow);
  grow();
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(composer)].filter(([name]) => name !== "csrfmiddlewaretoken"));
    const problem = missing(fields);
    complain(problem);
    if (problem) return;
    composer.querySelector(".errors")?.remove();
    fields.uuid = newId();
    const item = draw(fields);
    lines.append(item);
    document.getElementById("none").hidden = true;
    const mark = item.querySelector("[data-state]");
    composer.elements.text.value = "";
    for (const name of ["action_who", "action_by", "action_looked_after_by", "at"]) if (composer.elements[name]) composer.elements[name].value = "";
    grow();
    composer.elements.text.focus();
    toEnd();
    add(composer.getAttribute("action"), fields, {
      state: (text) => { mark.textContent = text; },
      kept: (answer) => {
        if (!answer.html) return;
        place(answer.html, fields.uuid);
        say(answer.refused ? "Kept, but not as a decision." : "Kept.");
      },
      refused: (why) => {
        mark.textContent = `Not accepted: ${why} The words are still here, on this phone only. `;
        const again = document.createElement("button");
        again.type = "button";
        again.className = "link";
        again.textContent = "Put them back into the box";
        again.addEventListener("click", () => {
          composer.elements.text.value = [fields.text, composer.elements.text.value].filter(Boolean).join("\n");
          unsent.delete(fields.uuid);
          item.remove();
          grow();
          composer.elements.text.focus();
        });
        mark.append(again);
        unsent.add(fields.uuid);
        say(`Not accepted: ${why}`);
      },
    });
  });
}
const unsent = new Set();
addEventListener("beforeunload", (event) => { if (unsent.size) event.preventDefault(); });

// News of the others who write in the same meeting.
let asking = null;
function news() {
  asking ||= look().finally(() => { asking = null; });
  return asking;
}
async function look() {
  let answer = null;
  try { answer = await ask(`${root.dataset.news}?since=${encodeURIComponent(cursor)}`); } catch { return; }
  if (answer.status === 302) { if (!stopped) wait({ status: 302 }); return; }
  if (answer.code !== 200 || !answer.cursor) return;
  token = answer.csrf;
  if (answer.me !== root.dataset.me) { if (stopped !== "other") wait({ status: 409 }); return; }
  cursor = answer.cursor;
  reachable = true;
  root.dataset.status = answer.status_of;
  if (stopped) goOn();
  if (answer.status_of === "closed" && !queue.length && !composer?.elements.text.value.trim()) { location.reload(); return; }
  const stuck = atEnd();
  let others = 0;
  for (const one of answer.lines) if (place(one.html, one.uuid)) others += 1;
  for (const uuid of answer.gone) lines.querySelector(`[data-line="${uuid}"]`)?.remove();
  arrange(answer.order);
  apply(answer);
  if (others) { say(others === 1 ? "A new line." : `${others} new lines.`); if (stuck) toEnd(); }
  show();
  if (queue.length) send();
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
root.dataset.ready = "yes";
