import type { LookDetails, LookQuestion, LookResponse, LookSource } from './look-source.ts';

/** Each kind of evidence, by the source that a rollout names. */
export interface Sources {
  readonly otlp: LookSource;
  readonly prometheus: LookSource;
}

/** Asks the source that a question names. */
export function lookSources({ otlp, prometheus }: Sources): LookSource {
  const of = ({ source }: LookQuestion): LookSource => (source === 'otlp' ? otlp : prometheus);
  return {
    look: (question: LookQuestion, signal: AbortSignal): Promise<LookResponse> =>
      of(question).look(question, signal),
    details: (question: LookQuestion, signal: AbortSignal): Promise<LookDetails> =>
      of(question).details(question, signal),
  };
}
