/** Uploads in parts that resume after a reload, once the same file is chosen again. */

const UNFINISHED = "intake-unfinished-uploads";

const identify = ({ name, size, lastModified }) => JSON.stringify([name, size, lastModified]);

const readUnfinished = () => JSON.parse(sessionStorage.getItem(UNFINISHED) ?? "{}");

/** @returns {string | undefined} The documentId of this file's unfinished upload. */
export const recallUpload = (file) => readUnfinished()[identify(file)];

export function rememberUpload(file, documentId) {
  sessionStorage.setItem(UNFINISHED, JSON.stringify({ ...readUnfinished(), [identify(file)]: documentId }));
}

export function forgetUpload(file) {
  const { [identify(file)]: _finished, ...others } = readUnfinished();
  sessionStorage.setItem(UNFINISHED, JSON.stringify(others));
}
