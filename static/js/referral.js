// Taking a call: the clock beside the form, and names in its sentences. Without it the page works as well.
const form = document.getElementById("call");
const panel = document.querySelector("[data-panel]");
const part = (name) => form.querySelector(`[data-${name}]`);
const offset = Number(panel.dataset.now) - Date.now() / 1000; // by the time of the service
const now = () => Date.now() / 1000 + offset;
const started = form.elements.started_at;

// The call began when the first key was pressed, not when the page was opened in the morning.
form.addEventListener("input", () => { if (!started.value) { started.value = String(now()); show(); } });

const inZone = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: panel.dataset.zone, ...options });
const dayOf = inZone({ year: "numeric", month: "2-digit", day: "2-digit" });
const weekday = inZone({ weekday: "long" });
const minute = inZone({ hour: "2-digit", minute: "2-digit" });
const date = inZone({ day: "numeric", month: "long" });
function when(seconds) {
  const moment = new Date(seconds * 1000);
  const days = { 0: "today", 1: "tomorrow", "-1": "yesterday" };
  const away = [0, 1, -1].find((n) => dayOf.format(moment) === dayOf.format(new Date((now() + n * 86400) * 1000)));
  const near = Math.abs(seconds - now()) < 6 * 86400;
  return `${away === undefined ? (near ? weekday : date).format(moment) : days[away]} ${minute.format(moment)}`;
}

// A typed time is local to the service: what it is in seconds follows from the same clock, read backwards.
function typed() {
  const value = form.elements.first_heard_at.value;
  if (!value) return null;
  const wall = Date.parse(`${value}Z`) / 1000;
  const shown = (seconds) => {
    const parts = inZone({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).formatToParts(new Date(seconds * 1000));
    const get = (type) => parts.find((one) => one.type === type).value;
    return Date.parse(`${get("year")}-${get("month")}-${get("day")}T${get("hour")}:${get("minute")}:${get("second")}Z`) / 1000;
  };
  return Number.isNaN(wall) ? null : wall - (shown(wall) - wall);
}

function show() {
  const urgency = form.elements.urgency.value || "urgent";
  const heard = typed() || Number(started.value) || now();
  const hours = Number(panel.getAttribute(`data-hours-${urgency}`));
  const left = heard + hours * 3600 - now();
  const minutes = Math.floor(Math.abs(left) / 60);
  const emergency = urgency === "emergency";
  const reply = urgency === "not_crisis";
  const word = left < 0 ? "over" : reply ? "to reply" : "left";
  part("emergency").hidden = !emergency;
  part("counting").hidden = emergency;
  part("instead").hidden = !emergency;
  const ring = part("counting");
  ring.classList.toggle("clock--overdue", left < 0);
  ring.querySelector(".clock__share").setAttribute("stroke-dasharray", `${Math.max(0, Math.min(100, Math.round(left / hours / 36)))} 100`);
  part("left").textContent = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  part("left-word").textContent = word;
  part("left-said").textContent = `${Math.floor(minutes / 60)} hours ${minutes % 60} minutes ${word}`;
  part("heard").textContent = typed() || started.value ? when(heard) : "now, when you begin to type";
  part("due-row").hidden = false;
  part("due-word").textContent = reply ? "Reply before" : "Meet before";
  part("due").textContent = when(heard + hours * 3600);
  part("stops").textContent = reply
    ? "The clock stops with the first reply, or when the team and the person meet. Nothing else stops it."
    : `The clock stops when the team and ${person() || "the person"} sit down together. Nothing else stops it.`;
}

const person = () => (form.elements.name_not_known.checked ? "" : form.elements.person_name.value.trim());
const caller = () => form.elements.caller_name.value.trim();
const legend = document.querySelector("#id_told_group > legend");
function names() {
  legend.textContent = `Does ${caller() || "the caller"} know that ${person() || "the person"} can read this?`;
  const self = document.querySelector("label[for=id_told_0] > span");
  self.textContent = `${person() && person().length <= 24 ? person() : "The person"} is calling`;
  show();
}

// An urgency changed is said aloud; the ticking is not.
function say() {
  const urgency = form.elements.urgency.value;
  const detail = `${part("due-word").textContent} ${part("due").textContent}`;
  if (urgency !== "emergency") document.dispatchEvent(new CustomEvent("od:say", { detail }));
}

form.addEventListener("input", names);
form.addEventListener("change", (event) => { names(); if (event.target.name === "urgency") say(); });
document.addEventListener("htmx:afterSettle", (event) => {
  const found = event.target.querySelector && event.target.querySelector("[data-say]");
  if (found) document.dispatchEvent(new CustomEvent("od:say", { detail: found.dataset.say }));
});
setInterval(show, 15000);
names();
