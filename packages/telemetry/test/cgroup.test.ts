import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { MetricRegistry } from '../src/metrics/registry.ts';
import { exposition } from '../src/metrics/exposition.ts';
import { cgroupReadings } from '../src/readings/cgroup-metrics.ts';
import { readCgroup, type CgroupPlaces } from '../src/readings/cgroup.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A tree of files as Linux shows them. */
function tree(files: Record<string, string>): CgroupPlaces {
  const root = mkdtempSync(join(tmpdir(), 'graylane-cgroup-'));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return { proc: join(root, 'proc'), mount: join(root, 'sys') };
}

const limited = {
  'proc/self/cgroup': '0::/\n',
  'sys/cpu.stat':
    'usage_usec 2500000\nuser_usec 2000000\nnr_periods 100\nnr_throttled 7\nthrottled_usec 300000\n',
  'sys/cpu.max': '150000 100000\n',
  'sys/memory.current': '104857600\n',
  'sys/memory.max': '268435456\n',
  'sys/memory.high': 'max\n',
  'sys/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n',
  'sys/pids.current': '12\n',
  'sys/cpu.pressure':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=4000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n',
};

describe('a cgroup v2', () => {
  test('is read with limits and pressure', () => {
    expect(readCgroup(tree(limited))).toEqual({
      cpu: { usageSeconds: 2.5, throttledSeconds: 0.3, throttledPeriods: 7, limitCores: 1.5 },
      memory: { currentBytes: 104857600, maxBytes: 268435456, oomKills: 1 },
      pids: 12,
      pressure: [
        { resource: 'cpu', share: 'some', waitedSeconds: 4 },
        { resource: 'cpu', share: 'full', waitedSeconds: 1 },
      ],
    });
  });

  test('is found by its path, where the process is not at the root', () => {
    const files = {
      'proc/self/cgroup': '1:cpu:/x\n0::/a.slice/b.scope\n',
      'sys/a.slice/b.scope/pids.current': '3\n',
    };
    expect(readCgroup(tree(files)).pids).toBe(3);
  });

  test('without limits has none', () => {
    const { cpu, memory } = readCgroup(
      tree({ ...limited, 'sys/cpu.max': 'max 100000\n', 'sys/memory.max': 'max\n' }),
    );
    expect(cpu).not.toHaveProperty('limitCores');
    expect(memory).not.toHaveProperty('maxBytes');
  });

  test('without controllers, as in a hybrid hierarchy, leaves the pressure of the machine', () => {
    const files = {
      'proc/self/cgroup': '0::/\n',
      'sys/cgroup.procs': '1\n',
      'proc/pressure/io': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n',
    };
    expect(readCgroup(tree(files))).toEqual({
      pressure: [{ resource: 'io', share: 'some', waitedSeconds: 0.5 }],
    });
  });

  test('that is absent, as on other systems, is no error', () => {
    expect(readCgroup({ proc: '/nonexistent' })).toEqual({ pressure: [] });
  });

  test('is found where mountinfo names it', () => {
    const files = {
      'proc/self/mountinfo': '30 23 0:26 / ROOT/elsewhere rw,nosuid shared:9 - cgroup2 cgroup2 rw\n',
      'proc/self/cgroup': '0::/\n',
      'elsewhere/pids.current': '5\n',
    };
    const { proc = '' } = tree(files);
    writeFileSync(join(proc, 'self/mountinfo'), files['proc/self/mountinfo'].replace('ROOT', dirname(proc)));
    expect(readCgroup({ proc }).pids).toBe(5);
  });

  test('becomes metrics; what is absent has no series', () => {
    const registry = new MetricRegistry();
    cgroupReadings(registry, tree(limited));
    const metrics = exposition(registry.collect(), 'prometheus');
    expect(metrics).toContain('cgroup_cpu_throttled_seconds_total 0.3\n');
    expect(metrics).toContain('cgroup_memory_max_bytes 268435456\n');
    expect(metrics).toContain('cgroup_pressure_waiting_seconds_total{resource="cpu",share="full"} 1\n');
    expect(metrics).not.toContain('cgroup_memory_high_bytes');
  });
});
