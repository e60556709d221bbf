import type { JSX } from 'preact';
import { Differences } from '../../ui/differences.tsx';
import { countOf, shortRevision } from '../../ui/numbers.ts';
import { Time } from '../../ui/time.tsx';
import { ChangeSlis } from './change-slis.tsx';
import type { Revision } from './revisions.ts';

interface RevisionRowProps {
  readonly revision: Revision;
  readonly isMarked: boolean;
  readonly isComparing: boolean;
  /** Whether the differences are shown. */
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly onCompare: () => void;
  readonly onUndo: () => void;
}

/** One revision; its differences open below it. */
export function RevisionRow({
  revision,
  isMarked,
  isComparing,
  isOpen,
  onToggle,
  onCompare,
  onUndo,
}: RevisionRowProps): JSX.Element {
  const { revision: name, at, author, reason, undoes, diff } = revision;
  return (
    <li class="revision">
      <span class="number mono" title={name}>
        {shortRevision(name)}
      </span>
      <div class="what">
        <span class="reason">{reason ?? summaryOf(revision)}</span>
        <span class="soft small">
          <Time at={at} /> · {author} · {diff.length === 0 ? 'no difference' : partsOf(revision)}
          {undoes !== undefined && ` · undoes ${shortRevision(undoes)}`}
        </span>
      </div>
      <div class="row actions">
        <button type="button" class="button small plain" aria-expanded={isOpen} onClick={onToggle}>
          {countOf(diff.length, 'difference')}
        </button>
        <button type="button" class="button small plain" aria-pressed={isMarked} onClick={onCompare}>
          {isMarked ? 'comparing…' : isComparing ? 'with this one' : 'Compare'}
        </button>
        <button type="button" class="button small" onClick={onUndo}>
          Undo…
        </button>
      </div>
      {isOpen && (
        <div class="detail">
          <Differences of={diff} />
          <ChangeSlis revision={name} />
        </div>
      )}
    </li>
  );
}

/** The flags and members that a revision changes. */
function partsOf({ diff }: Revision): string {
  const names = new Set(diff.map(({ path }) => partOf(path)));
  const [first, ...others] = names;
  return others.length === 0 ? (first ?? '') : `${first} and ${countOf(others.length, 'more', 'more')}`;
}

function partOf(path: string): string {
  const [, plain, quoted] = /^\$\.flags(?:\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\])/.exec(path) ?? [];
  if (plain !== undefined) return plain;
  return quoted === undefined ? path.replace(/^\$\.?/, '') : (JSON.parse(quoted) as string);
}

function summaryOf({ diff }: Revision): string {
  const [first] = diff;
  if (first === undefined) return 'No reason given';
  const verb = first.before === undefined ? 'Add' : first.after === undefined ? 'Remove' : 'Change';
  return `${verb} ${partOf(first.path)}`;
}
