/** The only error that this package throws: `compileFlags` was given something that is no flag document at all. */
export class FlagsError extends Error {
  readonly code: 'invalid_json' | 'invalid_document';

  constructor(code: FlagsError['code'], message: string, options?: ErrorOptions) {
    super(`FlagsError [${code}]: ${message}`, options);
    this.name = 'FlagsError';
    this.code = code;
  }
}
