import { readFileSync } from 'node:fs';

/**
 * The OpenAPI document of the admin API, as it is served. `npm run generate:api` makes the types in
 * gen/admin-api.ts from it.
 */
export const openapi: Buffer = readFileSync(new URL('../../../openapi.json', import.meta.url));
