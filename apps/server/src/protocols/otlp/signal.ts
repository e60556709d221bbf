const paths = /^\/v1\/(metrics|traces|logs)(?:\?|$)/;

/** The signal that a path of OTLP is about; undefined for the paths of other protocols. */
export function signalOf(url: string | undefined): string | undefined {
  return paths.exec(url ?? '')?.[1];
}
