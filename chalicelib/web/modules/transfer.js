/** Transfer of a file to S3, in one request or in parts. */

import { api } from "./api.js";
import { setReason, setSentBytes, setState } from "./entries.js";
import { UserError } from "./errors.js";
import { UPLOAD_ERRORS } from "./messages.js";
import { limitConcurrency, withRetries } from "./pacing.js";
import { forgetUpload, recallUpload, rememberUpload } from "./resuming.js";

const PARTS_AT_ONCE = 3;
const SINGLE_PUT_BYTES = 100 * 2 ** 20; // browsers hash in memory; of parts, S3 verifies the sizes only
const STALLED_MS = 60_000; // without progress and without an answer
const RETRYING = "The connection was lost. Trying again…";

/** The content of a file; fails if it changed since it was chosen. */
const read = (file) => file.arrayBuffer().catch(() => {
  throw new UserError("The file cannot be read. Check whether it was moved or changed.", "Unreadable");
});

/** Fail if a file changed since it was chosen: requests send what it contains now. */
const checkUnchanged = (file) => read(file.slice(0, 1));

/** The SHA-256 of a file in hex. */
async function sha256Of(file) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await read(file)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Upload a file or a part to S3. */
async function put(target, content, signal, onProgress) {
  try {
    await sendPut(target, content, signal, onProgress);
  } catch (error) {
    if (!signal.aborted) await checkUnchanged(content); // S3 refused it then, and would again
    throw error;
  }
}

/** Send a PUT request. Uses XMLHttpRequest, since fetch does not report upload progress. */
function sendPut({ url, headers = {} }, content, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    let stalled = setTimeout(stop, STALLED_MS);
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      clearTimeout(stalled);
      stalled = setTimeout(stop, STALLED_MS);
      onProgress(event.loaded);
    };
    request.onloadend = () => {
      clearTimeout(stalled);
      signal.removeEventListener("abort", stop);
      const { status } = request;
      // 412: an earlier request succeeded; only its response was lost.
      if (status === 200 || status === 412) resolve(undefined);
      // 400 is not final here: the file may have been damaged on the way.
      else reject(new UserError(UPLOAD_ERRORS[status] ?? `Amazon S3 returned status ${status}. Try again.`, status === 400 ? "BadDigest" : status));
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) return reject(new UserError("The upload was cancelled."));
    request.send(content);
  });
}

/** Upload a file in parts. Parts that S3 has already are not sent again. */
async function putParts({ partSizeBytes, partCount }, entry) {
  const failure = new AbortController(); // of one part stops the others
  const signal = AbortSignal.any([entry.abort.signal, failure.signal]);
  const { documentId, file } = entry;
  const onPause = () => setReason(entry, RETRYING);
  const sent = Array(partCount).fill(0);
  const setSent = (number, bytes) => {
    sent[number - 1] = bytes;
    entry.reason = "";
    setSentBytes(entry, sent.reduce((sum, part) => sum + part));
  };
  const { parts } = await withRetries(signal, () => api.uploadedParts(documentId), onPause);
  for (const { partNumber, sizeBytes } of parts) setSent(partNumber, sizeBytes);
  const limitParts = limitConcurrency(PARTS_AT_ONCE);
  const sendPart = (number) => {
    const part = file.slice((number - 1) * partSizeBytes, number * partSizeBytes);
    return withRetries(signal, async () => {
      const { parts: [target] } = await api.partUrls(documentId, [number]);
      await put(target, part, signal, (bytes) => setSent(number, bytes));
    }, onPause);
  };
  const missing = [...sent.keys()].filter((index) => !sent[index]);
  try {
    await Promise.all(missing.map((index) => limitParts(() => sendPart(index + 1))));
  } finally {
    failure.abort();
  }
  await checkUnchanged(file); // or else the parts are of different contents
  await withRetries(entry.abort.signal, () => api.completeUpload(documentId), onPause);
}

/** Store a file in S3. The documentId is chosen here, so that repeating it never makes a second document. */
export async function send(entry) {
  const { signal } = entry.abort;
  if (signal.aborted) return;
  setSentBytes(entry, 0);
  setState(entry, "reading");
  const isLarge = entry.size > SINGLE_PUT_BYTES;
  entry.documentId ??= recallUpload(entry.file) ?? crypto.randomUUID();
  const request = {
    fileName: entry.name,
    fileType: entry.file.type || "application/octet-stream",
    fileSize: entry.size,
    ...(isLarge ? { multipart: true } : { sha256: await sha256Of(entry.file) }),
  };
  const target = await withRetries(signal, async () => {
    const { upload: answer } = await createUpload(entry, request); // none if an earlier attempt was processed
    signal.throwIfAborted();
    setState(entry, "sending");
    if (answer?.method === "PUT") await put(answer, entry.file, signal, (bytes) => setSentBytes(entry, bytes));
    return answer;
  }, () => setReason(entry, RETRYING));
  if (target?.method !== "MULTIPART") return;
  rememberUpload(entry.file, entry.documentId);
  await putParts(target, entry);
  forgetUpload(entry.file);
}

/** Request an upload; with another documentId where the remembered one can no longer be used. */
async function createUpload(entry, request) {
  try {
    return await api.createUpload({ documentId: entry.documentId, ...request });
  } catch (error) {
    if (![409, 410].includes(error.code) || recallUpload(entry.file) !== entry.documentId) throw error;
    forgetUpload(entry.file);
    entry.documentId = crypto.randomUUID();
    return api.createUpload({ documentId: entry.documentId, ...request });
  }
}
