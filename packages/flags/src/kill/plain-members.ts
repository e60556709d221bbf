import { isObject } from '../json/values.ts';
import { effectiveEvaluators } from './effective.ts';
import { killedMember, readKilled } from './killed.ts';

/**
 * The members of a document beside its flags, as plain flagd: without its kills, and with the
 * shared rules that are in force. The flags that belong to them are those of `Flag.effective`.
 */
export function plainMembers(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Object.hasOwn(members, killedMember)) return members;
  const { [killedMember]: member, ...plain } = members;
  const { $evaluators: evaluators } = plain;
  if (!isObject(evaluators)) return plain;
  return { ...plain, $evaluators: effectiveEvaluators(evaluators, readKilled(member)) };
}
