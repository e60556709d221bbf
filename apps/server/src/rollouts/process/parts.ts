import type { Part, PartCounts } from '../evidence/look-source.ts';

/** One service, route or instance with its requests, and how much it carries of the difference. */
export type CountedPart = Part;

/** So many parts are kept, those with the most requests. */
const maxParts = 60;

/** Adds the parts of a look. */
export function addParts(before: readonly CountedPart[], more: readonly Part[]): readonly CountedPart[] {
  const byName = new Map(before.map((part) => [nameOf(part), part]));
  for (const part of more) {
    const old = byName.get(nameOf(part));
    const sum = old && { ...old, gray: add(old.gray, part.gray), control: add(old.control, part.control) };
    byName.set(nameOf(part), sum ?? part);
  }
  const all = [...byName.values()];
  return all.length <= maxParts
    ? all
    : all.toSorted((one, other) => requestsOf(other) - requestsOf(one)).slice(0, maxParts);
}

/**
 * The parts of an SLI that carry its difference, the greatest first: by how many requests more
 * failed, or how much longer all of them took, than at the rate of control.
 */
export function carriersOf(parts: readonly CountedPart[], sli: string | undefined): readonly CountedPart[] {
  const own = parts.filter((part) => sli === undefined || part.sli === sli);
  const weighed = own.flatMap((part) => {
    const excess = excessOf(part);
    return excess > 0 ? [{ part, excess }] : [];
  });
  return weighed
    .toSorted((one, other) => other.excess - one.excess)
    .slice(0, 10)
    .map(({ part }) => part);
}

/** In seconds; a request that failed counts as one second. */
function excessOf({ gray, control }: Part): number {
  if (gray.requests === 0 || control.requests === 0) return 0;
  const rate = (one: PartCounts): number => (one.bad + one.seconds) / one.requests;
  return (rate(gray) - rate(control)) * gray.requests;
}

function requestsOf({ gray, control }: Part): number {
  return gray.requests + control.requests;
}

function nameOf({ sli, service, route, instance }: Part): string {
  return JSON.stringify([sli, service, route, instance]);
}

function add(one: PartCounts, other: PartCounts): PartCounts {
  return {
    requests: one.requests + other.requests,
    bad: one.bad + other.bad,
    seconds: one.seconds + other.seconds,
  };
}
