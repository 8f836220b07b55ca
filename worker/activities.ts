/** All activities of a worker, each room's with what it needs. */
import type { Client } from '@temporalio/client';
import { createHistoryActivities, type HistoryDeps } from '../activities/history.js';
import type { MoneyDeps } from '../activities/money-deps.js';
import { createPayoutActivities } from '../activities/payout.js';
import { createRoundActivities } from '../activities/round.js';
import { createSyncActivities, type SyncDeps } from '../activities/sync.js';
import { createWalletActivities } from '../activities/wallet.js';

interface ActivityDeps {
  readonly money: MoneyDeps;
  readonly sync: SyncDeps;
  readonly history: HistoryDeps;
  readonly client: Client;
}

export function createActivities({ money, sync, history, client }: ActivityDeps) {
  return {
    ...createSyncActivities(sync),
    ...createRoundActivities({ ...money, client }),
    ...createPayoutActivities(money),
    ...createWalletActivities(money),
    ...createHistoryActivities(history),
  };
}
