import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Loads optional peers, from beside this package or beside the application. */
export class Peers {
  readonly #requires = [createRequire(import.meta.url), createRequire(join(process.cwd(), 'package.json'))];
  readonly #missing = new Set<string>();

  /** The packages that were loaded in vain: they are not installed. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  /** Whether a package is installed. */
  has(name: string): boolean {
    return this.resolve(name) !== undefined;
  }

  /** The file of a package's export; undefined if it is not installed. */
  resolve(name: string): string | undefined {
    return this.#requires.find((require) => canResolve(require, name))?.resolve(name);
  }

  /**
   * The exports of a package; undefined, and noted as missing, if it is not installed. @throws
   * what its loading throws.
   */
  load(name: string): unknown {
    const require = this.#requires.find((each) => canResolve(each, name));
    if (require) return require(name) as unknown;
    this.#missing.add(name);
    return undefined;
  }

  /** Loads the dependencies of a package that is installed, in the versions that it has chosen. */
  of(name: string): (dependency: string) => unknown {
    const require = this.#requires.find((each) => canResolve(each, name));
    const own = createRequire(require?.resolve(name) ?? import.meta.url);
    return (dependency) => own(dependency) as unknown;
  }
}

function canResolve(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    // Not installed there.
    return false;
  }
}
