import { getSyncClient, GraylaneProvider, type SyncClient } from '@graylane/provider';
import { OpenFeature, type Client } from '@openfeature/server-sdk';
import { setting } from '../support/setting.ts';

const token = process.env['GRAYLANE_TOKEN'];

/**
 * The OpenFeature client of every service: it evaluates in-process, with the baggage of the
 * request.
 */
await OpenFeature.setProviderAndWait(
  new GraylaneProvider({
    source: { url: setting('GRAYLANE_URL'), ...(token && { token }) },
    // A visitor of the demo does not wait for a minute to see which flags are in use.
    usage: { periodSeconds: 5 },
    baggage: {
      lane: { authoritative: true },
      'user-id': { as: 'targetingKey' },
      tenant: {},
      region: {},
    },
  }),
);

export const flagClient: Client & SyncClient = getSyncClient();
