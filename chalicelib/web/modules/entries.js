/** Entries of the list: uploads of this session and documents. */

import { announce, visible } from "./dom.js";
import { failureText, STATES } from "./messages.js";

/**
 * @typedef {{documentId: string, fileName: string, fileSize: number, status: string, fileType?: string,
 *   uploadedAt?: string, processedAt?: string, removedAt?: string, owner?: string, failure?: {code: string, message: string},
 *   metadata?: Object<string, unknown>, text?: {source: string, status?: string, characterCount?: number}}} Document
 *   A record as the API returns it.
 * @typedef {"waiting" | "reading" | "sending" | "pending" | "scanning" | "unsent" | "processed" | "failed"} State
 * @typedef {{name: string, size: number, state: State, file: File | null, document: Document | null,
 *   documentId: string | null, sentBytes: number, reason: string, retry: (() => void) | null,
 *   abort: AbortController | null, isUpload: boolean, row: Object<string, HTMLElement> | null}} Entry A row of
 *   the list: an upload of this session, a document, or an upload that became a document.
 */

const IN_PROGRESS = new Set(["waiting", "reading", "sending", "pending", "scanning"]);
const FINAL = ["processed", "failed", "unsent"];
const ANNOUNCED_UPLOADS = 10; // of more, only failures are announced

export const stateOf = (record) => record.status.toLowerCase();

export const list = {
  /** @type {Entry[]} Uploads of this session, newest first. */
  uploads: [],
  /** @type {Entry[]} Loaded from the API, in its order. */
  listed: [],
  /** @type {string | null} */
  cursor: null,
  isLoading: false,
};

/** @type {((entry: Entry, what: "state" | "progress") => void)[]} */
const listeners = [];

/** Call a function after each change of an entry. */
export const onChange = (listener) => listeners.push(listener);

/** @returns {Entry} */
export function newEntry(fields) {
  const nothing = { file: null, document: null, documentId: null, retry: null, abort: null, row: null };
  return { ...nothing, isUpload: false, state: "waiting", sentBytes: 0, reason: "", ...fields };
}

export const entryFrom = (record) =>
  newEntry({
    name: record.fileName,
    size: record.fileSize,
    document: record,
    documentId: record.documentId,
    state: stateOf(record),
  });

/** All entries, the uploads of this session first; each once. */
export function allEntries() {
  const listed = new Set(list.listed);
  return [...list.uploads.filter((entry) => !listed.has(entry)), ...list.listed];
}

/** Replace the document of an entry by a newer record. */
export function setDocument(entry, record) {
  entry.document = record;
  entry.state = stateOf(record);
  if (FINAL.includes(entry.state)) Object.assign(entry, { file: null, reason: "", retry: null });
  for (const listener of listeners) listener(entry, "state");
}

/** Set the state of an entry and announce results. */
export function setState(entry, state, reason = "") {
  const wasInProgress = IN_PROGRESS.has(entry.state);
  entry.state = state;
  entry.reason = reason;
  for (const listener of listeners) listener(entry, "state");
  if (IN_PROGRESS.has(state)) return;
  const why = entry.document?.failure ? failureText(entry.document) : reason;
  if (state !== "processed" || list.uploads.length <= ANNOUNCED_UPLOADS) {
    announce(`${visible(entry.name)}: ${STATES[state]}. ${why}`);
  }
  if (wasInProgress && !list.uploads.some(isInProgress)) announce(`All uploads are complete. ${countsText()}`);
}

export const isInProgress = (entry) => IN_PROGRESS.has(entry.state) && !entry.retry;

/** Whether leaving the page would cancel it. */
export const isSending = (entry) => ["waiting", "reading", "sending"].includes(entry.state);

/** Whether its document can be downloaded. */
export const hasContent = ({ document }) =>
  Boolean(document) &&
  !document.removedAt &&
  !["PENDING", "SCANNING"].includes(document.status) &&
  !["infected", "not_scanned"].includes(document.failure?.code);

/** Set the progress of an entry. */
export function setSentBytes(entry, bytes) {
  entry.sentBytes = bytes;
  for (const listener of listeners) listener(entry, "progress");
}

/** Set the text below an entry's name. */
export function setReason(entry, reason) {
  entry.reason = reason;
  for (const listener of listeners) listener(entry, "progress");
}

/** Numbers of this session's uploads by result. */
export function countsText() {
  const count = (state) => list.uploads.filter((entry) => entry.state === state).length;
  const parts = FINAL.map((state) => [count(state), STATES[state]]);
  return parts.filter(([number]) => number).map(([number, state]) => `${number} ${state.toLowerCase()}`).join(", ");
}
