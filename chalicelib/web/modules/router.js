/** Links to documents, and the browser's history. */

const DOCUMENT = /^#\/documents\/([0-9a-f-]{36})$/;

/** Whether the page's URL is that of the list. */
let isList = true;
/** Whether the entry before it in the history is the list. */
let isAfterList = false;

/** The link to a document, relative to the page. */
export const linkTo = (documentId) => `#/documents/${documentId}`;

/** The documentId in the page's URL, or null. */
export const linkedDocument = () => DOCUMENT.exec(location.hash)?.[1] ?? null;

/** @param {(documentId: string | null) => void} show Called when the linked document changes. */
export function initRouter(show) {
  isList = !linkedDocument();
  addEventListener("hashchange", () => {
    isAfterList = isList;
    isList = !linkedDocument();
    show(linkedDocument());
  });
}

/** Go back from a document to the list, as the browser's Back button does. */
export function leaveDocument() {
  if (!linkedDocument()) return;
  if (isAfterList) return history.back();
  // Opened by a link from elsewhere: Back leaves the page, or shows another document.
  history.replaceState(null, "", location.pathname + location.search);
  isList = true;
}
