import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { setQuery } from '../../router/location.ts';
import { count, percent } from '../../ui/numbers.ts';
import { lapseOf } from './lapse.ts';

const kinds = { escaped: 'bad', leaked: 'warn', fallback: '' } as const;

/** The calls between services by lane; a click lists their newest traces. */
export function EdgeTable({ edges }: { readonly edges: readonly Schema<'MapEdge'>[] }): JSX.Element {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Call</th>
            <th scope="col">Transport</th>
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col">Lanes</th>
            <th scope="col" class="number">
              Failed
            </th>
            <th scope="col">Lapses</th>
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => {
            const { from, to, transport, calls, errors, lanes, isExternal } = edge;
            const lapse = lapseOf(edge);
            return (
              <tr key={`${from} ${to} ${transport}`}>
                <td>
                  <button type="button" class="link" onClick={() => setQuery({ from, to, lapse })}>
                    {from} → {to}
                  </button>
                  {isExternal && <span class="soft small"> sends no spans</span>}
                </td>
                <td>{transport}</td>
                <td class="number">{count(calls)}</td>
                <td class="number-left">
                  {Object.entries(lanes)
                    .map(([lane, number]) => `${lane} ${percent(calls === 0 ? 0 : number / calls)}`)
                    .join(', ')}
                </td>
                <td class="number">{count(errors)}</td>
                <td>
                  {lapse ? (
                    <span class={`badge ${kinds[lapse]}`}>
                      {edge[lapse]} {lapse}
                    </span>
                  ) : (
                    <span class="soft">none</span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
