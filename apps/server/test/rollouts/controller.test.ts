import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { killEdits, liftEdits } from '../../src/model/kill.ts';
import { pauseKilled } from '../../src/rollouts/control/pause-killed.ts';
import { RolloutController } from '../../src/rollouts/control/controller.ts';
import { Rollouts } from '../../src/rollouts/control/rollouts.ts';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import type { LookQuestion, LookResponse, LookSource } from '../../src/rollouts/evidence/look-source.ts';
import type { RolloutRecord } from '../../src/rollouts/process/record.ts';
import { actOfRevision } from '../../src/rollouts/targeting/act-of-revision.ts';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import { storeOf } from '../../src/store/environments.ts';
import type { FlagStore } from '../../src/store/flag-store.ts';
import { dyeRule, request } from './rollout-requests.ts';

const [sli] = request.guard.slis;
const guard = {
  slis: [{ ...sli, name: 'errors', kind: 'errors', bad: { code: '5..' } }],
  mode: 'act',
  minRequests: 0,
  promoteMargin: 3,
};
const steps = [{ weight: 5 }, { weight: 50 }, { weight: 100 }];
const asked = readDefinition({ ...request, unit: 'request', steps, guard });
// Shorter looks than users may have, so that the tests are fast.
const definition = { ...asked, guard: { ...asked.guard, lookSeconds: 0.2 } };

/** A source with as many bad requests in gray as a test wants; it may be stopped in a look. */
class Traffic implements LookSource {
  bad = 5;
  readonly questions: LookQuestion[] = [];
  #gate: Promise<void> | undefined;
  #forever = false;
  #open = (): void => {};

  async look(question: LookQuestion, signal: AbortSignal): Promise<LookResponse> {
    this.questions.push(question);
    if (this.#forever) await this.#gate;
    else await Promise.race([this.#gate, aborted(signal)]);
    const arm = (bad: number) => ({ kind: 'ratio', total: 2000, bad }) as const;
    const at = question.to;
    return {
      look: { at, slis: { errors: { gray: arm(this.bad), control: arm(5) } } },
      holds: [],
      parts: [],
      ageMs: 5,
    };
  }

  details(): Promise<object> {
    return Promise.resolve({ runtime: [] });
  }

  /** Every look waits until `thaw`: not even a deadline ends it, if it is `forever`. */
  freeze({ forever = false } = {}): void {
    this.#forever = forever;
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  thaw(): void {
    this.#gate = undefined;
    this.#open();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')));
  });
}

let folder: string;
let environments: DataFolder;
let store: FlagStore;
let rollouts: Rollouts;
let logged: string[];
const controllers: RolloutController[] = [];

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-rollouts-`);
  logged = [];
  await open();
  await store.write(() => ({ author: 'test', edits: [{ path: ['flags', 'lane'], value: dyeRule }] }));
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

const log = { info: () => {}, warn: (line: string) => logged.push(line) };

async function open(): Promise<void> {
  environments = await DataFolder.open({ folder, log });
  store = storeOf(environments, 'default');
  rollouts = new Rollouts(store);
}

async function close(): Promise<void> {
  await Promise.all(controllers.splice(0).map((controller) => controller.close()));
  await environments.close();
}

function control(source: LookSource): RolloutController {
  const controller = new RolloutController({ environments, source, log });
  controllers.push(controller);
  return controller;
}

async function started(change: object = {}): Promise<string> {
  const { id } = await rollouts.start({ ...definition, ...change }, { author: 'ada' });
  for (const controller of controllers) controller.wake('default');
  return id;
}

/** Waits until the rollout meets a condition. */
async function until(id: string, condition: (record: RolloutRecord) => boolean): Promise<RolloutRecord> {
  await expect
    .poll(async () => condition(await rollouts.get(id)), { timeout: 90_000, interval: 50 })
    .toBe(true);
  return rollouts.get(id);
}

/** The kinds of the acts; fails unless each of them has made exactly one revision. */
async function acts(id: string): Promise<readonly string[]> {
  const record = await rollouts.get(id);
  const revisions = await store.history({ limit: 200, part: ['flags', 'lane'] });
  const moves = revisions.toReversed().flatMap((revision) => actOfRevision(revision)?.move ?? []);
  expect(moves).toEqual(record.acts.map(({ move }) => move));
  expect(moves).toEqual(moves.map((_, index) => index + 1));
  return record.acts.map(({ kind }) => kind);
}

describe('a kill', () => {
  test('pauses the rollout of its lane, or of its flag, in the same revision', async () => {
    for (const target of [{ lane: 'gray' }, { flag: 'lane' }]) {
      const id = await started();
      const before = store.snapshot.revision;
      await store.write(async (current, records) => {
        const edits = killEdits(current, target, { at: 'now' });
        return { author: 'ada', edits, records: await pauseKilled(target, records) };
      });
      const record = await rollouts.get(id);
      expect(record).toMatchObject({
        rollout: { state: 'paused' },
        because: expect.stringMatching(/is killed/),
      });
      const [revision, previous] = await store.history({ limit: 2 });
      expect([revision?.author, previous?.revision]).toEqual(['ada', before]);
      await expect(rollouts.act(id, 'resume', { author: 'ada' })).rejects.toMatchObject({ code: 'conflict' });
      await expect(rollouts.start(definition, { author: 'ada' })).rejects.toMatchObject({ code: 'conflict' });
      await store.write((current) => ({ author: 'ada', edits: liftEdits(current, target) }));
      expect((await rollouts.act(id, 'resume', { author: 'ada' })).rollout.state).toBe('running');
      await rollouts.act(id, 'rollback', { author: 'ada' });
    }
  });

  test('leaves other rollouts alone', async () => {
    const id = await started();
    expect(await pauseKilled({ lane: 'team-a' }, store.records)).toEqual([]);
    expect((await rollouts.get(id)).rollout.state).toBe('running');
  });
});

describe('the controller', { timeout: 120_000 }, () => {
  test('moves a healthy rollout to its end, each step by one revision of its own', async () => {
    control(new Traffic());
    const id = await started();
    await until(id, ({ rollout }) => rollout.state === 'promoted');
    expect(await acts(id)).toEqual(['start', 'step', 'step', 'promote']);
    const [newest] = await store.history({ limit: 1 });
    expect(newest).toMatchObject({
      author: `graylane rollout ${id}`,
      reason: expect.stringMatching(/^promote: /),
    });
    expect(logged).toEqual([]);
  });

  test('rolls a rollout back that is worse, and keeps details for the report', async () => {
    const traffic = new Traffic();
    traffic.bad = 400;
    control(traffic);
    const id = await started();
    await until(id, ({ rollout }) => rollout.state === 'rolled_back');
    expect((await acts(id)).at(-1)).toBe('rollback');
    await expect.poll(async () => store.records.list('rollout-details')).not.toEqual([]);
  });

  test('reads the requests since the last look, without gaps and overlaps', async () => {
    const traffic = new Traffic();
    control(traffic);
    const id = await started({ steps: [{ weight: 5, minSeconds: 1e6 }] });
    const record = await until(id, ({ watch }) => watch.looks >= 3);
    const questions = traffic.questions.filter(({ from }) => from >= record.rollout.since).slice(-3);
    for (const [index, { from }] of questions.entries()) {
      if (index > 0) expect(from).toBe(questions[index - 1]?.to);
    }
  });

  test('goes on after a restart with the evidence that it had', async () => {
    control(new Traffic());
    const id = await started({ steps: [{ weight: 5, minSeconds: 1e6 }] });
    const before = await until(id, ({ watch }) => watch.looks >= 2);
    await close();
    await open();
    expect((await rollouts.get(id)).watch.looks).toBeGreaterThanOrEqual(before.watch.looks);
    const traffic = new Traffic();
    const { watch } = await rollouts.get(id);
    control(traffic);
    const after = await until(id, (record) => record.watch.looks > watch.looks);
    expect(traffic.questions[0]?.from).toBe(watch.lookedAt);
    expect(after.watch.verdict?.requests.gray).toBe(after.watch.looks * 2000);
  });

  test('acts once where two servers take themselves for the leader', async () => {
    const traffic = new Traffic();
    control(traffic);
    control(traffic);
    const id = await started();
    await until(id, ({ rollout }) => rollout.state === 'promoted');
    expect(await acts(id)).toEqual(['start', 'step', 'step', 'promote']);
  });

  test('acts once where it was frozen in a look while another server acted', async () => {
    const [frozen, awake] = [new Traffic(), new Traffic()];
    [frozen.bad, awake.bad] = [400, 400];
    control(frozen);
    const id = await started();
    await until(id, ({ watch }) => watch.looks > 0);
    frozen.freeze({ forever: true });
    const before = frozen.questions.length;
    await expect.poll(() => frozen.questions.length).toBeGreaterThan(before);
    control(awake);
    const record = await until(id, ({ rollout }) => rollout.state === 'rolled_back');
    // The look that it was frozen in ends now; the controller closes after that.
    frozen.thaw();
    await close();
    await open();
    expect(await acts(id)).toEqual(record.acts.map(({ kind }) => kind));
    expect((await rollouts.get(id)).watch).toEqual(record.watch);
  });

  test('holds with the reason where the source hangs', async () => {
    const traffic = new Traffic();
    traffic.freeze();
    control(traffic);
    const id = await started();
    const record = await until(id, ({ watch }) => watch.holds.length > 0);
    expect(record.watch.holds).toEqual([
      'there is no look: the source of the counts did not respond in time',
    ]);
    expect(record).toMatchObject({ rollout: { state: 'running', step: 1 }, watch: { looks: 0 } });
    traffic.thaw();
    await until(id, ({ watch }) => watch.looks > 0);
  });

  test('keeps the past hours of its source over a restart', async () => {
    const hours = [{ requests: 5 }];
    const traffic = Object.assign(new Traffic(), { newHours: () => hours });
    control(traffic);
    await until(await started(), ({ watch }) => watch.looks >= 1);
    await close();
    await open();
    const restored: unknown[] = [];
    const restoreHours = (...some: unknown[]): void => void restored.push(some);
    control(Object.assign(new Traffic(), { newHours: () => undefined, restoreHours }));
    await expect.poll(() => restored).toEqual([['default', hours]]);
  });

  test('starts a scheduled rollout when its time has come', async () => {
    control(new Traffic());
    const schedule = { start: new Date(Date.now() + 500).toISOString(), freezes: [] };
    const id = await started({ schedule });
    expect((await rollouts.get(id)).rollout.state).toBe('scheduled');
    await until(id, ({ rollout }) => rollout.state === 'running');
    expect(await acts(id)).toContain('start');
  });

  test('ends with an environment that is removed', async () => {
    const traffic = new Traffic();
    const controller = control(traffic);
    const shared = { $schema: 'https://flagd.dev/schema/v0/flags.json' };
    const other = await environments.create(
      'other',
      { flags: new Map([['lane', dyeRule]]), shared },
      { author: 'ada' },
    );
    await new Rollouts(other).start(definition, { author: 'ada' });
    controller.wake('other');
    await expect.poll(() => traffic.questions.some(({ environment }) => environment === 'other')).toBe(true);
    await environments.remove('other', () => ({ author: 'ada' }));
    const id = await started();
    await until(id, ({ watch }) => watch.looks >= 2);
    expect(logged.filter((line) => line.startsWith('other'))).toEqual([]);
  });
});
