import type { Document } from "@/lib/api";
import { formatDuration, formatName, formatSize, formatTime, formatValue } from "@/lib/format";
import { Text } from "./Text";

type Values = Record<string, unknown>;

/** What describes a file of this type best, in large numbers. */
export function KeyFacts({ document }: { document: Document }) {
  const facts = [["Size", formatSize(document.fileSize)], ...keyFacts(document.metadata ?? {})];
  return (
    <dl className="key-facts">
      {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

const COUNTS = { pageCount: "Pages", slideCount: "Slides", sheetCount: "Sheets", rowCount: "Rows", wordCount: "Words" };

function keyFacts(metadata: Values): [string, string][] {
  const facts: [string, string][] = [];
  for (const [name, label] of Object.entries(COUNTS)) {
    if (typeof metadata[name] === "number") facts.push([label, metadata[name].toLocaleString()]);
  }
  const { width, height, durationSeconds, durationMilliseconds } = metadata;
  if (typeof width === "number" && typeof height === "number") {
    facts.push(["Pixels", `${width.toLocaleString()} × ${height.toLocaleString()}`]);
  }
  if (typeof durationMilliseconds === "number") facts.push(["Duration", formatDuration(durationMilliseconds / 1_000)]);
  else if (typeof durationSeconds === "number") facts.push(["Duration", formatDuration(durationSeconds)]);
  return facts;
}

/** A list of names and values; tags are shown verbatim. */
export function Facts({ title, values, isVerbatim = false }: { title: string; values: Values; isVerbatim?: boolean }) {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return (
    <section>
      <h2>{title}</h2>
      <dl className="facts">
        {known.map(([name, value]) => (
          <div key={name}>
            <dt><Text>{isVerbatim ? name : formatName(name)}</Text></dt>
            <dd><Text>{isVerbatim ? String(value) : formatValue(name, value)}</Text></dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function RecordFacts({ document }: { document: Document }) {
  const { documentId, declaredType, fileType, objectKey, processedAt, sha256, uploadedAt } = document;
  return (
    <Facts
      title="Record"
      values={{
        Type: fileType,
        "Declared type": declaredType,
        Uploaded: uploadedAt && formatTime(uploadedAt),
        Processed: processedAt && formatTime(processedAt),
        "Document ID": documentId,
        "Object key": objectKey,
        "SHA-256": sha256,
      }}
      isVerbatim
    />
  );
}
