import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { place, setQuery } from '../../router/location.ts';
import { countOf, duration } from '../../ui/numbers.ts';
import { Time } from '../../ui/time.tsx';

type Trace = Schema<'Trace'>;
type Hop = Schema<'Hop'>;

/** The newest traces with lane and pins, hop by hop. */
export function Traces({ traces }: { readonly traces: readonly Trace[] }): JSX.Element {
  const opened = place.value.query.get('opened');
  return (
    <section class="stack traces" aria-label="Newest traces">
      <h2>{traces.length === 1 ? 'The trace' : `The newest ${countOf(traces.length, 'trace')}`}</h2>
      {traces.map((trace) => (
        <details
          class="card"
          key={trace.traceId}
          open={traces.length === 1 || opened === trace.traceId}
          onToggle={({ currentTarget: { open } }) => {
            // Also called when another trace is opened, which closes this one.
            if (traces.length > 1 && open) setQuery({ opened: trace.traceId });
            else if (traces.length > 1 && place.peek().query.get('opened') === trace.traceId) {
              setQuery({ opened: undefined });
            }
          }}
        >
          <summary>
            <span class="mono">{trace.traceId.slice(0, 12)}</span>{' '}
            <span class="soft">
              {trace.startedAt !== null && <Time at={trace.startedAt} />} · {duration(trace.seconds)} ·{' '}
              {countOf(trace.hops.length, 'hop')}
            </span>{' '}
            {[...new Set(trace.hops.map(({ lane }) => lane))].map(
              (lane) =>
                lane !== null && (
                  <span class="badge" key={lane}>
                    {lane}
                  </span>
                ),
            )}
            {trace.hops.some(({ lapse }) => lapse !== null) && <span class="badge bad">lapse</span>}
          </summary>
          <ol class="hops">
            {trace.hops.map((hop) => (
              <HopRow key={hop.spanId} hop={hop} depth={depthOf(hop, trace.hops)} />
            ))}
          </ol>
          {traces.length > 1 && (
            <button type="button" class="button small" onClick={() => setQuery({ trace: trace.traceId })}>
              Show this request alone
            </button>
          )}
        </details>
      ))}
    </section>
  );
}

function HopRow({ hop, depth }: { readonly hop: Hop; readonly depth: number }): JSX.Element {
  const { service, name, kind, transport, lane, dyed, pins, seconds, failed, lapse } = hop;
  return (
    <li style={{ paddingInlineStart: `${Math.min(depth, 12) * 1.25}rem` }}>
      <span>
        <strong>{service}</strong> <span class="soft">{kind}</span> {name}
      </span>
      <span class="badge">{lane ?? 'no lane'}</span>
      {dyed && <span class="badge good">dyed here</span>}
      {lapse !== null && <span class={lapse === 'escaped' ? 'badge bad' : 'badge warn'}>{lapse}</span>}
      {failed && <span class="badge bad">failed</span>}
      <span class="soft small number">
        {transport} {duration(seconds)}
        {pins.length > 0 && `, pins ${pins.join(', ')}`}
      </span>
    </li>
  );
}

function depthOf({ parentSpanId }: Hop, hops: readonly Hop[]): number {
  const parent = hops.find(({ spanId }) => spanId === parentSpanId);
  return parent === undefined
    ? 0
    : 1 +
        depthOf(
          parent,
          hops.filter((hop) => hop !== parent),
        );
}
