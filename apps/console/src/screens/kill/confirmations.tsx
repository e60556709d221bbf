import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { api, environmentPath, type Schema } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { count, shortRevision } from '../../ui/numbers.ts';

/** A kill that the server has taken. */
export interface Outcome {
  readonly name: string;
  /** With the confirmations that are known so far. */
  readonly killed: Schema<'Killed'>;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

interface ConfirmationsProps {
  readonly environment: string;
  readonly outcome: Outcome;
  /** Called when more clients have confirmed. */
  readonly onMore: (clients: Schema<'Killed'>['clients']) => void;
}

/** How many clients have confirmed the kill, as they do: "3 of 3 clients, last after 310 ms". */
export function Confirmations({ environment, outcome, onMore }: ConfirmationsProps): JSX.Element {
  const { killed, at } = outcome;
  const { lastMs } = killed.clients;
  const seen = useSignal(killed.clients.confirmed);
  const { resource } = useResource(
    async () => {
      const { body } = await api<Schema<'Clients'>>('GET', environmentPath(environment, 'clients'));
      const { connected, confirmed, unconfirmable } = body;
      if (confirmed > seen.peek()) {
        seen.value = confirmed;
        onMore({ connected, confirmed, unconfirmable, lastMs: Date.now() - at });
      }
      return body;
    },
    { everyMs: 250 },
  );
  const read = resource.value;
  const { connected, confirmed, unconfirmable } = read.state === 'ready' ? read.value : killed.clients;
  const confirmable = connected - unconfirmable;
  const isComplete = confirmed >= confirmable;
  return (
    <>
      <p class="counter number" role="status">
        <strong>
          {count(confirmed)} of {count(confirmable)} clients
        </strong>
        {lastMs !== null && `, last after ${count(lastMs)} ms`}
      </p>
      <progress
        max={Math.max(1, confirmable)}
        value={confirmable === 0 ? 1 : confirmed}
        aria-label="Clients that confirmed"
      />
      <p class="soft">
        Revision {shortRevision(killed.revision)}.{' '}
        {isComplete ? 'All clients that can confirm it have done so.' : 'Waiting for the others.'}
        {unconfirmable > 0 &&
          ` ${count(unconfirmable)} more cannot confirm: clients of flagd and OFREP, pages of the console.`}
      </p>
      {killed.warning !== undefined && <p class="notice warn">{killed.warning}</p>}
      {killed.held !== undefined && (
        <p class="notice bad">It is in force on this server alone: {killed.held}</p>
      )}
    </>
  );
}
