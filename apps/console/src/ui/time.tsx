import type { JSX } from 'preact';

const sameDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const otherDay = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** A point in time in the viewer's zone, with UTC on hover. */
export function Time({ at }: { readonly at: string | number }): JSX.Element {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const utc = date.toISOString();
  return (
    <time dateTime={utc} title={`${utc.replace('T', ' ').replace(/\.\d+Z/, '')} UTC`}>
      {(isToday ? sameDay : otherDay).format(date)}
    </time>
  );
}

/** A sentence of the server, with its times as {@link Time} shows them. */
export function Sentence({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split(instant).map((part, at) => (at % 2 === 1 ? <Time key={at} at={part} /> : part))}</>;
}

const instant = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** A span of time with one unit: "12 s", "4 min", "3 d". */
export function span(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  for (const [unit, size] of units) if (seconds >= size * 1.5) return `${Math.round(seconds / size)} ${unit}`;
  return `${Math.round(seconds)} s`;
}
