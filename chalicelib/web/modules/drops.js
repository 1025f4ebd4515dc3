/** Folders, and files that are dropped or pasted. */

import { $ } from "./dom.js";
import { addFiles } from "./list.js";
import { session } from "./session.js";

const SYSTEM_FILES = /^(\.|Thumbs\.db$|desktop\.ini$)/; // hidden files that systems put into folders

/** The files of dropped entries, those in folders included. */
async function filesOf(entries) {
  const found = await Promise.all(entries.map((entry) => (entry.isDirectory ? filesInFolder(entry) : [fileOf(entry)])));
  return (await Promise.all(found.flat())).filter(Boolean);
}

/** @returns {Promise<File | null>} Null if the file was moved meanwhile. */
const fileOf = (entry) => new Promise((resolve) => entry.file(resolve, () => resolve(null)));

async function filesInFolder(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (let some; (some = await readSome(reader)).length; ) entries.push(...some); // at most 100 at once
  return filesOf(entries.filter((entry) => !SYSTEM_FILES.test(entry.name)));
}

const readSome = (reader) => new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));

/** Dropped entries; files where the browser, or a script, provides no entry. */
async function droppedFiles(items) {
  const files = items.filter((item) => item.kind === "file");
  const dropped = files.map((item) => item.webkitGetAsEntry() ?? item.getAsFile()); // before any await
  const isFile = (one) => one instanceof File;
  return [...dropped.filter(isFile), ...(await filesOf(dropped.filter((one) => one && !isFile(one))))];
}

/** Pasted pictures are all called image.png. */
function namedPasted(file) {
  if (file.name !== "image.png") return file;
  const time = new Date().toLocaleString("sv").replaceAll(":", ".");
  return new File([file], `Pasted ${time}.png`, { type: file.type });
}

/** Accept files dropped anywhere, since the browser would otherwise open them, pasted files and folders. */
export function initDrops() {
  const overlay = $("#overlay");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const isReady = () => session.user && !$("dialog[open]");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = !isReady();
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) overlay.hidden = true; // left the window
  });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    if (isReady()) addFiles(await droppedFiles([...event.dataTransfer.items]));
  });
  $("#folder").onchange = (event) => {
    addFiles([...event.target.files].filter((file) => !SYSTEM_FILES.test(file.name)));
    event.target.value = "";
  };
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (event.target.matches?.("[type=search]") && event.clipboardData.types.includes("text/plain")) return; // a picture of the text
    if (files.length && isReady()) addFiles(files.map(namedPasted));
  });
}
