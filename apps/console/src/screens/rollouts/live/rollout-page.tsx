import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { environment, live } from '../../../live/current.ts';
import { clock, useResource } from '../../../live/resource.ts';
import { openDialog, openedAbout } from '../../../router/dialog.ts';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { lazy } from '../../../ui/lazy.tsx';
import { Failed, Waiting } from '../../../ui/states.tsx';
import { Sentence, span } from '../../../ui/time.tsx';
import { act, readReport, type ActByHand, type Report, type Rollout } from '../model/rollout.ts';
import { shownReport } from '../model/shown-report.ts';
import { StateBadge } from '../model/state-badge.tsx';
import { Acts } from './acts.tsx';
import { DemoDefect } from './demo-defect.tsx';
import { Facts } from './facts.tsx';
import { Parts } from './parts.tsx';
import { SliTable } from './sli-table.tsx';
import { Steps } from './steps.tsx';

const EvidencePlot = lazy(() => import('../plots/evidence-plot.tsx'));
const Distributions = lazy(() => import('../plots/distributions.tsx'));

/** One rollout while it runs; afterwards the same page is the report. */
export function RolloutPage({ id }: { readonly id: string }): JSX.Element {
  const isOver = useSignal(false);
  const { resource, reload } = useResource(
    async () => {
      void live.value?.revision.value;
      const report = await readReport(environment.value, id);
      isOver.value = report.rollout.ended;
      shownReport.value = report;
      return report;
    },
    { everyMs: isOver.value ? 30_000 : 2000 },
  );
  const read = resource.value;
  if (read.state === 'waiting') return <Waiting rows={6} />;
  if (read.state === 'failed') return <Failed error={read.error} retry={reload} />;
  const { rollout, carriers } = read.value;
  return (
    <>
      <Head report={read.value} onDone={reload} />
      {read.error && <Failed error={read.error} retry={reload} />}
      <Steps rollout={rollout} />
      <DemoDefect lane={rollout.lane} isOver={rollout.ended} />
      <Because rollout={rollout} />
      {rollout.series.length > 0 ? <EvidencePlot /> : <p class="soft">No look has been counted yet.</p>}
      {rollout.verdict && <SliTable verdict={rollout.verdict} />}
      {Object.keys(read.value.distributions).length > 0 && <Distributions />}
      <Parts parts={rollout.parts} carriers={carriers} />
      <Facts report={read.value} />
      <Acts acts={read.value.acts} />
    </>
  );
}

interface HeadProps {
  readonly report: Report;
  readonly onDone: () => void;
}

function Head({ report, onDone }: HeadProps): JSX.Element {
  const { rollout } = report;
  const { id, lane, flag, state, ended, finished } = rollout;
  const asking = openedAbout('act') as ActByHand | undefined;
  const offered = (Object.keys(offers) as ActByHand[]).filter((kind) => isOffered(kind, rollout));
  const words = asking && offers[asking];
  return (
    <div class="head">
      <h1>
        {lane} by {flag}
      </h1>
      <StateBadge rollout={rollout} />
      {!ended && rollout.startedAt !== undefined && (
        <span class="soft number">{span(clock.value - Date.parse(rollout.startedAt))} elapsed</span>
      )}
      <div class="row end">
        {offered.map((kind) => (
          <button
            key={kind}
            type="button"
            class={kind === 'rollback' ? 'button small danger' : 'button small'}
            onClick={() => openDialog('act', kind)}
          >
            {offers[kind].label}
          </button>
        ))}
        {!finished && state !== 'rolled_back' && (
          <button type="button" class="button small plain" onClick={() => openDialog('kill-lane', lane)}>
            Kill…
          </button>
        )}
        <button type="button" class="button small plain" onClick={() => download(report)}>
          Save the report
        </button>
      </div>
      {asking && words && (
        <ConfirmDialog
          title={`${words.label}: ${lane}?`}
          action={words.label}
          asksReason
          isDanger={asking === 'rollback'}
          run={async (reason) => {
            await act(environment.peek(), id, asking, reason);
            onDone();
          }}
        >
          <p>{words.consequence}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const offers: Readonly<Record<ActByHand, { readonly label: string; readonly consequence: string }>> = {
  pause: {
    label: 'Pause',
    consequence: 'The lane keeps its share; no step is taken until the rollout is resumed.',
  },
  resume: {
    label: 'Resume',
    consequence: 'The guard judges anew from now on. A release that was rolled back is tried again.',
  },
  promote: { label: 'Promote one step', consequence: 'The next step begins now, whatever the evidence is.' },
  rollback: {
    label: 'Roll back',
    consequence: 'No unit is in the lane any more, at once, until the rollout is resumed.',
  },
  finish: { label: 'Finish', consequence: 'The dye rule is its own again, as it was before the rollout.' },
};

function isOffered(kind: ActByHand, { state, finished, ended }: Rollout): boolean {
  if (finished) return false;
  switch (kind) {
    case 'pause':
      return state === 'running' && !ended;
    case 'resume':
      return state === 'paused' || state === 'rolled_back';
    case 'promote':
      return (state === 'running' || state === 'paused') && !ended;
    case 'rollback':
      return state !== 'rolled_back' && state !== 'scheduled';
    case 'finish':
      return state === 'promoted' || state === 'rolled_back';
    default:
      return false;
  }
}

function Because({ rollout }: { readonly rollout: Rollout }): JSX.Element {
  const { verdict, because, state } = rollout;
  const holds = rollout.holds.filter((hold) => hold !== verdict?.because && hold !== because);
  const kind =
    state === 'rolled_back' ? 'bad' : state === 'promoted' ? 'good' : state === 'paused' ? 'warn' : '';
  return (
    <section class={`notice ${kind}`} aria-label="Verdict" role="status">
      <p>
        <strong>{wordOf(rollout)}</strong>{' '}
        <Sentence text={(state === 'running' ? verdict?.because : undefined) ?? because ?? ''} />
      </p>
      {state !== 'running' && verdict !== undefined && because !== verdict.because && (
        <p class="soft">
          The newest look: <Sentence text={verdict.because} />
        </p>
      )}
      {holds.length > 0 && (
        <ul>
          {holds.map((hold) => (
            <li key={hold}>
              • <Sentence text={hold} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function wordOf({ state, action }: Rollout): string {
  if (state === 'running') return `${(action ?? 'hold').toUpperCase()}.`;
  return `${state.replace('_', ' ').toUpperCase()}.`;
}

function download(report: Report): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }));
  link.download = `rollout-${report.rollout.id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
