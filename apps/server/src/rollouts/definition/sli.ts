/** A service level indicator by which a rollout is judged, split by lane. */
export type Sli = LatencySli | ErrorsSli;

interface Measured {
  /** Unique among the SLIs of a rollout, e.g. "payments latency". */
  readonly name: string;
  /** The resource's `service.name`. */
  readonly service: string;
  /** A duration histogram in seconds, e.g. `http.server.request.duration`. */
  readonly metric: string;
  /** Only series with these attributes: OTLP names, or labels where Prometheus is the source. */
  readonly selector?: Readonly<Record<string, string>>;
}

/** How long requests take. */
export interface LatencySli extends Measured {
  readonly kind: 'latency';
}

/** How many requests fail. */
export interface ErrorsSli extends Measured {
  readonly kind: 'errors';
  /**
   * A request is bad if one of these attributes matches its regular expression as a whole, e.g.
   * `{ "http.response.status_code": "5.." }`.
   */
  readonly bad: Readonly<Record<string, string>>;
}

/**
 * Where the counts come from: OTLP that was posted to this server, or a Prometheus server by its
 * address, without a password.
 */
export type EvidenceSource = 'otlp' | { readonly prometheus: string };
