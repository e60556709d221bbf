import { describe, test } from 'vitest';

/**
 * A real part that some tests need and a machine may lack: a broker, a database, specification
 * data.
 */
export interface Component {
  /** The name in messages: "Apache Kafka". */
  readonly name: string;
  /** The name in `GRAYLANE_REQUIRE`: "kafka". */
  readonly id: string;
  /** What to install or set, as the end of the sentence "skipped: no X (…)". */
  readonly remedy: string;
  /** Whether the part is here; it need not be started yet. */
  available(): boolean | Promise<boolean>;
}

/** Several components as one; `GRAYLANE_REQUIRE` knows it by the id of the first. */
export function all(first: Component, ...others: readonly Component[]): Component {
  const parts = [first, ...others];
  return {
    id: first.id,
    name: parts.map(({ name }) => name).join(' and '),
    remedy: parts.map(({ remedy }) => remedy).join('; '),
    available: async () => {
      for (const part of parts) if (!(await part.available())) return false;
      return true;
    },
  };
}

/**
 * `describe` for tests that need a component. Without it the suite is skipped and its name states
 * what to install, or it fails if `GRAYLANE_REQUIRE` names the component or is "all". `tests` runs
 * only if the component is available, so it may read the component's files while it is collected:
 * vitest calls the body of a skipped `describe`, too.
 */
export async function describeWith(component: Component, name: string, tests: () => void): Promise<void> {
  if (await component.available()) {
    describe(name, tests);
    return;
  }
  const missing = `no ${component.name} (${component.remedy})`;
  const title = `needs ${component.name}`;
  if (isRequired(component)) {
    describe(name, () => {
      test(title, () => {
        throw new Error(`GRAYLANE_REQUIRE=${process.env['GRAYLANE_REQUIRE']} but ${missing}`);
      });
    });
    return;
  }
  describe.skip(`${name} [skipped: ${missing}]`, () => test.skip(title, () => undefined));
}

function isRequired({ id }: Component): boolean {
  const required = (process.env['GRAYLANE_REQUIRE'] ?? '').split(',');
  return required.includes('all') || required.includes(id);
}
