import type { JSX } from 'preact';
import type { Schema } from '../../api/request.ts';
import { count, percent } from '../../ui/numbers.ts';
import { layOut, nodeHeight, nodeWidth, type Placed } from './layers.ts';
import { lapseOf } from './lapse.ts';

type Edge = Schema<'MapEdge'>;

/** The services in layers, and the calls between them. The table below it has the same by words. */
export function Graph({ map }: { readonly map: Schema<'Map'> }): JSX.Element {
  const { nodes, width, height } = layOut(map);
  const requests = new Map(map.services.map((service) => [service.service, service]));
  return (
    <figure class="card graph" aria-label="Services and calls">
      <div class="scroll" tabIndex={0} role="group" aria-label="Drawing">
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label="Services and the calls between them; the table has the same numbers"
        >
          {map.edges.map((edge) => {
            const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
            return from && to ? (
              <Arrow key={`${edge.from} ${edge.to} ${edge.transport}`} edge={edge} from={from} to={to} />
            ) : null;
          })}
          {[...nodes.values()].map(({ name, x, y, isExternal }) => (
            <g key={name} class={isExternal ? 'node external' : 'node'}>
              <rect x={x} y={y} width={nodeWidth} height={nodeHeight} rx={6} />
              <text x={x + nodeWidth / 2} y={y + 19}>
                {name.length > 18 ? `${name.slice(0, 17)}…` : name}
              </text>
              <text x={x + nodeWidth / 2} y={y + 35} class="sub">
                {isExternal ? 'sends no spans' : `${count(requests.get(name)?.requests ?? 0)} requests`}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <figcaption>
        <ul class="legend">
          <li class="plain">calls</li>
          <li class="escaped">escaped: gray in, undyed out</li>
          <li class="leaked">leaked: a dye from nowhere</li>
          <li class="fallback">fallback: served by another lane</li>
        </ul>
      </figcaption>
    </figure>
  );
}

interface ArrowProps {
  readonly edge: Edge;
  readonly from: Placed;
  readonly to: Placed;
}

function Arrow({ edge, from, to }: ArrowProps): JSX.Element {
  const lapse = lapseOf(edge);
  const [x1, y1] = [from.x + nodeWidth, from.y + nodeHeight / 2];
  const [x2, y2] = [to.x, to.y + nodeHeight / 2];
  const bend = Math.max(30, Math.abs(x2 - x1) / 2);
  const dyed = Object.entries(edge.lanes).reduce(
    (sum, [lane, calls]) => (lane === 'baseline' ? sum : sum + calls),
    0,
  );
  return (
    <g class={`edge ${lapse ?? ''}`}>
      <path d={`M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2 - 7},${y2}`} />
      <path class="tip" d={`M${x2},${y2} l-8,-4 v8 z`} />
      <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 - 8}>
        {edge.transport} {percent(edge.calls === 0 ? 0 : dyed / edge.calls)} dyed
      </text>
      {lapse && (
        <text class="lapse" x={(x1 + x2) / 2} y={(y1 + y2) / 2 + 16}>
          {edge[lapse]} {lapse}
        </text>
      )}
    </g>
  );
}
