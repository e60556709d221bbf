import { expect, test } from 'vitest';
import { codeBlocks } from '../../../../test/support/markdown.ts';
import { serve } from '../support/serve.ts';

test('the document of docs/kill-switch.md is served with its kill', async () => {
  const block = codeBlocks('docs/kill-switch.md').find(({ info }) => info === 'json');
  const served = await serve(block?.code ?? '');
  try {
    const values = ['lane', 'new-fees'].map(async (flag) => {
      const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/${flag}`, {
        method: 'POST',
        body: JSON.stringify({ context: { lane: 'gray' } }),
      });
      return ((await response.json()) as { value: unknown }).value;
    });
    expect(await Promise.all(values)).toEqual(['baseline', false]);
    expect(served.logged.filter((line) => line.includes('$killed'))).toEqual([]);
  } finally {
    await served.close();
  }
});
