import { describe, test } from 'vitest';

/** A real part that some tests need and that a machine may lack: a broker, a database, the specifications' data. */
export interface Component {
  /** As a person would call it: "Apache Kafka". */
  readonly name: string;
  /** The name in `GRAYLANE_REQUIRE`: "kafka". */
  readonly id: string;
  /** What to install or set, as the end of the sentence "skipped: no X (…)". */
  readonly remedy: string;
  /** Whether the part is here; it need not be started yet. */
  available(): boolean | Promise<boolean>;
}

/**
 * `describe` for tests that need a component. Where it is missing, every test inside is skipped and the suite's name says
 * what to install; where `GRAYLANE_REQUIRE` names the component (or says "all"), its absence is a failure.
 */
export async function describeWith(component: Component, name: string, tests: () => void): Promise<void> {
  if (await component.available()) {
    describe(name, tests);
    return;
  }
  const missing = `no ${component.name} (${component.remedy})`;
  if (isRequired(component)) {
    describe(name, () => {
      test(`needs ${component.name}`, () => {
        throw new Error(`GRAYLANE_REQUIRE=${process.env['GRAYLANE_REQUIRE']} but ${missing}`);
      });
    });
    return;
  }
  describe.skip(`${name} [skipped: ${missing}]`, tests);
}

function isRequired({ id }: Component): boolean {
  const required = (process.env['GRAYLANE_REQUIRE'] ?? '').split(',');
  return required.includes('all') || required.includes(id);
}
