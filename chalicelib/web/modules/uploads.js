/** Uploads, from the choice of a file to the result of its processing. */

import { api } from "./api.js";
import { setState, stateOf } from "./entries.js";
import { FAILURES } from "./messages.js";
import { limitConcurrency, sleep, untilVisible } from "./pacing.js";
import { settings } from "./settings.js";
import { send } from "./transfer.js";

const UPLOADS_AT_ONCE = 3;
const POLLS_AT_ONCE = 2; // new AWS accounts run 10 functions at once, and processing needs some of them
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
const POLLING_MS = 10 * 60_000; // exceeds the duration of all of Lambda's attempts

const LONGEST_NAME = 255;

const PERMANENT_STATUSES = new Set([400, 413, 415]); // a retry gets the same response

const limitUploads = limitConcurrency(UPLOADS_AT_ONCE);
const limitPolls = limitConcurrency(POLLS_AT_ONCE);

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
    if (!PERMANENT_STATUSES.has(error.code)) entry.retry = () => upload(entry);
    setState(entry, "unsent", error.message);
  }
}

/** Poll the document until it is no longer PENDING. */
async function poll(entry) {
  entry.retry = null;
  setState(entry, "pending");
  let waited = 0;
  for (let pause = FIRST_PAUSE_MS; waited < POLLING_MS; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    await sleep(pause);
    waited += pause;
    await untilVisible();
    if (await isFinished(entry)) return;
  }
  entry.retry = () => poll(entry);
  setState(entry, "pending", "Processing takes longer than usual. It continues if you leave this page.");
}

async function isFinished(entry) {
  try {
    const record = await limitPolls(() => api.document(entry.documentId));
    if (record.status !== "PENDING") finish(entry, record);
    else if (record.removedAt) setState(entry, "unsent", "The file was deleted before it was processed.");
    else return false;
  } catch (error) {
    if (error.isRetryable) return false; // the file is stored; only this poll failed
    setState(entry, "unsent", error.message);
  }
  return true;
}

function finish(entry, record) {
  entry.document = record;
  entry.file = null; // releases the memory
  setState(entry, stateOf(record), "");
}
