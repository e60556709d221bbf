import type { FlagSet } from '@graylane/flags';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { environment } from '../../../live/current.ts';
import { openDialog, openedAbout } from '../../../router/dialog.ts';
import { place, screenHref, setQuery } from '../../../router/location.ts';
import { count, countOf } from '../../../ui/numbers.ts';
import { Empty } from '../../../ui/states.tsx';
import { VirtualList } from '../../../ui/virtual-list.tsx';
import { hasDraft } from '../draft/draft.ts';
import { clock, useResource } from '../../../live/resource.ts';
import { readUsage, usageInWords, type UsageSummary } from '../usage/usage.ts';
import { findFlags, type FlagRow } from './flag-rows.ts';
import { NewFlagDialog } from './new-flag-dialog.tsx';

/** All flags of the environment; the search filters them while it is typed. */
export function FlagList({ flags }: { readonly flags: FlagSet }): JSX.Element {
  const search = place.value.query.get('q') ?? '';
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!place.peek().query.has('search')) return;
    field.current?.focus();
    setQuery({ search: undefined });
  }, []);
  const found = findFlags(flags, search);
  const { resource } = useResource(() => readUsage(environment.value), { everyMs: 10_000 });
  const usage = resource.value.state === 'ready' ? resource.value.value : undefined;
  return (
    <>
      <div class="head">
        <h1>Flags</h1>
        <span class="soft number" role="status">
          {search === ''
            ? countOf(flags.size, 'flag')
            : `${count(found.length)} of ${countOf(flags.size, 'flag')}`}
        </span>
        <input
          ref={field}
          class="input search"
          type="search"
          aria-label="Filter flags by name, type, rule or description"
          placeholder="Filter by name, type, rule, description"
          value={search}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return;
            event.preventDefault();
            document.querySelector<HTMLElement>('.virtual li a')?.focus();
          }}
        />
        <button type="button" class="button primary end" onClick={() => openDialog('new')}>
          New flag
        </button>
      </div>
      {found.length > 0 && (
        <VirtualList label="Flags" items={found} keyOf={({ key }) => key} rowHeight={60}>
          {(row) => <Row row={row} usage={usage?.get(row.key)} />}
        </VirtualList>
      )}
      {found.length === 0 && flags.size > 0 && (
        <Empty title={`No flag matches "${search}"`}>
          <button type="button" class="button" onClick={() => setQuery({ q: undefined })}>
            Show all {countOf(flags.size, 'flag')}
          </button>
        </Empty>
      )}
      {flags.size === 0 && (
        <Empty title="This environment has no flags">
          <p class="lead">
            A flag chooses one of its variants for each request. Begin with one that everybody gets, and add
            rows for those who see something new.
          </p>
          <button type="button" class="button primary" onClick={() => openDialog('new')}>
            Create the first flag
          </button>
        </Empty>
      )}
      {openedAbout('new') !== undefined && <NewFlagDialog suggestion={found.length === 0 ? search : ''} />}
    </>
  );
}

interface RowProps {
  readonly row: FlagRow;
  readonly usage: UsageSummary | undefined;
}

function Row({ row, usage }: RowProps): JSX.Element {
  const { key, type, isEnabled, description, rule } = row;
  return (
    <a class="flag-row" href={screenHref(environment.value, 'flags', key)}>
      <span class="name">
        <span class="mono">{key}</span>
        <span class="soft small">{description}</span>
      </span>
      <span class="rule soft">{rule}</span>
      <span class="use small soft number">{usage && <Use usage={usage} />}</span>
      <span class="marks">
        {hasDraft(environment.value, key) && <span class="badge warn">draft</span>}
        {!isEnabled && <span class="badge">disabled</span>}
        <span class="soft small type">{type}</span>
      </span>
    </a>
  );
}

/** Drawn again as time passes, without the row around it. */
function Use({ usage }: { readonly usage: UsageSummary }): JSX.Element {
  const { words, isStale } = usageInWords(usage, clock.value);
  return (
    <>
      {words} {isStale && <span class="badge warn">stale</span>}
    </>
  );
}
