/** The text of a document: of the file itself, or recognized in its pictures. */

import { api } from "./api.js";
import { el, visible, visibleLines } from "./dom.js";
import { copyText, downloadFrom } from "./downloads.js";
import { errorText, UserError } from "./errors.js";
import { plural } from "./messages.js";

const SHOWN_CHARACTERS = 200_000;
const SHOWN_PAGES = 500;

/** Whether a document has text, or will have. */
export const hasText = ({ document: record }) => Boolean(record.text) && !record.removedAt;

/** Whether the text is still being recognized. */
export const isTextRunning = ({ document: record }) => record.text?.status === "RUNNING";

/** Read the text from its bucket. */
async function fetchText(documentId) {
  const { url } = await api.text(documentId);
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new UserError("The text could not be loaded. Try again.");
  return { url, text: await response.text() };
}

/** The text by page, with buttons that copy and download all of it. */
export async function renderText(entry) {
  const { documentId, text: state } = entry.document;
  const note = noteOnText(entry);
  if (state.characterCount === undefined) return [note];
  const { url, text } = await fetchText(documentId);
  const problem = el("p", { className: "problem", role: "alert" });
  const show = (error) => {
    problem.textContent = errorText(error);
  };
  const button = (label, onclick) => el("button", { type: "button", className: "quiet small", onclick }, label);
  const failed = new UserError("The text could not be downloaded. Try again.");
  return [
    note,
    el("div", { className: "buttons start" },
      button("Copy text", () => copyText(text).catch(show)),
      button("Download text", () => downloadFrom(url, () => show(failed)))),
    problem,
    ...renderPages(text),
  ];
}

function noteOnText(entry) {
  const { source, status, characterCount, truncated, meanConfidence, pagesNotRead, failure } = entry.document.text;
  const parts = [];
  if (characterCount !== undefined) parts.push(`${plural(characterCount, "character")}${truncated ? ", cut at the size limit" : ""}.`);
  if (status === "RUNNING") parts.push("Text is being recognized. This takes up to a few minutes.");
  else if (status === "FAILED") parts.push(`Text was not recognized: ${visible(failure?.message ?? "unknown reason")}`);
  else if (source === "ocr") parts.push("Recognized in pictures; may contain errors.");
  if (pagesNotRead) parts.push(`${plural(pagesNotRead, "page")} could not be read.`);
  if (meanConfidence !== undefined) parts.push(`Mean confidence: ${Math.round(meanConfidence)} %.`);
  return el("p", { className: "muted", role: "status" }, parts.join(" "));
}

/** Form feeds separate pages. */
function renderPages(text) {
  const shown = text.slice(0, SHOWN_CHARACTERS);
  const pages = shown.split("\f").map((page) => page.trim());
  const nodes = pages.slice(0, SHOWN_PAGES).flatMap((page, index) => [
    ...(pages.length > 1 ? [el("h3", {}, `Page ${index + 1}`)] : []),
    el("pre", { className: "text", dir: "auto" }, visibleLines(page)),
  ]);
  const isCut = shown.length < text.length || pages.length > SHOWN_PAGES;
  const limit = pages.length > SHOWN_PAGES ? plural(SHOWN_PAGES, "page") : plural(SHOWN_CHARACTERS, "character");
  if (isCut) nodes.push(el("p", { className: "muted" }, `Only the first ${limit} are displayed.`));
  return nodes;
}
