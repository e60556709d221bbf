/** The request for a rollout, as tests send it. */
export const request = {
  flag: 'lane',
  lane: 'gray',
  unit: 'user',
  sameCodeLooks: 0,
  steps: [{ weight: 5 }, { weight: 25 }, { weight: 50 }, { weight: 100 }],
  guard: {
    slis: [
      {
        name: 'payments latency',
        service: 'payments',
        metric: 'http.server.request.duration',
        kind: 'latency',
      },
    ],
  },
} as const;

/** A dye rule without targeting. */
export const dyeRule = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray' },
  defaultVariant: 'baseline',
} as const;
