/** The list of documents and uploads. */

import { api } from "./api.js";
import { $, announce } from "./dom.js";
import { countsText, entryFrom, isInProgress, list, newEntry, onChange, setState } from "./entries.js";
import { renderRow, rowActions } from "./rows.js";
import { upload } from "./uploads.js";

const EMPTY_PAGES = 20; // an empty page may have a cursor

/** Whether an entry matches the filter and the search. */
function matchesFilter(entry) {
  const status = entry.state === "unsent" ? "failed" : entry.state;
  if (list.status && status !== list.status.toLowerCase()) return false;
  return foldCase(entry.name).includes(foldCase($("#search").value.trim()));
}

const foldCase = (text) => text.normalize("NFC").toLocaleLowerCase();

/** Show the matching entries in order. Moves only what changed, which preserves the focus. */
function renderList() {
  const own = new Set(list.uploads.map((entry) => entry.documentId));
  const all = [...list.uploads, ...list.listed.filter((entry) => !own.has(entry.documentId))];
  const matching = all.filter(matchesFilter);
  for (const entry of matching) if (!entry.row) renderRow(entry);
  const items = matching.map((entry) => entry.row.item);
  const parent = $("#list");
  const kept = new Set(items);
  for (const item of [...parent.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, place) => {
    if (parent.children[place] !== item) parent.insertBefore(item, parent.children[place] ?? null);
  });
  $("#summary").textContent = summaryText(matching.length, all.length);
  $("#more").hidden = !list.cursor;
  showEmpty(matching.length === 0 && !list.isLoading, all.length > 0);
}

function summaryText(shown, loaded) {
  const inProgress = list.uploads.filter(isInProgress).length;
  const uploads = [inProgress ? `${inProgress} in progress` : "", countsText()].filter(Boolean).join(", ");
  if (list.isLoading) return "Loading…";
  if (loaded === 0) return "";
  const listed = shown === loaded ? `${loaded} shown` : `${shown} of ${loaded} shown`;
  const more = list.cursor ? ", more available" : "";
  return `${listed}${more}${uploads && ` · Uploads: ${uploads}`}`;
}

function showEmpty(isEmpty, hasEntries) {
  const empty = $("#empty");
  empty.hidden = !isEmpty;
  const isFiltered = hasEntries || list.status;
  $("strong", empty).textContent = isFiltered ? "No matching documents" : "No documents yet";
  $("p", empty).textContent = isFiltered
    ? "Try another status or search term, or load more documents."
    : "Choose files or drop them here to upload them.";
}

/** Reload the list with the selected status; the old list remains until the response arrives. */
export async function reload() {
  list.cursor = null;
  await load((page) => {
    const known = new Set(page.documents.map((record) => record.documentId));
    list.uploads = list.uploads.filter((entry) => !known.has(entry.documentId));
    list.listed = [];
  });
}

/** Load the next page, skipping empty ones. `onFirstPage` receives the first response. */
async function load(onFirstPage) {
  list.load += 1;
  const number = list.load;
  list.isLoading = true;
  $("#problem").textContent = "";
  renderList();
  try {
    for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
      const page = await api.documents(list.status, list.cursor);
      if (number !== list.load) return;
      if (pages === 0) onFirstPage(page);
      list.cursor = page.cursor ?? null;
      list.listed.push(...page.documents.map(entryFrom));
      if (page.documents.length || !list.cursor) break;
    }
  } catch (error) {
    if (number === list.load) $("#problem").textContent = `The list could not be loaded. ${error.message}`;
  } finally {
    if (number === list.load) {
      list.isLoading = false;
      renderList();
    }
  }
}

/** Remove an entry from the list and cancel its upload. */
export function removeEntry(entry) {
  entry.abort?.abort();
  if (entry.documentId && !entry.document) api.cancelUpload(entry.documentId).catch(() => {}); // expires otherwise
  const item = entry.row.item;
  const next = item.nextElementSibling ?? item.previousElementSibling;
  list.uploads = list.uploads.filter((other) => other !== entry);
  list.listed = list.listed.filter((other) => other.documentId !== entry.documentId || !entry.documentId);
  renderList();
  (next ?? $("#documents-title")).focus();
}

/** Start uploading files; folders are rejected, since their content is not accessible. */
export function addFiles(files, folders = []) {
  $("#search").value = "";
  if (list.status) {
    $("#filter input").checked = true;
    setStatus("");
  }
  const entries = files.map((file) => newEntry({ name: file.name.normalize("NFC"), size: file.size, file }));
  const rejected = folders.map((name) => newEntry({ name, size: 0 }));
  list.uploads.unshift(...entries, ...rejected);
  for (const entry of rejected) setState(entry, "unsent", "Folders are not supported. Drop the files in the folder instead.");
  announce(`${files.length} ${files.length === 1 ? "upload" : "uploads"} started.`);
  for (const entry of entries) upload(entry);
}

function setStatus(status) {
  list.status = status;
  reload();
}

/** Show changes of entries, and respond to the controls above and below the list. */
export function initList() {
  onChange((entry, what) => {
    renderRow(entry);
    if (what === "state") renderList();
  });
  rowActions.remove = removeEntry;
  $("#files").onchange = (event) => {
    addFiles([...event.target.files]);
    event.target.value = ""; // allows choosing the same file again
  };
  $("#filter").onchange = (event) => setStatus(event.target.value);
  $("#search").oninput = renderList;
  $("#refresh").onclick = reload;
  $("#more").onclick = () => load(() => {});
}
