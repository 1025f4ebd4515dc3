/** The dialog of a document, with its tabs and actions. */

import { api } from "./api.js";
import { renderFacts } from "./details.js";
import { $, announce, el, isolate, visible } from "./dom.js";
import { copyLinks, download } from "./downloads.js";
import { allEntries, entryFrom, hasContent, setDocument } from "./entries.js";
import { errorText } from "./errors.js";
import { confirmAction, initClosing } from "./forms.js";
import { removeEntries } from "./list.js";
import { STATES } from "./messages.js";
import { resolveOwners } from "./owners.js";
import { sleep } from "./pacing.js";
import { hasPreview, renderPreview } from "./preview.js";
import { initRouter, leaveDocument, linkedDocument } from "./router.js";
import { hasText, isTextRunning, renderText } from "./text_view.js";

const REFRESH_MS = 3_000;

/** The tabs: titles, the documents that have them, and their content. */
const TABS = [
  ["Details", () => true, renderFacts],
  ["Preview", hasPreview, renderPreview],
  ["Text", hasText, renderText],
];

/** @type {Entry | null} */
let opened = null;
/** Title of the selected tab. */
let selectedTab = "";

/** Show the document that the page's URL names, or the list. */
async function showLinked(documentId) {
  const dialog = $("#document");
  if (opened && opened.documentId !== documentId) closeAll();
  if (documentId === null || opened) return;
  try {
    const known = allEntries().find((entry) => entry.documentId === documentId && entry.document);
    const entry = known ?? entryFrom(await api.document(documentId));
    if (linkedDocument() !== documentId || dialog.open) return;
    await openDocument(entry, Boolean(known));
  } catch (error) {
    if (linkedDocument() !== documentId) return;
    $("#problem").textContent = errorText(error);
    leaveDocument();
  }
}

/** Close the dialogs at once: the `close` event is later, when another document may be open. */
function closeAll() {
  const row = opened?.row;
  if ($("#confirm").open) $("#confirm").close("no");
  forgetOpened();
  $("#document").close();
  row?.name.focus();
}

function forgetOpened() {
  opened = null;
  document.title = "Intake";
  $("#document-body").replaceChildren(); // stops a preview
  $("#document-body").dataset.key = "";
}

/** Show a document at once, then refresh it from the API until nothing is running. */
async function openDocument(entry, isStale) {
  opened = entry;
  selectedTab = TABS[0][0];
  $("#document .problem").textContent = "";
  showDocument();
  $("#document").showModal(); // focuses the heading
  resolveOwners([entry.document], () => opened === entry && showDocument());
  if (isStale) await refresh(entry);
  while (opened === entry && (entry.state === "scanning" || isTextRunning(entry))) {
    await sleep(REFRESH_MS);
    if (opened === entry && !document.hidden) await refresh(entry);
  }
}

async function refresh(entry) {
  try {
    const record = await api.document(entry.documentId);
    if (JSON.stringify(record) === JSON.stringify(entry.document)) return;
    setDocument(entry, record);
    if (opened === entry) showDocument();
  } catch (error) {
    if (opened === entry && !error.isRetryable) $("#document .problem").textContent = errorText(error);
  }
}

function showDocument() {
  const { document: record, state } = opened;
  $("#document-name").replaceChildren(isolate(record.fileName));
  document.title = `${visible(record.fileName)} · Intake`;
  $("#document-state").textContent = record.removedAt ? "Deleted" : STATES[state];
  $("#document").dataset.state = record.removedAt ? "failed" : state;
  $("#download").hidden = !hasContent(opened);
  const shown = TABS.filter(([, has]) => has(opened));
  if (!shown.some(([title]) => title === selectedTab)) selectedTab = TABS[0][0];
  const focused = document.activeElement?.closest("[role=tab]") && document.activeElement.textContent;
  const tabs = shown.map(([title]) => renderTab(title, shown));
  $("#document-tabs").hidden = shown.length < 2;
  $("#document-tabs").replaceChildren(...tabs);
  if (focused) tabs.find((tab) => tab.textContent === focused)?.focus();
  showTab();
}

/** A tab. Arrow keys move among tabs, as the ARIA Authoring Practices Guide recommends. */
function renderTab(title, shown) {
  const isSelected = title === selectedTab;
  const select = (chosen) => {
    selectedTab = chosen;
    showDocument();
    [...$("#document-tabs").children].find((tab) => tab.textContent === chosen).focus();
  };
  const onkeydown = ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    const place = shown.findIndex(([other]) => other === title);
    if (step) select(shown[(place + step + shown.length) % shown.length][0]);
  };
  return el("button", {
    type: "button", role: "tab", id: `tab-${title}`, "aria-controls": "document-body", "aria-selected": String(isSelected),
    tabIndex: isSelected ? 0 : -1, onclick: () => select(title), onkeydown,
  }, title);
}

/** Show the content of the selected tab, once it is loaded. */
async function showTab() {
  const body = $("#document-body");
  const entry = opened;
  const [title, , render] = TABS.find(([name]) => name === selectedTab);
  const key = JSON.stringify([title, entry.document]);
  body.setAttribute("aria-labelledby", `tab-${title}`);
  body.dataset.tab = title;
  body.dataset.key = key; // of the content that is wanted
  try {
    const content = render(entry);
    if (content instanceof Promise) body.replaceChildren(el("p", { className: "muted", role: "status" }, "Loading…"));
    const nodes = await content;
    if (body.dataset.key === key) body.replaceChildren(...nodes);
  } catch (error) {
    if (body.dataset.key === key) body.replaceChildren(el("p", { className: "problem", role: "alert" }, errorText(error)));
  }
  body.scrollTop = 0;
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
    message.textContent = errorText(error);
  } finally {
    button.disabled = false;
  }
}

const downloadOpened = (entry) =>
  download(entry, () => {
    $("#document .problem").textContent = "The file could not be downloaded. Try again.";
  });

async function deleteDocument(entry) {
  const title = ["Delete “", isolate(entry.name), "”?"];
  if (!(await confirmAction(title, "The document and its file are permanently deleted. This cannot be undone.", "Delete"))) return;
  await api.delete(entry.documentId);
  announce(`${visible(entry.name)} was deleted.`);
  $("#document").close();
  removeEntries([entry]);
}

/** Respond to the user's closing the dialog. */
function onClose() {
  if (!opened || $("#document").open) return;
  const { documentId, row } = opened;
  forgetOpened();
  if (linkedDocument() === documentId) leaveDocument();
  row?.name.focus();
}

/** Open the linked document, and respond to links and to the buttons of the dialog. */
export function initDocument() {
  const dialog = $("#document");
  initClosing(dialog);
  dialog.onclose = onClose;
  $("#download").onclick = (event) => runAction(event.currentTarget, downloadOpened);
  $("#copy-link").onclick = (event) => runAction(event.currentTarget, (entry) => copyLinks([entry]));
  $("#delete").onclick = (event) => runAction(event.currentTarget, deleteDocument);
  initRouter(showLinked);
  if (linkedDocument()) showLinked(linkedDocument());
}
