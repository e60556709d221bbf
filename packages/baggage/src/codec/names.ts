/** The lane of undyed traffic: always there, always complete. */
export const baseline = 'baseline';
