import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

const marker = /\[skipped: (.+)\]$/;

/** Ends the run with the number of skipped tests and what each group of them lacked. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lacking = new Map<string, number>();
    let skipped = 0;
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        skipped += 1;
        const reason = reasonOf(test);
        lacking.set(reason, (lacking.get(reason) ?? 0) + 1);
      }
    }
    console.log(skipped === 0 ? '\nNo test was skipped.' : `\n${skipped} tests were skipped:`);
    for (const [reason, count] of lacking) console.log(`  ${count} x skipped: ${reason}`);
  }
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
