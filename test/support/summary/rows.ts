/** One row of a page of docs/benchmarks: contenders that do the same work. */
export interface Row {
  readonly page: string;
  readonly question: string;
  readonly name: string;
  /** Of the medians: `ns`, `ms`, `KB`, `requests/s`. */
  readonly unit: string;
  /** The first one is the peer, or the baseline where there is none. */
  readonly figures: Figure[];
}

/** One contender of a row. */
export interface Figure {
  readonly contender: string;
  readonly median: number;
  /** The median of the ratios to the first contender of the row. */
  readonly ratio: number;
}

const head = /^\| +\| contender +\| median, ([^ |]+) +\| x baseline \|$/;

/** The rows of a page, in its order. */
export function rowsOf(page: string, text: string): Row[] {
  const rows: Row[] = [];
  let [question, unit] = ['', ''];
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) question = line.slice(3);
    if (!line.startsWith('|')) unit = '';
    else if (head.test(line)) unit = head.exec(line)?.[1] ?? '';
    else if (unit !== '' && !line.startsWith('| -')) {
      const [name = '', contender = '', median = '', ratio = ''] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      let row = rows.at(-1);
      if (row?.name !== name || row.question !== question) {
        row = { page, question, name, unit, figures: [] };
        rows.push(row);
      }
      row.figures.push({ contender, median: numberOf(median), ratio: numberOf(ratio) });
    }
  }
  return rows;
}

function numberOf(cell: string): number {
  return Number(cell.replaceAll(',', ''));
}
