import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { helpOf } from '../../src/cli/help.ts';
import { commands, options } from '../../src/cli/options.ts';
import { readCommand } from '../../src/cli/read-command.ts';
import { settingsPage } from '../../src/cli/settings-page.ts';

const page = fileURLToPath(new URL('../../../../docs/settings.md', import.meta.url));

describe('settings', () => {
  test('are read from options, then from variables, then from the defaults of the table', () => {
    const environment = {
      GRAYLANE_FLAGS: 'env.json',
      GRAYLANE_PORT: '1',
      GRAYLANE_ALLOW_HOST: 'a, b',
      GRAYLANE_DATA: '',
      GRAYLANE_PROMETHEUS: 'http://a:9090, https://u:p@b/prometheus',
    };
    expect(readCommand(['--port', '2'], environment)).toMatchObject({
      name: 'serve',
      source: { flags: 'env.json' },
      readOnly: false,
      port: 2,
      grpcPort: 8015,
      managementPort: 9464,
      rateLimit: undefined,
      allowHosts: ['a', 'b'],
      prometheus: ['http://a:9090', 'https://u:p@b/prometheus'],
    });
    const defaults = readCommand(['--data', 'dir'], environment);
    expect(defaults).toMatchObject({ source: { data: 'dir' } });
    for (const [name, key] of [
      ['port', 'port'],
      ['grpc-port', 'grpcPort'],
      ['management-port', 'managementPort'],
    ]) {
      const option = options.find((one) => one.name === name);
      const served = readCommand(['--data', 'dir'], {}) as unknown as Record<string, unknown>;
      expect(String(served[key ?? ''])).toBe(option?.default);
    }
  });

  test.each([
    [['--flags', 'a', '--flags', 'b'], {}, { files: ['a', 'b'] }],
    [[], { GRAYLANE_FLAGS: 'a,b' }, { files: ['a', 'b'] }],
    [
      ['--flags', 'https://x.example/f', '--flags-copy', 'copy.json'],
      { GRAYLANE_FLAGS_TOKEN: 't' },
      { web: { url: 'https://x.example/f', intervalSeconds: 30, copy: 'copy.json', token: 't' } },
    ],
    [
      ['--flags', 'http://127.0.0.1:1/f', '--flags-interval', '5'],
      {},
      { web: { url: 'http://127.0.0.1:1/f', intervalSeconds: 5, copy: undefined, token: undefined } },
    ],
  ])('name where the flags come from: %j %j', (args, environment, source) => {
    expect(readCommand(args, environment)).toMatchObject({ source });
  });

  test.each([
    [['--data', 'a', '--data', 'b'], {}, '--data is given 2 times, as "a" and "b": give it once'],
    [['--flags', ''], {}, '--flags is "": use paths'],
    [['--flags', 'http://config.example/f.json'], {}, 'use paths, or an https: address'],
    [['--flags', 'a', '--flags', 'https://x.example/f'], {}, 'give one address, or only files'],
    [['explain', 'fees', '--flags', 'a', '--flags', 'b'], {}, 'explain takes one flags file'],
    [['--flags', 'a', '--rate-limit', '0'], {}, '--rate-limit is "0": use a number of requests per second'],
    [['--flags', 'a'], { GRAYLANE_PORT: 'x' }, 'GRAYLANE_PORT is "x": use a port number from 0 to 65535'],
    [['--flags', 'a'], { GRAYLANE_READ_ONLY: 'yes' }, 'GRAYLANE_READ_ONLY is "yes": use true or false'],
    [['--flags', 'a', '--trust-proxy', 'me'], {}, '--trust-proxy is "me": use addresses, CIDR ranges'],
    [[], { GRAYLANE_FLAGS: 'a', GRAYLANE_DATA: 'b' }, 'both given'],
    [['--flags', 'a'], { GRAYLANE_PROMETHEUS: 'prometheus:9090' }, 'use addresses of Prometheus'],
    [['verify', 'a', 'b'], {}, 'verify takes at most one dir, got 2: graylane-server verify [DIR]'],
    [
      ['export', '--url', 'server'],
      {},
      '--url is "server": use the address of a server, e.g. http://127.0.0.1:8080',
    ],
  ])('that are not allowed name those that are: %j %j', (args, environment, message) => {
    expect(() => readCommand(args, environment)).toThrow(message);
  });

  test('are all in the help: of the server, and of each command those that it has', () => {
    for (const option of options) expect(helpOf(undefined)).toContain(`--${option.name}`);
    for (const { name } of commands) {
      const listed = [...helpOf(name).matchAll(/^ {2}--([a-z-]+)/gm)].map(([, option]) => option);
      const own = options.filter((option) => option.commands.includes(name)).map((option) => option.name);
      expect(listed).toEqual(own);
    }
    expect(readCommand(['import', '--help'], {})).toEqual({ name: 'help', of: 'import' });
  });

  test('are documented: `npm run settings -w @graylane/server` writes the page', () => {
    expect(plain(readFileSync(page, 'utf8'))).toBe(plain(settingsPage()));
  });
});

/** Without the layout of tables. */
function plain(markdown: string): string {
  return markdown.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ').trim();
}
