import type { JSX } from 'preact';
import type { Schema } from '../../../api/request.ts';
import { count, duration } from '../../../ui/numbers.ts';
import { shareWithInterval } from '../model/intervals.ts';

type Part = Schema<'RolloutPart'>;

interface PartsProps {
  readonly parts: readonly Part[];
  /** Those that carry the difference, the greatest first. */
  readonly carriers: readonly Part[];
}

/** Both arms by service, route and instance; those that carry the difference come first. */
export function Parts({ parts, carriers }: PartsProps): JSX.Element | null {
  if (parts.length === 0) return null;
  const names = new Set(carriers.map(nameOf));
  const others = parts
    .filter((part) => !names.has(nameOf(part)))
    .toSorted((one, other) => other.gray.requests - one.gray.requests);
  return (
    <section class="table" aria-label="By service, route and instance">
      <table>
        <thead>
          <tr>
            <th scope="col">Service, route, instance</th>
            <th scope="col" class="number">
              Requests gray, control
            </th>
            <th scope="col">Failed gray</th>
            <th scope="col">Failed control</th>
            <th scope="col" class="number">
              Mean gray, control
            </th>
          </tr>
        </thead>
        <tbody>
          {[...carriers, ...others].slice(0, 15).map((part, index) => (
            <tr key={nameOf(part)}>
              <td>
                {part.service} {part.route && <code>{part.route}</code>}{' '}
                {part.instance && <code>{part.instance}</code>}
                {index < carriers.length && <span class="badge warn">carries the difference</span>}
                <div class="soft small">{part.sli}</div>
              </td>
              <td class="number">
                {count(part.gray.requests)}, {count(part.control.requests)}
              </td>
              <td>{failed(part.gray)}</td>
              <td>{failed(part.control)}</td>
              <td class="number">
                {mean(part.gray)}, {mean(part.control)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type PartCounts = Part['gray'];

function failed({ requests, bad }: PartCounts): string {
  return shareWithInterval({ bad, total: requests });
}

function mean({ requests, seconds }: PartCounts): string {
  return requests === 0 || seconds === 0 ? '—' : duration(seconds / requests);
}

function nameOf({ sli, service, route, instance }: Part): string {
  return JSON.stringify([sli, service, route, instance]);
}
