// Where meetings are shown: of each that is put on this device, how far that has come, and what may happen to it there.

import { askForRoom, clearWords, roomWords } from "./kept.js";
import { allPacks } from "./packs.js";
import { whenPrepared } from "./prepared.js";

const WORDS = { named: "Ready for offline", nameless: "Ready, without names", not: "Not on this phone yet" };

whenPrepared(async (today, parts) => {
  const packs = new Map((await allPacks()).map((pack) => [pack.meeting, pack]));
  const here = new Set(today.meetings.map(({ uuid }) => uuid));
  for (const mark of document.querySelectorAll("[data-prepared]")) {
    const pack = packs.get(mark.dataset.prepared);
    mark.hidden = !here.has(mark.dataset.prepared);
    const state = !parts || !pack ? "not" : pack.sealed ? "named" : "nameless";
    mark.textContent = WORDS[state];
    mark.className = `chip ${state === "named" ? "" : "chip--plain"}`;
    mark.dataset.state = state;
  }
  const room = document.getElementById("prepared-room");
  if (!here.size) return;
  await askForRoom();
  const nameless = [...packs.values()].some((pack) => !pack.sealed);
  const words = [roomWords(), clearWords()].filter(Boolean);
  room.replaceChildren(...words.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  if (nameless) {
    const line = document.createElement("p");
    line.append("There is no lock on this phone yet. Without signal you can write, but no name and no place is shown. ",
      Object.assign(document.createElement("a"), { href: "/on-this-device/", textContent: "Set up a lock" }));
    room.append(line);
  }
  room.hidden = !room.childElementCount;
});
