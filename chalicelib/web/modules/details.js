/** The facts of a document. */

import { el, isolate, visible } from "./dom.js";
import { renderFields } from "./fields.js";
import { formatSize, formatTime, typeLabel } from "./format.js";
import { failureText } from "./messages.js";
import { ownerName } from "./owners.js";
import { session } from "./session.js";

/** Fields that are displayed elsewhere. */
const SHOWN = ["fileName", "fileSize", "status", "uploadedAt", "processedAt", "removedAt", "owner", "metadata", "failure", "text"];

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
  const owner = record.owner === session.user.sub ? "You" : ownerName(record) || record.owner;
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
  return Object.entries(record).filter(([name]) => !SHOWN.includes(name));
}

const SCANNING = "The file is being scanned for malware. It can be downloaded once it is found clean.";

/** The facts, the metadata and the whole record. */
export function renderFacts({ document: record }) {
  return [
    ...(record.removedAt ? [el("p", { className: "failure" }, "The file of this document was deleted. Its record remains.")] : []),
    ...(record.failure ? [renderFailure(record)] : []),
    ...(record.status === "SCANNING" && !record.removedAt ? [el("p", { className: "muted" }, SCANNING)] : []),
    renderFields(mainFields(record)),
    ...renderMetadata(record),
    renderDetails("Technical details", renderFields(technicalFields(record))),
    renderDetails("JSON", el("pre", {}, formatJson(record))),
  ];
}
