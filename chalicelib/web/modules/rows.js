/** Rows of the list. */

import { el, isolate, visible } from "./dom.js";
import { isSending, list } from "./entries.js";
import { formatSize, formatTime, typeLabel } from "./format.js";
import { failureText, STATES } from "./messages.js";

/** What the buttons of a row do, by the modules that do it. */
export const rowActions = { open: (entry) => {}, remove: (entry) => {} };

/** Create the elements of a row. */
function newRow(entry) {
  const name = visible(entry.name);
  const button = (text, onclick) =>
    el("button", { type: "button", className: "quiet small", onclick, "aria-label": `${text}: ${name}` }, text);
  const row = {
    type: el("span", { className: "type", "aria-hidden": "true" }),
    name: el("button", { type: "button", className: "name", onclick: () => rowActions.open(entry) }, isolate(entry.name)),
    note: el("p", { className: "note" }),
    pill: el("span", { className: "pill" }),
    bar: el("progress", { max: entry.size || 1, "aria-label": `Upload of ${name}` }),
    stop: button("Cancel", () => rowActions.remove(entry)),
    retry: button("Try again", () => {
      row.item.focus(); // the button is about to be hidden
      entry.retry();
    }),
    remove: button("Remove", () => rowActions.remove(entry)),
  };
  const actions = el("span", { className: "actions" }, row.stop, row.retry, row.remove);
  row.item = el("li", { className: "row", tabIndex: -1 }, row.type, row.name, row.note, actions, row.pill, row.bar);
  return row;
}

/** Update an entry's row. */
export function renderRow(entry) {
  entry.row ??= newRow(entry);
  const { state, row } = entry;
  const [short] = typeLabel(entry.document ? entry.document.fileType : entry.file?.type);
  row.type.textContent = short;
  row.name.disabled = !entry.document;
  row.note.replaceChildren(...noteOf(entry));
  row.pill.textContent = STATES[state];
  row.item.dataset.state = state;
  row.item.classList.toggle("own", list.uploads.includes(entry));
  row.bar.hidden = !["reading", "sending", "pending"].includes(state);
  if (state === "sending") row.bar.value = entry.sentBytes;
  else row.bar.removeAttribute("value"); // indeterminate
  row.stop.hidden = !isSending(entry);
  row.retry.hidden = !entry.retry;
  row.remove.hidden = state !== "unsent";
}

/** @returns {(Node | string)[]} The text below an entry's name. */
function noteOf(entry) {
  if (entry.reason) return [entry.reason];
  if (entry.document?.removedAt) return ["The file was deleted, ", formatTime(entry.document.removedAt)];
  if (entry.document?.failure) return [failureText(entry.document)];
  if (entry.state === "sending") return [`${formatSize(entry.sentBytes)} of ${formatSize(entry.size)}`];
  if (entry.state === "pending") return [`${formatSize(entry.size)}, processing`];
  if (!entry.document?.uploadedAt) return [formatSize(entry.size)];
  return [`${formatSize(entry.size)}, `, formatTime(entry.document.uploadedAt)];
}
