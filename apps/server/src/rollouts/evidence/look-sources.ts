import type { LookDetails, LookQuestion, LookResponse, LookSource } from './look-source.ts';

/** Each kind of evidence, by the source that a rollout names. */
export interface Sources {
  readonly otlp: Required<LookSource> & {
    /** The members of a look that come from spans. */
    fromSpans(question: LookQuestion): object;
  };
  readonly prometheus: LookSource;
}

/**
 * Asks the source that a question names. Spans and signals of the runtime come by OTLP, whatever
 * the source of the counts is.
 */
export function lookSources({ otlp, prometheus }: Sources): LookSource {
  return {
    look: async (question: LookQuestion, signal: AbortSignal): Promise<LookResponse> => {
      if (question.source === 'otlp') return otlp.look(question, signal);
      const response = await prometheus.look(question, signal);
      const spans = otlp.fromSpans(question);
      return response.look === undefined ? response : { ...response, look: { ...response.look, ...spans } };
    },
    details: async (question: LookQuestion, signal: AbortSignal): Promise<LookDetails> => {
      const details = await otlp.details(question, signal);
      if (question.source === 'otlp') return details;
      const others = await prometheus.details(question, signal);
      const missing = [...(details.missing ?? []), ...(others.missing ?? [])];
      return { ...details, ...others, ...(missing.length > 0 && { missing }) };
    },
    newHours: (environment) => otlp.newHours(environment),
    restoreHours: (environment, stored) => otlp.restoreHours(environment, stored),
  };
}
