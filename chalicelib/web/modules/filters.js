/** Search, filters and order of the list. */

import { $, el } from "./dom.js";
import { typeLabel } from "./format.js";
import { settings } from "./settings.js";

const TYPING_MS = 300;

const foldCase = (text) => text.normalize("NFC").toLocaleLowerCase();

/** The start of a day in the browser's time zone, some days later, in ISO 8601; "" without a valid date. */
function startOfDay(input, daysLater) {
  if (!input.value || !input.validity.valid) return "";
  const [year, month, day] = input.value.split("-").map(Number);
  return new Date(year, month - 1, day + daysLater).toISOString();
}

/** The parameters of the list, as the API names them. */
export function currentQuery() {
  const form = $("#filters");
  return {
    status: form.status.value,
    nameContains: form.search.value.trim(),
    fileType: form.type.value,
    uploadedAfter: startOfDay(form.from, 0),
    uploadedBefore: startOfDay(form.to, 1),
    order: form.order.value,
  };
}

/** Whether the list leaves documents out. */
export const isFiltered = () => Object.entries(currentQuery()).some(([name, value]) => value && name !== "order");

/** Whether an upload of this session, which the API may not list yet, matches the filters. */
export function matchesFilters(entry) {
  const { status, nameContains, fileType, uploadedAfter, uploadedBefore } = currentQuery();
  const state = entry.state === "unsent" ? "failed" : entry.state;
  const uploadedAt = entry.document?.uploadedAt ?? new Date().toISOString();
  return (
    (!status || state === status.toLowerCase()) &&
    foldCase(entry.name).includes(foldCase(nameContains)) &&
    (!fileType || (entry.document ? entry.document.fileType : entry.file?.type) === fileType) &&
    (!uploadedAfter || uploadedAt >= uploadedAfter) &&
    (!uploadedBefore || uploadedAt < uploadedBefore)
  );
}

/** Remove all filters, so that new uploads are visible. Returns whether there were any. */
export function clearFilters() {
  const wereSet = isFiltered();
  const { order } = currentQuery();
  $("#filters").reset();
  $("#filters").order.value = order;
  showCount();
  return wereSet;
}

/** Show how many of the filters below the fold are set. */
function showCount() {
  const { fileType, uploadedAfter, uploadedBefore, order } = currentQuery();
  const number = [fileType, uploadedAfter, uploadedBefore, order].filter(Boolean).length;
  $("#filter-count").textContent = number ? ` (${number})` : "";
}

/** @param {() => void} onFilter Called when the list is to be loaded with other parameters. */
export function initFilters(onFilter) {
  const form = $("#filters");
  const options = settings.allowedTypes.map((type) => el("option", { value: type }, typeLabel(type)[1]));
  form.type.append(...options.sort((one, other) => one.text.localeCompare(other.text)));
  let typing;
  form.oninput = (event) => {
    clearTimeout(typing);
    showCount();
    typing = setTimeout(onFilter, event.target === form.search ? TYPING_MS : 0);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    clearTimeout(typing);
    onFilter();
  };
  $("#clear-filters").onclick = () => {
    clearFilters();
    onFilter();
  };
}
