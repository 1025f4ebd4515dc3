/** Previews of pictures and PDFs, by the browser's own means. */

import { api } from "./api.js";
import { el, visible } from "./dom.js";
import { hasContent } from "./entries.js";
import { formatSize } from "./format.js";

const PICTURES = new Set(["image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"]);
const PDF = "application/pdf";
const PDF_VIEW = "#navpanes=0&view=FitH"; // parameters that PDF viewers support
const LARGEST_PICTURE_BYTES = 20 * 2 ** 20;

/** Whether the browser can display the file of an entry. */
export const hasPreview = (entry) =>
  hasContent(entry) &&
  entry.document.status === "PROCESSED" &&
  (PICTURES.has(entry.document.fileType) || (entry.document.fileType === PDF && navigator.pdfViewerEnabled));

/**
 * The picture, or the PDF in a frame of the bucket's origin. The frame has no sandbox attribute,
 * with which browsers refuse to start their PDF viewer; docs/security.md has the consequences.
 */
export async function renderPreview({ document: record }) {
  const title = `Preview of ${visible(record.fileName)}`;
  const isPicture = PICTURES.has(record.fileType);
  if (isPicture && record.fileSize > LARGEST_PICTURE_BYTES) {
    return [el("p", { className: "muted" }, `Pictures above ${formatSize(LARGEST_PICTURE_BYTES)} are not displayed here. Download the file instead.`)];
  }
  const { url } = await api.content(record.documentId, "inline");
  if (!isPicture) return [el("iframe", { className: "preview", title, src: `${url}${PDF_VIEW}`, referrerPolicy: "no-referrer", allow: "" })];
  const problem = el("p", { className: "problem", hidden: true }, "The browser cannot display this picture.");
  const onerror = () => {
    problem.hidden = false;
    picture.remove();
  };
  const picture = el("img", { className: "preview", alt: title, src: `${url}${PDF_VIEW}`, referrerPolicy: "no-referrer", onerror });
  return [picture, problem];
}
