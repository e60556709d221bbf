/**
 * The only error that this package throws: `compileFlags` was given something other than a flag
 * document.
 */
export class FlagsError extends Error {
  readonly code: 'invalid_json' | 'invalid_document';

  constructor(code: FlagsError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FlagsError';
    this.code = code;
  }
}

/** An evaluation went past a bound. Internal: `evaluate` turns it into a GENERAL error. */
export class RuleError extends Error {}

/** A rule can't be compiled. Internal: its flag evaluates to PARSE_ERROR. */
export class RuleSyntaxError extends Error {
  readonly path: string;
  readonly remedy: string;

  constructor(path: string, message: string, remedy: string) {
    super(message);
    this.path = path;
    this.remedy = remedy;
  }
}
