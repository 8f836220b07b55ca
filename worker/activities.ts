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
}

export function createActivities({ money, sync, sentinel, history, client }: ActivityDeps) {
  return {
    ...createSyncActivities(sync),
    ...createSentinelActivities(sentinel),
    ...createDecisionActivities(sync),
    ...createRoundActivities({ ...money, client }),
    ...createPayoutActivities(money),
    ...createWalletActivities(money),
    ...createHistoryActivities(history),
  };
}
