// SPDX-License-Identifier: Apache-2.0
// What changes is brought to the page that is open; without this, loading it anew does the same.
"use strict";

// On a narrow screen a row is shown as a block, each cell with its heading before it (page.css); not
// so in a table that is flat, which fits as it is.
function label(table) {
  if ("flat" in table.dataset) return;
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  table.classList.add("stack");
  table.setAttribute("role", "table");
  for (const row of table.tBodies[0].rows) {
    row.setAttribute("role", "row");
    [...row.cells].forEach((cell, at) => {
      cell.dataset.name = names[at];
      cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
    });
  }
}

function watch(table) {
  const body = table.tBodies[0];
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.dataset);
  const most = Number(table.dataset.most);

  function cell(row, text, name) {
    const made = row.insertCell();
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  function rowOf(call) {
    const row = document.createElement("tr");
    row.dataset.key = call.key;
    if (call.mark) row.className = call.mark;
    for (const { field, kind } of columns) if (field) cell(row, call[field], kind);
    const why = table.dataset.why ? cell(row, "") : null;
    if (why && call.record && table.dataset.call) {
      const link = document.createElement("a");
      link.href = table.dataset.call + encodeURIComponent(call.record);
      link.textContent = table.dataset.why;
      why.append(link);
    }
    return row;
  }

  // Only what changed: a link that somebody is about to click, or has the focus on, stays itself.
  function renew(known, made) {
    known.className = made.className;
    [...made.cells].forEach((cell, at) => {
      const shown = known.cells[at];
      shown.className = cell.className;
      if (shown.innerHTML !== cell.innerHTML) shown.replaceChildren(...cell.childNodes);
    });
  }

  const source = new EventSource(table.dataset.from);
  source.onmessage = (event) => {
    for (const call of JSON.parse(event.data)) {
      const known = [...body.rows].find((row) => row.dataset.key === call.key);
      if (known) renew(known, rowOf(call));
      else body.prepend(rowOf(call));
    }
    while (body.rows.length > most) body.deleteRow(-1);
    label(table);
    const none = document.getElementById("no-calls");
    if (none && body.rows.length) none.remove();
  };
  addEventListener("pagehide", () => source.close());
}

function refresh(part) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.from, { redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload();
      if (!answer.ok) return;
      const made = new DOMParser().parseFromString(await answer.text(), "text/html");
      part.replaceChildren(...made.body.childNodes);
      part.querySelectorAll("table").forEach(label);
    } catch {
      // the box is away for a moment: what was seen last stays
    }
  }, 5000);
}

document.querySelectorAll("table").forEach(label);
const calls = document.getElementById("calls");
if (calls) watch(calls);
const live = document.getElementById("live");
if (live) refresh(live);
