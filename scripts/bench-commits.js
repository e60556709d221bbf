// Facts about earlier commits that a comparison with them needs, by the start of their hash.
//
// `sameWork`: where a benchmark of that commit would measure other work with the packages of now,
// its text there and its text here. `reasons`: why rows are worse than at that commit; the first
// that fits a row counts. A reason stands here only if it was measured, or follows from what the
// two commits do: a row without one is shown as not explained.
export const commits = {
  f35fb83: {
    sameWork: [
      {
        benchmark: 'baggage',
        before: 'new GraylaneBaggagePropagator()',
        // It admitted and sent everything by default; a key is admitted by its name now.
        now: "new GraylaneBaggagePropagator({ inject: 'always', ingress: { mode: 'accept', keys: ['lane', 'region', ...Array.from({ length: 64 }, (_, index) => `key-${index}`)] } })",
      },
    ],
    reasons: [
      {
        benchmark: /./,
        question: /./,
        contender: 'floor',
        why: 'the floor has no code of ours: this is noise that three runs do not show',
      },
      {
        benchmark: /^baggage$/,
        question: /to set one member/,
        contender: 'graylane',
        why: 'an extract judges each member; what code sets is merged with the lane of the request',
      },
      {
        benchmark: /^baggage$/,
        question: /./,
        contender: 'graylane',
        why: 'an extract judges each member by the ingress policy; before, it did not read the header',
      },
      {
        benchmark: /^load$/,
        question: /memory/,
        contender: 'graylane',
        why: 'a flag keeps what evaluations read, and an evaluation keeps the branch that made it',
      },
    ],
  },
};
