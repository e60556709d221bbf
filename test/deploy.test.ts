import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { options } from '../apps/server/src/cli/options.ts';
import { describeWith } from './components/components.ts';
import { lint, linters } from './components/tools/linters.ts';
import { sandbox, startSandboxed } from './components/tools/sandbox.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const deploy = `${root}deploy/`;

test('deploy/ uses variables that the server has', () => {
  const known = new Set(options.flatMap(({ env }) => env ?? []));
  const files = ['docker/Dockerfile', 'kubernetes/deployment.yaml', 'systemd/graylane-server.service'];
  const used = files.flatMap(
    (file) => readFileSync(`${deploy}${file}`, 'utf8').match(/\bGRAYLANE_\w+/g) ?? [],
  );
  expect(used.length).toBeGreaterThan(3);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

await describeWith(linters, 'the linters of deploy/', () => {
  test('accept the Dockerfile and its script', () => {
    expect(lint('hadolint', `${deploy}docker/Dockerfile`)).toBe('');
    expect(lint('shellcheck', `${deploy}docker/install.sh`)).toBe('');
  });

  test('accept the Kubernetes manifests, which kustomization.yaml lists', () => {
    const manifests = readdirSync(`${deploy}kubernetes`).filter((name) => name !== 'kustomization.yaml');
    for (const name of manifests)
      expect(lint('kubernetes-validate', '--strict', `${deploy}kubernetes/${name}`)).toBe('');
    const kustomization = readFileSync(`${deploy}kubernetes/kustomization.yaml`, 'utf8');
    const listed = [...kustomization.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name);
    expect(new Set(listed)).toEqual(new Set(manifests));
  });

  test('accept the compose file, the configuration of Prometheus and all YAML', () => {
    expect(lint('docker-compose', '-f', `${deploy}compose.yaml`, 'config', '-q')).toBe('');
    expect(lint('promtool', 'check', 'config', `${deploy}prometheus/prometheus.yml`)).toBe('');
    expect(
      lint(
        'yamllint',
        '-d',
        '{extends: relaxed, rules: {line-length: disable, indentation: disable}}',
        '--strict',
        deploy,
      ),
    ).toBe('');
  });

  test('accept the systemd unit', () => {
    const folder = mkdtempSync(`${tmpdir()}/graylane-unit-`);
    const unit = readFileSync(`${deploy}systemd/graylane-server.service`, 'utf8');
    // systemd-analyze wants the program to exist.
    writeFileSync(
      `${folder}/graylane-server.service`,
      unit.replace('/usr/bin/graylane-server', '/usr/bin/env'),
    );
    expect(lint('systemd-analyze', 'verify', `${folder}/graylane-server.service`)).toBe('');
    rmSync(folder, { recursive: true });
  });
});

await describeWith(sandbox, 'the production installation of the Dockerfile', () => {
  let installed: string;
  let data: string;

  beforeAll(() => {
    installed = mkdtempSync(`${tmpdir()}/graylane-production-`);
    data = mkdtempSync(`${tmpdir()}/graylane-data-`);
    chownSync(data, 1000, 1000);
    execFileSync('chmod', ['755', installed]);
    execFileSync('bash', [`${deploy}docker/install.sh`, root, 'server', installed], { stdio: 'pipe' });
  });
  afterAll(() => {
    rmSync(installed, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  });

  test('has the code that runs, and nothing else of the repository', () => {
    expect(existsSync(`${installed}/apps/server/dist/index.js`)).toBe(true);
    const files = execFileSync('find', [
      installed,
      '-name',
      '*.map',
      '-o',
      '-name',
      'vitest',
      '-o',
      '-name',
      'src',
      '-path',
      '*/apps/*',
    ]);
    expect(files.toString()).toBe('');
  });

  test('serves as another user on a read-only root, and writes in its data folder alone', async () => {
    const env = {
      GRAYLANE_DATA: data,
      GRAYLANE_HOST: '0.0.0.0',
      GRAYLANE_PORT: '0',
      GRAYLANE_GRPC_PORT: '0',
      GRAYLANE_MANAGEMENT_PORT: '0',
      GRAYLANE_LOG_FORMAT: 'json',
    };
    const program = [process.execPath, 'apps/server/bin/graylane-server.js'];
    const within = { cwd: installed, writable: data, env };
    const made = startSandboxed(
      [...program, 'token', 'create', 'admin', '--scope', 'admin', '--data', data],
      within,
    );
    const token = (await outputOf(made)).trim();
    expect(token).toMatch(/^gl_/);

    const server = startSandboxed(program, within);
    let lines = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => (lines += text));
    server.stderr?.setEncoding('utf8').on('data', (text: string) => (lines += text));
    await expect.poll(() => /http (\d+)/.exec(lines)?.[1], { message: lines }).toBeDefined();
    const [, port] = /http (\d+)/.exec(lines) ?? [];
    const url = `http://127.0.0.1:${port}/api/v1/environments/default/flags/fees`;
    const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'if-none-match': '*',
    };
    const written = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(flag) });
    expect(written.status).toBe(201);
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

async function outputOf(child: ReturnType<typeof startSandboxed>): Promise<string> {
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return output;
}
