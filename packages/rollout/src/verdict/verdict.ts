/** The actions of the guard. */
export type Action = 'hold' | 'promote' | 'pause' | 'rollback';

/**
 * The guard's conclusion from all looks so far, with its numbers. All logarithms are natural.
 */
export interface Verdict {
  /** The action to take now. */
  readonly action: Action;
  /** The action by the evidence alone, before `mode` limits it. */
  readonly would: Action;
  /** The SLI that the sentence is about. */
  readonly sli?: string;
  /** One sentence with the numbers that an engineer needs to verify the verdict by hand. */
  readonly because: string;
  /** Each reason why the guard does not do more than it does. */
  readonly holds: readonly string[];
  /**
   * ln E of each test, over all SLIs, and the threshold that it must reach. `fast` and `robust` are
   * means, `reverse` is the least.
   */
  readonly total: {
    readonly fast: number;
    readonly robust: number;
    readonly reverse: number;
    readonly threshold: number;
  };
  /** The evidence of each SLI, by its name. */
  readonly slis: Readonly<Record<string, SliVerdict>>;
  /** Looks at the release; A/A looks not included. */
  readonly looks: number;
  /** Requests of the SLI with the most, since the release began. */
  readonly requests: { readonly gray: number; readonly control: number };
  /** The difference of the arms while both ran the same code. Absent without A/A looks. */
  readonly calibration?: {
    readonly looks: number;
    /** ms since 1970; later, tests only pause. */
    readonly validUntil: number;
    /** The A/A looks show a difference that changes by more than chance: tests only pause. */
    readonly drifts: boolean;
    /**
     * The arms' own difference by SLI, as an odds ratio at the boundary where it is known best:
     * smaller effects go unseen.
     */
    readonly blindBelow: Readonly<Record<string, number>>;
  };
  /** The effective number of units, where looks have it. */
  readonly units?: { readonly gray: number; readonly control: number };
  /** ln E against "units are assigned as expected", and its threshold. */
  readonly sampleRatio: {
    readonly evidence: number;
    readonly threshold: number;
    /** The units since the release began, and how many of them should be gray. */
    readonly assigned?: { readonly gray: number; readonly control: number; readonly expectedGray: number };
  };
}

/** The evidence of one SLI. */
export interface SliVerdict {
  /** ln E of the fast test, which can only pause. */
  readonly fast: number;
  /** ln E of the robust test, which may roll back. */
  readonly robust: number;
  /** ln E of the reverse test: gray is not worse by `promoteMargin`, so it may be promoted. */
  readonly reverse: number;
  /** The boundary in seconds at which the arms differ most; absent for errors. */
  readonly boundary?: number;
  /**
   * The counts below are of looks from this one on (ms since 1970): of all, or of the newest where
   * they are clearer.
   */
  readonly since: number;
  /** Requests at the boundary. */
  readonly gray: Portion;
  /** Requests of the control arm at the boundary. */
  readonly control: Portion;
  /** The interval in which the Kolmogorov-Smirnov distance lies; absent for errors. */
  readonly ks?: readonly [number, number];
  /** The bucket of each quantile in seconds; null is above the last boundary. Absent for errors. */
  readonly quantiles?: Readonly<
    Record<'p50' | 'p95' | 'p99', { readonly gray: Bucket; readonly control: Bucket }>
  >;
}

/** `bad` requests (failed, or slower than the boundary) of `total`. */
export interface Portion {
  /** Requests that failed, or were slower than the boundary. */
  readonly bad: number;
  /** All requests. */
  readonly total: number;
}

/** The ends of a bucket in seconds. */
export type Bucket = readonly [number, number | null];
