import type { Expression } from 'oxc-parser';
import { literalOf, nameOf, Visitor, type SourceFile } from './syntax.ts';

/** The module and export that a local name is bound to. */
export interface Binding {
  readonly from: string;
  /** `default` and `*` as in ECMAScript. */
  readonly name: string;
}

/** The imports and exports of a module, ESM and CommonJS. */
export interface Bindings {
  readonly imports: ReadonlyMap<string, Binding>;
  /** Local names by exported name. */
  readonly exports: ReadonlyMap<string, string>;
}

/** Reads the bindings of a module. */
export function bindingsOf({ program }: SourceFile): Bindings {
  const imports = new Map<string, Binding>();
  const exports = new Map<string, string>();
  new Visitor({
    ImportDeclaration: ({ source, specifiers }) => {
      for (const specifier of specifiers) {
        const name =
          specifier.type === 'ImportSpecifier'
            ? specifier.imported.type === 'Identifier'
              ? specifier.imported.name
              : specifier.imported.value
            : specifier.type === 'ImportDefaultSpecifier'
              ? 'default'
              : '*';
        imports.set(specifier.local.name, { from: source.value, name });
      }
    },
    VariableDeclarator: ({ id, init }) => {
      const from = requiredBy(init);
      if (from === undefined) return;
      if (id.type === 'Identifier') imports.set(id.name, { from, name: 'default' });
      if (id.type !== 'ObjectPattern') return;
      for (const property of id.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        if (property.value.type === 'Identifier') {
          imports.set(property.value.name, { from, name: property.key.name });
        }
      }
    },
    ExportNamedDeclaration: ({ declaration, specifiers }) => {
      if (declaration?.type === 'VariableDeclaration') {
        for (const { id } of declaration.declarations)
          if (id.type === 'Identifier') exports.set(id.name, id.name);
      }
      for (const { local, exported } of specifiers) {
        if (local.type === 'Identifier' && exported.type === 'Identifier')
          exports.set(exported.name, local.name);
      }
    },
    ExportDefaultDeclaration: ({ declaration }) => {
      if (declaration.type === 'Identifier') exports.set('default', declaration.name);
    },
    AssignmentExpression: ({ left, right }) => {
      const local = nameOf(right);
      if (left.type !== 'MemberExpression' || local === undefined) return;
      const target = nameOf(left);
      if (target === 'module.exports') exports.set('default', local);
      const named = /^(?:module\.)?exports\.(\w+)$/.exec(target ?? '')?.[1];
      if (named !== undefined && target !== 'module.exports') exports.set(named, local);
    },
  }).visit(program);
  return { imports, exports };
}

function requiredBy(init: Expression | null): string | undefined {
  if (init?.type !== 'CallExpression' || nameOf(init.callee) !== 'require') return undefined;
  const [first] = init.arguments;
  const from = first === undefined || first.type === 'SpreadElement' ? undefined : literalOf(first);
  return typeof from === 'string' ? from : undefined;
}
