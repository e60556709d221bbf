/**
 * The URL of a file of this package, e.g. `openapi.json`. The bundles in `dist/cjs` are as deep in
 * the package as this file.
 */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}
