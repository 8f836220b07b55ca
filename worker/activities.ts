/** Collects all activities that a worker offers. */
import type { Client } from '@temporalio/client';
import { createCheckActivities } from '../activities/checks.js';
import { createDecisionActivities } from '../activities/decisions.js';
import { createHistoryActivities, type HistoryDeps } from '../activities/history.js';
import { createPayoutActivities, createRoundActivities } from '../activities/payouts.js';
import { createSentinelActivities } from '../activities/sentinel.js';
import { createSyncActivities } from '../activities/sync.js';
import type { SyncDeps } from '../core/events/sync/source-reading.js';
import type { Sender } from '../core/payouts/sending/sending.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import type { SentinelDeps } from '../core/sentinel/looking.js';
import type { StuckSaga } from '../core/sentinel/rules/report.js';
import type { Activities } from '../workflows/activity-types.js';

interface ActivityDeps {
  readonly money: MoneyDeps;
  readonly sender: Sender;
  readonly sync: SyncDeps;
  readonly sentinel: SentinelDeps;
  readonly history: HistoryDeps;
  readonly client: Client;
  readonly poolId: string;
  readonly maxOrderedPerDayWei: bigint;
  readonly onStuckSaga: (saga: StuckSaga) => void;
}

export function createActivities(deps: ActivityDeps): Activities {
  const { money, sender, sync, sentinel, history, client, poolId, maxOrderedPerDayWei } = deps;
  const { onStuckSaga } = deps;
  return {
    ...createSyncActivities(sync),
    ...createSentinelActivities(sentinel),
    ...createDecisionActivities({ db: money.db, maxOrderedPerDayWei }),
    ...createRoundActivities({ ...money, client, poolId, onStuckSaga }),
    ...createPayoutActivities(sender),
    ...createCheckActivities(money),
    ...createHistoryActivities(history),
  };
}
