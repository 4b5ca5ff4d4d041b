"use strict";
// Lets a reader search and sort the list of cases. Without it the page shows the first of them.
(() => {
  const { words, rows } = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 100;
  const LINK = 8;
  const WORDS = new Set([0, 4, 5, 6, 7]);
  const CHOICES = [[0, "Status"], [4, "Machine"], [5, "Technique"], [6, "Scheme"]];
  const table = document.getElementById("cases");
  const caption = document.getElementById("caption");
  const controls = document.getElementById("controls");
  const state = { text: "", chosen: new Map(), column: -1, up: true, page: 0 };

  const make = (name, text, attributes = {}) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const said = (row, column) => WORDS.has(column) ? words[row[column]] : row[column];
  const clip = (text, longest) => text.length > longest ? `${text.slice(0, longest - 1)}…` : text;

  const shown = () => {
    const text = state.text.toLowerCase();
    const chosen = [...state.chosen].filter(([, value]) => value !== "");
    const found = rows.filter((row) => chosen.every(([column, value]) => row[column] === Number(value))
      && (!text || [1, 2, 3, 7].some((column) => said(row, column).toLowerCase().includes(text))));
    if (state.column < 0) return found;
    const sign = state.up ? 1 : -1;
    const order = new Intl.Collator("en", { numeric: true });
    return found.sort((a, b) => sign * order.compare(said(a, state.column), said(b, state.column)));
  };

  const line = (row) => {
    const node = make("tr");
    const status = make("td");
    status.append(make("span", said(row, 0), { class: `badge ${said(row, 0)}` }));
    const plan = make("th", undefined, { scope: "row" });
    const label = clip(row[1], 40);
    if (row[LINK]) plan.append(make("a", label || "report", { href: row[LINK] }));
    else plan.textContent = label;
    node.append(status, plan);
    for (let column = 2; column < LINK; column += 1) node.append(make("td", clip(said(row, column), 60)));
    return node;
  };

  const back = make("button", "Back", { type: "button" });
  const on = make("button", "On", { type: "button" });
  const count = make("output", "", { "aria-live": "polite" });
  const draw = () => {
    const found = shown();
    const last = Math.max(Math.ceil(found.length / PAGE) - 1, 0);
    state.page = Math.min(state.page, last);
    const first = state.page * PAGE;
    const part = found.slice(first, first + PAGE);
    table.tBodies[0].replaceChildren(...part.map(line));
    const range = part.length ? `${first + 1} to ${first + part.length} of ${found.length}` : "none";
    count.textContent = `${range}${found.length < rows.length ? `, out of ${rows.length}` : ""}`;
    caption.textContent = `Cases ${count.textContent}.`;
    back.disabled = state.page === 0;
    on.disabled = state.page === last;
  };
  const again = () => { state.page = 0; draw(); };

  const search = make("input", undefined, { type: "search", "aria-label": "Search plan, patient, date, finding", placeholder: "Search" });
  search.addEventListener("input", () => { state.text = search.value; again(); });
  controls.append(search);
  for (const [column, title] of CHOICES) {
    const select = make("select", undefined, { "aria-label": title });
    select.append(make("option", `${title}: all`, { value: "" }));
    const present = [...new Set(rows.map((row) => row[column]))].sort((a, b) => words[a] < words[b] ? -1 : 1);
    for (const word of present) select.append(make("option", clip(words[word] || "unknown", 60), { value: word }));
    select.addEventListener("change", () => { state.chosen.set(column, select.value); again(); });
    controls.append(select);
  }
  back.addEventListener("click", () => { state.page -= 1; draw(); });
  on.addEventListener("click", () => { state.page += 1; draw(); });
  controls.append(back, on, count);

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      state.up = state.column === column ? !state.up : true;
      state.column = column;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", state.up ? "ascending" : "descending");
      again();
    });
  });
  controls.hidden = false;
  draw();
})();
