/** After a change of the rounding, jobs from before it keep their own rule, also in a rebuild. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingestSaid, payeeOf, type Said } from '../../../test/harness/event-world.js';
import type { ROUNDINGS } from '../../base/money.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { transact } from '../../db/transact.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';
import { splitFee } from '../../events/rules/commission.js';
import { registerSources } from '../../events/store/sources/source-register.js';
import { rebuildBalances } from '../../history/rebuild/rebuild.js';
import { changeTerms, openTerms } from './recorded-terms.js';

const BPS = 333;
const HOUR = 3_600_000;
let database: TestDatabase;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-rounding-'));
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const rowsOf = async (statement: string) => (await database.db.$client.query(statement)).rows;
const balances = () =>
  rowsOf(`SELECT account, remote_worker_id, amount_wei FROM balance ORDER BY 2, 1`);
const worths = (before: number) =>
  rowsOf(`SELECT event_id, gross_wei, commission_wei, terms_id FROM pool_event
           WHERE event_id::bigint < ${before} ORDER BY dt, event_id`);
const rebuild = () =>
  rebuildBalances(database.db, {
    ...{ archiveDir: dir, actor: 'test', apply: null, keep: false, onProgress: () => undefined },
  });

function job(id: number, atMs: number, fees: bigint, payee: string | null): Said {
  const ethAddress = payee ?? '';
  return { id, atMs, type: 'job-processed', fields: { ethAddress, fees, computeUnits: 1 } };
}

describe('a change of the rounding', () => {
  it('leaves earlier credits as they are, applies to later jobs, and a rebuild agrees on both', async () => {
    const { db } = database;
    const values = { commissionBps: BPS, thresholdWei: 1n, minIntervalMs: 0 };
    const file = { values: { ...values, rounding: 'commission-floor' as const }, namedMs: null };
    await openTerms(db, file, 'here');
    const rest = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(db, [{ id: 'a', readsFrom: 'a', ...rest }]);
    const fees = Array.from({ length: 40 }, (_, i) => BigInt(i) * 1_000_003n + 7n);
    const t0 = Date.now() - 10 * HOUR;
    const early = fees.map((fee, i) =>
      job(i + 1, t0 + i * 1_000, fee, i % 5 ? payeeOf(i % 3) : null),
    );
    await ingestSaid(db, 'a', early);
    const [was, wasWorth] = [await balances(), await worths(100)];

    await transact(db, (tx) =>
      changeTerms(tx, {
        ...{
          changes: { rounding: 'net-floor' },
          from: null,
          actor: 'cli',
          reason: 'the other way',
        },
      }),
    );
    expect(await balances()).toEqual(was);
    expect((await rebuild()).findings).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const late = fees.map((fee, i) => job(i + 101, Date.now(), fee, payeeOf(i % 3)));
    await ingestSaid(db, 'a', late);
    // Two jobs from before the change follow the old rule, although one only arrives now and the other is only
    // assigned now.
    await ingestSaid(db, 'a', [job(90, t0 + HOUR, 1_000_003n, payeeOf(1))]);
    const page = { limit: 1, cursor: null };
    const [waiting] = (await listUnmatchedJobs(db, { role: 'processed' }, page)).items;
    const keys = waiting === undefined ? [] : [{ ...waiting, dtMs: waiting.dt.getTime() }];
    const { jobs } = await applyDecision(db, keys, {
      ...{ assignee: { payee: payeeOf(2), nodeType: null, region: null }, isNewPayee: false },
      ...{ actor: 'test', reason: 'theirs', commandId: 'c', dryRun: false, mayBeGone: false },
      maxPerDayWei: 10n ** 18n,
    });

    expect(await worths(90)).toEqual(wasWorth);
    const due = (rounding: (typeof ROUNDINGS)[number], fee: bigint) =>
      splitFee(fee, { commissionBps: BPS, rounding }).commissionWei;
    const kept = new Map(
      (await rowsOf('SELECT event_id, commission_wei FROM pool_event')).map((row) => [
        Number(row.event_id),
        row.commission_wei,
      ]),
    );
    for (const [i, fee] of fees.entries()) {
      if (i % 5) expect(kept.get(i + 1)).toBe(due('commission-floor', fee).toString());
      expect(kept.get(i + 101)).toBe(due('net-floor', fee).toString());
    }
    expect(kept.get(90)).toBe(due('commission-floor', 1_000_003n).toString());
    expect(jobs[0]?.commissionWei).toBe(due('commission-floor', waiting?.grossWei ?? 0n));
    expect(fees.some((fee) => due('net-floor', fee) !== due('commission-floor', fee))).toBe(true);
    expect((await rebuild()).findings).toEqual([]);
    expect(await checkInvariants(db)).toEqual([]);
  });
});
