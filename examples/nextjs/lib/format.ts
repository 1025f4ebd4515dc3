/** Words and numbers for people. */
import type { Document } from "./api";

/** Control characters, and the controls that reorder text. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text of uploaders with escape sequences, so that `photo_\u202egpj.exe` is not shown as `photo_exe.jpg`. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text of several lines with escape sequences. Form feeds, which separate pages, become rules. */
export function visibleLines(text: string): string {
  const shown = text.replaceAll("\f", `\n${"─".repeat(20)}\n`);
  return shown.split(/([\n\t])/).map((part, index) => (index % 2 ? part : visible(part))).join("");
}

export function formatSize(bytes: number): string {
  if (bytes === 1) return "1 byte";
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: power && value < 10 ? 1 : 0 })} ${units[power]}`;
}

const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function formatTime(iso: string): string {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? visible(iso) : timeFormat.format(moment);
}

export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => String(part).padStart(index ? 2 : 1, "0")).join(":");
}

const ACRONYMS = new Set(["csv", "gps", "html", "id", "json", "pdf", "url", "xml"]);

/** `wordCount` as "Word count". */
export function formatName(name: string): string {
  const words = name
    .replace(/Milliseconds$/, "")
    .split(/(?<=[a-z0-9])(?=[A-Z])/)
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function formatValue(name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") {
    if (/(bytes|size)$/i.test(name)) return formatSize(value);
    if (/milliseconds$/i.test(name)) return formatDuration(value / 1_000);
    if (/seconds$/i.test(name)) return formatDuration(value);
    return /year$/i.test(name) ? String(value) : value.toLocaleString();
  }
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? formatTime(text) : visible(text);
}

/** The kinds of files that the chart shows, in its order. */
export const KINDS = ["Documents", "Images", "Audio and video", "Text and data", "Other"] as const;
export type Kind = (typeof KINDS)[number];

export function kindOf(type: string | undefined): Kind {
  const [family = "", name = ""] = (type ?? "").split("/");
  if (family === "image") return "Images";
  if (family === "audio" || family === "video") return "Audio and video";
  if (family === "text" || /json|xml$|csv|parquet|subrip/.test(name)) return "Text and data";
  if (/pdf|rtf|word|office|opendocument|ms-|epub|rfc822/.test(name)) return "Documents";
  return "Other";
}

const SHORT: Record<string, string> = { plain: "TXT", mpeg: "MP3", rfc822: "EML", msword: "DOC", "svg+xml": "SVG" };

/** At most five characters for a type. */
export function shortType(type: string | undefined): string {
  const name = type?.split("/")[1] ?? "";
  if (!name || name === "octet-stream") return "FILE";
  if (name.includes("wordprocessing")) return "DOCX";
  if (name.includes("spreadsheetml")) return "XLSX";
  if (name.includes("presentationml")) return "PPTX";
  return SHORT[name] ?? (name.replace(/^(x-|vnd\.)/, "").split(/[.+;-]/)[0] ?? "").slice(0, 5).toUpperCase();
}

export type State = "pending" | "scanning" | "processed" | "failed";

const LABELS: Record<State, string> = { pending: "Pending", scanning: "Checking for malware", processed: "Processed", failed: "Failed" };

export function stateOf(document: Document): State {
  const state = document.status.toLowerCase();
  return state in LABELS ? (state as State) : "pending";
}

/** What the document's status means, in a few words. */
export function statusLabel(document: Document): string {
  if (document.removedAt) return "Deleted";
  if (document.failure?.code === "infected") return "Malware found";
  if (document.failure?.code === "not_scanned") return "Not checked";
  return LABELS[stateOf(document)];
}

/** The explanation of the status, for people; empty where the label is enough. */
export function statusText(document: Document): string {
  const { failure, removedAt } = document;
  if (removedAt) return `The file was deleted, ${formatTime(removedAt)}.`;
  if (!failure) return stateOf(document) === "scanning" ? "The file is being checked for malware. It can be downloaded afterwards." : "";
  return REFUSED.has(failure.code) ? `${failure.message} It cannot be downloaded.` : failure.message;
}

/** Failure codes of files that the API does not hand out. */
const REFUSED = new Set(["infected", "not_scanned"]);

/** Whether the content may be read: while it is scanned, and if it is infected, the API refuses it. */
export function isReadable(document: Document): boolean {
  const isRefused = document.failure !== undefined && REFUSED.has(document.failure.code);
  return ["processed", "failed"].includes(stateOf(document)) && !isRefused && !document.removedAt;
}
