/**
 * The page for people: signs in, uploads files, shows what became of each.
 *
 * A client of the public API (openapi.json) and of the user pool's own, and of nothing else. What a
 * file is called or holds gets into the document as text only, by `el` and `textContent`.
 */

/**
 * @typedef {{clientId: string, signInUrl: string, largestFileBytes: number, allowedTypes: string[]}} Settings
 * @typedef {{documentId: string, fileName: string, fileSize: number, status: string, fileType?: string,
 *   uploadedAt?: string, processedAt?: string, owner?: string, failure?: {code: string, message: string},
 *   metadata?: Object<string, unknown>}} Document A record as the API gives it.
 * @typedef {"waiting" | "reading" | "sending" | "pending" | "unsent" | "processed" | "failed"} State
 * @typedef {{name: string, size: number, state: State, file: File | null, document: Document | null,
 *   documentId: string | null, sent: number, reason: string, again: (() => void) | null,
 *   abort: AbortController | null, row: Object<string, HTMLElement> | null}} Entry A line of the
 *   list: an upload of this session, or a document; the one becomes the other in its place.
 */

const $ = (selector, root = document) => root.querySelector(selector);

/** @type {Settings} */
const settings = JSON.parse($("meta[name=settings]").content);

const UPLOADS_AT_ONCE = 3;
const LOOKS_AT_ONCE = 2; // a new account runs 10 functions at once, and the files themselves need some
const FIRST_LOOK_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
const LOOKING_MS = 10 * 60_000; // longer than all of Lambda's attempts at an event take
const HASHED_BYTES = 512 * 2 ** 20; // what a browser can hold at once; S3 still checks the size of more
const EMPTY_PAGES = 20; // pages may be empty, though more follow
const LISTED_ITEMS = 50;
const LONGEST_NAME = 255;

/** Why a document is FAILED, by its code; the set is closed. */
const FAILURES = {
  too_large: `It is larger than the ${sizeText(settings.largestFileBytes)} that are allowed.`,
  empty: "There is nothing in it.",
  type_not_allowed: "Files of this kind are not accepted.",
  type_mismatch: "Its content is of another kind than its name says.",
  encrypted: "It needs a password to be opened.",
  unreadable: "It is damaged and could not be read.",
  extraction_timeout: "Reading it took too long.",
  extraction_crashed: "It could not be read: its reader broke down.",
  processing_failed: "Something went wrong on our side. The file itself is safe.",
};

/** What the user pool says no with. */
const SIGN_IN_PROBLEMS = {
  UserNotFoundException: "This e-mail address and password do not go together.",
  UserNotConfirmedException: "This account is not confirmed yet.",
  PasswordResetRequiredException: "This password has to be reset first. Ask whoever runs this service.",
  InvalidPasswordException: "This password will not do: it is too short or too plain.",
  TooManyRequestsException: "Too many attempts. Wait a little and try again.",
  LimitExceededException: "Too many attempts. Wait a little and try again.",
};

/** What S3 says no with, when a file is put there. */
const PUT_PROBLEMS = {
  0: "The connection broke before all of it was sent.",
  400: "What arrived was not what was sent. Try again.",
  403: "The permission to upload ran out. Try again.",
  409: "It was sent twice at the same time. Try again.",
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
const REFUSALS = new Set([400, 413, 415]); // the API would answer the same again
const UNDER_WAY = new Set(["waiting", "reading", "sending", "pending"]);

/** Of a MIME type, a name for the tile and one for people; others are shown as they are. */
const OPEN_XML = "application/vnd.openxmlformats-officedocument.";
const OPEN_DOCUMENT = "application/vnd.oasis.opendocument.";
const KINDS = {
  "application/pdf": ["PDF", "PDF document"],
  [`${OPEN_XML}wordprocessingml.document`]: ["DOCX", "Word document"],
  [`${OPEN_XML}spreadsheetml.sheet`]: ["XLSX", "Excel workbook"],
  [`${OPEN_XML}presentationml.presentation`]: ["PPTX", "PowerPoint slides"],
  "image/jpeg": ["JPEG", "JPEG image"],
  "text/plain": ["TXT", "Text"],
  "text/csv": ["CSV", "CSV table"],
  "application/msword": ["DOC", "Word document"],
  "application/vnd.ms-excel": ["XLS", "Excel workbook"],
  "application/vnd.ms-powerpoint": ["PPT", "PowerPoint slides"],
  [`${OPEN_DOCUMENT}text`]: ["ODT", "OpenDocument text"],
  [`${OPEN_DOCUMENT}spreadsheet`]: ["ODS", "OpenDocument sheets"],
  [`${OPEN_DOCUMENT}presentation`]: ["ODP", "OpenDocument slides"],
  "application/x-ndjson": ["JSON", "JSON Lines"],
  "message/rfc822": ["MAIL", "Mail"],
  "text/markdown": ["MD", "Markdown"],
  "video/matroska": ["MKV", "Matroska film"],
  "video/quicktime": ["MOV", "QuickTime film"],
  "application/octet-stream": ["FILE", "Unknown"],
};
const NAMED_KINDS = 7; // of those that are allowed, when they are many

const UNITS = { width: "px", height: "px", pageWidth: "pt", pageHeight: "pt", sampleRate: "Hz", bitRate: "kbit/s" };
const ACRONYMS = new Set(["csv", "gps", "html", "id", "json", "pdf", "sha256", "url", "xml"]);

// ---------- what is shown how

/** An element with these properties or attributes; children that are strings become text. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Bytes in a unit that people use. A declaration, since FAILURES above needs it. */
function sizeText(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const number = bytes / 1024 ** power;
  const digits = power && number < 10 ? 1 : 0;
  if (bytes === 1) return "1 byte";
  return `${number.toLocaleString(undefined, { maximumFractionDigits: digits })} ${units[power]}`;
}

const whenFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment in the reader's own time zone. */
function timeOf(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return el("span", {}, iso);
  return el("time", { dateTime: iso }, whenFormat.format(moment));
}

/** `wordCount` as "Word count". */
function wordsOf(name) {
  const words = name
    .replace(/Milliseconds$/, "")
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .split(/[\s_-]+/)
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function kindOf(type) {
  const known = KINDS[type ?? "application/octet-stream"];
  if (known) return known;
  const [family, name] = type.split("/");
  const short = name.replace(/^(x-|vnd\.)/, "").split(/[.+;]/)[0];
  return [short.slice(0, 4).toUpperCase(), family === "image" ? `${short.toUpperCase()} image` : type];
}

const reasonOf = (record) =>
  FAILURES[record.failure.code] ?? record.failure.message;

/** Any value of a record's metadata, whatever it is called: who extracts may add names and shapes. */
function valueOf(name, value) {
  if (Array.isArray(value)) return itemsOf(name, value);
  if (value && typeof value === "object") return factsOf(Object.entries(value));
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return numberText(name, value);
  const text = String(value ?? "–");
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? timeOf(text) : text;
}

function numberText(name, value) {
  if (/(bytes|size)$/i.test(name)) return sizeText(value);
  if (/year$/i.test(name)) return String(value);
  if (/seconds$/i.test(name)) return `${(/milli/i.test(name) ? value / 1000 : value).toLocaleString()} s`;
  const text = value.toLocaleString();
  return name in UNITS ? `${text} ${UNITS[name]}` : text;
}

function itemsOf(name, values) {
  const shown = values.slice(0, LISTED_ITEMS).map((value) => el("li", {}, valueOf(name, value)));
  const hidden = values.length - shown.length;
  if (hidden) shown.push(el("li", { className: "muted" }, `and ${hidden} more, in the JSON below`));
  return el("ul", { className: "values" }, ...shown);
}

/** Names and values as a list that people can read. */
function factsOf(facts) {
  const known = facts.filter(([, value]) => value !== undefined && value !== null);
  return el(
    "dl",
    { className: "facts" },
    ...known.map(([name, value]) =>
      el("div", {}, el("dt", {}, wordsOf(name)), el("dd", {}, value instanceof Node ? value : valueOf(name, value))),
    ),
  );
}

/** Tell those who do not see the list. */
function announce(text) {
  const news = $("#news");
  news.append(el("p", {}, text));
  if (news.childElementCount > 20) news.firstElementChild.remove();
}

// ---------- signing in

/** Something that went wrong, in words for people. */
class Problem extends Error {
  /** @param {string | number} code Of HTTP or the user pool; 0: nobody answered. */
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing() {
    return this.code === 0 || this.code === 429 || this.code >= 500;
  }
}

/** One call of the user pool's own API. */
async function userPool(action, body) {
  const response = await fetch(settings.signInUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: settings.clientId, ...body }),
  }).catch(() => {
    throw new Problem("The sign-in service cannot be reached. Are you online?");
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const code = String(answer.__type ?? response.status).split("#").pop();
  throw new Problem(signInProblem(code, answer.message), code);
}

function signInProblem(code, message) {
  // The pool says "Password attempts exceeded" with the same code as a wrong password.
  if (code === "NotAuthorizedException" && !/exceeded|disabled/i.test(message ?? "")) {
    return SIGN_IN_PROBLEMS.UserNotFoundException;
  }
  return SIGN_IN_PROBLEMS[code] ?? message ?? "Signing in failed. Try again.";
}

/** Who is signed in. The tokens are in no storage: they are gone with the page. */
const session = {
  tokens: null,
  who: null,
  renewing: null,

  /** Sign in; a challenge that has to be answered first, or null. */
  async begin(username, password) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    });
    return this.proceed(username, answer);
  },

  /** Answer the challenge of a user whose password was a temporary one. */
  async choosePassword(challenge, password) {
    const answer = await userPool("RespondToAuthChallenge", {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenge.session,
      ChallengeResponses: { USERNAME: challenge.username, NEW_PASSWORD: password },
    });
    return this.proceed(challenge.username, answer);
  },

  proceed(username, answer) {
    if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED") {
      const name = answer.ChallengeParameters?.USER_ID_FOR_SRP ?? username;
      return { username: name, session: answer.Session };
    }
    if (answer.ChallengeName) {
      throw new Problem(`This account asks for a further step (${answer.ChallengeName}) that this page does not know.`);
    }
    this.keep(answer.AuthenticationResult);
    return null;
  },

  keep(result) {
    const who = claimsOf(result.IdToken);
    if (this.who && this.who.sub !== who.sub) throw new Problem("That is somebody else. Sign out first.");
    this.tokens = { RefreshToken: this.tokens?.RefreshToken, ...result };
    this.who = who;
  },

  /**
   * A token that is not the one that was just refused: by the refresh token, else by asking.
   * Whoever comes while that goes on waits for the same.
   */
  async renew(refused, mayRefresh = true) {
    if (this.tokens.IdToken !== refused) return;
    this.renewing ??= (mayRefresh ? this.refresh() : askAgain()).finally(() => {
      this.renewing = null;
    });
    await this.renewing;
  },

  async refresh() {
    const parameters = { REFRESH_TOKEN: this.tokens.RefreshToken };
    try {
      const answer = await userPool("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters });
      this.keep(answer.AuthenticationResult);
    } catch (problem) {
      if (problem.code === 0) throw problem; // nobody said no
      await askAgain();
    }
  },

  /** Make the refresh token worthless and forget everything, by loading the page anew. */
  async end() {
    const Token = this.tokens.RefreshToken;
    const patience = new Promise((resolve) => setTimeout(resolve, 2_000));
    if (Token) await Promise.race([userPool("RevokeToken", { Token }).catch(() => {}), patience]);
    removeEventListener("beforeunload", holdBack);
    location.reload();
  },
};

/** What an ID token says of its user. Only to be shown: the API itself checks the token. */
function claimsOf(token) {
  const encoded = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  const groups = claims["cognito:groups"] ?? [];
  return { sub: claims.sub, email: claims.email ?? "", isOperator: groups.includes("operators") };
}

/** Ask for the password over whatever is shown, until the same user is signed in again. */
function askAgain() {
  const dialog = $("#again");
  const form = $("form", dialog);
  form.username.value = session.who.email;
  form.password.value = "";
  dialog.showModal();
  form.password.focus();
  dialog.onclose = () => dialog.showModal(); // browsers let a second Escape close it
  return new Promise((resolve) => {
    form.onsubmit = submitting(form, async () => {
      const challenge = await session.begin(form.username.value, form.password.value);
      if (challenge) throw new Problem("This password was a temporary one. Sign out and in again.");
      form.password.value = "";
      dialog.onclose = null;
      dialog.close();
      resolve(undefined);
    });
  });
}

/** A form's handler that lets nobody send it twice and shows what went wrong. */
function submitting(form, act) {
  return async (event) => {
    event.preventDefault();
    const problem = $(".problem", form);
    const needed = [...form.elements].filter((input) => input.required);
    const empty = needed.find((input) => !input.value);
    problem.textContent = empty ? `Please fill in ${needed.length > 1 ? "both" : "the password"}.` : "";
    if (empty) return empty.focus();
    const button = $("[type=submit]", form);
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      problem.textContent = error.message;
      form.password.select();
      form.password.focus();
    } finally {
      button.disabled = false;
    }
  };
}

// ---------- the API

/**
 * One call of the API, as whoever is signed in; a session that has ended is renewed meanwhile.
 * @param {string} path Relative to the page, which lies where the API does.
 */
async function call(method, path, body) {
  for (let tries = 0; ; tries += 1) {
    await session.renewing;
    const token = session.tokens.IdToken;
    const response = await fetch(path, {
      method,
      headers: { Authorization: token, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    }).catch(() => {
      throw new Problem("The service cannot be reached. Are you online?");
    });
    if (response.status !== 401) return answerOf(response);
    await session.renew(token, tries === 0);
  }
}

async function answerOf(response) {
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Problem(apiProblem(response.status, answer.Message), response.status);
}

function apiProblem(status, message) {
  if (status === 413) return FAILURES.too_large;
  if (status === 415) return FAILURES.type_not_allowed;
  if (status === 404) return "This document is not there any more.";
  if (status === 429 || status >= 500) return "The service is busy or in trouble. Try again.";
  return message ?? `The service answered ${status}.`;
}

const api = {
  createUpload: (fields) => call("POST", "uploads", fields),
  document: (id) => call("GET", `documents/${id}`),
  content: (id) => call("GET", `documents/${id}/content`),
  delete: (id) => call("DELETE", `documents/${id}`),
  documents: (status, cursor) => {
    const query = String(new URLSearchParams({ ...(status && { status }), ...(cursor && { cursor }) }));
    return call("GET", query ? `documents?${query}` : "documents");
  },
};

// ---------- one upload

/** Lets so many jobs run at once; the others wait in line. */
function lane(most) {
  let running = 0;
  const line = [];
  return async (job) => {
    if (running >= most) await new Promise((resolve) => line.push(() => resolve(undefined)));
    else running += 1;
    try {
      return await job();
    } finally {
      const next = line.shift(); // takes this one's place
      if (next) next();
      else running -= 1;
    }
  };
}

const sending = lane(UPLOADS_AT_ONCE);
const looking = lane(LOOKS_AT_ONCE);

/** What is wrong with a file before a byte of it is sent; null if nothing. */
function refusalOf(name, size) {
  if (size > settings.largestFileBytes) {
    return `It has ${sizeText(size)}; at most ${sizeText(settings.largestFileBytes)} are allowed.`;
  }
  if (size === 0) return FAILURES.empty;
  if ([...name].length > LONGEST_NAME) return `Its name has more than ${LONGEST_NAME} characters.`;
  if (/[\u0000-\u001f\u007f-\u009f/\\]/.test(name)) return "Its name has characters that are not allowed.";
  return null;
}

/** Hex; null for what is too large for a browser to hold, which S3 then takes without. */
async function sha256Of(file) {
  if (file.size > HASHED_BYTES) return null;
  const content = await file.arrayBuffer().catch(() => {
    throw new Problem("It could not be read. Was it moved or changed?");
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Put a file where the API said. By XMLHttpRequest, as fetch does not tell how far it is. */
function put(target, file, signal, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(target.method, target.url);
    for (const [name, value] of Object.entries(target.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => tell(event.loaded);
    request.onloadend = () => {
      // 412: this URL was used, so all of it is there; only the answer got lost.
      if (request.status === 200 || request.status === 412) resolve(undefined);
      else reject(new Problem(PUT_PROBLEMS[request.status] ?? `The storage answered ${request.status}. Try again.`));
    };
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new Problem("It was cancelled."));
    request.send(file);
  });
}

/** Upload a file and watch it until it comes to rest; nothing that goes wrong leaves its entry. */
async function upload(entry) {
  entry.abort = new AbortController();
  entry.again = null;
  become(entry, "waiting");
  const refusal = refusalOf(entry.name, entry.size);
  if (refusal) return become(entry, "unsent", refusal);
  try {
    await sending(() => send(entry));
    if (!entry.abort.signal.aborted) await watch(entry);
  } catch (problem) {
    if (entry.abort.signal.aborted) return;
    if (!REFUSALS.has(problem.code)) entry.again = () => tryAgain(entry);
    become(entry, "unsent", problem.message);
  }
}

async function send(entry) {
  const { signal } = entry.abort;
  if (signal.aborted) return;
  entry.sent = 0;
  become(entry, "reading");
  const sha256 = await sha256Of(entry.file);
  const asked = await api.createUpload({
    fileName: entry.name,
    fileType: entry.file.type || "application/octet-stream",
    fileSize: entry.size,
    ...(sha256 && { sha256 }),
  });
  if (signal.aborted) return;
  entry.documentId = asked.documentId;
  become(entry, "sending");
  await put(asked.upload, entry.file, signal, (sent) => {
    entry.sent = sent;
    paint(entry);
  });
}

/** Look every now and then until the document is no longer PENDING. */
async function watch(entry) {
  entry.again = null;
  become(entry, "pending");
  let waited = 0;
  for (let pause = FIRST_LOOK_MS; waited < LOOKING_MS; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    waited += pause;
    await visible();
    if (await hasSettled(entry)) return;
  }
  entry.again = () => watch(entry);
  become(entry, "pending", "It is taking unusually long. It is safe to leave it, or look again.");
}

async function hasSettled(entry) {
  try {
    const record = await looking(() => api.document(entry.documentId));
    if (record.status === "PENDING") return false;
    settle(entry, record);
  } catch (problem) {
    if (problem.isPassing) return false; // the file is there; only the look at it failed
    become(entry, "unsent", problem.message);
  }
  return true;
}

/** Send a file anew, unless it turns out that the first time was enough. */
async function tryAgain(entry) {
  const { signal } = (entry.abort = new AbortController());
  entry.again = null;
  become(entry, "waiting");
  const record = entry.documentId && (await api.document(entry.documentId).catch(() => null));
  if (signal.aborted) return;
  if (record && record.status !== "PENDING") settle(entry, record);
  else await upload(entry);
}

function settle(entry, record) {
  entry.document = record;
  entry.file = null; // so that the browser may let go of it
  become(entry, stateOf(record), "");
}

const stateOf = (record) => record.status.toLowerCase();

/** Resolves while the page is looked at: nobody needs news in a hidden tab. */
function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}

// ---------- the list

const list = {
  /** @type {Entry[]} Uploads of this session, the latest first. */
  uploads: [],
  /** @type {Entry[]} What the API listed so far. */
  listed: [],
  /** @type {string | null} */
  cursor: null,
  status: "",
  /** Counts loads: an answer to an earlier one is of no interest any more. */
  load: 0,
  isLoading: false,
};

/** @returns {Entry} */
function newEntry(known) {
  const nothing = { file: null, document: null, documentId: null, again: null, abort: null, row: null };
  return { ...nothing, state: "waiting", sent: 0, reason: "", ...known };
}

const entryOf = (record) =>
  newEntry({
    name: record.fileName,
    size: record.fileSize,
    document: record,
    documentId: record.documentId,
    state: stateOf(record),
  });

/** A new state of an entry, told to everybody. */
function become(entry, state, reason = "") {
  const wasUnderWay = UNDER_WAY.has(entry.state);
  entry.state = state;
  entry.reason = reason;
  paint(entry);
  arrange();
  if (UNDER_WAY.has(state)) return;
  const why = entry.document?.failure ? reasonOf(entry.document) : reason;
  announce(`${entry.name}: ${STATES[state]}. ${why}`);
  if (wasUnderWay && !list.uploads.some(isUnderWay)) announce(`All uploads have come to rest. ${countsText()}`);
}

const isUnderWay = (entry) => UNDER_WAY.has(entry.state) && !entry.again;

/** Whether leaving the page would end it. */
const isSending = (entry) => ["waiting", "reading", "sending"].includes(entry.state);

/** What shows an entry, by what it is. */
function newRow(entry) {
  const button = (text, onclick) =>
    el("button", { type: "button", className: "quiet small", onclick, "aria-label": `${text}: ${entry.name}` }, text);
  const row = {
    kind: el("span", { className: "kind", "aria-hidden": "true" }),
    name: el("button", { type: "button", className: "name", onclick: () => openDocument(entry) }, entry.name),
    note: el("p", { className: "note" }),
    pill: el("span", { className: "pill" }),
    bar: el("progress", { max: entry.size || 1, "aria-label": `Upload of ${entry.name}` }),
    stop: button("Cancel", () => takeOut(entry)),
    retry: button("Try again", () => {
      row.item.focus(); // the button is about to vanish
      entry.again();
    }),
    remove: button("Remove", () => takeOut(entry)),
  };
  const actions = el("span", { className: "actions" }, row.stop, row.retry, row.remove);
  row.item = el("li", { className: "row", tabIndex: -1 }, row.kind, row.name, row.note, actions, row.pill, row.bar);
  return row;
}

/** Show an entry as it is now. */
function paint(entry) {
  entry.row ??= newRow(entry);
  const { state, row } = entry;
  const [short] = kindOf(entry.document ? entry.document.fileType : entry.file?.type || undefined);
  row.kind.textContent = short;
  row.name.disabled = !entry.document;
  row.note.replaceChildren(...noteOf(entry));
  row.pill.textContent = STATES[state];
  row.item.dataset.state = state;
  row.item.classList.toggle("own", list.uploads.includes(entry));
  row.bar.hidden = !["reading", "sending", "pending"].includes(state);
  if (state === "sending") row.bar.value = entry.sent;
  else row.bar.removeAttribute("value"); // it is at work, and nobody knows how long
  row.stop.hidden = !isSending(entry);
  row.retry.hidden = !entry.again;
  row.remove.hidden = state !== "unsent";
}

/** @returns {(Node | string)[]} What stands below an entry's name. */
function noteOf(entry) {
  if (entry.reason) return [entry.reason];
  if (entry.document?.failure) return [reasonOf(entry.document)];
  if (entry.state === "sending") return [`${sizeText(entry.sent)} of ${sizeText(entry.size)}`];
  if (entry.state === "pending") return [`${sizeText(entry.size)}, uploaded; being processed`];
  if (!entry.document?.uploadedAt) return [sizeText(entry.size)];
  return [`${sizeText(entry.size)}, `, timeOf(entry.document.uploadedAt)];
}

/** Whether the filter and the search let an entry through. */
function isWanted(entry) {
  const status = entry.state === "unsent" ? "failed" : entry.state;
  if (list.status && status !== list.status.toLowerCase()) return false;
  return folded(entry.name).includes(folded($("#search").value.trim()));
}

const folded = (text) => text.normalize("NFC").toLocaleLowerCase();

/** Let the list show what is wanted, in order, and touch only what differs: focus stays where it is. */
function arrange() {
  const own = new Set(list.uploads.map((entry) => entry.documentId));
  const all = [...list.uploads, ...list.listed.filter((entry) => !own.has(entry.documentId))];
  const wanted = all.filter(isWanted);
  for (const entry of wanted) if (!entry.row) paint(entry);
  const items = wanted.map((entry) => entry.row.item);
  const parent = $("#list");
  const kept = new Set(items);
  for (const item of [...parent.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, place) => {
    if (parent.children[place] !== item) parent.insertBefore(item, parent.children[place] ?? null);
  });
  $("#summary").textContent = summaryText(wanted.length, all.length);
  $("#more").hidden = !list.cursor;
  showEmpty(wanted.length === 0 && !list.isLoading, all.length > 0);
}

function countsText() {
  const count = (state) => list.uploads.filter((entry) => entry.state === state).length;
  const parts = ["processed", "failed", "unsent"].map((state) => [count(state), STATES[state]]);
  return parts.filter(([number]) => number).map(([number, state]) => `${number} ${state.toLowerCase()}`).join(", ");
}

function summaryText(shown, loaded) {
  const underWay = list.uploads.filter(isUnderWay).length;
  const uploads = [underWay ? `${underWay} under way` : "", countsText()].filter(Boolean).join(", ");
  if (list.isLoading) return "Loading …";
  if (loaded === 0) return "";
  const listed = shown === loaded ? `${loaded} shown` : `${shown} of ${loaded} loaded shown`;
  const more = list.cursor ? ", more can be loaded" : "";
  return `${listed}${more}${uploads && ` · Uploads: ${uploads}`}`;
}

function showEmpty(isEmpty, hasOthers) {
  const empty = $("#empty");
  empty.hidden = !isEmpty;
  const isFiltered = hasOthers || list.status;
  $("strong", empty).textContent = isFiltered ? "Nothing matches" : "No documents yet";
  $("p", empty).textContent = isFiltered
    ? "Another status, other words in the search, or loading more may help."
    : "Choose a few files or drop them here. Each becomes a document within seconds.";
}

/** Load the list anew, with the status that is chosen; what is there stays until that has come. */
async function reload() {
  list.cursor = null;
  await load((page) => {
    const known = new Set(page.documents.map((record) => record.documentId));
    list.uploads = list.uploads.filter((entry) => !known.has(entry.documentId));
    list.listed = [];
  });
}

/** Load the next page; several where they are empty. `begin` gets the first of them. */
async function load(begin) {
  list.load += 1;
  const number = list.load;
  list.isLoading = true;
  $("#problem").textContent = "";
  arrange();
  try {
    for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
      const page = await api.documents(list.status, list.cursor);
      if (number !== list.load) return;
      if (pages === 0) begin(page);
      list.cursor = page.cursor ?? null;
      list.listed.push(...page.documents.map(entryOf));
      if (page.documents.length || !list.cursor) break;
    }
  } catch (problem) {
    if (number === list.load) $("#problem").textContent = `The list could not be loaded. ${problem.message}`;
  } finally {
    if (number === list.load) {
      list.isLoading = false;
      arrange();
    }
  }
}

/** Take an entry out of the list, with whatever is under way for it. */
function takeOut(entry) {
  entry.abort?.abort();
  const item = entry.row.item;
  const next = item.nextElementSibling ?? item.previousElementSibling;
  list.uploads = list.uploads.filter((other) => other !== entry);
  list.listed = list.listed.filter((other) => other.documentId !== entry.documentId || !entry.documentId);
  arrange();
  (next ?? $("#documents-title")).focus();
}

/** Begin with files that somebody chose; folders cannot be read. */
function add(files, folders = []) {
  $("#search").value = "";
  if (list.status) {
    $("#filter input").checked = true;
    chooseStatus("");
  }
  const entries = files.map((file) => newEntry({ name: file.name.normalize("NFC"), size: file.size, file }));
  const refused = folders.map((name) => newEntry({ name, size: 0 }));
  list.uploads.unshift(...entries, ...refused);
  for (const entry of refused) become(entry, "unsent", "This is a folder. Drop the files in it instead.");
  announce(`${files.length} ${files.length === 1 ? "upload begins" : "uploads begin"}.`);
  for (const entry of entries) upload(entry);
}

function chooseStatus(status) {
  list.status = status;
  reload();
}

// ---------- one document

/** @type {Entry | null} */
let opened = null;

/** Show a document at once as the list has it, and as it is now when that differs. */
async function openDocument(entry) {
  const dialog = $("#document");
  opened = entry;
  $(".problem", dialog).textContent = "";
  showDocument(entry.document);
  dialog.showModal(); // which focuses the heading
  try {
    const record = await api.document(entry.documentId);
    if (["status", "processedAt", "sequencer"].every((name) => record[name] === entry.document[name])) return;
    entry.document = record;
    entry.state = stateOf(record);
    paint(entry);
    if (opened === entry) showDocument(record);
  } catch (problem) {
    if (opened === entry) $(".problem", dialog).textContent = problem.message;
  }
}

function showDocument(record) {
  $("#document-name").textContent = record.fileName;
  const body = $("#document-body");
  body.replaceChildren(
    el("p", {}, el("span", { className: "pill" }, STATES[stateOf(record)])),
    ...(record.failure ? [failureOf(record)] : []),
    factsOf(mainFacts(record)),
    ...contentOf(record),
    fold("Technical details", factsOf(technicalFacts(record))),
    fold("JSON", el("pre", {}, JSON.stringify(record, null, 2))),
  );
  body.dataset.state = stateOf(record);
  body.scrollTop = 0;
}

const fold = (title, content) =>
  el("details", {}, el("summary", {}, title), content);

const failureOf = (record) =>
  el("div", { className: "failure" }, el("p", {}, reasonOf(record)), el("p", { className: "small" }, record.failure.message));

/** @returns {[string, unknown][]} */
function mainFacts(record) {
  const exact = `${record.fileSize.toLocaleString()} bytes`;
  const size = record.fileSize < 1024 ? exact : `${sizeText(record.fileSize)} (${exact})`;
  const owner = record.owner === session.who.sub ? "You" : record.owner;
  return [
    ["kind", record.fileType && kindOf(record.fileType)[1]],
    ["size", el("span", {}, size)],
    ["uploaded", record.uploadedAt && timeOf(record.uploadedAt)],
    ["processed", record.processedAt && timeOf(record.processedAt)],
    ["owner", owner ?? "Nobody: it was put into the bucket directly"],
  ];
}

function contentOf(record) {
  const found = Object.entries(record.metadata ?? {});
  return found.length ? [el("h3", {}, "What is in it"), factsOf(found)] : [];
}

/** @returns {[string, unknown][]} Whatever else the record has. */
function technicalFacts(record) {
  const shown = ["fileName", "fileSize", "status", "uploadedAt", "processedAt", "owner", "metadata", "failure"];
  return Object.entries(record).filter(([name]) => !shown.includes(name));
}

/** Run what a button of the open document is for; it may not be run twice at once. */
async function actOn(button, act) {
  const entry = opened;
  const problem = $("#document .problem");
  problem.textContent = "";
  button.disabled = true;
  try {
    await act(entry);
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

/**
 * Let the browser download the file, at any size. In a frame: S3's answer that something is wrong
 * then does not take the place of this page, and uploads under way make nobody ask about leaving it.
 */
async function download(entry) {
  const { url } = await api.content(entry.documentId);
  $("iframe")?.remove();
  const onload = () => {
    // What is downloaded loads nothing; so this is an error's text.
    $("#document .problem").textContent = "The file could not be downloaded. Try again.";
  };
  document.body.append(el("iframe", { hidden: true, title: "Download", src: url, onload }));
}

async function erase(entry) {
  const title = `Delete “${entry.name}”?`;
  if (!(await confirmed(title, "The document and its file are deleted for good. Nobody can bring them back.", "Delete"))) return;
  await api.delete(entry.documentId);
  announce(`${entry.name} is deleted.`);
  $("#document").close();
  takeOut(entry);
}

/** Whether somebody means it. */
function confirmed(title, text, yes) {
  const dialog = $("#confirm");
  $("h2", dialog).textContent = title;
  $("p", dialog).textContent = text;
  $("[value=yes]", dialog).textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

// ---------- what people do

function showWork() {
  $("#welcome").remove();
  $("#work").hidden = false;
  $("#who").hidden = false;
  $("#who-name").textContent = session.who.email + (session.who.isOperator ? " (operator)" : "");
  $("#rules").textContent = `${kindsText()} · up to ${sizeText(settings.largestFileBytes)} each`;
  $("#files").focus();
  addEventListener("beforeunload", holdBack);
  reload();
}

/** What is accepted, the best known first. */
function kindsText() {
  const known = Object.keys(KINDS);
  const place = (type) => (known.includes(type) ? known.indexOf(type) : known.length);
  const types = settings.allowedTypes.toSorted((one, other) => place(one) - place(other));
  const kinds = [...new Set(types.map((type) => kindOf(type)[0]))];
  const more = kinds.length - NAMED_KINDS;
  return kinds.slice(0, NAMED_KINDS).join(", ") + (more > 0 ? ` and ${more} more kinds of files` : "");
}

/** The browser asks whoever leaves while something is being sent. */
function holdBack(event) {
  if (list.uploads.some(isSending)) event.preventDefault();
}

function listenToSignIn() {
  const form = $("#sign-in");
  const second = $("#new-password");
  form.onsubmit = submitting(form, async () => {
    const challenge = await session.begin(form.username.value.trim(), form.password.value);
    if (!challenge) return showWork();
    form.hidden = true;
    second.hidden = false;
    second.username.value = form.username.value; // for password managers
    second.password.focus();
    second.onsubmit = submitting(second, async () => {
      const another = await session.choosePassword(challenge, second.password.value);
      if (another) throw new Problem("The user pool asks for yet another password.");
      showWork();
    });
  });
}

async function leave() {
  const left = list.uploads.filter(isSending).length;
  const text = `${left} ${left === 1 ? "upload is" : "uploads are"} under way and would be lost.`;
  if (left && !(await confirmed("Sign out now?", text, "Sign out"))) return;
  await session.end();
}

function listenToList() {
  $("#files").onchange = (event) => {
    add([...event.target.files]);
    event.target.value = ""; // so that the same file can be chosen again
  };
  $("#filter").onchange = (event) => chooseStatus(event.target.value);
  $("#search").oninput = arrange;
  $("#refresh").onclick = reload;
  $("#more").onclick = () => load(() => {});
  $("#sign-out").onclick = leave;
}

function listenToDialogs() {
  const dialog = $("#document");
  $(".close", dialog).onclick = () => dialog.close();
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  };
  dialog.onclose = () => {
    opened?.row.name.focus();
    opened = null;
  };
  $("#download").onclick = (event) => actOn(event.currentTarget, download);
  $("#delete").onclick = (event) => actOn(event.currentTarget, erase);
  for (const button of document.querySelectorAll("#confirm button")) {
    button.onclick = () => $("#confirm").close(button.value);
  }
  $("#again").oncancel = (event) => event.preventDefault(); // there is no way around
  $("#again .leave").onclick = () => session.end();
}

/** Files may be dropped anywhere; what is dropped elsewhere would replace the page. */
function listenToDrops() {
  const overlay = $("#overlay");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = !session.who;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) overlay.hidden = true; // it left the window
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    if (!session.who) return;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const isFolder = (item) => item.webkitGetAsEntry()?.isDirectory;
    const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
    add(files, items.filter(isFolder).map((item) => item.getAsFile()?.name ?? "Folder"));
  });
}

listenToSignIn();
listenToList();
listenToDialogs();
listenToDrops();
