/** All activities of a worker, each room's with what it needs. */
import type { Client } from '@temporalio/client';
import { createDecisionActivities } from '../activities/decisions.js';
import { createHistoryActivities, type HistoryDeps } from '../activities/history.js';
import type { MoneyDeps } from '../activities/money-deps.js';
import { createPayoutActivities } from '../activities/payout.js';
import { createRoundActivities } from '../activities/round.js';
import { createSentinelActivities, type SentinelDeps } from '../activities/sentinel.js';
import { createSyncActivities, type SyncDeps } from '../activities/sync.js';
import { createWalletActivities } from '../activities/wallet.js';

interface ActivityDeps {
  readonly money: MoneyDeps;
  readonly sync: SyncDeps;
  readonly sentinel: SentinelDeps;
  readonly history: HistoryDeps;
  readonly client: Client;
  readonly poolId: string;
  readonly maxOrderedPerDayWei: bigint;
}

export function createActivities(deps: ActivityDeps) {
  const { money, sync, sentinel, history, client, poolId, maxOrderedPerDayWei } = deps;
  return {
    ...createSyncActivities(sync),
    ...createSentinelActivities(sentinel),
    ...createDecisionActivities({ db: money.db, maxOrderedPerDayWei }),
    ...createRoundActivities({ ...money, client, poolId }),
    ...createPayoutActivities(money),
    ...createWalletActivities(money),
    ...createHistoryActivities(history),
  };
}
