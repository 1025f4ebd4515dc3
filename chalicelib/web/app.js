/**
 * The web UI: signs in, uploads files and lists documents with their metadata.
 *
 * It calls only the public API (openapi.json), Amazon Cognito and Amazon S3. File names and content
 * are inserted as text only, by `el` and `textContent`; text from uploaders by `isolate` or `visible`.
 */

/**
 * @typedef {{clientId: string, signInUrl: string, largestFileBytes: number, allowedTypes: string[],
 *   typeLabels: Object<string, [string, string]>}} Settings The most familiar types first;
 *   the short and the long label of each MIME type.
 * @typedef {{documentId: string, fileName: string, fileSize: number, status: string, fileType?: string,
 *   uploadedAt?: string, processedAt?: string, removedAt?: string, owner?: string, failure?: {code: string, message: string},
 *   metadata?: Object<string, unknown>}} Document A record as the API returns it.
 * @typedef {"waiting" | "reading" | "sending" | "pending" | "unsent" | "processed" | "failed"} State
 * @typedef {{name: string, size: number, state: State, file: File | null, document: Document | null,
 *   documentId: string | null, sentBytes: number, reason: string, retry: (() => void) | null,
 *   abort: AbortController | null, row: Object<string, HTMLElement> | null}} Entry A row of the
 *   list: an upload of this session, a document, or an upload that became a document.
 */

const $ = (selector, root = document) => root.querySelector(selector);

/** @type {Settings} */
const settings = JSON.parse($("meta[name=settings]").content);

const UPLOADS_AT_ONCE = 3;
const POLLS_AT_ONCE = 2; // new AWS accounts run 10 functions at once, and processing needs some of them
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
const POLLING_MS = 10 * 60_000; // exceeds the duration of all of Lambda's attempts
const PARTS_AT_ONCE = 3;
const RETRY_PAUSES_MS = [500, 1_000, 2_000, 4_000];
const SINGLE_PUT_BYTES = 100 * 2 ** 20; // browsers hash in memory; of parts, S3 verifies the sizes only
const EMPTY_PAGES = 20; // an empty page may have a cursor
const LISTED_ITEMS = 50;
const LONGEST_NAME = 255;

/** Explanations of the failure codes, a closed set. */
const FAILURES = {
  too_large: `The file exceeds the size limit of ${formatSize(settings.largestFileBytes)}.`,
  empty: "The file is empty.",
  type_not_allowed: "This file type is not allowed.",
  type_mismatch: "The content does not match the declared file type.",
  encrypted: "The file is password-protected.",
  unreadable: "The file is damaged and cannot be read.",
  extraction_timeout: "Metadata extraction timed out.",
  extraction_crashed: "Metadata extraction crashed.",
  processing_failed: "Processing failed because of an AWS or internal error. The file is stored and can be retried.",
};

/** Messages for error codes of Amazon Cognito. */
const SIGN_IN_ERRORS = {
  UserNotFoundException: "Incorrect e-mail address or password.",
  UserNotConfirmedException: "This account is not confirmed.",
  PasswordResetRequiredException: "This password must be reset. Contact your administrator.",
  InvalidPasswordException: "This password does not meet the requirements.",
  TooManyRequestsException: "Too many attempts. Wait a few minutes and try again.",
  LimitExceededException: "Too many attempts. Wait a few minutes and try again.",
};

/** Messages for status codes of S3's response to an upload; 0: no response. */
const UPLOAD_ERRORS = {
  0: "The connection was lost during the upload. Try again.",
  400: "The uploaded data does not match the file. Try again.",
  403: "The upload URL expired. Try again.",
  409: "The file was uploaded twice at the same time. Try again.",
};

const STATES = {
  waiting: "Waiting",
  reading: "Reading",
  sending: "Uploading",
  pending: "Pending",
  unsent: "Not uploaded",
  processed: "Processed",
  failed: "Failed",
};
const PERMANENT_STATUSES = new Set([400, 413, 415]); // a retry gets the same response
const IN_PROGRESS = new Set(["waiting", "reading", "sending", "pending"]);

const SHOWN_TYPES = 7; // the others are counted

const UNITS = { width: "px", height: "px", pageWidth: "pt", pageHeight: "pt", sampleRate: "Hz", bitRate: "kbit/s" };
/** Control characters, and the controls that reorder text. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** Act like a letter of Arabic or Hebrew. Text with such letters needs them; in other text they only deceive. */
const RIGHT_TO_LEFT_MARKS = /[\u061c\u200f]/g;
const RIGHT_TO_LEFT_LETTER = /(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const ACRONYMS = new Set(["csv", "gps", "html", "id", "json", "pdf", "sha256", "url", "xml"]);

// ---------- formatting

/** Create an element; properties that it lacks become attributes, strings become text nodes. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Replace each invisible character by its escape sequence, so that "\u202egpj.exe" cannot be shown as "exe.jpg". */
function visible(value) {
  const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const text = String(value).replace(INVISIBLE, escape);
  return RIGHT_TO_LEFT_LETTER.test(text) ? text : text.replace(RIGHT_TO_LEFT_MARKS, escape);
}

/** Wrap text from uploaders, so that right-to-left text does not reorder the text around it. */
const isolate = (text) => el("bdi", {}, visible(text));

/** Format a number of bytes, in powers of 1024. A hoisted declaration, since FAILURES uses it. */
function formatSize(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const number = bytes / 1024 ** power;
  const digits = power && number < 10 ? 1 : 0;
  if (bytes === 1) return "1 byte";
  return `${number.toLocaleString(undefined, { maximumFractionDigits: digits })} ${units[power]}`;
}

const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Format an ISO 8601 time in the browser's time zone. */
function formatTime(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return isolate(iso);
  return el("time", { dateTime: iso }, timeFormat.format(moment));
}

/** Convert `wordCount` to "Word count". */
function formatName(name) {
  const words = name
    .replace(/Milliseconds$/, "")
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .split(/[\s_-]+/)
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The short and the long label of a MIME type; computed if it is not in the settings. */
function typeLabel(type) {
  if (!type || type === "application/octet-stream") return ["FILE", "Unknown"];
  const known = settings.typeLabels[type];
  if (known) return known;
  const [family, name] = type.split("/");
  const short = name.replace(/^(x-|vnd\.)/, "").split(/[.+;]/)[0];
  return [short.slice(0, 4).toUpperCase(), family === "image" ? `${short.toUpperCase()} image` : type];
}

const failureText = (record) =>
  FAILURES[record.failure.code] ?? visible(record.failure.message);

/** Render any metadata value; extractors may add names and nested values. */
function renderValue(name, value) {
  if (Array.isArray(value)) return renderItems(name, value);
  if (value && typeof value === "object") return renderFields(Object.entries(value));
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return formatNumber(name, value);
  const text = String(value ?? "–");
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? formatTime(text) : isolate(text);
}

function formatNumber(name, value) {
  if (/(bytes|size)$/i.test(name)) return formatSize(value);
  if (/year$/i.test(name)) return String(value);
  if (/seconds$/i.test(name)) return `${(/milli/i.test(name) ? value / 1000 : value).toLocaleString()} s`;
  const text = value.toLocaleString();
  return name in UNITS ? `${text} ${UNITS[name]}` : text;
}

function renderItems(name, values) {
  const shown = values.slice(0, LISTED_ITEMS).map((value) => el("li", {}, renderValue(name, value)));
  const hidden = values.length - shown.length;
  if (hidden) shown.push(el("li", { className: "muted" }, `and ${hidden} more (see JSON)`));
  return el("ul", { className: "values" }, ...shown);
}

/** Render names and values as a description list; null values are omitted. */
function renderFields(fields) {
  const known = fields.filter(([, value]) => value !== undefined && value !== null);
  return el(
    "dl",
    { className: "facts" },
    ...known.map(([name, value]) =>
      el("div", {}, el("dt", {}, formatName(name)), el("dd", {}, value instanceof Node ? value : renderValue(name, value))),
    ),
  );
}

/** Announce a change to screen readers. */
function announce(text) {
  const news = $("#news");
  news.append(el("p", {}, text));
  if (news.childElementCount > 20) news.firstElementChild.remove();
}

// ---------- sign-in

/** An error whose message is shown to the user. */
class UserError extends Error {
  /** @param {string | number} code HTTP status or Cognito error code; 0: no response. */
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }

  /** Whether the same request may succeed later; 403: with a fresh upload URL. */
  get isRetryable() {
    return [0, 403, 429].includes(this.code) || this.code >= 500;
  }
}

/** Call the Cognito API. */
async function userPool(action, body) {
  const response = await fetch(settings.signInUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: settings.clientId, ...body }),
  }).catch(() => {
    throw new UserError("The sign-in service cannot be reached. Check your connection.");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const code = String(answer.__type ?? response.status).split("#").pop();
  throw new UserError(signInErrorMessage(code, answer.message), code);
}

function signInErrorMessage(code, message) {
  // "Password attempts exceeded" has the same code as an incorrect password.
  if (code === "NotAuthorizedException" && !/exceeded|disabled/i.test(message ?? "")) {
    return SIGN_IN_ERRORS.UserNotFoundException;
  }
  return SIGN_IN_ERRORS[code] ?? message ?? "Sign-in failed. Try again.";
}

/** The signed-in user. Tokens are kept in memory only, never in browser storage. */
const session = {
  tokens: null,
  user: null,
  renewing: null,

  /** Sign in. Returns the challenge to answer first, or null. */
  async signIn(username, password) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return this.handleAnswer(username, answer);
  },

  /** Replace a temporary password, in answer to a challenge. */
  async choosePassword(challenge, password) {
    const answer = await userPool("RespondToAuthChallenge", {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, NEW_PASSWORD: password },
    });
    return this.handleAnswer(challenge.username, answer);
  },

  handleAnswer(username, answer) {
    if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED") {
      const name = answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username;
      return { username: name, session: answer.Session };
    }
    if (answer.ChallengeName) {
      throw new UserError(`This account requires an unsupported sign-in step (${answer.ChallengeName}).`);
    }
    this.storeTokens(answer.AuthenticationResult);
    return null;
  },

  storeTokens(result) {
    const user = parseClaims(result.IdToken);
    if (this.user && this.user.sub !== user.sub) throw new UserError("This is a different account. Sign out first.");
    this.tokens = { RefreshToken: this.tokens?.RefreshToken, ...result };
    this.user = user;
  },

  /**
   * Replace a rejected token, with the refresh token or else by asking for the password.
   * Concurrent callers share one renewal.
   */
  async renew(rejected, mayRefresh = true) {
    if (this.tokens.IdToken !== rejected) return;
    this.renewing ??= (mayRefresh ? this.refresh() : askForPassword()).finally(() => {
      this.renewing = null;
    });
    await this.renewing;
  },

  async refresh() {
    const parameters = { REFRESH_TOKEN: this.tokens.RefreshToken };
    try {
      const answer = await userPool("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
      this.storeTokens(answer.AuthenticationResult);
    } catch (error) {
      if (error.code === 0) throw error; // unreachable, not rejected
      await askForPassword();
    }
  },

  /** Revoke the refresh token and reload the page, which discards all state. */
  async signOut() {
    const Token = this.tokens.RefreshToken;
    const timeout = new Promise((resolve) => setTimeout(resolve, 2_000));
    if (Token) await Promise.race([userPool("RevokeToken", { Token }).catch(() => {}), timeout]);
    removeEventListener("beforeunload", warnBeforeUnload);
    location.reload();
  },
};

/** Parse the claims of an ID token, for display only: the API verifies the token. */
function parseClaims(token) {
  const encoded = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  const groups = claims["cognito:groups"] ?? [];
  return { sub: claims.sub, email: claims.email ?? "", isOperator: groups.includes("operators") };
}

/** Ask for the password in a modal dialog until the same user is signed in again. */
function askForPassword() {
  const dialog = $("#reauthenticate");
  const form = $("form", dialog);
  form.username.value = session.user.email;
  form.password.value = "";
  dialog.showModal();
  form.password.focus();
  dialog.onclose = () => dialog.showModal(); // browsers let a second Escape close it
  return new Promise((resolve) => {
    form.onsubmit = submitHandler(form, async () => {
      const challenge = await session.signIn(form.username.value, form.password.value);
      if (challenge) throw new UserError("This password is temporary. Sign out, then sign in to replace it.");
      form.password.value = "";
      dialog.onclose = null;
      dialog.close();
      resolve(undefined);
    });
  });
}

/** A form's submit handler that prevents double submission and shows errors. */
function submitHandler(form, act) {
  return async (event) => {
    event.preventDefault();
    const message = $(".problem", form);
    const needed = [...form.elements].filter((input) => input.required);
    const empty = needed.find((input) => !input.value);
    message.textContent = empty ? `Enter ${needed.length > 1 ? "your e-mail address and" : "a"} password.` : "";
    if (empty) return empty.focus();
    const button = $("[type=submit]", form);
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      message.textContent = error.message;
      form.password.select();
      form.password.focus();
    } finally {
      button.disabled = false;
    }
  };
}

// ---------- the API

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

const api = {
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

// ---------- uploads

/** Create a function that runs at most `most` jobs at once and queues the others. */
function limitConcurrency(most) {
  let running = 0;
  const queue = [];
  return async (job) => {
    if (running >= most) await new Promise((resolve) => queue.push(() => resolve(undefined)));
    else running += 1;
    try {
      return await job();
    } finally {
      const next = queue.shift(); // reuses this job's slot
      if (next) next();
      else running -= 1;
    }
  };
}

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

/** The SHA-256 of a file in hex. */
async function sha256Of(file) {
  const content = await file.arrayBuffer().catch(() => {
    throw new UserError("The file cannot be read. Check whether it was moved or changed.", "Unreadable");
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Repeat an action that may succeed later. Every request of an upload can be repeated. */
async function withRetries(signal, act) {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!error.isRetryable || signal.aborted || attempt === RETRY_PAUSES_MS.length) throw error;
    }
    await sleep(RETRY_PAUSES_MS[attempt]);
  }
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Upload a file or a part to S3. Uses XMLHttpRequest, since fetch does not report upload progress. */
function put({ url, headers = {} }, content, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onloadend = () => {
      const { status } = request;
      // 412: an earlier request succeeded; only its response was lost.
      if (status === 200 || status === 412) resolve(undefined);
      // 400 is not final here: the file may have been damaged on the way.
      else reject(new UserError(UPLOAD_ERRORS[status] ?? `Amazon S3 returned status ${status}. Try again.`, status === 400 ? "BadDigest" : status));
    };
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new UserError("The upload was cancelled."));
    request.send(content);
  });
}

/** Upload a file in parts. Parts that S3 has already are not sent again. */
async function putParts({ partSizeBytes, partCount }, entry) {
  const failure = new AbortController(); // of one part stops the others
  const signal = AbortSignal.any([entry.abort.signal, failure.signal]);
  const { documentId, file } = entry;
  const sent = Array(partCount).fill(0);
  const setSent = (number, bytes) => {
    sent[number - 1] = bytes;
    setSentBytes(entry, sent.reduce((sum, part) => sum + part));
  };
  const { parts } = await withRetries(signal, () => api.uploadedParts(documentId));
  for (const { partNumber, sizeBytes } of parts) setSent(partNumber, sizeBytes);
  const limitParts = limitConcurrency(PARTS_AT_ONCE);
  const sendPart = (number) => {
    const part = file.slice((number - 1) * partSizeBytes, number * partSizeBytes);
    return withRetries(signal, async () => {
      const { parts: [target] } = await api.partUrls(documentId, [number]);
      await put(target, part, signal, (bytes) => setSent(number, bytes));
    });
  };
  const missing = [...sent.keys()].filter((index) => !sent[index]);
  try {
    await Promise.all(missing.map((index) => limitParts(() => sendPart(index + 1))));
  } finally {
    failure.abort();
  }
  await withRetries(entry.abort.signal, () => api.completeUpload(documentId));
}

/** Upload a file and poll its document until it is processed; errors are shown in the entry. */
async function upload(entry) {
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

/** Store a file in S3. The documentId is chosen here, so that repeating it never makes a second document. */
async function send(entry) {
  const { signal } = entry.abort;
  if (signal.aborted) return;
  setSentBytes(entry, 0);
  setState(entry, "reading");
  entry.documentId ??= crypto.randomUUID();
  const request = {
    documentId: entry.documentId,
    fileName: entry.name,
    fileType: entry.file.type || "application/octet-stream",
    fileSize: entry.size,
    ...(entry.size > SINGLE_PUT_BYTES ? { multipart: true } : { sha256: await sha256Of(entry.file) }),
  };
  const target = await withRetries(signal, async () => {
    const { upload: answer } = await api.createUpload(request); // none if an earlier attempt was processed
    signal.throwIfAborted();
    setState(entry, "sending");
    if (answer?.method === "PUT") await put(answer, entry.file, signal, (bytes) => setSentBytes(entry, bytes));
    return answer;
  });
  if (target?.method === "MULTIPART") await putParts(target, entry);
}

function setSentBytes(entry, bytes) {
  entry.sentBytes = bytes;
  renderRow(entry);
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

const stateOf = (record) => record.status.toLowerCase();

/** Wait until the tab is visible; hidden tabs do not poll. */
function untilVisible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}

// ---------- the list

const list = {
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

/** @returns {Entry} */
function newEntry(fields) {
  const nothing = { file: null, document: null, documentId: null, retry: null, abort: null, row: null };
  return { ...nothing, state: "waiting", sentBytes: 0, reason: "", ...fields };
}

const entryFrom = (record) =>
  newEntry({
    name: record.fileName,
    size: record.fileSize,
    document: record,
    documentId: record.documentId,
    state: stateOf(record),
  });

/** Set the state of an entry, render it and announce results. */
function setState(entry, state, reason = "") {
  const wasInProgress = IN_PROGRESS.has(entry.state);
  entry.state = state;
  entry.reason = reason;
  renderRow(entry);
  renderList();
  if (IN_PROGRESS.has(state)) return;
  const why = entry.document?.failure ? failureText(entry.document) : reason;
  announce(`${visible(entry.name)}: ${STATES[state]}. ${why}`);
  if (wasInProgress && !list.uploads.some(isInProgress)) announce(`All uploads are complete. ${countsText()}`);
}

const isInProgress = (entry) => IN_PROGRESS.has(entry.state) && !entry.retry;

/** Whether leaving the page would cancel it. */
const isSending = (entry) => ["waiting", "reading", "sending"].includes(entry.state);

/** Create the elements of a row. */
function newRow(entry) {
  const name = visible(entry.name);
  const button = (text, onclick) =>
    el("button", { type: "button", className: "quiet small", onclick, "aria-label": `${text}: ${name}` }, text);
  const row = {
    type: el("span", { className: "type", "aria-hidden": "true" }),
    name: el("button", { type: "button", className: "name", onclick: () => openDocument(entry) }, isolate(entry.name)),
    note: el("p", { className: "note" }),
    pill: el("span", { className: "pill" }),
    bar: el("progress", { max: entry.size || 1, "aria-label": `Upload of ${name}` }),
    stop: button("Cancel", () => removeEntry(entry)),
    retry: button("Try again", () => {
      row.item.focus(); // the button is about to be hidden
      entry.retry();
    }),
    remove: button("Remove", () => removeEntry(entry)),
  };
  const actions = el("span", { className: "actions" }, row.stop, row.retry, row.remove);
  row.item = el("li", { className: "row", tabIndex: -1 }, row.type, row.name, row.note, actions, row.pill, row.bar);
  return row;
}

/** Update an entry's row. */
function renderRow(entry) {
  entry.row ??= newRow(entry);
  const { state, row } = entry;
  const [short] = typeLabel(entry.document ? entry.document.fileType : entry.file?.type);
  row.type.textContent = short;
  row.name.disabled = !entry.document;
  row.note.replaceChildren(...noteOf(entry));
  row.pill.textContent = STATES[state];
  row.item.dataset.state = state;
  row.item.classList.toggle("own", list.uploads.includes(entry));
  row.bar.hidden = !["reading", "sending", "pending"].includes(state);
  if (state === "sending") row.bar.value = entry.sentBytes;
  else row.bar.removeAttribute("value"); // indeterminate
  row.stop.hidden = !isSending(entry);
  row.retry.hidden = !entry.retry;
  row.remove.hidden = state !== "unsent";
}

/** @returns {(Node | string)[]} The text below an entry's name. */
function noteOf(entry) {
  if (entry.reason) return [entry.reason];
  if (entry.document?.removedAt) return ["The file was deleted, ", formatTime(entry.document.removedAt)];
  if (entry.document?.failure) return [failureText(entry.document)];
  if (entry.state === "sending") return [`${formatSize(entry.sentBytes)} of ${formatSize(entry.size)}`];
  if (entry.state === "pending") return [`${formatSize(entry.size)}, processing`];
  if (!entry.document?.uploadedAt) return [formatSize(entry.size)];
  return [`${formatSize(entry.size)}, `, formatTime(entry.document.uploadedAt)];
}

/** Whether an entry matches the filter and the search. */
function matchesFilter(entry) {
  const status = entry.state === "unsent" ? "failed" : entry.state;
  if (list.status && status !== list.status.toLowerCase()) return false;
  return foldCase(entry.name).includes(foldCase($("#search").value.trim()));
}

const foldCase = (text) => text.normalize("NFC").toLocaleLowerCase();

/** Show the matching entries in order. Moves only what changed, which preserves the focus. */
function renderList() {
  const own = new Set(list.uploads.map((entry) => entry.documentId));
  const all = [...list.uploads, ...list.listed.filter((entry) => !own.has(entry.documentId))];
  const matching = all.filter(matchesFilter);
  for (const entry of matching) if (!entry.row) renderRow(entry);
  const items = matching.map((entry) => entry.row.item);
  const parent = $("#list");
  const kept = new Set(items);
  for (const item of [...parent.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, place) => {
    if (parent.children[place] !== item) parent.insertBefore(item, parent.children[place] ?? null);
  });
  $("#summary").textContent = summaryText(matching.length, all.length);
  $("#more").hidden = !list.cursor;
  showEmpty(matching.length === 0 && !list.isLoading, all.length > 0);
}

function countsText() {
  const count = (state) => list.uploads.filter((entry) => entry.state === state).length;
  const parts = ["processed", "failed", "unsent"].map((state) => [count(state), STATES[state]]);
  return parts.filter(([number]) => number).map(([number, state]) => `${number} ${state.toLowerCase()}`).join(", ");
}

function summaryText(shown, loaded) {
  const inProgress = list.uploads.filter(isInProgress).length;
  const uploads = [inProgress ? `${inProgress} in progress` : "", countsText()].filter(Boolean).join(", ");
  if (list.isLoading) return "Loading…";
  if (loaded === 0) return "";
  const listed = shown === loaded ? `${loaded} shown` : `${shown} of ${loaded} shown`;
  const more = list.cursor ? ", more available" : "";
  return `${listed}${more}${uploads && ` · Uploads: ${uploads}`}`;
}

function showEmpty(isEmpty, hasEntries) {
  const empty = $("#empty");
  empty.hidden = !isEmpty;
  const isFiltered = hasEntries || list.status;
  $("strong", empty).textContent = isFiltered ? "No matching documents" : "No documents yet";
  $("p", empty).textContent = isFiltered
    ? "Try another status or search term, or load more documents."
    : "Choose files or drop them here to upload them.";
}

/** Reload the list with the selected status; the old list remains until the response arrives. */
async function reload() {
  list.cursor = null;
  await load((page) => {
    const known = new Set(page.documents.map((record) => record.documentId));
    list.uploads = list.uploads.filter((entry) => !known.has(entry.documentId));
    list.listed = [];
  });
}

/** Load the next page, skipping empty ones. `onFirstPage` receives the first response. */
async function load(onFirstPage) {
  list.load += 1;
  const number = list.load;
  list.isLoading = true;
  $("#problem").textContent = "";
  renderList();
  try {
    for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
      const page = await api.documents(list.status, list.cursor);
      if (number !== list.load) return;
      if (pages === 0) onFirstPage(page);
      list.cursor = page.cursor ?? null;
      list.listed.push(...page.documents.map(entryFrom));
      if (page.documents.length || !list.cursor) break;
    }
  } catch (error) {
    if (number === list.load) $("#problem").textContent = `The list could not be loaded. ${error.message}`;
  } finally {
    if (number === list.load) {
      list.isLoading = false;
      renderList();
    }
  }
}

/** Remove an entry from the list and cancel its upload. */
function removeEntry(entry) {
  entry.abort?.abort();
  if (entry.documentId && !entry.document) api.cancelUpload(entry.documentId).catch(() => {}); // expires otherwise
  const item = entry.row.item;
  const next = item.nextElementSibling ?? item.previousElementSibling;
  list.uploads = list.uploads.filter((other) => other !== entry);
  list.listed = list.listed.filter((other) => other.documentId !== entry.documentId || !entry.documentId);
  renderList();
  (next ?? $("#documents-title")).focus();
}

/** Start uploading files; folders are rejected, since their content is not accessible. */
function addFiles(files, folders = []) {
  $("#search").value = "";
  if (list.status) {
    $("#filter input").checked = true;
    setStatus("");
  }
  const entries = files.map((file) => newEntry({ name: file.name.normalize("NFC"), size: file.size, file }));
  const rejected = folders.map((name) => newEntry({ name, size: 0 }));
  list.uploads.unshift(...entries, ...rejected);
  for (const entry of rejected) setState(entry, "unsent", "Folders are not supported. Drop the files in the folder instead.");
  announce(`${files.length} ${files.length === 1 ? "upload" : "uploads"} started.`);
  for (const entry of entries) upload(entry);
}

function setStatus(status) {
  list.status = status;
  reload();
}

// ---------- document dialog

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

/**
 * Ask for confirmation.
 * @param {(Node | string)[]} title
 */
function confirmAction(title, text, yes) {
  const dialog = $("#confirm");
  $("h2", dialog).replaceChildren(...title);
  $("p", dialog).textContent = text;
  $("[value=yes]", dialog).textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

// ---------- events

function showDocuments() {
  $("#welcome").remove();
  $("#work").hidden = false;
  $("#who").hidden = false;
  $("#who-name").replaceChildren(isolate(session.user.email), session.user.isOperator ? " (operator)" : "");
  $("#rules").textContent = `${allowedTypesText()} · up to ${formatSize(settings.largestFileBytes)} per file`;
  $("#files").focus();
  addEventListener("beforeunload", warnBeforeUnload);
  reload();
}

/** The allowed types, the most familiar first. */
function allowedTypesText() {
  const labels = [...new Set(settings.allowedTypes.map((type) => typeLabel(type)[0]))];
  const more = labels.length - SHOWN_TYPES;
  return labels.slice(0, SHOWN_TYPES).join(", ") + (more > 0 ? ` and ${more} more file types` : "");
}

/** Make the browser warn before uploads are lost. */
function warnBeforeUnload(event) {
  if (list.uploads.some(isSending)) event.preventDefault();
}

function initSignIn() {
  const form = $("#sign-in");
  const second = $("#new-password");
  form.onsubmit = submitHandler(form, async () => {
    const challenge = await session.signIn(form.username.value.trim(), form.password.value);
    if (!challenge) return showDocuments();
    form.hidden = true;
    second.hidden = false;
    second.username.value = form.username.value; // for password managers
    second.password.focus();
    second.onsubmit = submitHandler(second, async () => {
      const another = await session.choosePassword(challenge, second.password.value);
      if (another) throw new UserError("The password must be changed again. Sign in again.");
      showDocuments();
    });
  });
}

async function signOut() {
  const left = list.uploads.filter(isSending).length;
  const text = `${left} ${left === 1 ? "upload is" : "uploads are"} in progress and will be cancelled.`;
  if (left && !(await confirmAction(["Sign out now?"], text, "Sign out"))) return;
  await session.signOut();
}

function initList() {
  $("#files").onchange = (event) => {
    addFiles([...event.target.files]);
    event.target.value = ""; // allows choosing the same file again
  };
  $("#filter").onchange = (event) => setStatus(event.target.value);
  $("#search").oninput = renderList;
  $("#refresh").onclick = reload;
  $("#more").onclick = () => load(() => {});
  $("#sign-out").onclick = signOut;
}

function initDialogs() {
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
  for (const button of document.querySelectorAll("#confirm button")) {
    button.onclick = () => $("#confirm").close(button.value);
  }
  $("#reauthenticate").oncancel = (event) => event.preventDefault(); // sign-in is required
  $("#reauthenticate .leave").onclick = () => session.signOut();
}

/** Accept files dropped anywhere, since the browser would otherwise open them. */
function initDrops() {
  const overlay = $("#overlay");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = !session.user;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) overlay.hidden = true; // left the window
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    if (!session.user) return;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const isFolder = (item) => item.webkitGetAsEntry()?.isDirectory;
    const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
    addFiles(files, items.filter(isFolder).map((item) => item.getAsFile()?.name ?? "Folder"));
  });
}

initSignIn();
initList();
initDialogs();
initDrops();
