// The record of a meeting on a phone. What is done stands on the page at once, rests sealed on the device (kept.js) until the service has
// it, and says of itself where it is. Who is here: room.js. What is said: composer.js and lines.js. Read back and close: closing.js.

import { ask, askForRoom, clearWords, clockWords, measurePage, roomWords } from "./kept.js";
import { SAY, device, element, hears, lines, meeting, mine, root, say, time, to, token, where } from "./recorded.js";
import { nameOf, roomNow } from "./room.js";
import { arrange, atEnd, blank, lineOf, place, toEnd } from "./lines.js";
import { composer, leaveChange, putBack } from "./composer.js";
import { giveBackDrafts, keepDrafts, owed, unkept, writing } from "./drafts.js";
import { isClosing, takesBack } from "./closing.js";
import { whenSignedOut } from "./packs.js";

const sent = document.getElementById("sent");
const NEWS = 8000;
let cursor = root.dataset.cursor;
let settled = 0;

measurePage(root.dataset.now);
token.fresh = () => news();
hears.changed.push(show);
hears.settled.push((result, item, answer) => {
  settled += 1;
  if (!result.done) { notTaken(result, item); return; }
  document.querySelector(`[data-entry="${result.uuid}"]`)?.remove();
  if (result.html) {
    place(result.html, result.uuid);
    if (item) say(result.refused ? "Kept, but not as a decision." : "Kept.");
  }
  roomNow(answer);
  if (result.again) news();
});
addEventListener("online", () => news());
document.addEventListener("visibilitychange", () => { if (document.hidden) keepDrafts(); else news(); });
addEventListener("beforeunload", (event) => { if (device.loose() || unkept()) event.preventDefault(); });

// Signed out, or somebody else signed in on this device: the words wait, sealed, until who wrote them is back.
function tellStopped() {
  const box = document.getElementById("signed-out");
  if (box.dataset.stopped === device.stopped) return;
  box.dataset.stopped = device.stopped;
  for (const why of box.querySelectorAll("[data-why]")) why.hidden = why.dataset.why !== device.stopped;
  box.hidden = !device.stopped;
}
// Signing out in another window ends this page, too, as soon as what is being stored is there. Only what could not be stored keeps it open.
// The service may not know of it yet: this address shows nobody in either case.
whenSignedOut(async () => {
  await keepDrafts();
  await device.atRest();
  if (device.unstored() || unkept()) return;
  document.documentElement.hidden = true;
  location.replace("/accounts/logout/");
});

// What the page says about itself.
let said = "";
const entries = (n) => (n === 1 ? "1 entry" : `${n} entries`);
function show() {
  tellStopped();
  const waiting = device.waiting(meeting), refused = device.refused(meeting).length, { reachable, stopped } = device;
  const unsaid = `${entries(waiting)} on this phone`;
  const rest = refused ? `${refused} not taken` : owed ? "Words on this phone" : root.dataset.status === "booked" ? "Not started" : "All at the service";
  sent.textContent = stopped ? (waiting ? unsaid : "Signed out") : waiting ? (reachable ? `Sending ${waiting}` : unsaid) : rest;
  sent.className = `chip ${(waiting && !reachable) || stopped || refused ? "chip--wait" : "chip--plain"}`;
  for (const item of mine.values()) if (item.mark.textContent !== where(item)) item.mark.textContent = where(item);
  if (root.dataset.ready) clearMarks();
  tellKept();
  const announced = stopped || (waiting && !reachable ? "waiting" : waiting ? said : "kept");
  if (announced !== said) {
    if (announced === "waiting") say(`${device.unwell ? "The service does not answer just now" : "No connection"}. What you write stays on this phone and is sent later.`);
    else if (announced === "kept" && said === "waiting") say(refused ? "Connected again. Not everything was taken." : "Connected again. Everything is at the service.");
    said = announced;
  }
}

// What stood here before a reload under the lock says where it is, too, until it is there.
function clearMarks() {
  const here = new Set(device.rows().map((one) => one.uuid));
  for (const mark of document.querySelectorAll("[data-of]")) if (mark.textContent && !mine.has(mark.dataset.of) && !here.has(mark.dataset.of)) mark.textContent = "";
}

// What rests on the device from before, and what could not be put there.
const earlier = new Set();
function tellKept() {
  const note = document.getElementById("kept-note");
  const before = device.rows().filter((one) => !one.refused && earlier.has(one.uuid)).length;
  const words = [];
  if (root.dataset.status === "closed") words.push(SAY.closed);
  if (root.dataset.reopened) words.push(SAY.reopened);
  if (before) words.push(`Sealed on this phone from before: ${entries(before)}. What was said stands here again once it is at the service.`);
  if (device.broken || !to) words.push(SAY.no_store);
  else if (device.loose() && [...mine.values()].some((item) => item.stored === false)) words.push(SAY.no_room);
  if (owed) words.push(SAY.before);
  words.push(clockWords(), roomWords());
  const told = words.filter(Boolean); // whoever only reads has nothing of all this to be told
  if (note.dataset.words !== told.join()) note.replaceChildren(...told.map((text) => element("p", text)));
  note.dataset.words = told.join();
  note.hidden = !told.length;
  const hint = document.getElementById("kept-hint");
  const may = to && (root.dataset.status === "booked" || (device.waiting(meeting) && !device.reachable)) ? clearWords() : "";
  if (hint.textContent !== may) hint.textContent = may;
  hint.hidden = !may;
}

// What the service did not take stays on the device, with the reason and what can be done. Read back and close have their own place.
function notTaken(result, item) {
  const { uuid, fields, sentence } = result;
  mine.delete(uuid);
  say(`Not accepted: ${sentence}`);
  if (takesBack(fields) || !document.getElementById("line-here")) return; // without it, waiting.js shows them
  const words = fields?.text || fields?.words || "", line = Boolean(words) || !fields;
  let holder = document.querySelector(`[data-entry="${uuid}"]`) || lineOf(uuid);
  if (!holder) {
    holder = blank();
    holder.querySelector(".voice").textContent = fields ? words || what(fields) : "Sealed words that cannot be opened";
    holder.querySelector(".voice").classList.toggle("voice", line);
    holder.querySelector(".face").textContent = "!";
    holder.querySelector("b").textContent = "Not taken";
    holder.querySelector("time").textContent = fields?.said_at ? time.format(new Date(Date.parse(fields.said_at) - Number(fields.offset_ms || 0))) : "";
    lines.append(holder);
  }
  if (item?.mark) item.mark.textContent = "";
  leaveChange(uuid);
  holder.dataset.entry = uuid;
  delete holder.dataset.line; // nothing to read back: it is not in the record
  holder.querySelector(".line__links")?.remove();
  const mark = holder.querySelector("[data-state]");
  mark.textContent = `Not accepted: ${sentence} ${line ? "The words are still here, on this phone only. " : ""}`;
  if (fields?.do === "change") news("");
  if (!fields) return;
  const away = element("button", words && composer ? "Put them back into the box" : "Leave it out", { type: "button", className: "link" });
  away.addEventListener("click", async () => {
    if (words && composer && !await putBack(fields)) return;
    holder.remove();
    await device.drop(uuid);
  });
  mark.append(away);
}
const what = (fields) => ({
  arrive: `${nameOf(fields.who)} came`, leave: `${nameOf(fields.who)} left`, mistake: "A tap taken back", guest: `${fields.name} came`,
  choose: "A choice among versions", confirm: "A decision from before, agreed to", bring_up: "What somebody brought, taken up",
  read_back: "What each one said when it was read back", close: "The close of the meeting",
}[fields.do] || "");

// News of the others who write in the same meeting. All of them are asked for behind a request that is on its way: that one knows only of what is new.
let asking = null;
function news(since = cursor) {
  if (asking && since) return asking;
  const asked = Promise.resolve(asking).catch(() => {}).then(() => look(since)).finally(() => { if (asking === asked) asking = null; });
  asking = asked;
  return asked;
}
async function look(since) {
  let answer = null;
  await device.ready;
  const before = settled, untold = device.tapsWait(meeting);
  try { answer = await ask(`${root.dataset.news}?since=${encodeURIComponent(since)}`, token.now); } catch { return; }
  if (answer.code === 302) { if (!device.stopped) device.stop("out"); return; }
  if (answer.code !== 200 || !answer.cursor) return;
  token.now = answer.csrf;
  if (answer.me !== root.dataset.me) { if (device.stopped !== "other") device.stop("other"); return; }
  cursor = answer.cursor;
  device.reachable = true;
  root.dataset.status = answer.status_of;
  delete root.dataset.reopened;
  if (device.stopped) device.goOn();
  if (answer.status_of === "closed" && !device.waiting(meeting) && !device.refused(meeting).length && !writing()) { location.reload(); return; }
  const stuck = atEnd() && !isClosing();
  let others = 0;
  for (const one of answer.lines) if (place(one.html, one.uuid)) others += 1;
  for (const uuid of answer.gone) if (!mine.has(uuid) && composer?.dataset.changing !== uuid) lineOf(uuid)?.remove();
  arrange(answer.order);
  if (before === settled && !untold) roomNow(answer); // else it may be from before a tap that the service has by now
  giveBackDrafts().then(show);
  if (others) { say(others === 1 ? "A new line." : `${others} new lines.`); if (stuck) toEnd(); }
  show();
  if (device.waiting()) device.send();
  return true;
}
if (root.dataset.news) {
  setInterval(() => { if (!document.hidden) news(); }, NEWS);
  news();
}
device.ready.then(askForRoom).then(show); // before, nobody knows what waits
device.ready.then(async () => {
  for (const one of device.rows()) if (one.meeting === meeting && !root.dataset.asItStood) earlier.add(one.uuid); // else it stands here (shell.js)
  await device.retry(meeting);
  await giveBackDrafts();
  await keepDrafts(); // words may stand in the box by now
  show();
  root.dataset.ready = "yes";
});
navigator.locks?.request("writing", { mode: "shared" }, () => new Promise(() => {})); // other windows know that words in the box have an owner
