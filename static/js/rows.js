// Rows of a form: Enter goes to the next one and adds it when there is none. One empty row is shown, not three.
for (const rows of document.querySelectorAll("[data-rows]")) {
  const total = rows.querySelector(`[name="${rows.dataset.rows}-TOTAL_FORMS"]`);
  const most = Number(rows.querySelector(`[name="${rows.dataset.rows}-MAX_NUM_FORMS"]`)?.value || 1000);
  const template = rows.querySelector("template");
  const button = rows.querySelector("[data-rows-add]");
  if (!total || !template || !button) continue;

  const list = () => [...rows.querySelectorAll(".rows__one")];
  const inputs = (row) => [...row.querySelectorAll("input:not([type=hidden]), select, textarea")];
  // A choice made for everybody beforehand ("family") does not make a row a filled one.
  const empty = (row) => !row.querySelector(".field--error") && inputs(row).every((one) => one.matches("select, [type=checkbox], [type=radio]") || !one.value);
  const focus = (row) => { row.hidden = false; inputs(row)[0]?.focus(); };

  list().forEach((row, place) => { if (place && empty(row) && empty(list()[place - 1])) row.hidden = true; });

  const add = () => {
    const spare = list().find((row) => row.hidden);
    if (spare) { focus(spare); return; }
    const number = Number(total.value);
    if (number >= most) return;
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", String(number));
    const row = holder.content.firstElementChild;
    row.setAttribute("aria-label", `${rows.dataset.rowName} ${number + 1}`);
    template.before(row);
    total.value = String(number + 1);
    focus(row);
    document.dispatchEvent(new CustomEvent("od:say", { detail: `${rows.dataset.rowName} ${number + 1}` }));
  };

  button.hidden = false;
  button.addEventListener("click", add);
  rows.addEventListener("keydown", (event) => {
    const row = event.target.closest(".rows__one");
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing || !row || event.target.matches("textarea, button")) return;
    event.preventDefault();
    if (empty(row)) return;
    const next = list()[list().indexOf(row) + 1];
    if (next && !next.hidden) focus(next); else add();
  });
}
