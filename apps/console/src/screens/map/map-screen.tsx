import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { place, setQuery } from '../../router/location.ts';
import { countOf } from '../../ui/numbers.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { EdgeTable } from './edge-table.tsx';
import { Graph } from './graph.tsx';
import { Traces } from './traces.tsx';
import './map.css';

const filters = ['trace', 'from', 'to', 'lapse', 'lane'] as const;

/** Requests across services by lane, from the spans that were sent to the server. */
export function MapScreen(): JSX.Element {
  const { resource, reload } = useResource(
    async () => {
      const query = new URLSearchParams();
      for (const name of filters) {
        const value = place.value.query.get(name);
        if (value !== null) query.set(name, value);
      }
      const path = `${environmentPath(environment.value, 'map')}?${query.toString()}`;
      return (await api<Schema<'Map'>>('GET', path)).body;
    },
    { everyMs: 5000 },
  );
  const read = resource.value;
  const { query } = place.value;
  const chosen = filters.filter((name) => query.has(name));
  return (
    <>
      <div class="head">
        <h1>Map</h1>
        {read.state === 'ready' && <span class="soft">{countOf(read.value.of, 'trace')}</span>}
        {chosen.map((name) => (
          <span class="badge" key={name}>
            {name} {query.get(name)}
            <button
              type="button"
              class="link"
              aria-label={`Remove the filter ${name}`}
              onClick={() => setQuery({ [name]: undefined })}
            >
              ×
            </button>
          </span>
        ))}
        <form
          class="row end"
          onSubmit={(event) => {
            event.preventDefault();
            const field = event.currentTarget.elements.namedItem('trace') as HTMLInputElement;
            setQuery({ trace: field.value.trim() });
          }}
        >
          <input class="input mono" type="search" name="trace" aria-label="Trace id" placeholder="trace id" />
        </form>
      </div>
      {read.state === 'waiting' && <Waiting />}
      {read.state === 'failed' && <Failed error={read.error} retry={reload} />}
      {read.state === 'ready' && read.value.services.length === 0 && (
        <Empty title={chosen.length > 0 ? 'No trace matches' : 'No spans yet'}>
          <p class="lead">Send traces by OTLP to this server, and the requests of all lanes appear here:</p>
          <pre>OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={location.origin}/v1/traces</pre>
        </Empty>
      )}
      {read.state === 'ready' && read.value.services.length > 0 && (
        <>
          <Graph map={read.value} />
          <EdgeTable edges={read.value.edges} />
          <Traces traces={read.value.traces} />
        </>
      )}
    </>
  );
}
