/** Bars that are compared with each other. */
export interface Group {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly ratio: number }[];
}

const [left, width, row, gap] = [250, 340, 22, 34];

/** Groups of horizontal bars, each group to its own scale. */
export function barsSvg(groups: readonly Group[]): string {
  const parts: string[] = [];
  let y = 8;
  for (const { title, bars } of groups) {
    parts.push(`<text x="8" y="${y + 14}" font-weight="600">${escaped(title)}</text>`);
    y += 26;
    const most = Math.max(...bars.map(({ ratio }) => ratio));
    for (const { name, ratio } of bars) {
      const length = Math.max(1, (width * ratio) / most).toFixed(1);
      parts.push(
        `<text x="${left - 8}" y="${y + 11}" text-anchor="end">${escaped(name)}</text>`,
        `<rect x="${left}" y="${y}" width="${length}" height="14" fill="${colourOf(name)}"/>`,
        `<text x="${left + Number(length) + 6}" y="${y + 11}">${Number(ratio.toPrecision(3))}</text>`,
      );
      y += row;
    }
    y += gap - row;
  }
  const [all, height] = [left + width + 60, y];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${all}" height="${height}" viewBox="0 0 ${all} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Grey for the floor and for peers. */
function colourOf(name: string): string {
  return /graylane|baggageMiddleware|edge|strip|five flags/.test(name) ? '#1f6feb' : '#8c959f';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
