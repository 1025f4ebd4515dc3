import type { Document } from "@/lib/api";
import { KINDS, kindOf, type Kind } from "@/lib/format";
import { CHART_DAYS, startOfChart } from "@/lib/store";

const WIDTH = 560;
const HEIGHT = 120;
const GAP = 6;

interface Day {
  date: Date;
  counts: Record<Kind, number>;
  total: number;
}

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** Documents of the last days by type: a bar per day, and the same numbers as a table for screen readers. */
export function UploadChart({ documents, isComplete }: { documents: readonly Document[]; isComplete: boolean }) {
  const days = countByDay(documents);
  const most = Math.max(1, ...days.map(({ total }) => total));
  const total = days.reduce((sum, day) => sum + day.total, 0);
  return (
    <figure className="card chart">
      <figcaption>
        Last {CHART_DAYS} days: {isComplete ? "" : "more than "}{total.toLocaleString()} {total === 1 ? "document" : "documents"}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {days.map((day, index) => <Bar key={day.date.getTime()} day={day} index={index} most={most} />)}
        <line className="axis" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      </svg>
      <p className="range" aria-hidden="true">
        {[days[0], days.at(-1)].map((day) => day && <span key={day.date.getTime()}>{dayFormat.format(day.date)}</span>)}
      </p>
      <ul className="legend" aria-hidden="true">
        {KINDS.map((kind, index) => <li key={kind} className={`kind-${index}`}>{kind}</li>)}
      </ul>
      <div className="hidden">
        <table>
          <caption>Documents by day and type</caption>
          <thead>
            <tr><th scope="col">Day</th>{KINDS.map((kind) => <th key={kind} scope="col">{kind}</th>)}</tr>
          </thead>
          <tbody>
            {days.filter((day) => day.total).map((day) => (
              <tr key={day.date.getTime()}>
                <th scope="row">{dayFormat.format(day.date)}</th>
                {KINDS.map((kind) => <td key={kind}>{day.counts[kind]}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function Bar({ day, index, most }: { day: Day; index: number; most: number }) {
  const step = WIDTH / CHART_DAYS;
  const unit = (HEIGHT - GAP) / most;
  const below = (kind: number): number => KINDS.slice(0, kind).reduce((sum, name) => sum + day.counts[name], 0);
  return KINDS.map((kind, position) => (
    <rect
      key={kind}
      className={`kind-${position}`}
      x={index * step + GAP / 2}
      width={step - GAP}
      y={HEIGHT - (below(position) + day.counts[kind]) * unit}
      height={day.counts[kind] * unit}
    />
  ));
}

function countByDay(documents: readonly Document[]): Day[] {
  const start = startOfChart();
  const days = Array.from({ length: CHART_DAYS }, (_, index) => ({
    date: new Date(start.getFullYear(), start.getMonth(), start.getDate() + index),
    counts: Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>,
    total: 0,
  }));
  for (const { uploadedAt, fileType } of documents) {
    const time = new Date(uploadedAt ?? 0);
    const day = days.findLast(({ date }) => date <= time);
    if (!day) continue;
    day.counts[kindOf(fileType)] += 1;
    day.total += 1;
  }
  return days;
}
