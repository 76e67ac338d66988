// Where meetings are shown: of each that is put on this device, how far that has come, and what may happen to it there.

import { askForRoom, clearWords, roomWords } from "./kept.js";
import { allPacks } from "./packs.js";
import { whenPrepared } from "./prepared.js";

const WORDS = {
  named: "Ready for offline", nameless: "Ready, without names", changed: "Changed: not on this phone yet", not: "Not on this phone yet",
};

whenPrepared(async (today, parts) => {
  const packs = new Map((await allPacks()).map((pack) => [pack.meeting, pack]));
  const here = new Map(today.meetings.map(({ uuid, stamp }) => [uuid, stamp]));
  for (const mark of document.querySelectorAll("[data-prepared]")) {
    const { prepared: uuid } = mark.dataset, pack = packs.get(uuid);
    mark.hidden = !here.has(uuid);
    const state = !parts || !pack ? "not" : pack.stamp !== here.get(uuid) ? "changed" : pack.sealed ? "named" : "nameless";
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
