import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { environment } from '../../live/current.ts';
import { useResource } from '../../live/resource.ts';
import { count, errorsWithInterval, p95Range } from '../../ui/numbers.ts';
import { Failed, Waiting } from '../../ui/states.tsx';

type Slis = Schema<'ChangeSlis'>;

/** The requests of each lane in the minutes before and after a revision. */
export function ChangeSlis({ revision }: { readonly revision: string }): JSX.Element {
  const { resource, reload } = useResource(
    async () =>
      (await api<Slis>('GET', environmentPath(environment.value, 'history', revision, 'slis'))).body,
    { everyMs: 5000 },
  );
  const read = resource.value;
  if (read.state === 'waiting') return <Waiting />;
  if (read.state === 'failed') return <Failed error={read.error} retry={reload} />;
  const { lanes, missing, windowSeconds, isComplete } = read.value;
  const minutes = windowSeconds / 60;
  return (
    <section aria-label="Requests before and after">
      <h2>
        {minutes} minutes before and after{!isComplete && ', so far'}
      </h2>
      {lanes.length > 0 && <Table lanes={lanes} />}
      {missing !== null && <p class="soft small">No comparison: {missing}.</p>}
    </section>
  );
}

function Table({ lanes }: Pick<Slis, 'lanes'>): JSX.Element {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col">Time</th>
            <th scope="col" class="number">
              Requests
            </th>
            <th scope="col">Errors (95 % interval)</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {lanes.flatMap(({ lane, ...sides }) =>
            (['before', 'after'] as const).map((side) => (
              <tr key={`${lane} ${side}`}>
                <th scope="row">{lane}</th>
                <td>{side}</td>
                <td class="number">{count(sides[side].requests)}</td>
                <td class="number-left">{errorsWithInterval(sides[side])}</td>
                <td class="number-left">{p95Range(sides[side])}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
