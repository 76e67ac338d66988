// On every page of staff: what this device still holds for who is signed in goes out, and a quiet line says how far it has come.
// On its own page (on-this-device/) each entry that was not taken stands with its reason, and can be read again by its author.

import { askForRoom, clearWords, clockWords, keptBy, measurePage, roomWords } from "./kept.js";

const place = document.getElementById("on-this-device");
const author = document.body.dataset.author;
const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });
const entries = (n) => (n === 1 ? "1 entry" : `${n} entries`);
const opened = new Map(); // what the service gave back of those it did not take: in this page's memory only

let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
// Refused for want of a token: signed out, somebody else, or a new session of the same one.
async function freshToken() {
  const response = await fetch("/on-this-device/", { redirect: "manual" }).catch(() => null);
  if (!response) return;
  if (response.type === "opaqueredirect") { device.stop("out"); return; } // to the sign-in
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!fresh) return; // an error, which says nothing of who is signed in: it is asked again
  if (page.body.dataset.author === author) token = fresh; else device.stop("other");
}
const device = keptBy(author, {
  token: () => token,
  freshToken,
  settled: (result) => { if (result.done) taken += 1; else opened.set(result.uuid, result.fields); },
  changed: show,
});
let note = null, taken = 0; // entries that went from this page to the service
let drafts = []; // words that nobody kept, of a window that has gone
async function lookForDrafts() {
  const { held } = navigator.locks ? await navigator.locks.query() : { held: [] };
  drafts = held.some(({ name }) => name === "writing") ? [] : await device.drafts();
  for (const draft of place ? drafts : []) opened.set(draft.uuid, await device.open(draft).catch(() => null));
  show();
}

function words() {
  const waiting = device.waiting(), refused = device.refused().length;
  const parts = [];
  if (waiting) {
    const what = `${entries(waiting)} of a meeting`;
    parts.push(device.stopped ? `${what} ${waiting === 1 ? "waits" : "wait"} sealed on this device until you sign in again.`
      : device.reachable ? `${what} from this device ${waiting === 1 ? "is" : "are"} being sent.`
        : `${what} ${waiting === 1 ? "is" : "are"} on this device and not at the service yet. ${device.unwell ? "The service does not answer just now" : "No connection"}: they are sent later.`);
  } else if (taken && !refused) parts.push(`${entries(taken)} from this device ${taken === 1 ? "is" : "are"} at the service now.`);
  if (refused) parts.push(`${entries(refused)} on this device ${refused === 1 ? "was" : "were"} not taken by the service.`);
  if (drafts.length) parts.push("Words you had not kept yet are on this device.");
  return parts.join(" ");
}
function show() {
  const text = words();
  if (place) list(text);
  else if (text || note) {
    if (!note) {
      note = element("p", "", { className: "notice notice--wait" });
      note.setAttribute("role", "status");
      note.dataset.kept = "";
      document.getElementById("main").prepend(note);
    }
    if (note.dataset.text === text) return;
    note.dataset.text = text;
    note.hidden = !text;
    const link = element("a", "See what is on this device", { href: "/on-this-device/" });
    note.replaceChildren(text, ...(device.refused().length || drafts.length ? [" ", link] : []));
    note.classList.toggle("notice--wait", Boolean(device.waiting() || device.refused().length || drafts.length));
  }
}

// The page of its own.
const does = {
  arrive: "Somebody came", leave: "Somebody left", mistake: "A tap taken back", guest: "Somebody new came", choose: "A choice among versions",
  confirm: "A decision from before, agreed to", bring_up: "What somebody brought, taken up", read_back: "What each one said when it was read back", close: "The close of the meeting",
};
// All that somebody typed into it, wherever it stood.
const TYPED = /^(text|words|words:.*|name|relation|voice_name|action_who|action_looked_after_by|who_comes|no_next_decided_by|night_number)$/;
const typed = (fields) => Object.entries(fields).filter(([name, value]) => TYPED.test(name) && value.trim()).map(([, value]) => value.trim()).join(" · ");
function list(text) {
  document.getElementById("on-this-device-state").textContent = text || (device.broken ? "This browser keeps nothing on this device." : "Nothing waits here.");
  const refused = device.refused();
  document.getElementById("on-this-device-room").replaceChildren(...[clockWords(), roomWords(), clearWords()].filter(Boolean).map((words) => element("p", words)));
  document.getElementById("try-again").hidden = !device.waiting() && !refused.length;
  place.replaceChildren(...refused.map((entry) => card(entry, `Not taken: ${entry.refused}`, () => device.drop(entry.uuid))),
    ...drafts.map((draft) => card(draft, "You were writing this when its window closed. It waits in the box of that meeting while the meeting goes on.",
      async () => { await device.draft(draft, null); await lookForDrafts(); })));
}
function card(entry, why, remove) {
  const fields = opened.get(entry.uuid), sheet = element("li", "", { className: "sheet sheet--wait stack-tight" });
  const words = fields ? typed(fields) : "", what = fields ? does[fields.do] : "Sealed: it cannot be read here.";
  const said = [what && element("p", what, { className: "soft" }), words && element("p", words, { className: "voice", dir: "auto" })].filter(Boolean);
  const links = element("p", "", { className: "row" });
  links.append(element("a", "Open the meeting", { href: `/meetings/${entry.of || entry.meeting}/` }));
  const away = element("button", "Remove it from this device", { type: "button", className: "link" });
  away.addEventListener("click", () => {
    if (away.dataset.sure) { remove(); return; }
    away.dataset.sure = "yes";
    away.textContent = "Remove it for good: I have kept what matters elsewhere";
  });
  links.append(away);
  sheet.append(...said, element("p", why), links);
  return sheet;
}
document.getElementById("try-again")?.addEventListener("click", () => { device.retry(); });

if (place) measurePage(place.dataset.now);
device.ready.then(async () => {
  if (place) {
    await Promise.all([device.retry(), askForRoom()]);
  } else if (device.waiting()) device.send();
  await lookForDrafts();
});
