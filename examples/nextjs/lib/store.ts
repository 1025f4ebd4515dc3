/** The user's documents in this browser: pages of the list, live status, and what the chart counts. */
import { ApiError, bodyOf, type Api, type Document, type Query } from "./api";
import { stateOf } from "./format";

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5_000;
const POLLING_MS = 10 * 60_000; // exceeds the duration of all of Lambda's attempts
const PAGE = 25;
export const CHART_DAYS = 14;
const CHART_PAGES = 5;
const CHART_PAGE = 100;

export interface Snapshot {
  documents: readonly Document[];
  /** The document of the document page. */
  opened: Document | null;
  /** Those of the last days, newest first. */
  recent: readonly Document[];
  /** Whether `recent` is complete. */
  isRecentComplete: boolean;
  hasMore: boolean;
  isLoading: boolean;
  error: string;
}

const EMPTY: Snapshot = {
  documents: [],
  opened: null,
  recent: [],
  isRecentComplete: true,
  hasMore: false,
  isLoading: true,
  error: "",
};

export class DocumentStore {
  private snapshot = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly polled = new Set<string>();
  /** Ids of the documents uploaded here. */
  private readonly uploads = new Set<string>();
  private query: Query = {};
  private cursor: string | undefined;
  /** Of the latest list request; answers to earlier ones are dropped. */
  private request = 0;
  /** Of the latest call of `open`; answers to earlier ones are dropped. */
  private openedId = "";
  private isClosed = false;
  /** New AWS accounts run 10 functions at once, and processing needs some of them. */
  private readonly limit = limitConcurrency(2);

  constructor(private readonly api: Api) {}

  readonly get = (): Snapshot => this.snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Stop polling. */
  close(): void {
    this.isClosed = true;
  }

  /** List the documents that match, from the first page. */
  async list(query: Query): Promise<void> {
    this.query = query;
    this.cursor = undefined;
    const known = new Set(this.snapshot.documents.filter((document) => !isInProgress(document)).map(({ documentId }) => documentId));
    // Uploads that the answer cannot have: a PENDING document is not listed.
    await this.loadPage(() => this.snapshot.documents.filter(({ documentId }) => this.uploads.has(documentId) && !known.has(documentId)));
  }

  more(): Promise<void> {
    return this.loadPage(() => this.snapshot.documents);
  }

  private async loadPage(before: () => readonly Document[]): Promise<void> {
    const request = ++this.request;
    this.set({ isLoading: true, error: "" });
    try {
      const query = { ...this.query, limit: PAGE, ...(this.cursor && { cursor: this.cursor }) };
      const page = bodyOf(await this.api.GET("/documents", { params: { query } }));
      if (request !== this.request) return;
      this.cursor = page.cursor;
      const listed = new Set(page.documents.map(({ documentId }) => documentId));
      const kept = before().filter(({ documentId }) => !listed.has(documentId));
      this.set({ documents: [...kept, ...page.documents], hasMore: page.cursor !== undefined, isLoading: false });
      page.documents.forEach((document) => void this.follow(document));
    } catch (error) {
      if (request === this.request) this.set({ isLoading: false, error: messageOf(error) });
    }
  }

  /** Load what the chart counts: at most 500 documents. */
  async loadRecent(): Promise<void> {
    const uploadedAfter = startOfChart().toISOString();
    let recent: Document[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < CHART_PAGES && (page === 0 || cursor); page += 1) {
      const query = { uploadedAfter, limit: CHART_PAGE, ...(cursor && { cursor }) };
      const { data } = await this.api.GET("/documents", { params: { query } }).catch(() => ({ data: undefined }));
      if (!data) return; // the list reports errors
      recent = [...recent, ...data.documents];
      cursor = data.cursor;
    }
    this.set({ recent, isRecentComplete: !cursor });
  }

  /** Show a document that was just uploaded, and follow it until it is processed. */
  add(document: Document): void {
    this.uploads.add(document.documentId);
    const isOther = ({ documentId }: Document): boolean => documentId !== document.documentId;
    this.set({ documents: [document, ...this.snapshot.documents.filter(isOther)] });
    void this.follow(document);
  }

  /** Get a document for the document page, and follow it while it is in progress. */
  async open(documentId: string): Promise<void> {
    this.openedId = documentId;
    this.set({ opened: null, error: "" });
    try {
      if (!documentId) throw new Error("The address of this page names no document.");
      const opened = await this.fetch(documentId);
      if (this.openedId === documentId) this.set({ opened });
      void this.follow(opened);
    } catch (error) {
      if (this.openedId === documentId) this.set({ error: messageOf(error) });
    }
  }

  async delete(documentId: string): Promise<void> {
    const result = await this.api.DELETE("/documents/{document_id}", { params: { path: { document_id: documentId } } });
    if (!result.response.ok && result.response.status !== 404) bodyOf(result);
    this.remove(documentId);
  }

  private async fetch(documentId: string): Promise<Document> {
    const params = { path: { document_id: documentId } };
    return bodyOf(await this.api.GET("/documents/{document_id}", { params }));
  }

  /** Poll a document with growing pauses until nothing more is expected of it. */
  private async follow(followed: Document): Promise<void> {
    const { documentId } = followed;
    if (this.polled.has(documentId) || !isInProgress(followed)) return;
    this.polled.add(documentId);
    const end = Date.now() + POLLING_MS;
    for (let pause = FIRST_PAUSE_MS; Date.now() < end; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.isClosed) return;
      const document = await this.limit(() => this.fetch(documentId)).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) this.remove(documentId);
        return null; // the next poll may succeed
      });
      if (!this.polled.has(documentId)) return; // it was deleted
      if (document) this.put(document);
      if (document && !isInProgress(document)) break;
    }
    this.polled.delete(documentId);
  }

  private put(document: Document): void {
    const { documents, opened, recent } = this.snapshot;
    const isSame = ({ documentId }: Document): boolean => documentId === document.documentId;
    const isRecent = document.uploadedAt !== undefined && new Date(document.uploadedAt) >= startOfChart();
    this.set({
      documents: documents.map((other) => (isSame(other) ? document : other)),
      opened: opened && isSame(opened) ? document : opened,
      recent: isRecent ? [document, ...recent.filter((other) => !isSame(other))] : recent,
    });
  }

  private remove(documentId: string): void {
    this.polled.delete(documentId);
    const isOther = (document: Document): boolean => document.documentId !== documentId;
    this.set({ documents: this.snapshot.documents.filter(isOther), recent: this.snapshot.recent.filter(isOther) });
  }

  private set(change: Partial<Snapshot>): void {
    if (this.isClosed) return;
    this.snapshot = { ...this.snapshot, ...change };
    this.listeners.forEach((listener) => listener());
  }
}

/** The local midnight at which the chart begins. */
export function startOfChart(): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - CHART_DAYS + 1);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function isInProgress(document: Document): boolean {
  return ["pending", "scanning"].includes(stateOf(document)) || document.text?.status === "RUNNING";
}

/** A function that runs at most `most` jobs at once and queues the others. */
function limitConcurrency(most: number): <T>(job: () => Promise<T>) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (job) => {
    if (running >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await job();
    } finally {
      const next = queue.shift(); // takes over this job's place
      if (next) next();
      else running -= 1;
    }
  };
}
