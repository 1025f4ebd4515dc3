/** Downloads of files, and links to documents. */

import { api } from "./api.js";
import { announce, el } from "./dom.js";
import { UserError } from "./errors.js";
import { linkTo } from "./router.js";

const FRAME_MS = 60_000;

/**
 * Download from a URL with the browser, at any size. Uses a frame, so that an error page of S3 does
 * not replace this page and uploads in progress trigger no warning about leaving it.
 * @param {() => void} onFail
 */
export function downloadFrom(url, onFail) {
  // Downloads fire no load event; only an error page does.
  const frame = el("iframe", { hidden: true, title: "Download", src: url, onload: onFail });
  document.body.append(frame);
  setTimeout(() => frame.remove(), FRAME_MS);
}

/** Download the file of a document. */
export async function download({ documentId }, onFail) {
  const { url } = await api.content(documentId);
  downloadFrom(url, onFail);
}

/** Copy links to documents to the clipboard, one a line. */
export async function copyLinks(entries) {
  const links = entries.map(({ documentId }) => new URL(linkTo(documentId), location.href).href);
  await copyText(links.join("\n"));
}

/** Copy a text to the clipboard. */
export async function copyText(text) {
  await navigator.clipboard.writeText(text).catch(() => {
    throw new UserError("The browser does not allow copying.");
  });
  announce("Copied.");
}
