import { applyFlagChanges, type FlagSet } from '@graylane/flags';
import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { place, setQuery } from '../../../router/location.ts';
import type { Draft } from '../draft/draft.ts';
import { compare } from './compare.ts';
import { paste, pasted, readContexts } from './contexts.ts';
import { ExplainPanel } from './explain-panel.tsx';
import { useRecentContexts } from './recent.ts';
import { WhoChanges } from './who-changes.tsx';

interface PreviewProps {
  readonly environment: string;
  readonly draft: Draft;
  readonly flags: FlagSet;
}

/** The effect of the draft on contexts, and the way of one of them. It all runs in the page. */
export function PreviewPanel({ environment, draft, flags }: PreviewProps): JSX.Element {
  const source = place.value.query.get('contexts') === 'recent' ? 'recent' : 'pasted';
  const recent = useRecentContexts(
    useComputed(() => (place.value.query.get('contexts') === 'recent' ? environment : undefined)),
  );
  const read = source === 'recent' ? { contexts: recent ?? [] } : readContexts(pasted.value);
  const chosen = Number(place.value.query.get('context') ?? 0);
  const after = applyFlagChanges(flags, { flags: { [draft.key]: draft.definition.value } });
  const comparison = compare(draft.key, flags, after, read.contexts);
  const context = read.contexts[chosen] ?? read.contexts[0];
  return (
    <aside class="stack" aria-label="Preview">
      <section class="card" aria-label="Who would change">
        <div class="row">
          <h2>Who would change</h2>
          <div class="segmented end" role="group" aria-label="Contexts">
            <button
              type="button"
              aria-pressed={source === 'pasted'}
              onClick={() => setQuery({ contexts: undefined })}
            >
              pasted
            </button>
            <button
              type="button"
              aria-pressed={source === 'recent'}
              onClick={() => setQuery({ contexts: 'recent' })}
            >
              recent
            </button>
          </div>
        </div>
        {source === 'pasted' && (
          <div class="field">
            <label for="contexts">Evaluation contexts, one a line or an array</label>
            <textarea
              id="contexts"
              class="mono"
              rows={4}
              spellcheck={false}
              value={pasted.value}
              aria-invalid={'error' in read}
              onInput={(event) => paste(event.currentTarget.value)}
            />
            {'error' in read && <span class="hint">{read.error}</span>}
          </div>
        )}
        {source === 'recent' && read.contexts.length === 0 && (
          <p class="soft">
            No recent contexts. The server records those of OFREP requests, reduced to the attributes that its
            setting record-attributes names, and nothing without it.
          </p>
        )}
        <WhoChanges
          comparison={comparison}
          chosen={chosen}
          onChoose={(index) => setQuery({ context: String(index) })}
          hasDraft={draft.isChanged.value}
        />
      </section>
      {context !== undefined && (
        <ExplainPanel flagKey={draft.key} flags={after} context={context} isDraft={draft.isChanged.value} />
      )}
    </aside>
  );
}
