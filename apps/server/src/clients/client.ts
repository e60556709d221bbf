/** How a client is connected. */
export type ClientProtocol = 'changes' | 'flagd' | 'ofrep';

/** The clients of a relay, in numbers. */
export interface Downstream {
  readonly connected: number;
  /** Those that can confirm a revision: all but clients of flagd and OFREP. */
  readonly confirmable: number;
  /** Those that serve the revision of the report, or a newer one. */
  readonly confirmed: number;
}

/** The report of a client: the revision that it serves now. */
export interface ClientReport extends ClientName {
  readonly revision: string;
  /** Of a relay. */
  readonly downstream?: Downstream | undefined;
}

/** How a client of the change stream has named itself. */
export interface ClientName {
  readonly service: string;
  readonly instance: string;
  /** The name of its token. Undefined for a server of the same database. */
  readonly sender?: string | undefined;
}

/** A client that has named itself. */
export interface Client extends ClientName {
  /** Its open streams. */
  streams: number;
  /** The revision that it has confirmed last. */
  revision: string | undefined;
  /** When it has done so, in milliseconds since 1970. */
  reportedAt: number | undefined;
  downstream: Downstream | undefined;
}

/** The clients of an environment, in numbers. */
export interface ClientCount {
  readonly connected: number;
  readonly confirmed: number;
  /** Clients of flagd and OFREP, and others that have not named themselves. */
  readonly unconfirmable: number;
}

/** The clients of an environment after a change, and how long the last one took. */
export interface Confirmation extends ClientCount {
  /**
   * From the beginning of the change to the last confirmation; undefined if no client has
   * confirmed.
   */
  readonly lastMs: number | undefined;
}
