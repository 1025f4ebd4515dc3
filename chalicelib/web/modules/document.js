/** The dialog of a document. */

import { api } from "./api.js";
import { $, announce, el, isolate, visible } from "./dom.js";
import { stateOf } from "./entries.js";
import { renderFields } from "./fields.js";
import { formatSize, formatTime, typeLabel } from "./format.js";
import { confirmAction } from "./forms.js";
import { removeEntry } from "./list.js";
import { failureText, STATES } from "./messages.js";
import { renderRow, rowActions } from "./rows.js";
import { session } from "./session.js";

/** @type {Entry | null} */
let opened = null;

/** Show the loaded document at once, then refresh it from the API. */
async function openDocument(entry) {
  const dialog = $("#document");
  opened = entry;
  $(".problem", dialog).textContent = "";
  showDocument(entry.document);
  dialog.showModal(); // focuses the heading
  try {
    const record = await api.document(entry.documentId);
    if (["status", "processedAt", "sequencer", "removedAt"].every((name) => record[name] === entry.document[name])) return;
    entry.document = record;
    entry.state = stateOf(record);
    renderRow(entry);
    if (opened === entry) showDocument(record);
  } catch (error) {
    if (opened === entry) $(".problem", dialog).textContent = error.message;
  }
}

function showDocument(record) {
  $("#document-name").replaceChildren(isolate(record.fileName));
  const body = $("#document-body");
  body.replaceChildren(
    el("p", {}, el("span", { className: "pill" }, STATES[stateOf(record)])),
    ...(record.failure ? [renderFailure(record)] : []),
    renderFields(mainFields(record)),
    ...renderMetadata(record),
    renderDetails("Technical details", renderFields(technicalFields(record))),
    renderDetails("JSON", el("pre", {}, formatJson(record))),
  );
  body.dataset.state = stateOf(record);
  $("#download").hidden = Boolean(record.removedAt);
  body.scrollTop = 0;
}

const renderDetails = (title, content) =>
  el("details", {}, el("summary", {}, title), content);

/** Format JSON line by line: the escape sequences of `visible` are those of JSON. */
const formatJson = (value) => JSON.stringify(value, null, 2).split("\n").map(visible).join("\n");

const renderFailure = (record) =>
  el("div", { className: "failure" }, el("p", {}, failureText(record)), el("p", { className: "small" }, isolate(record.failure.message)));

/** @returns {[string, unknown][]} */
function mainFields(record) {
  const exact = `${record.fileSize.toLocaleString()} bytes`;
  const size = record.fileSize < 1024 ? exact : `${formatSize(record.fileSize)} (${exact})`;
  const owner = record.owner === session.user.sub ? "You" : record.owner;
  return [
    ["type", record.fileType && typeLabel(record.fileType)[1]],
    ["size", el("span", {}, size)],
    ["uploaded", record.uploadedAt && formatTime(record.uploadedAt)],
    ["processed", record.processedAt && formatTime(record.processedAt)],
    ["removed", record.removedAt && formatTime(record.removedAt)],
    ["owner", owner ?? "None (uploaded directly to the bucket)"],
  ];
}

function renderMetadata(record) {
  const found = Object.entries(record.metadata ?? {});
  return found.length ? [el("h3", {}, "Metadata"), renderFields(found)] : [];
}

/** @returns {[string, unknown][]} The other fields of the record. */
function technicalFields(record) {
  const shown = ["fileName", "fileSize", "status", "uploadedAt", "processedAt", "removedAt", "owner", "metadata", "failure"];
  return Object.entries(record).filter(([name]) => !shown.includes(name));
}

/** Run a button's action on the open document; the button is disabled meanwhile. */
async function runAction(button, act) {
  const entry = opened;
  const message = $("#document .problem");
  message.textContent = "";
  button.disabled = true;
  try {
    await act(entry);
  } catch (error) {
    message.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

/**
 * Download the file with the browser, at any size. Uses a frame, so that an error page of S3 does
 * not replace this page and uploads in progress trigger no warning about leaving it.
 */
async function download(entry) {
  const { url } = await api.content(entry.documentId);
  $("iframe")?.remove();
  const onload = () => {
    // Downloads fire no load event; only an error page does.
    $("#document .problem").textContent = "The file could not be downloaded. Try again.";
  };
  document.body.append(el("iframe", { hidden: true, title: "Download", src: url, onload }));
}

async function deleteDocument(entry) {
  const title = ["Delete “", isolate(entry.name), "”?"];
  if (!(await confirmAction(title, "The document and its file are permanently deleted. This cannot be undone.", "Delete"))) return;
  await api.delete(entry.documentId);
  announce(`${visible(entry.name)} was deleted.`);
  $("#document").close();
  removeEntry(entry);
}

/** Open documents from the list, and respond to the buttons of the dialog. */
export function initDocument() {
  rowActions.open = openDocument;
  const dialog = $("#document");
  $(".close", dialog).onclick = () => dialog.close();
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  };
  dialog.onclose = () => {
    opened?.row.name.focus();
    opened = null;
  };
  $("#download").onclick = (event) => runAction(event.currentTarget, download);
  $("#delete").onclick = (event) => runAction(event.currentTarget, deleteDocument);
}
