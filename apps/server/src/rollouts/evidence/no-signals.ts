import type { LookSource } from './look-source.ts';

/** The source of a server that counts no signals: every rollout holds, and moves by hand alone. */
export const noSignals: LookSource = {
  look: () =>
    Promise.resolve({ holds: ['this server counts no signals, so the rollout moves by hand alone'] }),
  details: () => Promise.resolve({}),
};
