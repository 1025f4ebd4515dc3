"use client";

import { useEffect, useState } from "react";
import { bodyOf, type Document } from "@/lib/api";
import { isReadable, visible } from "@/lib/format";
import { useSignedIn } from "./SessionGate";

/** Pictures that every browser decodes; SVG is not among them, since it can have scripts and links. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
const LARGEST_BYTES = 20 * 2 ** 20;

/** A picture of the document, where it is one; its place is reserved while it loads. */
export function Preview({ document }: { document: Document }) {
  const { api } = useSignedIn();
  const [url, setUrl] = useState("");
  const { documentId, fileName, fileSize, fileType = "" } = document;
  const isShown = PICTURES.has(fileType) && fileSize <= LARGEST_BYTES && isReadable(document);

  useEffect(() => {
    if (!isShown) return;
    const params = { path: { document_id: documentId } };
    api.GET("/documents/{document_id}/content", { params }).then(
      (result) => setUrl(bodyOf(result).url),
      () => undefined, // the download reports errors
    );
  }, [api, documentId, isShown]);

  if (!isShown) return null;
  return (
    <div className="preview">
      {/* eslint-disable-next-line @next/next/no-img-element -- a private file, from a URL that expires */}
      {url && <img src={url} alt={`Preview of ${visible(fileName)}`} />}
    </div>
  );
}
