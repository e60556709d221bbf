import { useSignalEffect } from '@preact/signals';
import type { EditorView } from '@codemirror/view';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { editing } from '../draft/editing.ts';
import { createEditor, replaceText } from './create-editor.ts';

/** The flag as JSON, in a shadow root: CodeMirror's styles would be refused in the page. */
export function JsonEditor(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  useEffect(() => {
    const { draft, flags } = editing.peek() ?? {};
    if (!host.current || draft === undefined) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const created = createEditor(root, draft, () => flags?.peek()?.flags.peek());
    view.current = created;
    created.focus();
    return () => created.destroy();
  }, []);
  useSignalEffect(() => {
    const text = editing.value?.draft.text.value;
    if (view.current !== undefined && text !== undefined) replaceText(view.current, text);
  });
  return (
    <div class="stack">
      <div class="json-editor" ref={host} />
      <p class="soft small">
        The same document as the rows. <kbd>Tab</kbd> indents; to leave the editor press <kbd>Esc</kbd>, then{' '}
        <kbd>Tab</kbd>. <kbd>Ctrl</kbd> <kbd>Space</kbd> suggests variants, attributes and segments.
      </p>
    </div>
  );
}
