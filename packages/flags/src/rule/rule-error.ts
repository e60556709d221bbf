/** An evaluation that went past a bound. Inside this package only: `evaluate` turns it into a GENERAL error. */
export class RuleError extends Error {}

/** A rule that can't be compiled. Inside this package only: its flag answers with PARSE_ERROR. */
export class RuleSyntaxError extends Error {
  readonly path: string;
  readonly remedy: string;

  constructor(path: string, message: string, remedy: string) {
    super(message);
    this.path = path;
    this.remedy = remedy;
  }
}
