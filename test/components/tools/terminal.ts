import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import headless from '@xterm/headless';
import type { Component } from '../components.ts';

/** A terminal for programs to run in. */
export const terminals: Component = {
  id: 'terminals',
  name: 'Python with pseudo-terminals',
  remedy: 'install Python 3 on Linux or macOS, e.g. apt-get install python3',
  available: () => spawnSync('python3', ['-c', 'import pty, termios']).status === 0,
};

/**
 * Runs a program on a pseudo-terminal that is its controlling terminal. Its output is copied from
 * the terminal; each line of the input is a size, `<columns> <rows>`, or keys in hexadecimal.
 * The last line of its errors is the exit code, negative for a signal, and whether the modes of
 * the terminal are those of before.
 */
const onTerminal = `
import fcntl, os, pty, struct, subprocess, sys, termios, threading
terminal, side = pty.openpty()
def resize(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', int(rows), int(columns), 0, 0))
resize(sys.argv[1], sys.argv[2])
before = termios.tcgetattr(side)
child = subprocess.Popen(sys.argv[3:], stdin=side, stdout=side, stderr=side, start_new_session=True,
    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
def obey():
    for line in sys.stdin:
        words = line.split()
        if len(words) == 2: resize(*words)
        else: os.write(terminal, bytes.fromhex(words[0]))
threading.Thread(target=obey, daemon=True).start()
def copy():
    try:
        while data := os.read(terminal, 65536): os.write(1, data)
    except OSError:
        pass # The other side is closed, and all of its output is copied.
copying = threading.Thread(target=copy, daemon=True)
copying.start()
code = child.wait()
restored = termios.tcgetattr(side) == before
os.close(side)
copying.join()
sys.stderr.write('\\n%d %s' % (code, restored))
sys.stderr.flush()
os._exit(0)
`;

/** A size in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal with one program in it, as xterm.js shows it. */
export class TerminalSession {
  readonly #child: ChildProcess;
  readonly #screen: InstanceType<typeof headless.Terminal>;
  #errors = '';
  /** All that the program wrote. */
  raw = '';

  constructor(command: readonly string[], { columns, rows }: Size, env: NodeJS.ProcessEnv = process.env) {
    this.#screen = new headless.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true });
    const args = ['-c', onTerminal, String(columns), String(rows), ...command];
    this.#child = spawn('python3', args, { env });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.raw += text;
      this.#screen.write(text);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** All lines, those that have left the screen first, without empty ones at the end. */
  get lines(): readonly string[] {
    const { active } = this.#screen.buffer;
    const lines = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  /** Whether programs after this one find the screen, its cursor and modes as they were. */
  get isPlain(): boolean {
    const { modes, buffer } = this.#screen;
    const { wraparoundMode, originMode, insertMode, mouseTrackingMode } = modes;
    const isNormal = buffer.active.type === 'normal' && !this.raw.includes('\u001B[?25l');
    return isNormal && wraparoundMode && !originMode && !insertMode && mouseTrackingMode === 'none';
  }

  /** The window is given another size: its content is wrapped anew, and the program is told. */
  resize({ columns, rows }: Size): void {
    this.#screen.resize(columns, rows);
    this.#child.stdin?.write(`${columns} ${rows}\n`);
  }

  /** Presses keys, e.g. `\u0003` for Ctrl-C. */
  press(keys: string): void {
    this.#child.stdin?.write(`${Buffer.from(keys).toString('hex')}\n`);
  }

  /** Waits for the end of the program. */
  async ended(): Promise<{ readonly code: number; readonly restored: boolean }> {
    await once(this.#child, 'close');
    const [code, restored] = this.#errors.split('\n').at(-1)?.split(' ') ?? [];
    return { code: Number(code), restored: restored === 'True' };
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
