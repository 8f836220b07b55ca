/** The gauges about the pool as a whole: findings, workers, payouts, balances, wallet, audit. */

import { readSolvencyOf, viewCover } from '../../client/payouts/solvency.js';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { readAuditState } from '../../core/checks/audit/audit.js';
import { listReconciliations } from '../../core/checks/store/reconciliation-records.js';
import { lastTurn } from '../../core/ledger/store/worker-processes.js';
import { countUndelivered } from '../../core/notices/store/notice-reads.js';
import type { DeliveryState } from '../../core/notices/store/tables.js';
import { OPEN_STATES, WAIT_CODES } from '../../core/payouts/rules/payout.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { FINDING_CODES } from '../../core/sentinel/rules/finding.js';
import { countFindings } from '../../core/sentinel/store/finding-reads.js';
import {
  countLatePayouts,
  countOpenPayouts,
  countWaits,
} from '../../core/sentinel/store/metric-counts.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { ethFloat, type SetGauge, secondsSince } from './gauges.js';

const FLOAT = 'a float for graphs; exact wei are in /v1/pool';

export async function setPoolGauges(set: SetGauge, pool: RunningPool): Promise<void> {
  set('info', 'Always 1; the version of the API that answers.', [[1, { version: pool.version }]]);
  await setFindings(set, pool);
  await setPayouts(set, pool);
  await setWallet(set, pool);
  await setAudit(set, pool);
  await setNotices(set, pool);
}

async function setNotices(set: SetGauge, { db }: RunningPool): Promise<void> {
  const counts = await countUndelivered(db);
  const of = (state: DeliveryState) => counts.filter((one) => one.state === state);
  set(
    'notices_undelivered',
    'Deliveries of notices that wait for their next try, and those that are given up or refused.',
    (['waiting', 'dead'] as const).map((state) => {
      const sum = of(state).reduce((all, { deliveries }) => all + deliveries, 0);
      return [sum, { state }] as const;
    }),
  );
  const oldestMs = Math.max(0, ...of('waiting').map(({ oldestAgeMs }) => oldestAgeMs));
  set(
    'notice_oldest_age_seconds',
    'Age of the delivery that has waited longest; 0 when none waits.',
    Math.floor(oldestMs / 1_000),
  );
}

/** Sets a value for every code, 0 when no finding is open: an alert ends only when it sees the zero. */
async function setFindings(set: SetGauge, pool: RunningPool): Promise<void> {
  const [{ counts, lookedAt }, turn] = await Promise.all([
    countFindings(pool.db),
    lastTurn(pool.db),
  ]);
  set(
    'findings_open',
    'Findings of the sentinel that are open, by code, and whether an operator has acknowledged them.',
    FINDING_CODES.flatMap((code) =>
      [true, false].map((acknowledged) => {
        const those = counts.filter(
          (count) => count.code === code && count.acknowledged === acknowledged,
        );
        const open = those.reduce((sum, { findings }) => sum + findings, 0);
        return [open, { code, acknowledged: String(acknowledged) }] as const;
      }),
    ),
  );
  set(
    'sentinel_look_age_seconds',
    'Age of the last look of the sentinel: it looks every minute while a worker and Temporal run.',
    secondsSince(nowOf(pool), lookedAt),
  );
  // The latest report of any worker; a running worker reports every ten seconds.
  set(
    'worker_turn_age_seconds',
    'How long ago a worker last looked around with its loops turning.',
    turn && Math.floor(turn.ageMs / 1_000),
  );
}

async function setPayouts(set: SetGauge, pool: RunningPool): Promise<void> {
  const now = nowOf(pool);
  const [openPayouts, waits, latePayouts, totals] = await Promise.all([
    countOpenPayouts(pool.db),
    countWaits(pool.db),
    countLatePayouts(pool.db, now),
    readPoolTotals(pool.db),
  ]);
  set(
    'payouts_open',
    'Payouts that are not settled, by state, however old.',
    OPEN_STATES.map((state) => {
      const count = openPayouts.find((one) => one.state === state);
      return [count?.payouts ?? 0, { state }] as const;
    }),
  );
  set(
    'payouts_oldest_age_seconds',
    'How long ago the oldest payout was reserved that is not settled, by state.',
    openPayouts.map(({ state, oldestAt }) => [secondsSince(now, oldestAt) ?? 0, { state }]),
  );
  set(
    'payouts_waiting',
    'Open payouts by what they wait for; docs/operations.md has each code.',
    WAIT_CODES.map((code) => [waits.find((wait) => wait.code === code)?.payouts ?? 0, { code }]),
  );
  set(
    'payouts_last_day',
    'Payouts that were made within the last 24 hours, by the state they are in now.',
    latePayouts.map(({ state, payouts }) => [payouts, { state }]),
  );
  set('balance_eth', `Sums of the ledger's accounts in ETH: ${FLOAT}.`, [
    [ethFloat(totals.pendingWei), { account: 'pending' }],
    [ethFloat(totals.reservedWei), { account: 'reserved' }],
    [ethFloat(totals.paidWei), { account: 'paid' }],
    [ethFloat(totals.commissionWei), { account: 'commission' }],
    [ethFloat(totals.unattributedWei), { account: 'unattributed' }],
  ]);
  set('remote_workers', 'Remote workers, and those of them that are online.', [
    [totals.workers, { online: 'any' }],
    [totals.workersOnline, { online: 'true' }],
  ]);
}

async function setWallet(set: SetGauge, pool: RunningPool): Promise<void> {
  const { db, config } = pool;
  const now = nowOf(pool);
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet === undefined) return;
  const { halts, earlier, openTransfers, balance } = wallet;
  const isHalted = halts.length > 0;
  set('wallet_halted', '1 while nothing is signed or sent; /v1/wallet says why.', Number(isHalted));
  set(
    'wallet_open_transfers',
    'Signed transfers that may still be mined, of earlier wallets too.',
    earlier.reduce((sum, one) => sum + one.openTransfers, openTransfers),
  );
  if (balance !== null) {
    const help = `Balance that the chain showed last, in ETH: ${FLOAT}.`;
    set('wallet_balance_eth', help, ethFloat(balance.wei));
    set('wallet_balance_age_seconds', 'How long ago that was.', secondsSince(now, balance.at));
  }
  const { covered } = viewCover(await readSolvencyOf(pool));
  set(
    'pool_covered',
    '1 when the pool holds what it owes, 0 when it is known not to; absent when nobody can say.',
    covered === null ? null : Number(covered),
  );
  const [latest] = await listReconciliations(db, wallet, 1);
  if (latest === undefined) return;
  set(
    'reconciliation_ok',
    '1 when chain and ledger told the same to the wei at the last reconciliation.',
    Number(latest.ok),
  );
  set('reconciliation_age_seconds', 'Age of that reconciliation.', secondsSince(now, latest.at));
}

async function setAudit(set: SetGauge, pool: RunningPool): Promise<void> {
  const { checkedAt, ok, wholeAt } = await readAuditState(pool.db);
  const now = nowOf(pool);
  set('audit_ok', '1 when the ledger added up at the last audit.', ok === null ? null : Number(ok));
  set(
    'audit_age_seconds',
    'Age of the last audit that came to its end: one begins every hour.',
    secondsSince(now, checkedAt),
  );
  set(
    'audit_history_age_seconds',
    'How long ago the last walk began that has proved all of the history again.',
    secondsSince(now, wholeAt),
  );
}
