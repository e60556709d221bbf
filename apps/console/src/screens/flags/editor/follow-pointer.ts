/**
 * Drags a row by its handle, with a mouse, a pen or a finger: calls `onMove` with the place of the
 * row above which the pointer is released. Escape ends it.
 */
export function followPointer(
  event: PointerEvent & { readonly currentTarget: HTMLElement },
  onMove: (to: number) => void,
): void {
  const { currentTarget: handle, pointerId } = event;
  const list = handle.closest('ol');
  const own = handle.closest<HTMLElement>('[data-row]');
  let over: HTMLElement | undefined;
  const track = ({ clientX, clientY }: PointerEvent): void => {
    const row = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>('[data-row]') ?? undefined;
    over?.classList.remove('drop');
    over = row !== own && row !== undefined && list?.contains(row) ? row : undefined;
    over?.classList.add('drop');
  };
  const end = (): void => {
    over?.classList.remove('drop');
    own?.classList.remove('dragged');
    handle.removeEventListener('pointermove', track);
    handle.removeEventListener('pointerup', release);
    handle.removeEventListener('pointercancel', end);
    handle.removeEventListener('keydown', cancel);
  };
  const release = (): void => {
    const to = over?.dataset['row'];
    end();
    if (to !== undefined) onMove(Number(to));
  };
  const cancel = ({ key }: KeyboardEvent): void => {
    if (key === 'Escape') end();
  };
  handle.setPointerCapture(pointerId);
  own?.classList.add('dragged');
  handle.addEventListener('pointermove', track);
  handle.addEventListener('pointerup', release);
  handle.addEventListener('pointercancel', end);
  handle.addEventListener('keydown', cancel);
}
