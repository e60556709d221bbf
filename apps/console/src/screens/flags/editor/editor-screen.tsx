import type { FlagSet } from '@graylane/flags';
import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { isRecord, sameJson } from '../../../json/values.ts';
import { live } from '../../../live/current.ts';
import { openDialog } from '../../../router/dialog.ts';
import { place, screenHref, setQuery } from '../../../router/location.ts';
import { Empty, Problems } from '../../../ui/states.tsx';
import { useResource } from '../../../live/resource.ts';
import { lazy } from '../../../ui/lazy.tsx';
import { Draft, type Definition } from '../draft/draft.ts';
import { typeOf } from '../list/flag-rows.ts';
import { PreviewPanel } from '../preview/preview-panel.tsx';
import { readFlagUsage } from '../usage/usage.ts';
import { UsageLine } from '../usage/usage-line.tsx';
import { Conflict } from './conflict.tsx';
import { editing } from '../draft/editing.ts';
import { RowsForm } from './rows-form.tsx';
import { SaveBar } from './save-bar.tsx';

const JsonEditor = lazy(() => import('../json-editor/json-editor.tsx'));

interface EditorProps {
  readonly environment: string;
  readonly flagKey: string;
}

/** One flag: its rule as rows or as JSON, and what a change would do. */
export function EditorScreen({ environment, flagKey }: EditorProps): JSX.Element {
  const flags = live.value?.flags.value as FlagSet;
  const served = definitionOf(flags, flagKey);
  const draft = useMemo(() => new Draft(environment, flagKey, served), []);
  const theirs = useSignal<{ readonly definition: Definition | undefined } | undefined>(undefined);
  useSignalEffect(() => {
    const now = definitionOf(live.value?.flags.value, flagKey);
    if (sameJson(now, draft.base.peek()) || draft.isChanged.peek()) return;
    draft.restart(now);
  });
  const { resource } = useResource(() => readFlagUsage(environment, flagKey), { everyMs: 5000 });
  const usage = resource.value.state === 'ready' ? resource.value.value : undefined;
  const isJson = place.value.query.get('as') === 'json';
  useEffect(() => {
    editing.value = { draft, flags: live };
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = (event.composedPath()[0] as Element).matches?.(
        'input, textarea, select, [contenteditable]',
      );
      if (event.key !== 'j' || isTyping || event.ctrlKey || event.metaKey) return;
      setQuery({ as: place.peek().query.get('as') === 'json' ? undefined : 'json' });
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  if (draft.base.value === undefined && !draft.isChanged.value)
    return <NoFlag environment={environment} flagKey={flagKey} />;
  const hasMoved = draft.isChanged.value && !sameJson(served, draft.base.value);
  const problems = draft.problems(flags);
  return (
    <>
      <Head
        environment={environment}
        flagKey={flagKey}
        draft={draft}
        isNew={draft.base.value === undefined}
      />
      {usage && <UsageLine usage={usage} />}
      {theirs.value ? (
        <Conflict draft={draft} theirs={theirs.value.definition} onDone={() => (theirs.value = undefined)} />
      ) : (
        hasMoved && (
          <div class="notice warn" role="status">
            <p>This flag has changed on the server since your draft began. Nothing of your draft is lost.</p>
            <div class="actions">
              <button
                type="button"
                class="button small"
                onClick={() => (theirs.value = { definition: served })}
              >
                Compare and merge
              </button>
            </div>
          </div>
        )
      )}
      <div class="editor">
        <div class="stack">
          {problems.length > 0 && (
            <div class="notice bad" role="status">
              <Problems problems={problems} />
            </div>
          )}
          {isJson ? <JsonEditor /> : <RowsForm draft={draft} flags={flags} usage={usage} />}
        </div>
        <PreviewPanel environment={environment} draft={draft} flags={flags} />
      </div>
      <SaveBar
        environment={environment}
        draft={draft}
        problems={problems.length}
        onConflict={(definition) => (theirs.value = { definition })}
      />
    </>
  );
}

interface HeadProps extends EditorProps {
  readonly draft: Draft;
  readonly isNew: boolean;
}

function Head({ environment, flagKey, draft, isNew }: HeadProps): JSX.Element {
  const { variants } = draft.definition.value;
  const isJson = place.value.query.get('as') === 'json';
  return (
    <div class="head">
      <h1 class="mono">{flagKey}</h1>
      <span class="badge">{typeOf(variants)}</span>
      {isNew && <span class="badge warn">not saved yet</span>}
      {!isNew && draft.isChanged.value && <span class="badge warn">draft</span>}
      <div class="row end">
        {!isNew && (
          <a
            class="button small plain"
            href={`${screenHref(environment, 'history')}?flag=${encodeURIComponent(flagKey)}`}
          >
            History
          </a>
        )}
        {!isNew && (
          <button type="button" class="button small plain" onClick={() => openDialog('kill-flag', flagKey)}>
            Kill…
          </button>
        )}
        <div class="segmented" role="group" aria-label="Form of the flag">
          <button type="button" aria-pressed={!isJson} onClick={() => setQuery({ as: undefined })}>
            Simple
          </button>
          <button type="button" aria-pressed={isJson} onClick={() => setQuery({ as: 'json' })}>
            JSON <kbd>j</kbd>
          </button>
        </div>
      </div>
    </div>
  );
}

function NoFlag({ environment, flagKey }: EditorProps): JSX.Element {
  return (
    <Empty title={`There is no flag "${flagKey}" in "${environment}"`}>
      <p>It may have been removed: the history can bring it back.</p>
      <div class="row">
        <a class="button" href={screenHref(environment, 'flags')}>
          All flags
        </a>
        <a class="button" href={`${screenHref(environment, 'history')}?flag=${encodeURIComponent(flagKey)}`}>
          Its history
        </a>
      </div>
    </Empty>
  );
}

function definitionOf(flags: FlagSet | undefined, key: string): Definition | undefined {
  const definition = flags?.get(key)?.definition;
  return isRecord(definition) ? definition : undefined;
}
