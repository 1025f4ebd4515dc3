"use client";

import Link from "next/link";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Document, Query } from "@/lib/api";
import { formatSize, formatTime, kindOf, KINDS, shortType, statusText } from "@/lib/format";
import { useSignedIn } from "./SessionGate";
import { Status } from "./Status";
import { Text } from "./Text";
import { UploadChart } from "./UploadChart";

const TYPING_PAUSE_MS = 300;
const DAY_MS = 24 * 60 * 60_000;

interface Filters {
  name: string;
  status: string;
  days: string;
}

/** The chart, the filters and the documents that match them. */
export function DocumentList() {
  const { store } = useSignedIn();
  const { documents, recent, isRecentComplete, hasMore, isLoading, error } = useSyncExternalStore(store.subscribe, store.get, store.get);
  const [filters, setFilters] = useState<Filters>({ name: "", status: "", days: "" });

  useEffect(() => {
    void store.loadRecent();
  }, [store]);

  useEffect(() => {
    const timer = setTimeout(() => void store.list(queryOf(filters)), filters.name ? TYPING_PAUSE_MS : 0);
    return () => clearTimeout(timer);
  }, [store, filters]);

  return (
    <>
      <UploadChart documents={recent} isComplete={isRecentComplete} />
      <section className="card" aria-labelledby="documents">
        <h2 id="documents">Documents</h2>
        <FilterForm filters={filters} onChange={setFilters} />
        {error && <p role="alert" className="problem">{error}</p>}
        <p className="muted note" role="status">{noteOn(documents.length, isLoading)}</p>
        <ul className="documents" aria-busy={isLoading}>
          {documents.map((document) => <Row key={document.documentId} document={document} />)}
        </ul>
        {hasMore && <button type="button" className="quiet" disabled={isLoading} onClick={() => void store.more()}>Show more</button>}
      </section>
    </>
  );
}

function FilterForm({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Name contains
        <input type="search" value={filters.name} onChange={(event) => onChange({ ...filters, name: event.target.value })} />
      </label>
      <label>
        Status
        <select value={filters.status} onChange={(event) => onChange({ ...filters, status: event.target.value })}>
          <option value="">All</option>
          <option value="PROCESSED">Processed</option>
          <option value="FAILED">Failed</option>
        </select>
      </label>
      <label>
        Uploaded
        <select value={filters.days} onChange={(event) => onChange({ ...filters, days: event.target.value })}>
          <option value="">Any time</option>
          <option value="1">Last 24 hours</option>
          <option value="7">Last 7 days</option>
          <option value="30">Last 30 days</option>
        </select>
      </label>
    </form>
  );
}

function Row({ document }: { document: Document }) {
  const { documentId, fileName, fileSize, fileType, uploadedAt } = document;
  return (
    <li>
      <span className={`tile kind-${KINDS.indexOf(kindOf(fileType))}`} aria-hidden="true">{shortType(fileType)}</span>
      <div className="what">
        <Link href={`/document/?id=${documentId}`} prefetch={false}><Text>{fileName}</Text></Link>
        <p className="muted">
          {[formatSize(fileSize), uploadedAt && formatTime(uploadedAt)].filter(Boolean).join(" · ")}
        </p>
        {statusText(document) && <p className="reason"><Text>{statusText(document)}</Text></p>}
      </div>
      <Status document={document} />
    </li>
  );
}

function queryOf({ name, status, days }: Filters): Query {
  return {
    ...(name.trim() && { nameContains: name.trim() }),
    ...(status && { status: status as Query["status"] }),
    ...(days && { uploadedAfter: new Date(Date.now() - Number(days) * DAY_MS).toISOString() }),
  };
}

function noteOn(count: number, isLoading: boolean): string {
  if (isLoading) return "Loading…";
  if (count === 0) return "No documents match.";
  return count === 1 ? "1 document shown" : `${count} documents shown`;
}
