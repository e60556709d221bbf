/** The most that a figure may be. */
export interface Goal {
  readonly page: string;
  readonly row: string;
  readonly contender: string;
  /** A part of the question, where a page has several with such a row. */
  readonly question?: string;
  /** The figure is divided by this; `baseline` is the first contender of the row. */
  readonly of: 'baseline' | 'floor' | { readonly contender: string };
  readonly most: number;
}

const forwarded = (row: string, most: number): Goal => ({
  page: 'baggage',
  question: 'to forward it unchanged',
  row,
  contender: 'adapters: admit, emit',
  of: 'baseline',
  most,
});

const writtenOtherwise = (row: string): Goal => ({
  page: 'baggage',
  row,
  contender: 'adapters: admit, emit',
  of: { contender: 'adapters, canonical form' },
  most: 1.3,
});

const evaluated = (row: string, contender = 'graylane'): Goal => ({
  page: 'evaluate',
  row,
  contender,
  of: 'floor',
  most: 2,
});

/** The goals that graylane has set itself for the paths that its users take. */
export const goals: readonly Goal[] = [
  { page: 'http', row: 'request', contender: 'with baggageMiddleware', of: 'floor', most: 1.05 },
  { page: 'http', row: 'request', contender: 'edge: strip and dye', of: 'baseline', most: 1.15 },
  { page: 'http', row: 'request', contender: 'five flags, getSyncClient', of: 'baseline', most: 1.1 },
  { page: 'chain', row: 'checkout', contender: 'graylane', of: 'baseline', most: 1.1 },
  {
    page: 'telemetry',
    row: 'with an SDK',
    contender: 'with baggageMiddleware and instrumentLanes',
    of: 'baseline',
    most: 1.05,
  },
  forwarded('1 plain', 0.15),
  forwarded('4 plain', 0.1),
  forwarded('16 plain', 0.06),
  forwarded('64 plain', 0.04),
  ...['4', '16', '64'].flatMap((members) =>
    ['with spaces', 'lane last'].map((how) => writtenOtherwise(`${members} ${how}`)),
  ),
  {
    page: 'baggage',
    question: 'to know the lane',
    row: '4 plain',
    contender: 'adapters: admit, getLane',
    of: 'baseline',
    most: 0.1,
  },
  ...['static', 'rule', 'chain', 'semver'].map((row) => evaluated(row)),
  ...['chain', 'chain of ten facts'].map((row) => evaluated(row, 'graylane, closures only')),
  { page: 'load', row: '10000 flags, loaded', contender: 'graylane', of: 'baseline', most: 0.05 },
  {
    page: 'load',
    row: '10000 flags, loaded and each evaluated once',
    contender: 'graylane',
    of: 'baseline',
    most: 0.1,
  },
  { page: 'load', row: 'one flag', contender: 'of 100,000 flags', of: 'baseline', most: 1.1 },
  ...['one flag', 'all 50 flags', 'all 50 flags, unchanged (304)'].map((row): Goal => ({
    page: 'ofrep',
    row,
    contender: 'graylane',
    question: 'CPU time',
    of: 'baseline',
    most: 1.2,
  })),
  {
    page: 'start',
    row: 'start',
    contender: 'graylane-server, 1,000 flags',
    question: 'CPU time',
    of: 'baseline',
    most: 3.2,
  },
];
