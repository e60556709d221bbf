import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, open, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { readIfThere } from '../disk/staged-file.ts';

/** The process that holds a lock. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /**
   * Which start of the machine, and when in it the process began: another process may get the same
   * pid.
   */
  readonly boot: string;
  readonly started: string;
  /** Where the pid is valid: containers on one machine may have one host name. */
  readonly pidNamespace?: string;
}

/**
 * How often the holder touches its lock, and how long it may be silent if its process can't be seen
 * from here.
 */
const beatMs = 2000;
const silenceMs = 15_000;

/**
 * An exclusive lock on a folder: a file that names its holder. A lock whose holder is dead does not
 * count.
 */
export class LockFile {
  readonly #file: string;
  readonly #holder: Holder;
  readonly #beat: NodeJS.Timeout;

  /** @throws {Error} if a live process holds it; the message names the process. */
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
    this.#beat = setInterval(() => void this.#touch(), beatMs).unref();
  }

  /** Whether no other process has taken the lock away. */
  async isHeld(): Promise<boolean> {
    return (await readHolder(this.#file))?.id === this.#holder.id;
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    if (await this.isHeld()) await rm(this.#file, { force: true });
  }

  /** Writes the same content again: the file system sets the time by its own clock. */
  async #touch(): Promise<void> {
    try {
      if (!(await this.isHeld())) return;
      const handle = await open(this.#file, 'r+');
      try {
        await handle.write(JSON.stringify(this.#holder), 0);
      } finally {
        await handle.close();
      }
    } catch {
      // Before each write the journal checks whether the lock is still held.
    }
  }
}

/**
 * Creates the lock atomically (temporary file, then link), so a half-written lock can only come
 * from a power loss.
 */
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

/**
 * One process at a time decides whether a lock is stale: two would each remove the new lock of the
 * other.
 */
async function inTakeover(file: string, work: () => Promise<void>): Promise<void> {
  const guard = `${file}.takeover`;
  if (await isSilent(guard).catch(() => false)) await rm(guard, { force: true });
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

/** Undefined if the file is missing, or a power loss has left half of it. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(String((await readIfThere(file)) ?? '')) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isAlive(file: string, { pid, host, boot, started, pidNamespace }: Holder): Promise<boolean> {
  const here = thisProcess();
  const isVisible =
    host === here.host && boot === here.boot && (pidNamespace ?? here.pidNamespace) === here.pidNamespace;
  if (!isVisible) return !(await isSilent(file));
  if (pid === here.pid && started === here.started) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process that may not be signalled exists, too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(pid) === started;
}

/**
 * Whether a file was not written for a while, by the clock of its file system: clocks of machines
 * differ.
 */
async function isSilent(file: string): Promise<boolean> {
  const { mtimeMs } = await stat(file);
  const probe = `${file}.${randomUUID()}`;
  await writeFile(probe, '');
  try {
    const { mtimeMs: now } = await stat(probe);
    return now - mtimeMs > silenceMs;
  } finally {
    await rm(probe, { force: true });
  }
}

function thisProcess(): Holder {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    boot: readSystem('/proc/sys/kernel/random/boot_id'),
    started: startOf(process.pid),
    pidNamespace: namespaceOfPids(),
  };
}

/**
 * When a process began, if the system shows it (Linux); elsewhere any process with the pid counts.
 */
function startOf(pid: number): string {
  return readSystem(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[19] ?? '';
}

function namespaceOfPids(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function readSystem(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
