"use client";

import type Uppy from "@uppy/core";
import { usePathname } from "next/navigation";
import { useEffect, useRef } from "react";
import { useSignedIn } from "./SessionGate";

/**
 * Uppy's Dashboard with automatic retries, multipart uploads and resume, on the first page. It is part of the layout and
 * only hidden on the others: uploads continue while the user looks at a document.
 */
export function Uploader() {
  const target = useRef<HTMLDivElement>(null);
  const { config, session, store } = useSignedIn();
  const pathname = usePathname();

  useEffect(() => {
    let uppy: Uppy | undefined;
    let isGone = false;

    async function start() {
      const { createUploader } = await import("./dashboard");
      if (isGone || !target.current) return;
      uppy = createUploader(target.current, {
        apiUrl: config.apiUrl,
        getIdToken: () => session.idToken(),
        userId: session.userId,
        dashboard: { theme: "auto", width: "100%", height: 300, proudlyDisplayPoweredByUppy: false },
      }) as Uppy;
      uppy.on("upload-success", (file) => {
        const documentId = file?.meta.documentId;
        if (file && typeof documentId === "string") {
          const fileName = file.name.normalize("NFC");
          store.add({ documentId, fileName, fileType: file.type, fileSize: file.size ?? 0, status: "PENDING" });
        }
      });
    }

    void start();
    return () => {
      isGone = true;
      uppy?.destroy();
    };
  }, [config, session, store]);

  return <div ref={target} className="uploader" hidden={pathname !== "/"} />;
}
