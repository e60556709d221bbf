import { readFileSync } from 'node:fs';
import { packageFile } from '../../package/package-file.ts';

/**
 * The OpenAPI document of the admin API, as it is served. `npm run generate:api` makes the types in
 * gen/admin-api.ts from it.
 */
export const openapi: Buffer = readFileSync(packageFile('openapi.json'));
