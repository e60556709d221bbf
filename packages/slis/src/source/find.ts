import { dirname, resolve } from 'node:path';
import type { Findings, Indicator, NotFollowed, ServedRoute } from './findings.ts';
import { bindingsOf, type Bindings } from './bindings.ts';
import { grpcServices } from './grpc-services.ts';
import { routersOf, type Routers } from './routers.ts';
import { sliCalls } from './sli-calls.ts';
import { readSliTag } from './sli-tag.ts';
import { parse, type Place, type SourceFile } from './syntax.ts';

interface Module {
  readonly source: SourceFile;
  readonly bindings: Bindings;
  readonly routers: Routers;
}

/**
 * Reads files, by path, and returns what they declare and serve. A file that can't be parsed is
 * reported, not skipped.
 */
export function find(files: ReadonlyMap<string, string>): Findings {
  const notFollowed: NotFollowed[] = [];
  const modules = new Map<string, Module>();
  for (const [file, text] of files) {
    try {
      const source = parse(file, text);
      const bindings = bindingsOf(source);
      modules.set(resolve(file), { source, bindings, routers: routersOf(source, bindings) });
    } catch (error) {
      notFollowed.push({
        what: `a file that can't be parsed: ${(error as Error).message}`,
        at: { file, line: 1 },
      });
    }
  }
  const indicators: Indicator[] = [];
  const routes: ServedRoute[] = [];
  const add = (name: string, comment: string, at: Place, measuredBy: Indicator['measuredBy']): void => {
    routes.push({ name, at });
    const tag = readSliTag(comment);
    if (tag === 'malformed')
      notFollowed.push({ what: `a tag that is not "@sli NAME [latency 300ms] [99.9%]"`, at });
    else if (tag) indicators.push({ ...tag, measuredBy, routes: [name], at });
  };
  for (const { source, bindings, routers } of modules.values()) {
    const calls = sliCalls(source, bindings);
    const grpc = grpcServices(source);
    indicators.push(...calls.indicators);
    notFollowed.push(...calls.notFollowed, ...routers.notFollowed, ...grpc.notFollowed);
    for (const { name, comment, at } of grpc.procedures) add(name, comment, at, { rpc: name });
  }
  const walk = new RouteWalk(modules, notFollowed);
  for (const { name, comment, at } of walk.routes()) add(name, comment, at, { route: name });
  return { indicators, routes, notFollowed };
}

/** Walks from each app over its mounts, within and across files. */
class RouteWalk {
  readonly #modules: ReadonlyMap<string, Module>;
  readonly #notFollowed: NotFollowed[];
  readonly #seen = new Set<string>();

  constructor(modules: ReadonlyMap<string, Module>, notFollowed: NotFollowed[]) {
    this.#modules = modules;
    this.#notFollowed = notFollowed;
  }

  routes(): { name: string; comment: string; at: Place }[] {
    const found = [...this.#modules].flatMap(([file, { routers }]) =>
      [...routers.kinds]
        .filter(([, kind]) => kind === 'app')
        .flatMap(([local]) => this.#of(file, local, '', [])),
    );
    for (const [file, { routers, source }] of this.#modules) {
      for (const [local, kind] of routers.kinds) {
        const at = routers.registrations.find(({ router }) => router === local)?.at ?? source.at(0);
        if (kind === 'router' && !this.#seen.has(`${file} ${local}`)) {
          this.#notFollowed.push({ what: `the router "${local}", which is not mounted in these files`, at });
        }
      }
    }
    return found;
  }

  #of(
    file: string,
    local: string,
    prefix: string,
    above: readonly string[],
  ): { name: string; comment: string; at: Place }[] {
    const key = `${file} ${local}`;
    const module = this.#modules.get(file);
    if (module === undefined || above.includes(key)) return [];
    this.#seen.add(key);
    const { registrations, mounts } = module.routers;
    return [
      ...registrations
        .filter(({ router }) => router === local)
        .map(({ method, path, comment, at }) => ({ name: `${method} ${join(prefix, path)}`, comment, at })),
      ...mounts
        .filter(({ router }) => router === local)
        .flatMap(({ path, target, at }) => {
          const found = this.#target(file, module, target);
          if (found === 'outside') {
            this.#notFollowed.push({ what: `"${target}", which is mounted at ${join(prefix, path)}`, at });
          }
          return typeof found === 'object'
            ? this.#of(found.file, found.local, join(prefix, path), [...above, key])
            : [];
        }),
    ];
  }

  /**
   * Where a mounted name is defined: in this file, in another one of these, or outside of them.
   * Middleware is neither.
   */
  #target(
    file: string,
    { routers, bindings }: Module,
    target: string,
  ): { file: string; local: string } | 'outside' | undefined {
    if (routers.kinds.has(target)) return { file, local: target };
    const binding = bindings.imports.get(target);
    if (binding === undefined || !binding.from.startsWith('.')) return undefined;
    const other = [...candidates(resolve(dirname(file), binding.from))].find((path) =>
      this.#modules.has(path),
    );
    if (other === undefined) return 'outside';
    const { exports } = (this.#modules.get(other) as Module).bindings;
    const local = exports.get(binding.name);
    return local !== undefined && this.#modules.get(other)?.routers.kinds.has(local)
      ? { file: other, local }
      : undefined;
  }
}

function* candidates(path: string): Generator<string> {
  const bare = path.replace(/\.[cm]?[jt]sx?$/, '');
  for (const stem of [bare, `${path}/index`]) {
    for (const ending of ['ts', 'js', 'mts', 'mjs', 'cts', 'cjs', 'tsx', 'jsx']) yield `${stem}.${ending}`;
  }
}

function join(prefix: string, path: string): string {
  const joined = `${prefix}/${path}`.replaceAll(/\/+/g, '/');
  return joined.length > 1 ? joined.replace(/\/$/, '') : joined;
}
