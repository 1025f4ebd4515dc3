/** Formats of sizes, times, names and types. */

import { el, isolate } from "./dom.js";
import { settings } from "./settings.js";

const ACRONYMS = new Set(["csv", "gps", "html", "id", "json", "pdf", "sha256", "url", "xml"]);

/** Format a number of bytes, in powers of 1024. */
export function formatSize(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const number = bytes / 1024 ** power;
  const digits = power && number < 10 ? 1 : 0;
  if (bytes === 1) return "1 byte";
  return `${number.toLocaleString(undefined, { maximumFractionDigits: digits })} ${units[power]}`;
}

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Format an ISO 8601 time in the browser's time zone. */
export function formatTime(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return isolate(iso);
  return el("time", { dateTime: iso }, timeFormat.format(moment));
}

/** Format an ISO 8601 time likewise, without a year where it is this one. */
export function formatShortTime(iso) {
  const moment = new Date(iso);
  if (moment.getFullYear() !== new Date().getFullYear()) return formatTime(iso);
  return el("time", { dateTime: iso }, dayFormat.format(moment));
}

/** Format a duration as 1:02:03, or 4:05 below an hour. */
export function formatDuration(milliseconds) {
  const seconds = Math.round(milliseconds / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => (place ? String(part).padStart(2, "0") : part)).join(":");
}

/** Convert `wordCount` to "Word count". */
export function formatName(name) {
  const words = name
    .replace(/Milliseconds$/, "")
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .split(/[\s_-]+/)
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The short and the long label of a MIME type; computed if it is not in the settings. */
export function typeLabel(type) {
  if (!type || type === "application/octet-stream") return ["FILE", "Unknown"];
  const known = settings.typeLabels[type];
  if (known) return known;
  const [family, name] = type.split("/");
  const short = name.replace(/^(x-|vnd\.)/, "").split(/[.+;]/)[0];
  return [short.slice(0, 4).toUpperCase(), family === "image" ? `${short.toUpperCase()} image` : type];
}
