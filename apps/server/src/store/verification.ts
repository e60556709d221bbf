/** The result of checking a journal. */
export interface Verification {
  readonly revisions: number;
  /**
   * The hash of the newest line. Kept elsewhere, it proves later that no line before it was changed
   * or cut off.
   */
  readonly head: string;
  /** Whether this journal has the expected hash. */
  readonly hasAnchor: boolean;
  /** The faults, each with its line. */
  readonly faults: readonly string[];
  /** Remarks that are not faults. */
  readonly notes: readonly string[];
}
