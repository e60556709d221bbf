// Knowledge of two commits that their comparison needs.

/**
 * Where the benchmark of that commit would measure other work with the packages of now: what it
 * says there, and what it has to say here.
 */
export const sameWork = [
  {
    benchmark: 'baggage',
    before: 'new GraylaneBaggagePropagator()',
    // It sent and admitted everything by default; a key is admitted by its name now.
    now: "new GraylaneBaggagePropagator({ inject: 'always', ingress: { mode: 'accept', keys: ['lane', 'region', ...Array.from({ length: 64 }, (_, index) => `key-${index}`)] } })",
  },
];

/**
 * Why rows are worse than at f35fb83: the first entry that fits a row. A reason stands here only if
 * it was measured, or follows from what the two commits do; a row without one is not explained.
 */
export const exceptions = [
  {
    benchmark: /./,
    question: /./,
    contender: 'floor',
    why: 'no code of ours is in it: noise of more than three runs',
  },
  {
    benchmark: /^baggage$/,
    question: /to set one member/,
    contender: 'graylane',
    why: 'the cell has the last word on lane and pins, whatever code sets beside them',
  },
  {
    benchmark: /^baggage$/,
    question: /./,
    contender: 'graylane',
    why: 'an extract judges each member by the ingress policy; it admitted all, and kept the header',
  },
  {
    benchmark: /^load$/,
    question: /memory/,
    contender: 'graylane',
    why: 'a flag has at hand what evaluations read, and each of them names its branch, for usage',
  },
];
