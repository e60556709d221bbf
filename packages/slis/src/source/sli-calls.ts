import type { Indicator, NotFollowed } from './findings.ts';
import type { Bindings } from './bindings.ts';
import { literalOf, nameOf, Visitor, type Literal, type SourceFile } from './syntax.ts';

const telemetry = '@graylane/telemetry';

/**
 * The `sli(…)` and `cacheHitRatio(…)` calls of a file, found by the binding of their import, so a
 * local name may differ.
 */
export function sliCalls(
  source: SourceFile,
  { imports }: Bindings,
): { readonly indicators: Indicator[]; readonly notFollowed: NotFollowed[] } {
  const indicators: Indicator[] = [];
  const notFollowed: NotFollowed[] = [];
  const called = (local: string | undefined): string | undefined => {
    const [head = '', member] = (local ?? '').split('.');
    const binding = imports.get(head);
    if (binding?.from !== telemetry) return undefined;
    return member ?? binding.name;
  };
  new Visitor({
    CallExpression: ({ callee, arguments: given, start }) => {
      const name = called(nameOf(callee));
      if (name !== 'sli' && name !== 'cacheHitRatio') return;
      const [first, second] = given.map((argument) =>
        argument.type === 'SpreadElement' ? undefined : literalOf(argument),
      );
      const at = source.at(start);
      const options =
        name === 'cacheHitRatio' ? { ...asObject(second ?? {}), kind: 'ratio' } : asObject(second);
      if (typeof first === 'string' && options) indicators.push(indicatorOf(first, options, at));
      else notFollowed.push({ what: `${name}(…) whose name or options are not literals`, at });
    },
  }).visit(source.program);
  return { indicators, notFollowed };
}

function indicatorOf(
  name: string,
  options: Readonly<Record<string, Literal>>,
  at: Indicator['at'],
): Indicator {
  const { kind, objective, thresholdSeconds, description, routes } = options;
  return {
    name,
    kind: kind === 'latency' ? 'latency' : 'ratio',
    objective: typeof objective === 'number' ? objective : 0.99,
    ...(typeof thresholdSeconds === 'number' ? { thresholdSeconds } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    measuredBy: 'events',
    routes: Array.isArray(routes) ? routes.map(String) : [],
    at,
  };
}

function asObject(value: Literal | undefined): Readonly<Record<string, Literal>> | undefined {
  return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, Literal>) : undefined;
}
