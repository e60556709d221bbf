import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { count } from '../../ui/numbers.ts';
import { Time } from '../../ui/time.tsx';

/** A record that a relay has sent, and the environment that it is about. */
export interface RelayRecord extends Schema<'ReceivedAuditRecord'> {
  readonly environment: string;
}

/** Kills that relays held while they were cut off, and the requests that they refused. */
export function RelayRecords({ records }: { readonly records: readonly RelayRecord[] }): JSX.Element {
  return (
    <section class="stack" aria-label="Relays">
      <h2>Relays</h2>
      <div class="table">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Relay</th>
              <th scope="col">Where</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {records.slice(0, 500).map((record, index) => (
              <tr key={index}>
                <td class="number">
                  <Time at={record.until ?? record.at} />
                </td>
                <td>
                  {record.relay} <span class="soft small">by the token {record.token}</span>
                </td>
                <td>{record.environment}</td>
                <td>
                  {inWords(record)} <span class="soft">{record.reason}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** "refused 12 requests (ofrep, unauthenticated)", "wang killed the lane gray". */
export function inWords(record: RelayRecord): string {
  const { kind, protocol, code, author, lane, flag } = record;
  if (kind === 'refusals') return `refused ${count(record.count ?? 0)} requests (${protocol}, ${code})`;
  const verb = kind === 'kill' ? 'killed' : 'lifted the kill of';
  return `${author} ${verb} the ${lane === undefined ? `flag ${flag}` : `lane ${lane}`}`;
}
