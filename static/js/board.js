// How fresh the board is. The page asks for itself anew; when nothing new has come for a while, it says so.
const seen = new Map();

function look() {
  for (const mark of document.querySelectorAll("[data-fresh]")) {
    const time = mark.querySelector("time");
    const id = mark.id || "fresh";
    const stamp = time.getAttribute("datetime");
    const known = seen.get(id);
    if (!known || known.stamp !== stamp) seen.set(id, { stamp, at: Date.now(), said: false });
    const state = seen.get(id);
    const old = Date.now() - state.at > 1000 * Number(mark.dataset.fresh);
    mark.classList.toggle("fresh--old", old);
    mark.querySelector("span").textContent = old ? "Not up to date since" : "up to date at";
    if (old !== state.said) {
      state.said = old;
      if (old) document.dispatchEvent(new CustomEvent("od:say", { detail: `Not up to date since ${time.textContent}.` }));
    }
  }
}
look();
setInterval(look, 5000);
document.addEventListener("htmx:afterSettle", look);
document.addEventListener("visibilitychange", look);

// Signed out in between, or answered by something else: what is shown stays, and grows old in plain sight.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "board" && !event.detail.serverResponse.includes("data-board-head")) event.detail.shouldSwap = false;
});
