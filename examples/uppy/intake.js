/**
 * Connects Uppy to the API, for both recipes: one document per file, however often requests are repeated.
 *
 * @param {import("@uppy/core").Uppy} uppy
 * @param {{apiUrl: string, getIdToken: () => Promise<string>, multipart?: boolean}} settings
 *   `apiUrl` ends with "/"; `multipart` overrides the API's choice, parts above 100 MiB.
 */
export function connectToIntake(uppy, { apiUrl, getIdToken, multipart }) {
  /** @type {Map<string, {documentId: string, upload?: object}>} Answers to POST /uploads, by file. */
  const answers = new Map();
  const partSizes = new Map();
  const attempts = new Map();

  /** Call the API; repeats what may succeed later. */
  async function call(method, path, body) {
    for (let attempt = 0; ; attempt += 1) {
      const response = await fetch(new URL(path, apiUrl), {
        method,
        headers: { Authorization: `Bearer ${await getIdToken()}`, ...(body && { "Content-Type": "application/json" }) },
        body: body && JSON.stringify(body),
      }).catch(() => null);
      if (response?.ok) return response.status === 204 ? null : response.json();
      if (!isRetryable(response?.status) || attempt === PAUSES_MS.length) throw await apiError(response);
      const seconds = Number(response?.headers.get("Retry-After"));
      await sleep(seconds ? seconds * 1_000 : PAUSES_MS[attempt]);
    }
  }

  /** Create the document of a file, or get it again with fresh URLs. */
  async function createUpload(file) {
    const request = {
      fileName: file.name.normalize("NFC"), // macOS has other forms, which the API rejects
      fileType: file.type || "application/octet-stream",
      fileSize: file.size,
      ...(multipart !== undefined && { multipart }),
    };
    const create = () => call("POST", "uploads", { ...request, documentId: documentIdOf(file) });
    const answer = await create().catch((error) => {
      if (error.code !== "conflict") throw error;
      forget(file); // deleted, or another user's
      return create();
    });
    answers.set(file.id, answer);
    partSizes.set(file.size, answer.upload?.partSizeBytes);
    return answer;
  }

  /** Before each attempt: gives the uploader what to send, and to which document. */
  async function prepare(fileIds) {
    for (const id of fileIds) {
      const file = uppy.getFile(id);
      try {
        const { documentId, upload } = await createUpload(file);
        const isMultipart = upload?.method === "MULTIPART";
        uppy.setFileMeta(id, { documentId });
        // With this, @uppy/aws-s3 resumes: it sends only the parts that the API does not list.
        const s3Multipart = isMultipart ? { key: documentId, uploadId: upload.uploadId } : undefined;
        uppy.setFileState(id, { s3Multipart });
        if (!upload) reportStored(file); // by an earlier attempt
      } catch (error) {
        uppy.emit("upload-error", file, error);
      }
    }
  }

  /** Report success; without a response of S3, after its response was lost. */
  function reportStored(file) {
    const { documentId } = answers.get(file.id);
    uppy.setFileState(file.id, { error: null });
    uppy.setState({ error: null });
    uppy.hideInfo();
    uppy.emit("upload-success", uppy.getFile(file.id), { status: 200, uploadURL: documentUrl(documentId) });
  }

  /** 412: an earlier request stored the file. What may succeed later is repeated; the rest has a button. */
  function handleError(file, error) {
    if (!file) return;
    const status = error.status ?? error.source?.status; // of version 6, of version 5
    if (status === 412) return reportStored(file);
    const attempt = attempts.get(file.id) ?? 0;
    const isLater = isRetryable(status) || status === 403; // 403: the URL expired
    if (error.isFinal || !isLater || attempt === PAUSES_MS.length) return;
    attempts.set(file.id, attempt + 1);
    setTimeout(() => uppy.getFile(file.id)?.error && uppy.retryUpload(file.id), PAUSES_MS[attempt]);
  }

  function handleRemoval(file) {
    const answer = answers.get(file.id);
    if (answer && !file.progress.uploadComplete) call("DELETE", `uploads/${answer.documentId}`).catch(() => {});
    forget(file);
  }

  function forget(file) {
    localStorage.removeItem(storageKey(file));
    answers.delete(file.id);
    attempts.delete(file.id);
  }

  uppy.addPreProcessor(prepare);
  uppy.on("upload-error", handleError);
  uppy.on("upload-success", (file) => localStorage.removeItem(storageKey(file)));
  uppy.on("file-removed", handleRemoval);
  // After a reload, Golden Retriever would continue with the next step; URLs are not kept.
  uppy.on("restored", () => {
    const { currentUploads } = uppy.getState();
    const restarted = Object.entries(currentUploads).map(([id, upload]) => [id, { ...upload, step: 0 }]);
    uppy.setState({ currentUploads: Object.fromEntries(restarted) });
  });

  const documentUrl = (documentId) => new URL(`documents/${documentId}`, apiUrl).href;

  return {
    documentUrl,
    /** The single PUT of a file: its URL and headers. */
    target: (fileId) => answers.get(fileId).upload,
    isMultipart: (file) => answers.get(file.id).upload?.method === "MULTIPART",
    /** The part size that the API chose; it depends on the file's size only. */
    partSizeBytes: ({ size }) => partSizes.get(size),
    partUrl: async (documentId, partNumber) =>
      (await call("POST", `uploads/${documentId}/parts`, { partNumbers: [partNumber] })).parts[0].url,
    listParts: async (documentId) => (await call("GET", `uploads/${documentId}/parts`)).parts,
    complete: (documentId) => call("POST", `uploads/${documentId}/complete`),
  };
}

const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

const isRetryable = (status) => !status || status === 429 || status >= 500;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An error with `status` and `code` of the API's problem+json, of a request whose repetitions failed as well. */
async function apiError(response) {
  const problem = await response?.json().catch(() => ({}));
  const message = problem?.detail ?? (response ? `The service returned status ${response.status}.` : "The service cannot be reached.");
  return Object.assign(new Error(message), { isFinal: true, status: response?.status, code: problem?.code });
}

/** Uppy's id of a file is made of its name, type, size and time: the same when it is added again. */
const storageKey = (file) => `intake:${file.id}`;

/** The documentId of a file until it is stored, also after a reload: with it, every request can be repeated. */
function documentIdOf(file) {
  const id = localStorage.getItem(storageKey(file)) ?? crypto.randomUUID();
  localStorage.setItem(storageKey(file), id);
  return id;
}
