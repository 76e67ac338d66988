// Whether the clock of the service is watched. Each page says so when it is opened, and asks anew while it is looked at.
const EACH = 20000;
const place = document.getElementById("clock-watch");
let last = null;

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(place.dataset.watch, { cache: "no-store", signal: AbortSignal.timeout(EACH) });
    if (!answer.ok || answer.redirected) return; // signed out in between
    const found = await answer.text();
    if (found !== last) place.innerHTML = found;
    last = found;
  } catch { /* no connection: what is shown stays */ }
}
setInterval(look, EACH);
document.addEventListener("visibilitychange", look);
