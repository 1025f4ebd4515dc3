/** Entries of the list: uploads of this session and documents. */

import { announce, visible } from "./dom.js";
import { failureText, STATES } from "./messages.js";

/**
 * @typedef {{documentId: string, fileName: string, fileSize: number, status: string, fileType?: string,
 *   uploadedAt?: string, processedAt?: string, removedAt?: string, owner?: string, failure?: {code: string, message: string},
 *   metadata?: Object<string, unknown>}} Document A record as the API returns it.
 * @typedef {"waiting" | "reading" | "sending" | "pending" | "unsent" | "processed" | "failed"} State
 * @typedef {{name: string, size: number, state: State, file: File | null, document: Document | null,
 *   documentId: string | null, sentBytes: number, reason: string, retry: (() => void) | null,
 *   abort: AbortController | null, row: Object<string, HTMLElement> | null}} Entry A row of the
 *   list: an upload of this session, a document, or an upload that became a document.
 */

const IN_PROGRESS = new Set(["waiting", "reading", "sending", "pending"]);

export const stateOf = (record) => record.status.toLowerCase();

export const list = {
  /** @type {Entry[]} Uploads of this session, newest first. */
  uploads: [],
  /** @type {Entry[]} Loaded from the API. */
  listed: [],
  /** @type {string | null} */
  cursor: null,
  status: "",
  /** Number of loads so far; responses to earlier loads are discarded. */
  load: 0,
  isLoading: false,
};

/** @type {((entry: Entry, what: "state" | "progress") => void)[]} */
const listeners = [];

/** Call a function after each change of an entry. */
export const onChange = (listener) => listeners.push(listener);

/** @returns {Entry} */
export function newEntry(fields) {
  const nothing = { file: null, document: null, documentId: null, retry: null, abort: null, row: null };
  return { ...nothing, state: "waiting", sentBytes: 0, reason: "", ...fields };
}

export const entryFrom = (record) =>
  newEntry({
    name: record.fileName,
    size: record.fileSize,
    document: record,
    documentId: record.documentId,
    state: stateOf(record),
  });

/** Set the state of an entry, render it and announce results. */
export function setState(entry, state, reason = "") {
  const wasInProgress = IN_PROGRESS.has(entry.state);
  entry.state = state;
  entry.reason = reason;
  for (const listener of listeners) listener(entry, "state");
  if (IN_PROGRESS.has(state)) return;
  const why = entry.document?.failure ? failureText(entry.document) : reason;
  announce(`${visible(entry.name)}: ${STATES[state]}. ${why}`);
  if (wasInProgress && !list.uploads.some(isInProgress)) announce(`All uploads are complete. ${countsText()}`);
}

export const isInProgress = (entry) => IN_PROGRESS.has(entry.state) && !entry.retry;

/** Whether leaving the page would cancel it. */
export const isSending = (entry) => ["waiting", "reading", "sending"].includes(entry.state);

/** Set the progress of an entry. */
export function setSentBytes(entry, bytes) {
  entry.sentBytes = bytes;
  for (const listener of listeners) listener(entry, "progress");
}

export function countsText() {
  const count = (state) => list.uploads.filter((entry) => entry.state === state).length;
  const parts = ["processed", "failed", "unsent"].map((state) => [count(state), STATES[state]]);
  return parts.filter(([number]) => number).map(([number, state]) => `${number} ${state.toLowerCase()}`).join(", ");
}
