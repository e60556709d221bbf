/** Where text is shown, e.g. `process.stdout`. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
}

/**
 * Returns a function that shows lines over those of its last call, as many of them as a terminal
 * has room for, and again when the terminal is resized. The cursor stays visible below the lines
 * and no mode of the terminal changes, so a program that is interrupted leaves nothing to restore.
 */
export function redrawOn(screen: Screen): (lines: () => readonly string[]) => void {
  let shown: readonly string[] = [];
  let current: () => readonly string[] = () => [];
  const draw = (): void => {
    const { columns = 80, rows = 24 } = screen;
    const fitting = current()
      .slice(0, Math.max(1, rows - 1))
      .map((line) => fit(line, columns));
    // A terminal wraps the lines that it shows when it becomes narrower.
    const height = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    const up = Math.min(height, rows - 1);
    const start = up > 0 ? `\u001B[${up}A` : '';
    screen.write(`${start}\u001B[J${fitting.map((line) => `${line}\n`).join('')}`);
    shown = fitting;
  };
  screen.on('resize', draw);
  return (lines) => {
    current = lines;
    draw();
  };
}

/** The part of a line that has room, without characters that control the terminal. */
function fit(line: string, columns: number): string {
  let room = columns;
  let fitting = '';
  for (const character of line.replaceAll(/\p{Cc}+/gu, ' ')) {
    room -= widthOf(character);
    if (room < 0) break;
    fitting += character;
  }
  return fitting;
}

/** The width in columns: ideographs, kana, hangul, full-width forms and emoji take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += wide.test(character) ? 2 : zero.test(character) ? 0 : 1;
  return width;
}

const wide =
  /[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u;

const zero = /[\p{Mn}\p{Me}\p{Cf}]/u;
