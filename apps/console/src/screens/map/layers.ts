import type { Schema } from '../../api/request.ts';

/** A service with its place on the map. */
export interface Placed {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly isExternal: boolean;
}

/** A map that is laid out. */
export interface LaidOut {
  readonly nodes: ReadonlyMap<string, Placed>;
  readonly width: number;
  readonly height: number;
}

/** The size of a node. */
export const nodeWidth = 132;
export const nodeHeight = 44;

/** The steps from one node to the next, and the space around all. */
const [stepX, stepY, margin] = [280, 84, 24] as const;

/** Puts services into layers from the left: each one to the right of all that call it. */
export function layOut({ services, edges }: Schema<'Map'>): LaidOut {
  const names = new Set([
    ...services.map(({ service }) => service),
    ...edges.flatMap(({ from, to }) => [from, to]),
  ]);
  const layer = new Map([...names].map((name) => [name, 0]));
  // A circle of calls would move its services for ever: as many rounds as there are services.
  for (let round = 0; round < names.size; round += 1) {
    let moved = false;
    for (const { from, to } of edges) {
      const next = (layer.get(from) ?? 0) + 1;
      if (from !== to && (layer.get(to) ?? 0) < next && next < names.size) {
        layer.set(to, next);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const external = new Set(edges.filter(({ isExternal }) => isExternal).map(({ to }) => to));
  const filled = new Map<number, number>();
  const nodes = new Map<string, Placed>();
  for (const name of names) {
    const column = layer.get(name) ?? 0;
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    nodes.set(name, {
      name,
      x: margin + column * stepX,
      y: margin + row * stepY,
      isExternal: external.has(name),
    });
  }
  const columns = Math.max(...layer.values(), 0) + 1;
  const rows = Math.max(...filled.values(), 1);
  return {
    nodes,
    width: 2 * margin + (columns - 1) * stepX + nodeWidth,
    height: 2 * margin + (rows - 1) * stepY + nodeHeight,
  };
}
