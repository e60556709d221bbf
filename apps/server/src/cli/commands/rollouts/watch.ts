import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from '../admin-client.ts';
import { redrawOn, type Screen } from './redraw.ts';
import { statusLines, summaryLine, type Rollout } from './status-lines.ts';

/** How often the server is polled: as often as it looks, within these bounds, in seconds. */
const [least, most] = [1, 5];

/** Shows a rollout, and why it may be out of date: the error of the newest request. */
type Show = (rollout: Rollout, trouble: string | undefined) => void;

/**
 * Shows a rollout until it has ended: redrawn in a terminal, and a line for each change otherwise.
 * Returns the exit code: 1 if it was rolled back.
 */
export async function watchRollout(ask: () => Promise<Rollout>, screen: Screen): Promise<number> {
  const show = screen.isTTY === true ? redrawn(screen) : changes(screen);
  let known: Rollout | undefined;
  for (;;) {
    let trouble: string | undefined;
    try {
      known = await ask();
    } catch (error) {
      // A server that restarts comes back; one that never responded may not exist.
      if (known === undefined || !(error instanceof CommandError)) throw error;
      trouble = error.message;
    }
    show(known, trouble);
    if (known.ended) return known.state === 'rolled_back' ? 1 : 0;
    const { lookSeconds = most } = (known.definition as { guard?: { lookSeconds?: number } }).guard ?? {};
    await pause(Math.min(most, Math.max(least, lookSeconds)) * 1000);
  }
}

/** The state of the rollout, over that of before. */
function redrawn(screen: Screen): Show {
  const redraw = redrawOn(screen);
  return (rollout, trouble) =>
    redraw(() => [
      ...(trouble === undefined ? [] : [`trouble   ${trouble}`]),
      ...statusLines(rollout, Date.now()),
    ]);
}

/** A line for each act, for each other reason to hold, and for each other trouble. */
function changes(screen: Screen): Show {
  let seen = 0;
  let last = '';
  return (rollout, trouble) => {
    for (const act of rollout.acts) {
      if (act.move <= seen) continue;
      screen.write(`${act.at}  ${act.kind} by ${act.author}: ${act.reason}\n`);
      seen = act.move;
    }
    const { verdict, holds } = rollout;
    const line =
      trouble ??
      `${summaryLine(rollout)}; ${verdict?.action ?? 'no verdict'}${holds.length > 0 ? `; hold: ${holds.join('; ')}` : ''}`;
    const shape = line.replaceAll(/\d+(?:\.\d+)?/g, '#');
    if (shape !== last) screen.write(`${line}\n`);
    last = shape;
  };
}
