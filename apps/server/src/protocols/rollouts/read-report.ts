import type { Revision } from '../../model/revision.ts';
import { readDetails } from '../../rollouts/control/details.ts';
import { Rollouts } from '../../rollouts/control/rollouts.ts';
import type { LookDetails } from '../../rollouts/evidence/look-source.ts';
import { reportOf, type Report } from '../../rollouts/report/report.ts';
import { storeOf, type Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';

/** So many revisions of the dye rule are searched for those of the rollout. */
const maxRevisions = 400;

/**
 * The report of a rollout, from its record, the history, and the details that were kept.
 * @throws {RequestError} `unknown_environment` or `not_found`
 */
export async function readReport(
  environments: Environments,
  environment: string,
  id: string,
): Promise<Report> {
  const store = storeOf(environments, environment);
  const record = await new Rollouts(store).get(id);
  const details = new Map<number, LookDetails>();
  const found = record.acts.map(async ({ move }) => {
    const one = await readDetails(store.records, `${id}.${move}`);
    if (one !== undefined) details.set(move, one);
  });
  await Promise.all(found);
  const revisions = await revisionsOf(store, record.definition.flag);
  return reportOf(record, { environment, now: Date.now(), revisions, details });
}

async function revisionsOf(store: FlagStore, flag: string): Promise<readonly Revision[]> {
  return store.history({ limit: maxRevisions, part: ['flags', flag] });
}
