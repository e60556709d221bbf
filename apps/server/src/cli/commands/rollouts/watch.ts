import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from '../admin-client.ts';
import { statusLines, summaryLine, type Rollout } from './status-lines.ts';

/** Where the rollout is shown. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How often the server is polled: as often as it looks, within these bounds, in seconds. */
const [least, most] = [1, 5];

/**
 * Shows a rollout until it has ended: redrawn in a terminal, and a line for each change otherwise.
 * Returns the exit code: 1 if it was rolled back.
 */
export async function watchRollout(ask: () => Promise<Rollout>, screen: Screen): Promise<number> {
  const draw = screen.isTTY === true ? redraw(screen) : changes(screen);
  let known: Rollout | undefined;
  for (;;) {
    try {
      known = await ask();
      draw(known);
    } catch (error) {
      // A server that restarts comes back; one that never responded may not exist.
      if (known === undefined || !(error instanceof CommandError)) throw error;
      screen.write(`${error.message}\n`);
    }
    if (known.ended) return known.state === 'rolled_back' ? 1 : 0;
    const { lookSeconds = most } = (known.definition as { guard?: { lookSeconds?: number } }).guard ?? {};
    await pause(Math.min(most, Math.max(least, lookSeconds)) * 1000);
  }
}

/** Draws over the lines of before. */
function redraw(screen: Screen): (rollout: Rollout) => void {
  let height = 0;
  return (rollout) => {
    const width = screen.columns ?? 100;
    const lines = statusLines(rollout, Date.now()).map((line) => line.slice(0, width));
    const up = height === 0 ? '' : `\u001B[${height}A`;
    screen.write(`${up}${lines.map((line) => `\u001B[2K${line}\n`).join('')}\u001B[J`);
    height = lines.length;
  };
}

/** A line for each act, and for each other reason to hold. */
function changes(screen: Screen): (rollout: Rollout) => void {
  let seen = 0;
  let last = '';
  return (rollout) => {
    for (const act of rollout.acts) {
      if (act.move <= seen) continue;
      screen.write(`${act.at}  ${act.kind} by ${act.author}: ${act.reason}\n`);
      seen = act.move;
    }
    const { verdict, holds } = rollout;
    const line = `${summaryLine(rollout)}; ${verdict?.action ?? 'no verdict'}${holds.length > 0 ? `; hold: ${holds.join('; ')}` : ''}`;
    const shape = line.replaceAll(/\d+(?:\.\d+)?/g, '#');
    if (shape !== last) screen.write(`${line}\n`);
    last = shape;
  };
}
