/** Links to documents, and the browser's history. */

const DOCUMENT = /^#\/documents\/([0-9a-f-]{36})$/;

/** Number of documents that were opened from this page, each an entry of the history. */
let visited = 0;

/** The link to a document, relative to the page. */
export const linkTo = (documentId) => `#/documents/${documentId}`;

/** The documentId in the page's URL, or null. */
export const linkedDocument = () => DOCUMENT.exec(location.hash)?.[1] ?? null;

/** @param {(documentId: string | null) => void} show Called when the linked document changes. */
export function initRouter(show) {
  addEventListener("hashchange", () => {
    visited = linkedDocument() ? visited + 1 : 0;
    show(linkedDocument());
  });
}

/** Go back from a document to the list, as the browser's Back button does. */
export function leaveDocument() {
  if (!linkedDocument()) return;
  if (visited === 1) return history.back();
  // Opened by a link from elsewhere: Back leaves the page.
  history.replaceState(null, "", location.pathname + location.search);
  visited = 0;
}
