import { checkOptions, type OptionTypes } from '../../../check-options.ts';
import { checkEgress, type EgressPolicy } from '../../../policy/egress.ts';

/**
 * The options of a client's adapter, checked. @throws {TypeError} if one is unknown, missing or of
 * another type.
 */
export function checkedOptions<Options extends { readonly egress: EgressPolicy }>(
  owner: string,
  options: Options,
  types: OptionTypes = {},
): Options {
  const example = `${owner}({ egress: { to: { 'http://orders:8080': ['lane'] } } })`;
  checkOptions(owner, options, { egress: 'any?', ...types }, example);
  checkEgress((options as Options | undefined)?.egress);
  return options;
}
