"use client";

import { useEffect, useState } from "react";
import { bodyOf, type Api, type Document, type ExtractedText as TextRecord } from "@/lib/api";
import { visibleLines } from "@/lib/format";
import { messageOf } from "@/lib/store";
import { useSignedIn } from "./SessionGate";

const SHOWN_CHARACTERS = 200_000;

/** The text that the service extracted or recognized; the beginning of a long one. */
export function ExtractedText({ document }: { document: Document }) {
  const { api } = useSignedIn();
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const { documentId, text: record } = document;
  const { status } = record ?? {};
  const hasText = record?.characterCount !== undefined;

  useEffect(() => {
    if (hasText) fetchText(api, documentId).then(setText, (error: unknown) => setProblem(messageOf(error)));
  }, [api, documentId, hasText, status]);

  return (
    <section>
      {noteOn(record) && <p className={status === "FAILED" ? "reason" : "muted"} role="status">{noteOn(record)}</p>}
      {problem && <p role="alert" className="problem">{problem}</p>}
      {text !== null && (
        <pre className="text" dir="auto" tabIndex={0} aria-label="Text of the document">{visibleLines(text.slice(0, SHOWN_CHARACTERS))}</pre>
      )}
      {text !== null && (record?.truncated || text.length > SHOWN_CHARACTERS) && <p className="muted">This is the beginning of the text.</p>}
    </section>
  );
}

function noteOn(record: TextRecord | undefined): string {
  if (record?.status === "RUNNING") return "The text is being recognized.";
  if (record?.status === "FAILED") return `The text could not be recognized. ${record.failure?.message ?? ""}`;
  return record?.characterCount === 0 ? "The document has no text." : "";
}

async function fetchText(api: Api, documentId: string): Promise<string> {
  const params = { path: { document_id: documentId } };
  const { url } = bodyOf(await api.GET("/documents/{document_id}/text", { params }));
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new Error("The text cannot be loaded. Try again.");
  return response.text();
}
