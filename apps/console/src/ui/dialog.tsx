import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { closeDialog } from '../router/dialog.ts';

interface DialogProps {
  readonly title: string;
  readonly onClose?: () => void;
  readonly onSubmit?: () => void;
  readonly children: ComponentChildren;
}

/**
 * A modal dialog. The browser keeps the focus inside, closes it by Escape and gives the focus
 * back.
 */
export function Dialog({
  title,
  onClose = closeDialog,
  onSubmit = onClose,
  children,
}: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // A dialog that Escape has closed gave the focus back; the user may have moved it since.
      if (shown?.open) before?.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <h2>{title}</h2>
        {children}
      </form>
    </dialog>
  );
}
