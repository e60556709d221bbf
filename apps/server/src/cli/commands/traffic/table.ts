/** Rows of a table for the terminal, columns aligned; the first row is the head. */
export function tableText(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** A share as a percentage, e.g. `5.0 %`. */
export function percentText(ratio: number | null): string {
  return ratio === null ? '-' : `${(ratio * 100).toFixed(ratio !== 0 && ratio < 0.01 ? 2 : 1)} %`;
}
