/** The gauges about the pool as a whole: findings, workers, payouts, balances, wallet, audit. */
import type { Registry } from 'prom-client';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { FINDING_CODES } from '../../core/sentinel/rules/finding.js';
import { ethFloat, gauge, secondsSince } from './gauges.js';
import type { MetricsReading } from './reading.js';

const FLOAT = 'a float for graphs; exact wei are in /v1/pool';

export function setPoolGauges(registry: Registry, reading: MetricsReading): void {
  gauge(registry, 'info', 'Always 1; the version of the API that answers.', [
    [1, { version: reading.version }],
  ]);
  setFindings(registry, reading);
  setWorkers(registry, reading);
  setPayouts(registry, reading);
  setWallet(registry, reading);
  setAudit(registry, reading);
}

/** Sets a value for every code, 0 when no finding is open: an alert ends only when it sees the zero. */
function setFindings(registry: Registry, { findings, now }: MetricsReading): void {
  gauge(
    registry,
    'findings_open',
    'Findings of the sentinel that are open, by code, and whether an operator has acknowledged them.',
    FINDING_CODES.flatMap((code) =>
      [true, false].map((acknowledged) => {
        const those = findings.counts.filter(
          (count) => count.code === code && count.acknowledged === acknowledged,
        );
        const open = those.reduce((sum, count) => sum + count.findings, 0);
        return [open, { code, acknowledged: String(acknowledged) }] as const;
      }),
    ),
  );
  const { lookedAt } = findings;
  gauge(
    registry,
    'sentinel_look_age_seconds',
    'Age of the last look of the sentinel: it looks every minute while a worker and Temporal run.',
    lookedAt === null ? [] : [[secondsSince(now, lookedAt), {}]],
  );
}

/** Sets the age of the latest report of any worker; a running worker reports every ten seconds. */
function setWorkers(registry: Registry, { turn }: MetricsReading): void {
  gauge(
    registry,
    'worker_turn_age_seconds',
    'How long ago a worker last looked around with its loops turning.',
    turn === null ? [] : [[Math.floor(turn.ageMs / 1_000), {}]],
  );
}

function setPayouts(registry: Registry, reading: MetricsReading): void {
  const { openPayouts, latePayouts, totals } = reading;
  gauge(
    registry,
    'payouts_open',
    'Payouts that are not settled, by state, however old.',
    OPEN_STATES.map((state) => {
      const count = openPayouts.find((one) => one.state === state);
      return [count?.payouts ?? 0, { state }] as const;
    }),
  );
  gauge(
    registry,
    'payouts_last_day',
    'Payouts that were made within the last 24 hours, by the state they are in now.',
    latePayouts.map(({ state, payouts }) => [payouts, { state }]),
  );
  gauge(registry, 'balance_eth', `Sums of the ledger's accounts in ETH: ${FLOAT}.`, [
    [ethFloat(totals.pendingWei), { account: 'pending' }],
    [ethFloat(totals.reservedWei), { account: 'reserved' }],
    [ethFloat(totals.paidWei), { account: 'paid' }],
    [ethFloat(totals.commissionWei), { account: 'commission' }],
    [ethFloat(totals.unattributedWei), { account: 'unattributed' }],
  ]);
  gauge(registry, 'remote_workers', 'Remote workers, and those of them that are online.', [
    [totals.workers, { online: 'any' }],
    [totals.workersOnline, { online: 'true' }],
  ]);
}

function setWallet(registry: Registry, reading: MetricsReading): void {
  const { wallet, reconciliation, now } = reading;
  if (wallet === undefined) return;
  gauge(registry, 'wallet_halted', '1 while nothing is signed or sent; /v1/wallet says why.', [
    [wallet.halts.length === 0 ? 0 : 1, {}],
  ]);
  const open = wallet.earlier.reduce((sum, one) => sum + one.openTransfers, wallet.openTransfers);
  gauge(
    registry,
    'wallet_open_transfers',
    'Signed transfers that may still be mined, of earlier wallets too.',
    [[open, {}]],
  );
  const { balance } = wallet;
  if (balance !== null) {
    gauge(registry, 'wallet_balance_eth', `Balance that the chain showed last, in ETH: ${FLOAT}.`, [
      [ethFloat(balance.wei), {}],
    ]);
    gauge(registry, 'wallet_balance_age_seconds', 'How long ago that was.', [
      [secondsSince(now, balance.at), {}],
    ]);
  }
  if (reconciliation === undefined) return;
  gauge(
    registry,
    'reconciliation_ok',
    '1 when chain and ledger told the same to the wei at the last reconciliation.',
    [[reconciliation.ok ? 1 : 0, {}]],
  );
  gauge(registry, 'reconciliation_age_seconds', 'Age of that reconciliation.', [
    [secondsSince(now, reconciliation.at), {}],
  ]);
}

function setAudit(registry: Registry, { audit, now }: MetricsReading): void {
  const { checkedAt, ok, wholeAt } = audit;
  gauge(
    registry,
    'audit_ok',
    '1 when the ledger added up at the last audit.',
    ok === null ? [] : [[ok ? 1 : 0, {}]],
  );
  gauge(
    registry,
    'audit_age_seconds',
    'Age of the last audit that came to its end: one begins every hour.',
    checkedAt === null ? [] : [[secondsSince(now, checkedAt), {}]],
  );
  gauge(
    registry,
    'audit_history_age_seconds',
    'How long ago the last walk began that has proved all of the history again.',
    wholeAt === null ? [] : [[secondsSince(now, wholeAt), {}]],
  );
}
