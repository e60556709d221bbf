import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

const marker = /\[skipped: (.+)\]$/;

/**
 * Ends the run with the number of skipped tests, what each group of them lacked, and one plain line
 * of totals; lists the failed files where they may run once more.
 */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const lacking = new Map<string, number>();
    for (const reason of skipped.map(reasonOf)) lacking.set(reason, (lacking.get(reason) ?? 0) + 1);
    console.log(skipped.length === 0 ? '\nNo test was skipped.' : `\n${skipped.length} tests were skipped:`);
    for (const [reason, times] of lacking) console.log(`  ${times} x skipped: ${reason}`);
    console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${skipped.length} skipped`);
    if (skipped.length > 0 && process.env['GRAYLANE_REQUIRE'] === 'all') {
      console.log('GRAYLANE_REQUIRE=all: a skipped test is a failure');
      process.exitCode = 1;
    } else if (errors.length === 0) {
      listFailed(modules);
    }
  }
}

/** Writes the failed files for `scripts/test.js`, if they are not all. */
function listFailed(modules: readonly TestModule[]): void {
  const list = process.env['GRAYLANE_FAILED_FILES'];
  if (list === undefined) return;
  const failed = modules.filter((module) => !module.ok()).map(({ moduleId }) => moduleId);
  if (failed.length === modules.length) return;
  writeFileSync(list, JSON.stringify([...new Set(failed.map((file) => relative('', file)))]));
}

function reasonOf(test: TestCase): string {
  let parent: TestSuite | TestModule = test.parent;
  while (parent.type === 'suite') {
    const reason = marker.exec(parent.name)?.[1];
    if (reason !== undefined) return reason;
    parent = parent.parent;
  }
  const result = test.result();
  return result.state === 'skipped' && result.note ? result.note : 'no reason given';
}
