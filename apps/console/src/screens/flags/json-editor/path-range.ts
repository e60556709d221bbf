import { syntaxTree } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';
import { joinPath } from '@graylane/flags';

type Node = ReturnType<typeof syntaxTree>['topNode'];

/**
 * Where the value of a JSON path stands in the text of a flag; its nearest ancestor if it is
 * absent.
 */
export function rangeOfPath(
  state: EditorState,
  path: string,
  key: string,
): { readonly from: number; readonly to: number } {
  let node: Node | null = syntaxTree(state).topNode.firstChild;
  const base = joinPath('$.flags', key);
  const rest = path.startsWith(base) ? path.slice(base.length) : '';
  for (const [, name, quoted, index] of rest.matchAll(/\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]/g)) {
    const below: Node | null | undefined =
      index === undefined
        ? member(state, node, name ?? (JSON.parse(quoted ?? '""') as string))
        : element(node, Number(index));
    if (!below) break;
    node = below;
  }
  const { from, to } = node ?? { from: 0, to: state.doc.length };
  // A long value would be underlined as a whole: its first line is enough.
  return { from, to: Math.min(to, state.doc.lineAt(from).to) };
}

function member(state: EditorState, node: Node | null, name: string): Node | null | undefined {
  for (const property of node?.getChildren('Property') ?? []) {
    const label = property.getChild('PropertyName');
    if (label && state.sliceDoc(label.from, label.to) === JSON.stringify(name)) return property.lastChild;
  }
  return undefined;
}

function element(node: Node | null, index: number): Node | undefined {
  let place = 0;
  for (let child = node?.firstChild; child; child = child.nextSibling) {
    if (['[', ']', ','].includes(child.name)) continue;
    if (place === index) return child;
    place += 1;
  }
  return undefined;
}
