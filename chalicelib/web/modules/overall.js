/** Progress of all uploads together. */

import { $ } from "./dom.js";
import { isSending, list } from "./entries.js";
import { formatDuration, formatSize } from "./format.js";
import { plural } from "./messages.js";

const ESTIMATED_AFTER_MS = 5_000;
const ESTIMATED_FROM = 0.05; // of all bytes

/** @type {number | null} When the first of the uploads in progress started. */
let startedAt = null;
/** @type {Set<Entry>} The uploads since then. */
let batch = new Set();

const sentBytes = (entry) => (isSending(entry) ? entry.sentBytes : entry.size);

/** Show how much is uploaded, while more than one file is being uploaded or could be tried again. */
export function renderOverall() {
  const sending = list.uploads.filter(isSending);
  const retryable = list.uploads.filter((entry) => entry.state === "unsent" && entry.retry);
  if (!sending.length) startedAt = null;
  else if (startedAt === null) {
    startedAt = Date.now();
    batch = new Set();
  }
  for (const entry of sending) batch.add(entry);
  const uploads = list.uploads.filter((entry) => batch.has(entry) && entry.state !== "unsent");
  const total = uploads.reduce((sum, entry) => sum + entry.size, 0);
  const sent = uploads.reduce((sum, entry) => sum + sentBytes(entry), 0);
  const isShown = sending.length > 0 && uploads.length > 1;
  $("#overall").hidden = !isShown && retryable.length < 2;
  $("#overall progress").hidden = !isShown;
  $("#overall progress").value = total ? sent / total : 0;
  $("#overall-text").textContent = isShown
    ? `${uploads.length - sending.length} of ${plural(uploads.length, "file")} uploaded · ${formatSize(sent)} of ${formatSize(total)}${estimate(sent, total)}`
    : `${plural(retryable.length, "file")} not uploaded`;
  $("#cancel-all").hidden = !isShown;
  $("#retry-all").hidden = retryable.length < 2;
}

/** How long the rest takes at the average speed. */
function estimate(sent, total) {
  const milliseconds = Date.now() - startedAt;
  if (milliseconds < ESTIMATED_AFTER_MS || sent < ESTIMATED_FROM * total) return "";
  return ` · ${formatDuration(((total - sent) / sent) * milliseconds)} left`;
}

/** @param {(entries: Entry[]) => void} cancel */
export function initOverall(cancel) {
  $("#cancel-all").onclick = () => cancel(list.uploads.filter(isSending));
  $("#retry-all").onclick = () => {
    for (const entry of list.uploads) if (entry.state === "unsent") entry.retry?.();
  };
}
