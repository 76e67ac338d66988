// On the device's own page: which of today's meetings are here and how, and the lock that they lie under.

import { dropVault, allPacks, putVault, vaultOf } from "./packs.js";
import { prepareAndTell } from "./prepared.js";
import { lockWithPasskey, lockWithWords, tooWeak } from "./vault.js";

const part = (id) => document.getElementById(id);
const { author } = document.body.dataset;
const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
const NO_PASSKEY = "You have no passkey yet. Make one under your account, or take a passphrase.";
const NO_SECRET = "This passkey, or this browser, cannot be used for a lock. Take a passphrase, or make a new passkey under your account and try it with that.";
let today = null;

async function show() {
  const vault = await vaultOf(author), packs = await allPacks();
  part("lock").hidden = false;
  part("lock-none").hidden = Boolean(vault);
  part("lock-there").hidden = !vault;
  const names = packs.some((pack) => pack.sealed);
  part("lock-state").textContent = !vault ? "There is no lock on this device. Without signal you can record your meetings, but no name and no place is shown."
    : `The lock on this device opens with ${vault.way.kind === "passkey" ? "your passkey" : "your passphrase"}.${names ? "" : " There is no meeting under it now."}`;
  part("lock-meetings").replaceChildren(...packs.map((pack) => Object.assign(document.createElement("li"), {
    textContent: `A meeting at ${hour.format(pack.at)}: ${pack.sealed ? "with names and place, locked" : "to write in, without names"}`,
  })));
}
function complain(words, field) {
  const error = part("lock-error");
  error.textContent = words;
  error.hidden = !words;
  for (const one of [part("lock-first"), part("lock-again")]) {
    if (one === field) one.setAttribute("aria-invalid", "true");
    else one.removeAttribute("aria-invalid");
  }
  field?.focus();
}
async function locked(make) {
  complain("");
  try {
    const vault = await make();
    if (!vault) { complain(NO_SECRET); return; }
    await putVault(vault);
    part("lock-state").textContent = "Locked. Your meetings are being put on this device …";
    part("lock-none").hidden = true;
    today = await prepareAndTell();
    await show();
    part("lock-state").tabIndex = -1;
    part("lock-state").focus();
  } catch { complain("That did not work, or you stopped it. You can try again, or take the other way."); }
}

part("lock-passkey").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!today?.passkeys.length) { complain(today ? NO_PASSKEY : "There is no connection now. Set it up where there is signal."); return; }
  locked(() => lockWithPasskey(author, today.passkeys));
});
part("lock-words").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = part("lock-first"), again = part("lock-again"), words = first.value;
  const weak = tooWeak(words);
  if (weak) { complain(weak, first); return; }
  if (words !== again.value) { complain("The two are not the same. Type it once more.", again); return; }
  first.value = again.value = "";
  locked(() => lockWithWords(author, words));
});
part("lock-there").addEventListener("click", async ({ target }) => {
  if (!target.closest("button")) return;
  await dropVault(author);
  today = await prepareAndTell();
  await show();
});

if (window.indexedDB && crypto.subtle) {
  today = await prepareAndTell();
  await show().catch(() => {});
}
