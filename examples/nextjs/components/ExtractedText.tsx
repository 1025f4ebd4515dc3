"use client";

import { useEffect, useState } from "react";
import { textUrl, type Document } from "@/lib/api";
import { visible } from "@/lib/format";
import { messageOf } from "@/lib/store";
import { useSignedIn } from "./SessionGate";

const SHOWN_BYTES = 200_000;

/** The text that the service extracted or recognized; the beginning of a long one. */
export function ExtractedText({ document }: { document: Document }) {
  const { config, session } = useSignedIn();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const { documentId, text: record } = document;
  const isRunning = record?.status === "RUNNING";
  const failure = record?.status === "FAILED" ? `The text could not be recognized. ${record.failure?.message ?? ""}` : "";
  const isMissing = failure !== "" && record?.source === "ocr"; // a document may have some text of its own

  useEffect(() => {
    if (isRunning || isMissing) return;
    textUrl(config, session, documentId)
      .then((url) => beginningOf(url))
      .then(setText, (error: unknown) => setProblem(messageOf(error)));
  }, [config, session, documentId, isRunning, isMissing]);

  if (isRunning) return <p className="muted">The text is being recognized.</p>;
  if (isMissing) return <p className="reason">{failure}</p>;
  return (
    <section>
      {failure && <p className="reason">{failure}</p>}
      {problem && <p role="alert" className="problem">{problem}</p>}
      <pre className="text" tabIndex={0} aria-label="Text of the document">{text.split("\n").map(visible).join("\n")}</pre>
      {(record?.truncated ?? text.length >= SHOWN_BYTES) && <p className="muted">This is the beginning of the text.</p>}
    </section>
  );
}

async function beginningOf(url: string): Promise<string> {
  const response = await fetch(url, { headers: { Range: `bytes=0-${SHOWN_BYTES - 1}` } });
  if (!response.ok) throw new Error("The text cannot be loaded. Try again.");
  return response.text();
}
