// What the comparison with an earlier commit has to know about the two.

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

/** Why rows are worse than at f35fb83. */
export const exceptions = [
  {
    benchmark: 'baggage',
    question: /^What does it cost to extract a header\?$/,
    contender: 'graylane',
    why: 'an extract judges the header now; it only kept it, and admitted a stranger',
  },
  {
    benchmark: 'http',
    question: /outgoing request/,
    contender: 'baggageFetch',
    why: 'the egress policy judges the connection that is used, not the URL',
  },
  {
    benchmark: 'load',
    question: /memory/,
    contender: 'graylane',
    why: 'an evaluation names the branch that made it, for usage by rule',
  },
  {
    benchmark: 'stream',
    question: /memory/,
    contender: 'graylane',
    why: 'the server knows each client: its name, token, revision and heartbeat',
  },
];
