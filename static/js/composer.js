// The composer: a line, or other words for one.

import { newId } from "./kept.js";
import { SAY, add, complain as complainIn, hears, lines, person, say } from "./recorded.js";
import { keepDrafts, keepsDraft, taken } from "./drafts.js";
import { button, nameOf, whyWait } from "./room.js";
import { toRoom } from "./closing.js";
import { draw, lineOf, reword, toEnd } from "./lines.js";

export const composer = document.getElementById("composer");
const TWICE = 1000, SOON = 100;
const VOICED = ["use", "voice", "reflection"];
const changing = () => composer.dataset.changing || ""; // the line that gets other words
const fields = () => Object.fromEntries([...new FormData(composer)].filter(([name]) => !["csrfmiddlewaretoken", "uuid"].includes(name)));
const empty = () => !composer.elements.text.value.trim();
const before = () => document.querySelector("#changing .voice").textContent; // of a line that gets other words
const read = () => (empty() || (changing() && composer.elements.text.value === before()) ? null : { ...fields(), line: changing() });
function putIn(said) {
  if (said.line && lineOf(said.line)) change(said.line);
  for (const field of composer.querySelectorAll("input:not([type=hidden]), textarea")) {
    if (field.type !== "radio") field.value = said[field.name] || "";
    else if (field.value === said[field.name] && !field.disabled && !field.closest("label").hidden) field.checked = true;
    else if (field.name === "voice") field.checked = false;
  }
  onlyOther();
  if (empty()) composer.elements.text.value = said.words || "";
  grow();
  return true;
}
// A line that came back, as it was: its kind, whose words, who does what. Says whether the box was empty for it.
export async function putBack({ do: what, text, words, ...rest }) {
  const busy = changing() || !empty();
  if (busy) complain(["text", "Keep first what you are writing here."]);
  else putIn(what === "line" ? { ...rest, text, line: "" } : { text: text || words });
  composer.elements.text.focus();
  await keepDrafts();
  return !busy;
}

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
function addVoice(who) {
  const other = document.getElementById("whose-other").closest("label"), label = other.cloneNode(true), radio = label.querySelector("input");
  radio.id = label.htmlFor = `whose-${who}`;
  Object.assign(radio, { value: who, checked: false });
  Object.assign(radio.dataset, { name: nameOf(who), face: button(who).dataset.face });
  const name = document.createElement("bdi");
  name.textContent = nameOf(who);
  label.querySelector("span").replaceChildren(name);
  other.before(label);
}
function room(keys, sentence) {
  if (!composer) return;
  const known = new Set([...composer.querySelectorAll(".whose input")].map((radio) => radio.value));
  for (const key of keys) if (!known.has(key)) addVoice(key);
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
  if (was !== decision.disabled) say(sentence || `${person} is in the room.`);
}
hears.room.push(room);

function missing(fields) {
  const text = fields.text.trim();
  if (!text) return ["text", SAY.write];
  if (text.length > 20000) return ["text", `This is ${text.length} characters long, and 20,000 is the most. Please keep it as two lines.`];
  if (changing()) return lineOf(changing()).querySelector(".line--decision") && whyWait() ? ["text", whyWait()] : null;
  if (VOICED.includes(fields.kind) && !fields.voice) return ["voice", SAY.whose];
  if (VOICED.includes(fields.kind) && fields.voice === "other" && !fields.voice_name.trim()) return ["voice_name", SAY.whose];
  const left = fields.kind === "action" && ["action_who", "action_by", "action_looked_after_by"].find((name) => !fields[name].trim());
  return left ? [left, SAY[left]] : null;
}
function complain(problem) {
  const [name, sentence] = problem || [];
  const shown = complainIn(composer, name === "voice" ? voices()[0] : composer.elements[name], sentence);
  composer.querySelector(".field-error[data-here]")?.classList.add("composer__error");
  if (shown) composer.querySelector(".composer__words").before(composer.querySelector(".field-error[data-here]"));
  return shown;
}
const grow = () => {
  const box = composer.elements.text;
  if (CSS.supports("field-sizing", "content")) return;
  box.rows = Math.min(8, Math.max(1, Math.ceil(box.value.length / 36), box.value.split("\n").length));
};

// Other words for a line, in the same box: what is typed there is sealed as ever.
function change(uuid) {
  const words = uuid ? lineOf(uuid).querySelector(".voice").textContent : "";
  const note = document.getElementById("changing");
  composer.dataset.changing = uuid;
  note.hidden = !uuid;
  note.querySelector(".voice").textContent = words;
  for (const part of composer.querySelectorAll("fieldset, .composer__action")) part.hidden = Boolean(uuid);
  composer.elements.text.value = words;
  keepDrafts();
  grow();
  complain(null);
}
// The line is not in the record after all: what was typed for it stays in the box, as words of their own.
export function leaveChange(uuid) {
  if (!composer || changing() !== uuid) return;
  const typed = read()?.text || "";
  change("");
  composer.elements.text.value = typed;
  keepDrafts();
  grow();
}
lines.addEventListener("click", (event) => {
  const link = event.target.closest(".line__links a"), item = link?.closest("[data-line]");
  if (!item || !composer || composer.elements.at || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (read()) { complain(["text", "Keep first what you are writing here."]); return; }
  toRoom();
  change(item.dataset.line);
  composer.elements.text.focus();
});
document.querySelector("#changing button")?.addEventListener("click", () => { change(""); composer.elements.text.focus(); });

if (composer) {
  composer.elements.text.addEventListener("input", grow);
  keepsDraft("composer", composer, { read, putIn, free: () => empty() && !changing() });
  grow();
  onlyOther();
  let tapped = -Infinity; // when the last line was kept
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    if (empty() && event.timeStamp - tapped < TWICE) return;
    const said = fields();
    if (complain(missing(said))) return;
    composer.querySelector(".errors")?.remove();
    const uuid = newId();
    tapped = event.timeStamp;
    if (changing()) {
      const line = changing(), mark = reword(line, uuid, said.text.trim());
      add({ do: "change", line, text: said.text }, { uuid, mark, box: "composer" });
      change("");
    } else {
      const item = draw({ ...said, uuid }, composer.querySelector(".whose input:checked"));
      const show = () => { // once it is on the disk, which would else wait until the page is drawn; at the latest soon
        if (lineOf(uuid)) return;
        lines.append(item);
        document.getElementById("none").hidden = true;
        requestAnimationFrame(toEnd);
      };
      for (const one of voices()) one.checked = false;
      onlyOther();
      for (const field of composer.querySelectorAll("input:not([type=hidden]), textarea")) if (field.type !== "radio") field.value = "";
      grow();
      setTimeout(show, SOON);
      add({ do: "line", ...said }, { uuid, mark: item.querySelector("[data-state]"), box: "composer" }).kept.then(show);
    }
    taken("composer");
    composer.elements.text.focus();
  });
}
