import type { Document } from "@/lib/api";
import { stateOf, statusLabel } from "@/lib/format";

export function Status({ document }: { document: Document }) {
  return <span className={`pill ${document.removedAt ? "failed" : stateOf(document)}`}>{statusLabel(document)}</span>;
}
