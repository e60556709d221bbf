import type { Principal } from '../tokens/principal.ts';
import { scopes, type Scope } from '../tokens/scope.ts';

/**
 * The access that a person's roles give: `graylane-write` for all environments,
 * `graylane-write:staging` for one. The strongest role for all environments counts, else the
 * strongest for one. Undefined without a role.
 */
export function accessOfRoles(roles: unknown): Pick<Principal, 'scope' | 'environment'> | undefined {
  const names = typeof roles === 'string' ? roles.split(/[\s,]+/) : Array.isArray(roles) ? roles : [];
  const found = names.map(readRole).filter((role) => role !== undefined);
  const everywhere = found.filter(({ environment }) => environment === undefined);
  const [strongest] = (everywhere.length > 0 ? everywhere : found).toSorted(
    (one, other) => scopes.indexOf(other.scope) - scopes.indexOf(one.scope),
  );
  return strongest;
}

function readRole(name: unknown): { readonly scope: Scope; readonly environment?: string } | undefined {
  const [, scope, environment] = /^graylane-([a-z]+)(?::(.+))?$/.exec(String(name)) ?? [];
  const known = scopes.find((one) => one === scope);
  return known && { scope: known, ...(environment !== undefined && { environment }) };
}
