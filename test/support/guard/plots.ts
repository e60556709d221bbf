/** A share between 0 and 1 with the upper end of its interval. */
export interface Bar {
  readonly name: string;
  readonly share: number;
  readonly upper: number;
}

/** A line of points (look, share). */
export interface Line {
  readonly name: string;
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
}

const font = 'font-family="system-ui, sans-serif" font-size="12"';
const colours = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#57606a'];

/** Horizontal bars up to `most`, with whiskers and a limit. */
export function barsSvg(bars: readonly Bar[], limit: number, most: number): string {
  const [left, width, row] = [420, 360, 20];
  const height = bars.length * row + 40;
  const x = (share: number): number => left + width * Math.min(1, share / most);
  const lines = bars.map(({ name, share, upper }, index) => {
    const y = 12 + index * row;
    const colour = upper <= limit ? colours[0] : colours[1];
    return (
      `<text x="${left - 8}" y="${y + 10}" text-anchor="end">${escape(name)}</text>` +
      `<rect x="${left}" y="${y}" width="${fixed(x(share) - left)}" height="12" fill="${colour}"/>` +
      `<line x1="${fixed(x(share))}" x2="${fixed(x(upper))}" y1="${y + 6}" y2="${y + 6}" stroke="${colour}" stroke-width="2"/>`
    );
  });
  const foot = height - 14;
  return svg(left + width + 40, height, [
    ...lines,
    `<line x1="${fixed(x(limit))}" x2="${fixed(x(limit))}" y1="4" y2="${foot - 10}" stroke="#57606a" stroke-dasharray="4 3"/>`,
    `<text x="${fixed(x(limit))}" y="${foot + 6}" text-anchor="middle">${limit}</text>`,
    `<text x="${left}" y="${foot + 6}" text-anchor="middle">0</text>`,
    `<text x="${left + width}" y="${foot + 6}" text-anchor="middle">${most}</text>`,
  ]);
}

/** Lines of shares (0 to 1) over looks. */
export function linesSvg(lines: readonly Line[], looks: number): string {
  const [left, top, width, height] = [50, 14, 520, 260];
  const x = (look: number): number => left + (width * look) / looks;
  const y = (share: number): number => top + height * (1 - share);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line x1="${left}" x2="${left + width}" y1="${y(share)}" y2="${y(share)}" stroke="#d0d7de"/>` +
      `<text x="${left - 6}" y="${y(share) + 4}" text-anchor="end">${share}</text>`,
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${x(part * looks)}" y="${top + height + 18}" text-anchor="middle">${part * looks}</text>`,
  );
  const drawn = lines.map(({ name, points }, index) => {
    const colour = colours[index % colours.length];
    const path = points.map(([look, share]) => `${fixed(x(look))},${fixed(y(share))}`).join(' ');
    return (
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      `<rect x="${left + width + 16}" y="${top + index * 20}" width="12" height="12" fill="${colour}"/>` +
      `<text x="${left + width + 34}" y="${top + index * 20 + 10}">${escape(name)}</text>`
    );
  });
  const axis = `<text x="${left + width / 2}" y="${top + height + 36}" text-anchor="middle">looks</text>`;
  return svg(left + width + 330, top + height + 46, [...grid, ...ticks, axis, ...drawn]);
}

function svg(width: number, height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>`;
  return `${head}\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
