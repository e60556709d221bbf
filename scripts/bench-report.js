// The rule by which a row counts as worse than at an earlier commit, and the page that shows it.

/** A ratio that is worse by more than this, and by more than the noise, counts as worse. */
const tolerance = 0.05;

/**
 * The rows of a benchmark from its runs, each of a side (`before`, `now`) with its figures in one
 * order: medians, by how much the row is worse, and the noise. Baselines are left out.
 */
export function compareRuns(name, runs) {
  const [{ figures }] = runs;
  return figures
    .map((figure, index) => {
      const of = (side) => runs.filter((one) => one.side === side).map((one) => one.figures[index].ratio);
      const [before, now] = [of('before'), of('now')];
      const growth = middle(now) / middle(before) - 1;
      const worse = figure.unit.endsWith('/s') ? 1 / (1 + growth) - 1 : growth;
      return {
        name,
        ...figure,
        before: middle(before),
        now: middle(now),
        worse,
        noise: Math.max(spread(before), spread(now)),
      };
    })
    .filter(({ before, now }) => before !== 1 || now !== 1);
}

/** The page of a comparison with a commit, as Markdown. */
export function pageOf({ rows, failed, earlier, reasons }) {
  const flagged = rows.filter(({ worse, noise }) => worse > Math.max(tolerance, noise));
  const titles = [...new Set(rows.map(titleOf))];
  return [
    '# Benchmarks, before and now',
    `Written by \`npm run bench -- --against ${earlier} --write\`: the benchmarks of ${earlier}, with its own packages and with those of now, in turn and three times each. A figure is the median of three ratios to the baseline of the row; the noise is the distance of the smallest and the largest of one side. A row counts as worse beyond ${percent(tolerance)} and beyond its noise.`,
    '## Worse',
    flagged.length === 0 ? 'None.' : worseTable(flagged, reasons),
    '## All',
    ...titles.flatMap((title) => [`### ${title}`, table(rows.filter((row) => titleOf(row) === title))]),
    ...(failed.length === 0 ? [] : [`Not compared, since a run failed: ${failed.join(', ')}.`]),
  ].join('\n\n');
}

function titleOf({ name, question }) {
  return `${name}: ${question}`;
}

function table(rows) {
  return [
    '| row | contender | before | now | worse by | noise |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...rows.map(({ row, contender, ...figures }) => `| ${row} | ${contender} | ${cells(figures)} |`),
  ].join('\n');
}

/** The rows that are worse, each with its reason. */
function worseTable(rows, reasons) {
  return [
    '| benchmark | row | contender | before | now | worse by | noise | why |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | --- |',
    ...rows.map((row) => {
      const why = reasons.find((one) => explains(one, row))?.why ?? '**not explained**';
      return `| ${row.name} | ${row.row} | ${row.contender} | ${cells(row)} | ${why} |`;
    }),
  ].join('\n');
}

function explains({ benchmark, question, contender }, row) {
  return benchmark.test(row.name) && question.test(row.question) && contender === row.contender;
}

function cells({ before, now, worse, noise }) {
  return [digits(before), digits(now), percent(worse), percent(noise)].join(' | ');
}

function middle(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function spread(values) {
  return Math.max(...values) / Math.min(...values) - 1;
}

function digits(value) {
  return String(Number(value.toPrecision(3)));
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}
