/** The scopes of tokens, in ascending order. Each scope includes those before it. */
export const scopes = ['evaluate', 'definitions', 'write', 'admin'] as const;

/** The scope of a token. */
export type Scope = (typeof scopes)[number];

/** Whether a value is the name of a scope. */
export function isScope(value: unknown): value is Scope {
  return scopes.some((scope) => scope === value);
}

/** Whether a token of one scope may do what requires another. */
export function includes(scope: Scope, required: Scope): boolean {
  return scopes.indexOf(scope) >= scopes.indexOf(required);
}
