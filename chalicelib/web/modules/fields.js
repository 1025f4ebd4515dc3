/** Names and values as description lists. */

import { el, isolate } from "./dom.js";
import { formatDuration, formatName, formatSize, formatTime } from "./format.js";
import { plural } from "./messages.js";

const LISTED_ITEMS = 50;

const UNITS = { width: "px", height: "px", pageWidth: "pt", pageHeight: "pt", sampleRate: "Hz", bitRate: "kbit/s" };

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
export function renderFields(fields) {
  const known = fields.filter(([, value]) => value !== undefined && value !== null);
  return el(
    "dl",
    { className: "facts" },
    ...known.map(([name, value]) =>
      el("div", {}, el("dt", {}, formatName(name)), el("dd", {}, value instanceof Node ? value : renderValue(name, value))),
    ),
  );
}

/** Nouns of the numbers that a row shows, the most telling first. */
const COUNTED = {
  pageCount: "page",
  slideCount: "slide",
  sheetCount: "sheet",
  rowCount: "row",
  wordCount: "word",
  attachmentCount: "attachment",
};
const SHOWN_FACTS = 2;

/** The most telling metadata, for a row: "3 pages", "447 words". */
export function keyFacts({ metadata = {} }) {
  const { width, height, durationMilliseconds } = metadata;
  const facts = [];
  if (width && height) facts.push(`${width.toLocaleString()} × ${height.toLocaleString()} px`);
  if (durationMilliseconds) facts.push(formatDuration(durationMilliseconds));
  for (const [name, noun] of Object.entries(COUNTED)) {
    if (metadata[name]) facts.push(plural(metadata[name], noun));
  }
  return facts.slice(0, SHOWN_FACTS);
}
