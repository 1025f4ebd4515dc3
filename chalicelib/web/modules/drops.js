/** Files dropped on the page. */

import { $ } from "./dom.js";
import { addFiles } from "./list.js";
import { session } from "./session.js";

/** Accept files dropped anywhere, since the browser would otherwise open them. */
export function initDrops() {
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
