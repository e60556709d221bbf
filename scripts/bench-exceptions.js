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

/** Why rows are worse than at f35fb83: the first entry that fits a row. */
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
    benchmark: /^evaluate$/,
    question: /./,
    contender: 'graylane, closures only',
    why: 'a static flag runs the same code as the row above; the second set of a process is slower',
  },
  {
    benchmark: /^http$/,
    question: /outgoing request/,
    contender: 'baggageFetch',
    why: 'the egress policy judges the connection that is used, not the URL',
  },
  {
    benchmark: /^load$/,
    question: /memory/,
    contender: 'graylane',
    why: 'a flag has at hand what evaluations read, and each of them names its branch, for usage',
  },
  {
    benchmark: /^ofrep$/,
    question: /./,
    contender: 'graylane',
    why: 'each evaluation is counted by flag, variant, reason and rule',
  },
  {
    benchmark: /^stream$/,
    question: /memory/,
    contender: 'graylane',
    why: 'the server knows each client: its name, token, revision and heartbeat',
  },
];
