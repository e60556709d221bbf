import type { Expression, ParamPattern } from 'oxc-parser';
import type { NotFollowed } from './findings.ts';
import type { Bindings } from './bindings.ts';
import { literalOf, nameOf, Visitor, type Place, type SourceFile } from './syntax.ts';

/** `router.get('/path', …)`. */
export interface Registration {
  readonly router: string;
  readonly method: string;
  readonly path: string;
  readonly at: Place;
  /** The comments that stand right before the statement or the call. */
  readonly comment: string;
}

/** `router.use('/path', target)`. */
export interface Mount {
  readonly router: string;
  readonly path: string;
  readonly target: string;
  readonly at: Place;
}

/** The routers of express in a file. */
export interface Routers {
  /** Local names; an app is a root, a router has to be mounted. */
  readonly kinds: ReadonlyMap<string, 'app' | 'router'>;
  readonly registrations: readonly Registration[];
  readonly mounts: readonly Mount[];
  readonly notFollowed: readonly NotFollowed[];
}

const methods = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all']);
const routerTypes = new Set(['Express', 'Application', 'Router', 'IRouter']);

/**
 * Finds express's apps and routers in a file, by the binding of their import, their routes and
 * their mounts.
 */
export function routersOf(source: SourceFile, { imports }: Bindings): Routers {
  const kinds = new Map<string, 'app' | 'router'>();
  const registrations: Registration[] = [];
  const mounts: Mount[] = [];
  const notFollowed: NotFollowed[] = [];
  const made = (init: Expression | null): 'app' | 'router' | undefined => {
    if (init?.type !== 'CallExpression') return undefined;
    const [head = '', member] = (nameOf(init.callee) ?? '').split('.');
    const binding = imports.get(head);
    if (binding?.from !== 'express') return undefined;
    const called = member ?? binding.name;
    if (called === 'Router') return 'router';
    return called === 'default' || called === '*' ? 'app' : undefined;
  };
  /** A function that is given an app, by its type. */
  const addParameters = (parameters: readonly ParamPattern[]): void => {
    for (const parameter of parameters) {
      if (parameter.type !== 'Identifier') continue;
      const annotation = parameter.typeAnnotation?.typeAnnotation;
      if (annotation?.type !== 'TSTypeReference' || annotation.typeName.type !== 'Identifier') continue;
      const binding = imports.get(annotation.typeName.name);
      if (binding?.from === 'express' && routerTypes.has(binding.name)) kinds.set(parameter.name, 'app');
    }
  };
  new Visitor({
    VariableDeclarator: ({ id, init }) => {
      const kind = made(init);
      if (kind && id.type === 'Identifier') kinds.set(id.name, kind);
    },
    FunctionDeclaration: ({ params }) => {
      addParameters(params);
    },
    FunctionExpression: ({ params }) => {
      addParameters(params);
    },
    ArrowFunctionExpression: ({ params }) => {
      addParameters(params);
    },
  }).visit(source.program);

  const register = (
    router: string,
    method: string,
    first: Expression | undefined,
    start: number,
    at: Place,
  ): void => {
    const path = literalOf(first);
    const paths = Array.isArray(path) ? path : [path];
    for (const each of paths) {
      if (typeof each === 'string') {
        registrations.push({
          router,
          method: method === 'all' ? '*' : method.toUpperCase(),
          path: each,
          at,
          comment: commentBefore(source, start),
        });
      } else notFollowed.push({ what: `${router}.${method}(…) whose path is not a string`, at });
    }
  };
  new Visitor({
    CallExpression: ({ callee, arguments: given, start }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      const method = callee.property.name;
      const chain = chainOf(callee.object, kinds);
      if (chain === undefined) return;
      const [first, ...others] = given.filter((argument) => argument.type !== 'SpreadElement');
      const at = source.at(callee.property.start);
      // In a chain, the comment stands before the name of the method, or before all of it.
      const commented =
        commentBefore(source, callee.property.start - 1) === '' ? start : callee.property.start - 1;
      if (methods.has(method)) {
        if (chain.path !== undefined) register(chain.router, method, chain.path, commented, at);
        // With one argument, `app.get` reads a setting.
        else if (given.length > 1) register(chain.router, method, first, commented, at);
      } else if (method === 'use') {
        const path = literalOf(first);
        const targets = typeof path === 'string' ? others : [first, ...others];
        for (const target of targets) {
          const name = nameOf(target);
          if (name !== undefined)
            mounts.push({
              router: chain.router,
              path: typeof path === 'string' ? path : '',
              target: name,
              at,
            });
        }
      }
    },
  }).visit(source.program);
  return { kinds, registrations, mounts, notFollowed };
}

/**
 * The router at the beginning of `app.get(…).post(…)`, and the path of `app.route('/path').get(…)`.
 */
function chainOf(
  node: Expression,
  kinds: ReadonlyMap<string, unknown>,
): { readonly router: string; readonly path?: Expression } | undefined {
  if (node.type === 'Identifier') return kinds.has(node.name) ? { router: node.name } : undefined;
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined;
  const chain = chainOf(node.callee.object, kinds);
  const [first] = node.arguments;
  const isRoute = node.callee.property.type === 'Identifier' && node.callee.property.name === 'route';
  return chain && isRoute && first && first.type !== 'SpreadElement' ? { ...chain, path: first } : chain;
}

function commentBefore({ comments, text }: SourceFile, start: number): string {
  const comment = comments.findLast(({ end }) => end <= start);
  return comment && /^\s*(?:export\s+)?(?:await\s+)?$/.test(text(comment.end, start)) ? comment.value : '';
}
