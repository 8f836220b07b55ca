/**
 * Tells what no transaction records, because only time brings it about. A sweep may run at any time and any number of
 * times: each notice has a key that names what it tells.
 */
import type { Database } from '../db/database.js';
import type { NoticeTarget } from '../notices/notifiers/notifier.js';
import { type NewNotice, writeNotices } from '../notices/store/outbox.js';
import type { RoundConfig } from '../payouts/store/payee-standings.js';
import { workerWords } from '../standing/rules/worker-words.js';
import { changeWords, termsAt } from '../terms/rules/terms.js';
import { findTermsHistory } from '../terms/store/recorded-terms.js';
import {
  type LongWait,
  readLongWaits,
  readOfflineWorkers,
  readTermsSoon,
  readWalletNeed,
} from './store/notice-sweeps.js';

export interface TellingDeps {
  readonly db: Database;
  readonly targets: readonly NoticeTarget[];
  readonly keepInWalletWei: bigint;
  /** What payout rounds go by. */
  readonly round: RoundConfig;
  /** A wait that is shorter is never told, however short such waits usually are. @default ten minutes */
  readonly leastWaitMs?: number;
  readonly now?: () => Date;
}

const HOUR_MS = 3_600_000;
const LEAST_WAIT_MS = 10 * 60_000;
/** Operators are told again of waits with the same code, and of a wallet that is low, once in so many ms. */
const REMIND_MS = 6 * HOUR_MS;
const SOON_MS = 24 * HOUR_MS;

/** Writes a notice of each payout that waits too long, of a low wallet, of workers that are away, and of terms that begin soon. */
export async function sweepNotices(deps: TellingDeps): Promise<void> {
  const { db, now = () => new Date() } = deps;
  const period = String(Math.floor(now().getTime() / REMIND_MS));
  const history = await findTermsHistory(db);
  if (history === undefined) return;
  await writeNotices(db, [
    ...tellWaits(await readLongWaits(db, deps.leastWaitMs ?? LEAST_WAIT_MS), deps, period),
    ...(await tellWallet(deps, period)),
    ...(await tellWorkers(deps)),
    ...(await tellTerms(db, history.versions)),
  ]);
}

/**
 * Tells each payee that gave an address of its own payout, and operators of the payout that has waited longest with each
 * code: thousands may wait for the same thing.
 */
function tellWaits(
  waits: readonly LongWait[],
  { targets }: TellingDeps,
  period: string,
): readonly NewNotice[] {
  const longest = waits.filter(
    ({ code }, index) => waits.findIndex((other) => other.code === code) === index,
  );
  const operators = targets.filter(({ payee }) => payee === null);
  const toOperators = longest.flatMap((wait) =>
    operators.map((target) => tellWait(wait, target.id, `waiting/${wait.code}/${period}`)),
  );
  const toPayees = waits.flatMap((wait) =>
    targets
      .filter(({ payee }) => payee === wait.payee)
      .map((target) => {
        const key = `waiting/${wait.payoutId}/${wait.code}/${wait.since.toISOString()}`;
        return tellWait(wait, target.id, key);
      }),
  );
  const wanted = new Map(
    targets.map(({ id, only }) => [id, only === null || only.includes('waiting')]),
  );
  return [...toOperators, ...toPayees].filter(({ targetId = '' }) => wanted.get(targetId) === true);
}

function tellWait(wait: LongWait, targetId: string, key: string): NewNotice {
  const { since, payee, ...facts } = wait;
  const forWorker = workerWords(wait.code);
  return {
    key: `${key}/${targetId}`,
    kind: 'waiting',
    payee,
    targetId,
    facts: { ...facts, payee, forWorker, since: since.toISOString() },
  };
}

async function tellWallet(
  { db, round, keepInWalletWei }: TellingDeps,
  period: string,
): Promise<readonly NewNotice[]> {
  const need = await readWalletNeed(db, round);
  if (need === undefined || need.balanceWei >= need.dueWei + keepInWalletWei) return [];
  const { wallet, balanceWei, dueWei } = need;
  const facts = {
    wallet,
    balanceWei: balanceWei.toString(),
    dueWei: dueWei.toString(),
    keepWei: keepInWalletWei.toString(),
  };
  return [{ key: `wallet-low/${wallet}/${period}`, kind: 'wallet-low', facts }];
}

async function tellWorkers({ db, targets }: TellingDeps): Promise<readonly NewNotice[]> {
  const notices: NewNotice[] = [];
  for (const { id: targetId, payee, offlineAfterMs, only } of targets) {
    if (payee === null || offlineAfterMs === null) continue;
    if (only !== null && !only.includes('worker-offline')) continue;
    for (const worker of await readOfflineWorkers(db, payee, offlineAfterMs)) {
      const { nodeType, region } = worker;
      const lastSeenAt = worker.lastSeenAt.toISOString();
      const key = `worker-offline/${targetId}/${payee}/${nodeType}/${region}/${lastSeenAt}`;
      const facts = { payee, nodeType, region, lastSeenAt, offlineAfterMs };
      notices.push({ key, kind: 'worker-offline', payee, targetId, facts });
    }
  }
  return notices;
}

/** Reminds of a change that was announced long ago, a day before it comes. */
async function tellTerms(
  db: Database,
  versions: NonNullable<Awaited<ReturnType<typeof findTermsHistory>>>['versions'],
): Promise<readonly NewNotice[]> {
  const soon = await readTermsSoon(db, SOON_MS);
  return soon.flatMap(({ id, fromDt }): readonly NewNotice[] => {
    const after = versions.find((version) => version.id === id);
    if (after === undefined) return [];
    const change = changeWords(termsAt(versions, fromDt.getTime() - 1), after);
    const facts = { change, from: fromDt.toISOString(), withdrawn: 0 };
    return [
      { key: `terms-soon/${after.namedMs}/${after.recordedMs}`, kind: 'terms-change', facts },
    ];
  });
}
