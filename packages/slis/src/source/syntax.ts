import { parseSync, Visitor, type Comment, type Expression, type Program } from 'oxc-parser';

/** A place in the source. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A parsed file. */
export interface SourceFile {
  readonly file: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** The place of an offset. */
  readonly at: (offset: number) => Place;
  /** The source between two offsets. */
  readonly text: (start: number, end: number) => string;
}

/**
 * Parses TypeScript or JavaScript. @throws {SyntaxError} with the place: with a fault, the parser
 * yields no statements at all.
 */
export function parse(file: string, source: string): SourceFile {
  const { program, comments, errors } = parseSync(file, source);
  const at = (offset: number): Place => ({ file, line: source.slice(0, offset).split('\n').length });
  const [fault] = errors;
  if (fault) throw new SyntaxError(`${file}:${at(fault.labels[0]?.start ?? 0).line}: ${fault.message}`);
  return { file, program, comments, at, text: (start, end) => source.slice(start, end) };
}

export { Visitor };

/**
 * The value of a literal expression: strings, numbers, booleans, arrays and objects of these.
 */
export type Literal = string | number | boolean | readonly Literal[] | { readonly [key: string]: Literal };

/** The literal value of an expression; undefined if it has to be run. */
export function literalOf(node: Expression | null | undefined): Literal | undefined {
  switch (node?.type) {
    case 'Literal':
      return ['string', 'number', 'boolean'].includes(typeof node.value)
        ? (node.value as Literal)
        : undefined;
    case 'TemplateLiteral':
      return node.expressions.length === 0 ? (node.quasis[0]?.value.cooked ?? undefined) : undefined;
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return literalOf(node.expression);
    case 'ArrayExpression': {
      const items = node.elements.map((element) =>
        element === null || element.type === 'SpreadElement' ? undefined : literalOf(element),
      );
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case 'ObjectExpression':
      return objectOf(node.properties);
    default:
      return undefined;
  }
}

function objectOf(
  properties: Extract<Expression, { type: 'ObjectExpression' }>['properties'],
): Literal | undefined {
  const entries: [string, Literal][] = [];
  for (const property of properties) {
    if (property.type !== 'Property' || property.computed) return undefined;
    const value = literalOf(property.value);
    const key =
      property.key.type === 'Identifier' ? property.key.name : literalOf(property.key as Expression);
    if (value === undefined || key === undefined) return undefined;
    entries.push([String(key), value]);
  }
  return Object.fromEntries(entries);
}

/** `name` of an identifier, `object.name` of a member of one. */
export function nameOf(node: Expression | null | undefined): string | undefined {
  if (node?.type === 'Identifier') return node.name;
  if (node?.type !== 'MemberExpression' || node.computed) return undefined;
  const object = nameOf(node.object);
  return object !== undefined && node.property.type === 'Identifier'
    ? `${object}.${node.property.name}`
    : undefined;
}
