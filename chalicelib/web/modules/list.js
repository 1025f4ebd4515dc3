/** The list of documents and uploads. */

import { api } from "./api.js";
import { $, announce } from "./dom.js";
import { allEntries, countsText, entryFrom, isInProgress, list, newEntry, onChange, setDocument } from "./entries.js";
import { errorText } from "./errors.js";
import { clearFilters, currentQuery, initFilters, isFiltered, matchesFilters } from "./filters.js";
import { plural } from "./messages.js";
import { renderOverall } from "./overall.js";
import { resolveOwners } from "./owners.js";
import { renderRow, rowActions } from "./rows.js";
import { renderSelection, unselect } from "./selection.js";
import { upload } from "./uploads.js";

const EMPTY_PAGES = 20; // an empty page may have a cursor

/** Number of loads so far; responses to earlier loads are discarded. */
let loads = 0;
let query = {};
/** @type {Set<Entry>} Entries that changed since the last frame. */
const changed = new Set();
let isListChanged = false;

/** Show changes with the next frame, which hundreds of uploads share. */
function scheduleRendering(entry, what) {
  if (!changed.size) requestAnimationFrame(renderChanges);
  changed.add(entry);
  if (what === "state") isListChanged = true;
}

function renderChanges() {
  for (const entry of changed) renderRow(entry);
  changed.clear();
  if (isListChanged) renderList();
  isListChanged = false;
  renderOverall();
}

/** Show the matching entries in order. Moves only what changed, which preserves the focus. */
function renderList() {
  const all = allEntries();
  const listed = new Set(list.listed);
  const matching = all.filter((entry) => (entry.isUpload && !listed.has(entry) ? matchesFilters(entry) : true));
  for (const entry of matching) if (!entry.row) renderRow(entry);
  const items = matching.map((entry) => entry.row.item);
  const parent = $("#list");
  const kept = new Set(items);
  for (const item of [...parent.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, place) => {
    if (parent.children[place] !== item) parent.insertBefore(item, parent.children[place] ?? null);
  });
  $("#summary").textContent = summaryText(matching.length);
  $("#more").hidden = !list.cursor;
  showEmpty(matching.length === 0 && !list.isLoading);
  renderSelection(matching);
}

function summaryText(shown) {
  if (list.isLoading) return "Loading…";
  const inProgress = list.uploads.filter(isInProgress).length;
  const uploads = [inProgress ? `${inProgress} in progress` : "", countsText()].filter(Boolean).join(", ");
  const listed = shown ? `${shown} shown${list.cursor ? ", more available" : ""}` : "";
  return [listed, uploads && `Uploads: ${uploads}`].filter(Boolean).join(" · ");
}

function showEmpty(isEmpty) {
  const empty = $("#empty");
  empty.hidden = !isEmpty;
  $("strong", empty).textContent = isFiltered() ? "No matching documents" : "No documents yet";
  $("p", empty).textContent = isFiltered()
    ? "Try another search term or other filters."
    : "Choose files, drop or paste them here to upload them.";
  $("#clear-filters").hidden = !isFiltered();
}

/** Reload the list with the current filters; the old list remains until the response arrives. */
export async function reload() {
  list.cursor = null;
  query = currentQuery();
  await load(() => {
    list.listed = [];
  });
}

/** Load the next page, skipping empty ones. `onFirstPage` is called before its documents are shown. */
async function load(onFirstPage) {
  loads += 1;
  const number = loads;
  list.isLoading = true;
  $("#problem").textContent = "";
  renderList();
  try {
    for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
      const page = await api.documents({ ...query, cursor: list.cursor });
      if (number !== loads) return;
      const known = new Map(allEntries().map((entry) => [entry.documentId, entry]));
      if (pages === 0) onFirstPage();
      list.cursor = page.cursor ?? null;
      list.listed.push(...page.documents.map((record) => entryOf(record, known)));
      if (page.documents.length || !list.cursor) break;
    }
    resolveOwners(list.listed.map((entry) => entry.document), renderAll);
  } catch (error) {
    if (number === loads) $("#problem").textContent = `The list could not be loaded. ${errorText(error)}`;
  } finally {
    if (number === loads) {
      list.isLoading = false;
      renderList();
    }
  }
}

function renderAll() {
  for (const entry of list.listed) renderRow(entry);
}

/** The entry of a document: the one that is shown already, if any, which preserves focus and selection. */
function entryOf(record, known) {
  const shown = known.get(record.documentId);
  if (shown && !(shown.isUpload && isInProgress(shown))) setDocument(shown, record);
  return shown ?? entryFrom(record);
}

/** Remove entries from the list and cancel their uploads. The focus moves only if its element disappears. */
export function removeEntries(entries) {
  const removed = new Set(entries);
  const ids = new Set(entries.map((entry) => entry.documentId).filter(Boolean));
  for (const entry of entries) {
    entry.abort?.abort();
    if (entry.documentId && !entry.document) api.cancelUpload(entry.documentId).catch(() => {}); // expires otherwise
    unselect(entry);
  }
  const item = entries.find((entry) => entry.row?.item.contains(document.activeElement))?.row.item;
  const next = item?.nextElementSibling ?? item?.previousElementSibling;
  const isOther = (other) => !removed.has(other) && !ids.has(other.documentId);
  list.uploads = list.uploads.filter(isOther);
  list.listed = list.listed.filter(isOther);
  renderList();
  renderOverall();
  const { activeElement: focused, body } = document;
  if (focused === body || focused.closest("[hidden]")) (next?.isConnected ? next : $("#documents-title")).focus();
}

/** Start uploading files. */
export function addFiles(files) {
  if (!files.length) return;
  const isReloaded = clearFilters();
  const entries = files.map((file) => newEntry({ name: file.name.normalize("NFC"), size: file.size, file, isUpload: true }));
  list.uploads.unshift(...entries);
  announce(`${plural(files.length, "upload")} started.`);
  for (const entry of entries) upload(entry);
  if (isReloaded) reload();
}

/** Show changes of entries, and respond to the controls above and below the list. */
export function initList() {
  onChange(scheduleRendering);
  rowActions.remove = (entry) => removeEntries([entry]);
  $("#files").onchange = (event) => {
    addFiles([...event.target.files]);
    event.target.value = ""; // allows choosing the same file again
  };
  initFilters(reload);
  $("#refresh").onclick = reload;
  $("#more").onclick = () => load(() => {});
}
