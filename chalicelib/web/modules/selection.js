/** Selected documents, and what can be done with all of them. */

import { api } from "./api.js";
import { $, announce, visible } from "./dom.js";
import { hasContent } from "./entries.js";
import { copyLinks, download } from "./downloads.js";
import { errorText, UserError } from "./errors.js";
import { confirmAction } from "./forms.js";
import { plural } from "./messages.js";
import { limitConcurrency, sleep, withRetries } from "./pacing.js";
import { rowActions } from "./rows.js";

const DELETIONS_AT_ONCE = 3;
const BETWEEN_DOWNLOADS_MS = 300; // browsers drop downloads that start at the same time

/** @type {Set<Entry>} */
const selected = new Set();
/** @type {Entry[]} */
let selectable = [];

/** Show the selection among the shown entries; others are not selected any more. */
export function renderSelection(shown) {
  selectable = shown.filter((entry) => entry.document);
  for (const entry of selected) if (!selectable.includes(entry)) unselect(entry);
  for (const entry of selectable) entry.row.check.checked = selected.has(entry);
  const all = $("#select-all");
  all.checked = selected.size > 0 && selected.size === selectable.length;
  all.indeterminate = selected.size > 0 && !all.checked;
  all.closest("label").hidden = !selectable.length;
  $("#selection").hidden = !selected.size;
  $("#selected").textContent = `${selected.size} selected`;
  $("#download-selected").disabled = ![...selected].some(hasContent);
}

export function unselect(entry) {
  selected.delete(entry);
  if (entry.row) entry.row.check.checked = false;
}

function select(entry, isSelected) {
  if (isSelected) selected.add(entry);
  else selected.delete(entry);
  renderSelection(selectable);
}

function selectAll(isSelected) {
  for (const entry of selectable) if (isSelected) selected.add(entry);
  if (!isSelected) selected.clear();
  renderSelection(selectable);
}

async function downloadSelected() {
  const entries = [...selected].filter(hasContent);
  for (const entry of entries) {
    await download(entry, () => {
      $("#problem").textContent = `${visible(entry.name)} could not be downloaded. Try again.`;
    });
    await sleep(BETWEEN_DOWNLOADS_MS);
  }
  announce(`${plural(entries.length, "download")} started.`);
}

/** Delete the selected documents; those that cannot be deleted remain selected. */
async function deleteSelected(onDeleted) {
  const entries = [...selected];
  const text = "The documents and their files are permanently deleted. This cannot be undone.";
  const title = `Delete ${plural(entries.length, "document")}?`;
  if (!(await confirmAction([title], text, "Delete"))) return;
  const limitDeletions = limitConcurrency(DELETIONS_AT_ONCE);
  const { signal } = new AbortController();
  const failed = [];
  await Promise.all(entries.map((entry) => limitDeletions(async () => {
    try {
      await withRetries(signal, () => api.delete(entry.documentId));
      onDeleted(entry);
    } catch (error) {
      if (error.code === 404) onDeleted(entry); // deleted elsewhere
      else failed.push(error);
    }
  })));
  if (failed.length) throw new UserError(`${plural(failed.length, "document")} could not be deleted. ${errorText(failed[0])}`);
  announce(`${plural(entries.length, "document")} deleted.`);
}

/** @param {(entry: Entry) => void} onDeleted Removes a deleted document from the list. */
export function initSelection(onDeleted) {
  rowActions.select = select;
  $("#select-all").onchange = (event) => selectAll(event.target.checked);
  const act = (action) => async (event) => {
    const button = event.currentTarget;
    $("#problem").textContent = "";
    button.disabled = true;
    try {
      await action();
    } catch (error) {
      $("#problem").textContent = errorText(error);
    } finally {
      button.disabled = false;
    }
  };
  $("#download-selected").onclick = act(downloadSelected);
  $("#copy-selected").onclick = act(() => copyLinks([...selected]));
  $("#delete-selected").onclick = act(() => deleteSelected(onDeleted));
}
