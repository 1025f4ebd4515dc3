/** The API of this stage. */

import { UserError } from "./errors.js";
import { FAILURES } from "./messages.js";
import { session } from "./session.js";

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
    }).catch(() => {
      throw new UserError("The service cannot be reached. Check your connection.");
    });
    if (response.status !== 401) return parseResponse(response);
    await session.renew(token, attempt === 0);
  }
}

async function parseResponse(response) {
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new UserError(apiErrorMessage(response.status, answer.detail), response.status);
}

function apiErrorMessage(status, message) {
  if (status === 413) return FAILURES.too_large;
  if (status === 415) return FAILURES.type_not_allowed;
  if (status === 404) return "This document no longer exists.";
  if (status === 429 || status >= 500) return "The service is busy or unavailable. Try again.";
  return message ?? `The service returned status ${status}.`;
}

export const api = {
  createUpload: (fields) => call("POST", "uploads", fields),
  uploadedParts: (id) => call("GET", `uploads/${id}/parts`),
  partUrls: (id, partNumbers) => call("POST", `uploads/${id}/parts`, { partNumbers }),
  completeUpload: (id) => call("POST", `uploads/${id}/complete`),
  cancelUpload: (id) => call("DELETE", `uploads/${id}`),
  document: (id) => call("GET", `documents/${id}`),
  content: (id) => call("GET", `documents/${id}/content`),
  delete: (id) => call("DELETE", `documents/${id}`),
  documents: (status, cursor) => {
    const query = String(new URLSearchParams({ ...(status && { status }), ...(cursor && { cursor }) }));
    return call("GET", query ? `documents?${query}` : "documents");
  },
};
