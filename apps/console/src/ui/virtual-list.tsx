import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface VirtualListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** The height of a row in px. */
  readonly rowHeight: number;
  readonly children: (item: T) => ComponentChildren;
}

/** Rows beyond the visible part, so that a fast scroll shows no gap. */
const margin = 6;

/** A list of any length that draws the rows in view. Arrow keys move the focus from row to row. */
export function VirtualList<T>({
  label,
  items,
  keyOf,
  rowHeight,
  children,
}: VirtualListProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 800 });
  const measure = (): void => {
    const { scrollTop = 0, clientHeight = 800 } = box.current ?? {};
    if (scrollTop !== view.peek().top || clientHeight !== view.peek().height) {
      view.value = { top: scrollTop, height: clientHeight };
    }
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const { top, height } = view.value;
  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const shown = items.slice(first, Math.ceil((top + height) / rowHeight) + margin);
  return (
    <div class="virtual" ref={box} onScroll={measure} onKeyDown={(event) => move(event, rowHeight)}>
      <ul aria-label={label} style={{ height: `${items.length * rowHeight}px` }}>
        {shown.map((item, index) => (
          <li
            key={keyOf(item)}
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
            style={{ transform: `translateY(${(first + index) * rowHeight}px)`, height: `${rowHeight}px` }}
          >
            {children(item)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function move(event: KeyboardEvent, rowHeight: number): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const box = event.currentTarget as HTMLElement;
  const row = (event.target as Element).closest('li');
  if (step === 0 || row === null) return;
  event.preventDefault();
  const position = Number(row.getAttribute('aria-posinset')) + step;
  const next = box.querySelector<HTMLElement>(`li[aria-posinset="${position}"] a`);
  if (next === null) return;
  next.focus({ preventScroll: true });
  const top = (position - 1) * rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = top + rowHeight - box.clientHeight;
}
