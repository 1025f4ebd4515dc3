/** Uploads, from the choice of a file to the result of its processing. */

import { api } from "./api.js";
import { isInProgress, list, setState, stateOf } from "./entries.js";
import { errorText } from "./errors.js";
import { FAILURES } from "./messages.js";
import { limitConcurrency, sleep, untilVisible } from "./pacing.js";
import { settings } from "./settings.js";
import { send } from "./transfer.js";

const UPLOADS_AT_ONCE = 3;
const POLLS_AT_ONCE = 2; // new AWS accounts run 10 functions at once, and processing needs some of them
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
const PAUSE_PER_PENDING_MS = 250; // below the API's rate limit, however many are pending
const POLLING_MS = 10 * 60_000; // exceeds the duration of all of Lambda's attempts
const MANY_PENDING = 5; // of more, a list has the results of most
const LISTING_MS = 2_000;
const LISTED = 100;
const LONGEST_NAME = 255;
const PERMANENT_STATUSES = new Set([400, 413, 415]); // a retry gets the same response
const WITHOUT_RESULT = ["PENDING", "SCANNING"];

const limitUploads = limitConcurrency(UPLOADS_AT_ONCE);
const limitPolls = limitConcurrency(POLLS_AT_ONCE);

/** @type {Map<string, Entry>} Uploads whose results are awaited, by documentId. */
const polled = new Map();
let isListing = false;

/** Check a file before the upload. Returns the reason for rejection, or null. */
function validateFile(name, size) {
  if (size > settings.largestFileBytes) {
    return FAILURES.too_large;
  }
  if (size === 0) return FAILURES.empty;
  if ([...name].length > LONGEST_NAME) return `The file name has more than ${LONGEST_NAME} characters.`;
  if (/[\u0000-\u001f\u007f-\u009f/\\]/.test(name)) return "The file name contains characters that are not allowed.";
  return null;
}

/** Upload a file and poll its document until it is processed; errors are shown in the entry. */
export async function upload(entry) {
  entry.abort = new AbortController();
  entry.retry = null;
  setState(entry, "waiting");
  const reason = validateFile(entry.name, entry.size);
  if (reason) return setState(entry, "unsent", reason);
  try {
    await limitUploads(() => send(entry));
    if (!entry.abort.signal.aborted) await poll(entry);
  } catch (error) {
    if (entry.abort.signal.aborted) return;
    entry.isDisconnected = error.code === 0;
    if (!PERMANENT_STATUSES.has(error.code)) entry.retry = () => upload(entry);
    setState(entry, "unsent", errorText(error));
  }
}

/** Continue the uploads that lost their connection. */
export function retryDisconnected() {
  for (const entry of list.uploads) if (entry.state === "unsent" && entry.isDisconnected) entry.retry?.();
}

/** Poll the document until it has a result. */
async function poll(entry) {
  entry.retry = null;
  setState(entry, "pending");
  polled.set(entry.documentId, entry);
  listResults();
  const startedAt = Date.now();
  for (let pause = FIRST_PAUSE_MS; Date.now() - startedAt < POLLING_MS; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    await sleep(Math.max(pause, polled.size * PAUSE_PER_PENDING_MS));
    await untilVisible();
    if (!isInProgress(entry) || (await limitPolls(() => isFinished(entry)))) return polled.delete(entry.documentId);
  }
  polled.delete(entry.documentId);
  entry.retry = () => poll(entry);
  setState(entry, entry.state, "Processing takes longer than usual. It continues if you leave this page.");
}

async function isFinished(entry) {
  try {
    const record = await api.document(entry.documentId);
    if (record.removedAt && record.status === "PENDING") {
      setState(entry, "unsent", "The file was deleted before it was processed.");
    } else if (!WITHOUT_RESULT.includes(record.status)) {
      finish(entry, record);
    } else {
      if (stateOf(record) !== entry.state) setState(entry, stateOf(record));
      return false;
    }
  } catch (error) {
    if (error.isRetryable) return false; // the file is stored; only this poll failed
    setState(entry, "unsent", errorText(error));
  }
  return true;
}

/** While many uploads are pending, look for their results in the list: one request for up to 100. */
async function listResults() {
  if (isListing) return;
  isListing = true;
  while (polled.size > MANY_PENDING) {
    await sleep(LISTING_MS);
    await untilVisible();
    const { documents } = await api.documents({ limit: LISTED }).catch(() => ({ documents: [] }));
    for (const record of documents) {
      const entry = polled.get(record.documentId);
      if (!entry || !isInProgress(entry) || WITHOUT_RESULT.includes(record.status)) continue;
      polled.delete(record.documentId);
      finish(entry, record);
    }
  }
  isListing = false;
}

function finish(entry, record) {
  entry.document = record;
  entry.file = null; // releases the memory
  setState(entry, stateOf(record));
}
