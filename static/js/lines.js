// The lines on the page: as they were just written, as the service has them, in the order they were said, in one version or in several.

import { add, hears, lines, mine, now, say, time } from "./recorded.js";
import { whyWait } from "./room.js";

const faces = { person: "face face--person", member: "face face--member", team: "face face--team", other: "face face--other" };
export const lineOf = (uuid) => lines.querySelector(`[data-line="${CSS.escape(uuid)}"]`);
export const blank = () => document.getElementById("line-here").content.firstElementChild.cloneNode(true);

export function draw(fields, whose) {
  const item = blank();
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
  item.querySelector("time").textContent = time.format(now());
  item.querySelector(".voice").textContent = fields.text.trim();
  return item;
}
// Other words for a line, as long as the service does not have them: they take its place here.
const instead = new Map(); // line → its other words, of this page
export function reword(before, uuid, words) {
  const item = lineOf(before);
  instead.set(before, uuid);
  item.dataset.line = uuid;
  item.querySelector(".voice").textContent = words;
  return marked(item);
}
function marked(item) {
  let mark = item.querySelector("[data-state]");
  if (!mark) {
    mark = Object.assign(document.createElement("p"), { className: "line__status line__status--wait" });
    mark.dataset.state = "";
    item.querySelector(".line__links").before(mark);
  }
  return mark;
}

// As the service has it.
export function place(html, id) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const fresh = holder.content.firstElementChild;
  const old = lineOf(id);
  if (mine.has(instead.get(id))) return false;
  mine.delete(id);
  if (old) { if (old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh); } else lines.append(fresh);
  document.getElementById("none").hidden = true;
  return !old;
}
export function arrange(order) {
  const known = [...lines.children].filter((one) => order.includes(one.dataset.line));
  const sorted = [...known].sort((a, b) => order.indexOf(a.dataset.line) - order.indexOf(b.dataset.line));
  if (known.every((one, at) => one === sorted[at])) return;
  const rest = [...lines.children].filter((one) => !known.includes(one));
  lines.replaceChildren(...sorted, ...rest);
}
export const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
export const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

// Two wrote other words for the same line: the network chooses, in the room.
export const inVersions = () => Boolean(lines.querySelector(".line__links button"));
document.getElementById("choose")?.addEventListener("submit", (event) => {
  const item = event.submitter?.closest("[data-line]");
  if (!item) return;
  event.preventDefault();
  const mark = marked(item), why = item.querySelector(".line--decision") && whyWait();
  if (why) { mark.textContent = why; say(why); return; }
  add({ do: "choose", line: item.dataset.line }, { mark, chose: true });
  event.submitter.remove();
  say("Chosen. The other words stay in the record.");
});
hears.settled.push(({ done, uuid }, item) => { if (done && item?.mark && mine.delete(uuid)) item.mark.textContent = ""; });
