/** A flag document in flagd's format. */
export interface FlagSetDocument {
  readonly $evaluators: Readonly<Record<string, object>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly flags: Record<string, object>;
}

/**
 * A set as a company has it after some years: of ten flags, four are plain switches, two look at
 * the request's facts, two are rollouts, one goes by version, and one gives each tier its
 * configuration.
 */
export function flagSet(size: number): FlagSetDocument {
  const flags: Record<string, object> = {};
  for (let index = 0; index < size; index += 1) flags[`team-${index % 37}.feature-${index}`] = flagOf(index);
  return {
    $evaluators: { staff: { ends_with: [{ var: 'email' }, '@acme.example'] } },
    metadata: { flagSetId: 'acme', version: '42' },
    flags,
  };
}

function flagOf(index: number): object {
  const metadata = { owner: `team-${index % 37}`, ticket: `GL-${index}` };
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', metadata };
  const share = index % 100;
  switch (index % 10) {
    case 4:
      return {
        ...flag,
        targeting: {
          if: [
            {
              and: [
                { '==': [{ var: 'env' }, 'gray'] },
                { in: [{ var: 'region' }, ['eu', 'us', `zone-${index % 50}`]] },
              ],
            },
            'on',
            'off',
          ],
        },
      };
    case 5:
      return {
        ...flag,
        targeting: {
          if: [{ or: [{ $ref: 'staff' }, { '==': [{ var: 'tenant' }, `tenant-${index}`] }] }, 'on'],
        },
      };
    case 6:
    case 7:
      return {
        ...flag,
        targeting: {
          fractional: [
            ['on', share],
            ['off', 100 - share],
          ],
        },
      };
    case 8:
      return {
        ...flag,
        targeting: { if: [{ sem_ver: [{ var: 'version' }, '>=', `${index % 5}.2.0`] }, 'on'] },
      };
    case 9:
      return {
        ...flag,
        variants: tiers((tier) => ({
          tier,
          limit: index % 1000,
          regions: ['eu', 'us'],
          retry: { times: 3 },
        })),
        defaultVariant: 'free',
        targeting: {
          if: Object.keys(tiers(() => ({}))).flatMap((tier) => [{ '==': [{ var: 'tier' }, tier] }, tier]),
        },
      };
    default:
      return flag;
  }
}

function tiers(configuration: (tier: string) => object): Record<string, object> {
  return Object.fromEntries(
    ['free', 'plus', 'pro', 'team', 'corp'].map((tier) => [tier, configuration(tier)]),
  );
}
