import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { readIfThere } from './staged-file.ts';

/** Who holds a lock. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Which start of the machine, and when in it the process began: another process may get the same pid. */
  readonly boot: string;
  readonly started: string;
}

/** How often the holder shows that it lives, and how long it may be silent where only that can be seen: on another machine. */
const beatMs = 2000;
const silenceMs = 15_000;

/** An exclusive lock on a folder: a file that names its holder. A lock whose holder is dead does not count. */
export class LockFile {
  readonly #file: string;
  readonly #holder: Holder;
  readonly #beat: NodeJS.Timeout;

  /** @throws {Error} where somebody alive holds it: the message says who. */
  static async acquire(file: string): Promise<LockFile> {
    const holder = thisProcess();
    if (!(await create(file, holder))) {
      await inTakeover(file, async () => {
        const other = await readHolder(file);
        if (other && (await isAlive(file, other))) {
          const remedy = 'stop it, or serve another folder';
          throw new Error(`${file} is held by process ${other.pid} on ${other.host}: ${remedy}`);
        }
        await rm(file, { force: true });
        if (!(await create(file, holder))) throw new Error(`${file} has just been taken by another server`);
      });
    }
    return new LockFile(file, holder);
  }

  private constructor(file: string, holder: Holder) {
    this.#file = file;
    this.#holder = holder;
    this.#beat = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => {
        // Whether the lock is still ours is asked before each write.
      });
    }, beatMs).unref();
  }

  /** Whether nobody has taken the lock away. */
  async isHeld(): Promise<boolean> {
    return (await readHolder(this.#file))?.id === this.#holder.id;
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    if (await this.isHeld()) await rm(this.#file, { force: true });
  }
}

/** The lock appears with its content: whoever finds it half written finds what a power cut has left. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const draft = `${file}.${holder.id}`;
  await writeFile(draft, JSON.stringify(holder), { flag: 'wx' });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** One at a time looks whether a lock is stale: two who find it so at once would each remove the other's new one. */
async function inTakeover(file: string, work: () => Promise<void>): Promise<void> {
  const guard = `${file}.takeover`;
  const { mtimeMs = Date.now() } = (await stat(guard).catch(() => undefined)) ?? {};
  if (Date.now() - mtimeMs > silenceMs) await rm(guard, { force: true });
  const handle = await open(guard, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST')
      throw new Error(`${file} is just being taken over by another server`, { cause: error });
    throw error;
  });
  try {
    await work();
  } finally {
    await handle.close();
    await rm(guard, { force: true });
  }
}

/** Undefined where the file is gone, or a power cut has left half of it. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse((await readIfThere(file)) ?? '') as Holder;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isAlive(file: string, { pid, host, boot, started }: Holder): Promise<boolean> {
  const here = thisProcess();
  if (host !== here.host) {
    const { mtimeMs } = await stat(file);
    return Date.now() - mtimeMs < silenceMs;
  }
  if (boot !== here.boot || (pid === here.pid && started === here.started)) return boot === here.boot;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Without the right to signal it, the process is still there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(pid) === started;
}

function thisProcess(): Holder {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    boot: readSystem('/proc/sys/kernel/random/boot_id'),
    started: startOf(process.pid),
  };
}

/** When a process began, where the system says so (Linux); elsewhere every process is taken for the one that is meant. */
function startOf(pid: number): string {
  return readSystem(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '';
}

function readSystem(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
