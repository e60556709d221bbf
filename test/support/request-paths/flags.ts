/** A flag that is a dye rule. */
export const lane = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray' },
  defaultVariant: 'baseline',
  targeting: { if: [{ ends_with: [{ var: 'email' }, '@example.com'] }, 'gray', 'baseline'] },
};

/** A user whom the rule dyes. */
export const user = { targetingKey: 'ann', email: 'ann@example.com' };
