/** A period in which one server runs the controllers of a store. */
export interface Term {
  /** Rises with each term: a write that names an older one is refused. */
  readonly number: number;
  /**
   * Aborts when the term has ended, or may have. A server that was paused learns of it late, so
   * every write of a controller also names its term.
   */
  readonly ended: AbortSignal;
}

/** Chooses one leader among the servers of a store: only the leader runs controllers. */
export interface Leadership {
  /**
   * Stands for election and calls back with each term that this server gets. Returns a function
   * that withdraws.
   */
  lead(onTerm: (term: Term) => void): () => void;
}

/** The leadership of a store that only one process can have open. */
export const soleLeadership: Leadership = {
  lead: (onTerm) => {
    const ending = new AbortController();
    onTerm({ number: 1, ended: ending.signal });
    return () => ending.abort();
  },
};
