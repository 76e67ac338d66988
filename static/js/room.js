// Who is in the room, by what this page knows: taps, somebody new, a tap taken back, and what waits until the person is here.

import { SAY, add, complain, device, element, hears, lines, meeting, now, person, personKey, root, say, time } from "./recorded.js";
import { fillIn, keepsDraft, taken, typedIn } from "./drafts.js";

const taps = document.getElementById("taps"), guest = document.getElementById("guest"), brings = document.getElementById("brings");
const afterwards = Boolean(taps?.elements.at); // times typed afterwards go the plain way
const TWICE = 400; // milliseconds within which a second tap on the same name belongs to the first
let tapped = { who: "", at: -Infinity };
const buttons = () => [...document.querySelectorAll("#here [data-who]")];
export const button = (who) => document.querySelector(`#here [data-who="${CSS.escape(who)}"]`);
export const nameOf = (who) => button(who)?.querySelector("bdi").textContent || "Somebody";
export const present = () => buttons().filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.who);
export const came = () => buttons().filter((one) => one.dataset.came).map((one) => one.dataset.who);
export const whyWait = () => (afterwards || present().includes(personKey) ? ""
  : `${person} is not in the room. Decisions wait until ${person} is ${button(personKey)?.dataset.came ? "back" : "here"}.`);

function changed() {
  if (brings) brings.hidden = !present().includes(personKey) || !brings.children.length;
  for (const part of hears.room) part(present(), whyWait());
}
const arriveAt = (one, here) => { one.formAction = `/meetings/${meeting}/record/${here ? "leave" : "arrive"}/`; };
function set(one, here, presence) {
  one.setAttribute("aria-pressed", String(here));
  arriveAt(one, here);
  if (here) {
    if (one.dataset.came) one.dataset.again = "yes";
    Object.assign(one.dataset, { came: "yes", presence, since: time.format(now()) });
  } else delete one.dataset.presence;
  drawSlip();
  root.dataset.status = root.dataset.status === "booked" ? "started" : root.dataset.status;
  document.getElementById("close-link").hidden = false;
  changed();
}

taps?.addEventListener("submit", (event) => {
  const one = event.submitter;
  if (!one || !one.formAction || afterwards) return;
  event.preventDefault();
  if (one.name === "presence") { takeBack(one.value); return; }
  const here = one.getAttribute("aria-pressed") !== "true", who = one.dataset.who;
  const twice = who === tapped.who && event.timeStamp - tapped.at < TWICE;
  tapped = { who, at: event.timeStamp };
  if (twice) return;
  const { uuid } = add({ do: here ? "arrive" : "leave", who }, { tap: true });
  say(here ? `${nameOf(who)} is here.` : `${nameOf(who)} has left.`);
  set(one, here, uuid);
});

// Tapped by mistake: they were never in the room.
function takeBack(presence) {
  const one = buttons().find((other) => other.dataset.presence === presence);
  if (!one) return;
  add({ do: "mistake", presence, who: one.dataset.who }, { tap: true });
  if (one.dataset.again) delete one.dataset.again; else delete one.dataset.came;
  say(`${nameOf(one.dataset.who)} was not here.`);
  set(one, false);
}
function drawSlip() {
  const slip = document.getElementById("slip");
  const here = buttons().filter((one) => one.dataset.presence);
  if (!slip) return;
  const list = slip.querySelector("ul") || element("ul", "", { className: "here" });
  list.replaceChildren(...here.map((one) => {
    const item = document.createElement("li"), away = element("button");
    Object.assign(away, { name: "presence", value: one.dataset.presence, formAction: `/meetings/${meeting}/record/mistake/` });
    away.setAttribute("form", "taps");
    away.append(element("bdi", nameOf(one.dataset.who)), " was not here ", element("span", one.dataset.since ? `(${one.dataset.since})` : "", { className: "soft" }));
    item.append(away);
    return item;
  }));
  if (!slip.querySelector("details")) {
    const more = element("details");
    more.append(element("summary", "Tapped by mistake?"), element("p", "Whoever was never in the room. When somebody leaves, tap their name above instead.", { className: "small soft" }), list);
    slip.replaceChildren(more);
  }
  slip.hidden = !here.length;
}

// Somebody new: named by the id of the entry until the service has them, and after.
guest?.addEventListener("submit", (event) => {
  if (afterwards) return;
  event.preventDefault();
  const { name, relation, circle } = Object.fromEntries(new FormData(guest));
  if (complain(guest, guest.elements.name, name.trim() ? "" : SAY.name)) return;
  const { uuid } = add({ do: "guest", name: name.trim(), relation, circle }, { tap: true, box: "guest" });
  const item = document.querySelector("#here li").cloneNode(true), one = item.querySelector("button");
  for (const key of Object.keys(one.dataset)) delete one.dataset[key];
  Object.assign(one.dataset, { who: `member:${uuid}`, face: "member" });
  one.value = one.dataset.who;
  one.replaceChildren(element("bdi", name.trim()), ...(relation.trim() ? [element("span", `, ${relation.trim()}`, { className: "visually-hidden" })] : []));
  document.querySelector("#here ul").append(item);
  guest.reset();
  taken("guest");
  guest.closest("details").open = false;
  set(one, true, uuid);
  say(`${name.trim()} is here.`);
  one.focus();
});

// What earlier meetings left to be talked about. It is only there while the person is.
brings?.addEventListener("submit", (event) => {
  const form = event.target, sheet = form.closest("[data-exception], [data-confirm], [data-brought]");
  if (afterwards || !sheet) return;
  event.preventDefault();
  const { exception, confirm, brought } = sheet.dataset, words = form.elements.words?.value.trim();
  if (exception && complain(form, form.elements.words, words ? "" : SAY.take_up)) return;
  const mark = element("p", "", { className: "line__status line__status--wait" });
  if (exception) { add({ do: "take_up", exception, words }, { mark, box: exception }); taken(exception); }
  else add(confirm ? { do: "confirm", line: confirm } : { do: "bring_up", brought }, { mark });
  sheet.classList.remove("sheet--wait");
  const title = sheet.querySelector("h2"), said = element("p", words || (confirm ? `${person} agreed.` : "Taken up."), { className: words ? "voice voice--small" : "", dir: "auto" });
  if (!brought) title.textContent = exception ? "Talked about together" : "Confirmed together";
  title.tabIndex = -1;
  form.closest("details")?.remove();
  form.remove();
  sheet.append(said, mark);
  brings.before(sheet);
  changed();
  title.focus();
});

// What is typed in these forms.
function unfolds(name, form) {
  keepsDraft(name, form, {
    read: () => typedIn(form),
    putIn: (said) => { form.closest("details").open = true; return fillIn(form, said); },
  });
}
if (lines && taps && !afterwards) {
  if (guest) unfolds("guest", guest);
  for (const sheet of brings?.querySelectorAll("[data-exception]") || []) if (sheet.querySelector("form")) unfolds(sheet.dataset.exception, sheet.querySelector("form"));
}

// What is there already, or under a finger, is left alone: a button that is put anew between press and release takes no tap.
function swap(id, html) {
  const holder = document.getElementById(id);
  const fresh = document.createElement("template");
  fresh.innerHTML = html.trim();
  if (!holder || holder.innerHTML.trim() === fresh.innerHTML || holder.querySelector(":active")) return false;
  const across = holder.firstElementChild?.scrollLeft || 0, open = holder.querySelector("details")?.open;
  holder.replaceChildren(fresh.content);
  if (holder.firstElementChild) holder.firstElementChild.scrollLeft = across;
  if (open && holder.querySelector("details")) holder.querySelector("details").open = true;
  return true;
}
// As the service knows it, once it has heard of every tap of this phone.
export function roomNow(answer) {
  if (answer.status_of) root.dataset.status = answer.status_of;
  if (!answer.here || device.tapsWait(meeting)) return;
  const key = document.activeElement?.dataset?.who;
  if (swap("here", answer.here) && key) button(key)?.focus({ preventScroll: true });
  swap("slip", answer.slip);
  document.getElementById("slip").hidden = !answer.slip.trim();
  changed();
}
if (lines && taps && !afterwards) for (const one of buttons()) arriveAt(one, one.getAttribute("aria-pressed") === "true");
