import { startOrder } from '../../../client/carry-out.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { counted } from '../../../core/base/counted.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import { listRebuilds } from '../../../core/history/rebuild/rebuild.js';
import { singleWorkflowId } from '../../../workflows/contract.js';
import { utc } from '../../page/kit/numbers.js';
import type { Action, Try } from './action.js';

const SHOWN = 20;

/** Starts a rebuild and does not wait for it: it reads all of history, which may take hours. */
async function startRebuild(pool: RunningPool, by: Try): Promise<string> {
  const args = { allowDebt: false, keep: false };
  const order = { kind: 'ledger.rebuild', subject: 'ledger', args, ...by } as const;
  const workflowId = singleWorkflowId(pool.poolId, 'history');
  const handle = await startOrder(pool, order, { workflowId });
  return `started as ${handle.workflowId}; what it comes to stands on this page when it has ended`;
}

/** The dry run of a correction is a comparison, which takes as long: the last one is shown. */
async function lastComparison({ db }: RunningPool): Promise<readonly string[]> {
  const [last] = await listRebuilds(db, 1);
  if (last === undefined) {
    throw new PoolError('REQUEST_INVALID', 'Compare first: compute all balances again.');
  }
  const { at, ok, findings, findingsTotal } = last;
  const when = `the comparison of ${utc(at)}`;
  if (ok) return [`${when} found nothing that differs: there is nothing to correct`];
  const head = `${when} found ${counted(findingsTotal, 'difference')}; what was paid is not corrected`;
  return [head, ...findings.slice(0, SHOWN).map(({ message }) => withChecksums(message))];
}

export const HISTORY_ACTIONS = {
  'rebuild.compare': {
    role: 'operate',
    label: 'Compute all balances again',
    title: 'Compute all balances again from the raw events, and compare',
    async run(pool, _, by) {
      if (by.dryRun) return ['reads every event and compares; no balance is changed'];
      return [await startRebuild(pool, { ...by, dryRun: true })];
    },
  },
  'rebuild.correct': {
    role: 'admin',
    label: 'Correct what differs',
    title: 'Correct the balances that differ from their events',
    async run(pool, _, by) {
      return by.dryRun ? await lastComparison(pool) : [await startRebuild(pool, by)];
    },
  },
} as const satisfies Readonly<Record<string, Action>>;
