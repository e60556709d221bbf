import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, drawSelection, keymap, lineNumbers } from '@codemirror/view';
import type { FlagSet } from '@graylane/flags';
import type { Draft } from '../draft/draft.ts';
import { completeFlag } from './complete-flag.ts';
import { colours, theme } from './theme.ts';
import { rangeOfPath } from './path-range.ts';

/** Creates an editor of a draft; each key checks it as the server does. */
export function createEditor(root: ShadowRoot, draft: Draft, flags: () => FlagSet | undefined): EditorView {
  const lint = (view: EditorView): Diagnostic[] =>
    draft.problems(flags()).map(({ path, message, remedy }) => ({
      ...rangeOfPath(view.state, path, draft.key),
      severity: 'error',
      message: `${message}: ${remedy}`,
    }));
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: draft.text.peek(),
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        json(),
        syntaxHighlighting(colours),
        theme,
        lintGutter(),
        linter(lint, { delay: 0 }),
        autocompletion({ override: [(context) => completeFlag(context, draft, flags())] }),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': `Flag ${draft.key} as JSON` }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && update.state.doc.toString() !== draft.text.peek()) {
            draft.type(update.state.doc.toString());
          }
        }),
      ],
    }),
  });
}

/** Shows a text that was changed elsewhere. */
export function replaceText(view: EditorView, text: string): void {
  const { doc } = view.state;
  if (doc.toString() !== text) view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
}
