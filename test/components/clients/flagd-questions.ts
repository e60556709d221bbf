/** The evaluations that a flagd provider of another language makes, and where. */
export interface FlagdQuestions {
  readonly resolver: 'in-process' | 'rpc';
  readonly port: number;
  readonly selector?: string;
  readonly questions: ReadonlyArray<{
    readonly key: string;
    readonly type: string;
    readonly default: unknown;
    readonly context: object;
  }>;
}
