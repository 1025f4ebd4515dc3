/** Rows of the list. */

import { el, isolate, visible } from "./dom.js";
import { isSending } from "./entries.js";
import { keyFacts } from "./fields.js";
import { formatShortTime, formatSize, formatTime, typeLabel } from "./format.js";
import { failureText, STATES } from "./messages.js";
import { ownerName } from "./owners.js";
import { linkTo } from "./router.js";

/** What the buttons of a row do, by the modules that do it. */
export const rowActions = { remove: (entry) => {}, select: (entry, isSelected) => {} };

/** Create the elements of a row. */
function newRow(entry) {
  const name = visible(entry.name);
  const button = (text, onclick) =>
    el("button", { type: "button", className: "quiet small", onclick, "aria-label": `${text}: ${name}` }, text);
  const row = {
    check: el("input", { type: "checkbox", "aria-label": `Select ${name}`, onchange: (event) => rowActions.select(entry, event.target.checked) }),
    type: el("span", { className: "type", "aria-hidden": "true" }),
    name: el("a", { className: "name" }, isolate(entry.name)),
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
  const check = el("label", { className: "check" }, row.check);
  const actions = el("span", { className: "actions" }, row.stop, row.retry, row.remove);
  row.item = el("li", { className: "row", tabIndex: -1 }, check, row.type, row.name, row.note, actions, row.pill, row.bar);
  return row;
}

/** Update an entry's row. */
export function renderRow(entry) {
  entry.row ??= newRow(entry);
  const { state, row } = entry;
  const [short] = typeLabel(entry.document ? entry.document.fileType : entry.file?.type);
  row.type.textContent = short;
  row.check.disabled = !entry.document;
  if (entry.document) row.name.href = linkTo(entry.documentId);
  row.note.replaceChildren(...noteOf(entry));
  row.pill.textContent = STATES[state];
  row.item.dataset.state = state;
  row.item.classList.toggle("own", entry.isUpload);
  row.bar.hidden = !["reading", "sending", "pending", "scanning"].includes(state) || (!entry.isUpload);
  if (state === "sending") row.bar.value = entry.sentBytes;
  else row.bar.removeAttribute("value"); // indeterminate
  row.stop.hidden = !isSending(entry);
  row.retry.hidden = !entry.retry;
  row.remove.hidden = state !== "unsent";
}

/** @returns {(Node | string)[]} The text below an entry's name. */
function noteOf(entry) {
  const { document: record, reason, size, state } = entry;
  if (reason) return [reason];
  if (record?.removedAt) return ["The file was deleted, ", formatTime(record.removedAt)];
  if (record?.failure) return [failureText(record)];
  if (state === "sending") return [`${formatSize(entry.sentBytes)} of ${formatSize(size)}`];
  if (state === "pending") return [`${formatSize(size)}, processing`];
  if (state === "scanning") return [`${formatSize(size)}, scanning for malware`];
  if (!record?.uploadedAt) return [formatSize(size)];
  const facts = keyFacts(record).map((fact) => el("span", { className: "fact" }, ` · ${fact}`));
  const owner = ownerName(record);
  return [formatSize(size), ...facts, " · ", formatShortTime(record.uploadedAt), ...(owner ? [" · ", isolate(owner)] : [])];
}
