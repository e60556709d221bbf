import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Component } from '../components.ts';

/** The requirements of file systems of our own. */
export const volumes: Component = {
  id: 'volumes',
  name: 'root with loop devices',
  remedy: 'run as root on Linux, with util-linux, e2fsprogs and python3',
  available: () =>
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['-m', 'sh', '-c', 'losetup -f && command -v mkfs.ext4 python3']).status === 0,
};

/**
 * `FS_IOC_SHUTDOWN` without flushing the file system's journal: from now on nothing reaches the
 * disk, as if the power were gone.
 */
const cutPower = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))
`;

/**
 * A small file system that only the commands run `within` it can see. It goes with this process.
 */
export class Volume {
  /** Where it is mounted, for those within. */
  readonly path: string;
  readonly #folder: string;
  readonly #namespace: ChildProcess;
  readonly #mount: string;

  /** An ext4 in a file, on which the power can be cut. */
  static async onDisk(megabytes: number): Promise<Volume> {
    const volume = await Volume.#create((image, path) => `mount -o loop ${image} ${path}`);
    volume.run(`truncate -s ${megabytes}M ${volume.#image} && mkfs.ext4 -q ${volume.#image}`);
    volume.run(volume.#mount);
    return volume;
  }

  /** One in memory, which is soon full. */
  static async inMemory(megabytes: number): Promise<Volume> {
    const volume = await Volume.#create((_, path) => `mount -t tmpfs -o size=${megabytes}m tmpfs ${path}`);
    volume.run(volume.#mount);
    return volume;
  }

  static async #create(mount: (image: string, path: string) => string): Promise<Volume> {
    // The namespace lives as long as this command, and this command as long as its input is open.
    const namespace = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'echo here; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (namespace.stdout) await once(namespace.stdout, 'data');
    return new Volume(namespace, mount);
  }

  private constructor(namespace: ChildProcess, mount: (image: string, path: string) => string) {
    this.#namespace = namespace;
    this.#folder = mkdtempSync(`${tmpdir()}/graylane-volume-`);
    this.path = `${this.#folder}/mounted`;
    this.#mount = `mkdir -p ${this.path} && ${mount(this.#image, this.path)}`;
  }

  /** The command that runs another one where the volume can be seen. */
  get within(): readonly string[] {
    return ['nsenter', '-t', String(this.#namespace.pid), '-m', '--'];
  }

  get #image(): string {
    return `${this.#folder}/image`;
  }

  /** Runs a shell script within, and returns its output. */
  run(script: string): string {
    return this.#run('sh', '-c', script);
  }

  /** Nothing that was not synced will be there after `mountAgain`. */
  cutPower(): void {
    this.#run('python3', '-c', cutPower, this.path);
  }

  /** Mounts it as after a start of the machine. Processes that used it must have ended. */
  mountAgain(): void {
    this.run(`umount ${this.path} && ${this.#mount}`);
  }

  async close(): Promise<void> {
    const gone = once(this.#namespace, 'exit');
    this.#namespace.stdin?.end();
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(...command: readonly string[]): string {
    const [program = '', ...args] = [...this.within, ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${stderr}`);
    return stdout;
  }
}
