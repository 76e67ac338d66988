// Clocks tick each 30 seconds, by the time of the service: the device may be wrong by hours.
const TICK = 30000;
const offsets = new WeakMap();

const minutes = (seconds) => Math.floor(Math.abs(seconds) / 60);
const face = (seconds) => {
  const hours = Math.floor(minutes(seconds) / 60);
  return hours >= 100 ? `${hours} h` : `${hours}:${String(minutes(seconds) % 60).padStart(2, "0")}`;
};
const words = (seconds) => {
  const hours = Math.floor(minutes(seconds) / 60), rest = minutes(seconds) % 60;
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
};

function tick(clock) {
  const { from, due, soon, now, clock: kind } = clock.dataset;
  if (!offsets.has(clock)) offsets.set(clock, Number(now) - Date.now() / 1000);
  const at = Date.now() / 1000 + offsets.get(clock);
  const left = due - at;
  const over = left < 0;
  const was = clock.classList.contains("clock--overdue");
  const small = over ? "over" : kind === "reply" ? "to reply" : "left";
  clock.classList.toggle("clock--overdue", over);
  clock.classList.toggle("clock--soon", !over && at >= soon);
  clock.classList.toggle("clock--running", !over && at < soon);
  const share = over ? 100 : Math.max(0, Math.min(100, Math.round(100 * left / (due - from))));
  clock.querySelector(".clock__share").setAttribute("stroke-dasharray", `${share} 100`);
  clock.querySelector(".clock__ring b").textContent = face(left);
  clock.querySelector(".clock__ring i").textContent = small;
  clock.querySelector(".visually-hidden").textContent = over ? `Overdue by ${words(left)}.` : `${words(left)} ${small}.`;
  if (over && !was) {
    const label = clock.querySelector(".clock__due");
    const time = label && label.querySelector("time");
    if (time) label.replaceChildren(kind === "reply" ? "reply was due " : "was due ", time);
    document.dispatchEvent(new CustomEvent("od:say", { detail: `A clock has run out: due ${time ? time.textContent : "now"}.` }));
  }
}

const all = () => document.querySelectorAll("[data-clock]").forEach(tick);
all();
setInterval(all, TICK);
document.addEventListener("htmx:afterSettle", all);
document.addEventListener("visibilitychange", () => { if (!document.hidden) all(); });
