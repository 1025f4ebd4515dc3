"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState, useSyncExternalStore } from "react";
import { bodyOf, type Document } from "@/lib/api";
import { isReadable, statusText, visible } from "@/lib/format";
import { messageOf } from "@/lib/store";
import { ExtractedText } from "./ExtractedText";
import { Facts, KeyFacts, RecordFacts } from "./Facts";
import { Preview } from "./Preview";
import { useSignedIn } from "./SessionGate";
import { Status } from "./Status";
import { Text } from "./Text";

const TITLE = "Intake";

/** The document that the page's URL names: `/document/?id=…`. */
export function DocumentView() {
  const documentId = useSearchParams().get("id") ?? "";
  const { store } = useSignedIn();
  const { opened, error } = useSyncExternalStore(store.subscribe, store.get, store.get);

  useEffect(() => {
    void store.open(documentId);
  }, [store, documentId]);

  useEffect(() => {
    if (opened?.documentId === documentId) window.document.title = `${visible(opened.fileName)} · ${TITLE}`;
    return () => {
      window.document.title = TITLE;
    };
  }, [opened, documentId]);

  return (
    <>
      <p><Link href="/">All documents</Link></p>
      {error && <p role="alert" className="problem">{error}</p>}
      {opened?.documentId === documentId ? <Opened document={opened} /> : <h1 className="hidden">Document</h1>}
    </>
  );
}

function Opened({ document }: { document: Document }) {
  return (
    <article className="card">
      <header className="title">
        <h1><Text>{document.fileName}</Text></h1>
        <Status document={document} />
      </header>
      {statusText(document) && <p className="reason"><Text>{statusText(document)}</Text></p>}
      <Actions document={document} />
      <KeyFacts document={document} />
      <Preview document={document} />
      {document.text && !document.removedAt ? <Tabs document={document} /> : <Overview document={document} />}
    </article>
  );
}

function Overview({ document }: { document: Document }) {
  return (
    <>
      {document.metadata && <Facts title="Metadata" values={document.metadata} />}
      {document.tags && <Facts title="Tags" values={document.tags} isVerbatim />}
      <RecordFacts document={document} />
    </>
  );
}

/** Only where the record has text. */
function Tabs({ document }: { document: Document }) {
  const [isText, setText] = useState(false);
  return (
    <>
      <div className="tabs" role="group" aria-label="Content">
        <button type="button" aria-pressed={!isText} onClick={() => setText(false)}>Overview</button>
        <button type="button" aria-pressed={isText} onClick={() => setText(true)}>Text</button>
      </div>
      {isText ? <ExtractedText document={document} /> : <Overview document={document} />}
    </>
  );
}

function Actions({ document }: { document: Document }) {
  const { api, store } = useSignedIn();
  const router = useRouter();
  const [problem, setProblem] = useState("");

  async function attempt(act: () => Promise<void>) {
    setProblem("");
    await act().catch((error: unknown) => setProblem(messageOf(error)));
  }

  async function download() {
    const params = { path: { document_id: document.documentId } };
    const { url } = bodyOf(await api.GET("/documents/{document_id}/content", { params }));
    location.assign(url); // S3 answers with Content-Disposition: attachment
  }

  async function remove() {
    if (!confirm("Delete this document and its file?")) return;
    await store.delete(document.documentId);
    router.push("/");
  }

  return (
    <div className="actions">
      {isReadable(document) && <button type="button" onClick={() => void attempt(download)}>Download</button>}
      <button type="button" className="quiet" onClick={() => void attempt(remove)}>Delete</button>
      <p role="alert" className="problem">{problem}</p>
    </div>
  );
}
