/**
 * The error that this package throws: criteria or a rollout that cannot be. Looks never throw; a
 * faulty look holds.
 */
export class RolloutError extends Error {
  /** The argument that is wrong; the message names its member and the remedy. */
  readonly code: 'invalid_criteria' | 'invalid_rollout' | 'invalid_evidence';

  constructor(code: RolloutError['code'], message: string) {
    super(message);
    this.name = 'RolloutError';
    this.code = code;
  }
}
