/** The API of this stage. */

import { UserError } from "./errors.js";
import { FAILURES } from "./messages.js";
import { ANSWER_MS } from "./pacing.js";
import { session } from "./session.js";

/** Messages for error codes of the API, beyond those of failures. */
const API_ERRORS = {
  no_text: "This document has no text.",
  scanning: "The file is still being scanned for malware.",
  text_running: "The text is still being recognized.",
};
const UNREACHABLE = "The service cannot be reached. Check your connection.";

/**
 * Call the API as the signed-in user; an expired session is renewed first.
 * @param {string} path Relative to the page, which has the same base URL as the API.
 */
async function call(method, path, body) {
  for (let attempt = 0; ; attempt += 1) {
    await session.renewing;
    const token = session.tokens.IdToken;
    const response = await fetch(path, {
      method,
      headers: { Authorization: token, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(() => {
      throw new UserError(UNREACHABLE);
    });
    if (response.status !== 401) return parseResponse(response);
    await session.renew(token, attempt === 0);
  }
}

async function parseResponse(response) {
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && !answer) throw new UserError(UNREACHABLE); // the connection was lost in the middle
  if (response.ok) return answer;
  const seconds = Number(response.headers.get("Retry-After")) || 0;
  throw new UserError(apiErrorMessage(response.status, answer ?? {}), response.status, seconds * 1_000);
}

function apiErrorMessage(status, { code, detail }) {
  if (status === 413) return FAILURES.too_large;
  if (status === 415) return FAILURES.type_not_allowed;
  if (code in FAILURES) return FAILURES[code];
  if (code in API_ERRORS) return API_ERRORS[code];
  if (status === 404) return "This document no longer exists.";
  if (status === 410) return "The file of this document was deleted.";
  if (status === 429 || status >= 500) return "The service is busy or unavailable. Try again.";
  return detail ?? `The service returned status ${status}.`;
}

const withQuery = (path, parameters) => {
  const given = Object.entries(parameters).filter(([, value]) => value);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
};

export const api = {
  createUpload: (fields) => call("POST", "uploads", fields),
  uploadedParts: (id) => call("GET", `uploads/${id}/parts`),
  partUrls: (id, partNumbers) => call("POST", `uploads/${id}/parts`, { partNumbers }),
  completeUpload: (id) => call("POST", `uploads/${id}/complete`),
  cancelUpload: (id) => call("DELETE", `uploads/${id}`),
  document: (id) => call("GET", `documents/${id}`),
  content: (id, disposition) => call("GET", withQuery(`documents/${id}/content`, { disposition })),
  text: (id) => call("GET", `documents/${id}/text`),
  delete: (id) => call("DELETE", `documents/${id}`),
  user: (sub) => call("GET", `users/${encodeURIComponent(sub)}`),
  documents: (query) => call("GET", withQuery("documents", query)),
};
