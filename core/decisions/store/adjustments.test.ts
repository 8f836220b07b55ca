import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingest, owed, processedJob, receivedJob } from '../../../test/harness/jobs.js';
import { randomAddress, TEST_ROUND } from '../../../test/harness/money.js';
import { recordTerms } from '../../../test/harness/terms.js';
import type { Address } from '../../base/address.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import { registerSources } from '../../events/store/sources/source-register.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import { reserveManual } from '../../payouts/store/reservations.js';
import { type Adjustment, adjustPending } from './adjustments.js';
import { applyDecision } from './job-decisions.js';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const SOURCE = 'orch';
const COMMISSION_BPS = 2_500;

let database: TestDatabase;
const ETH = 10n ** 18n;
let references = 0;
let events = 0;

function adjustment(payee: Address, amountWei: bigint, changes: Partial<Adjustment> = {}) {
  references += 1;
  return {
    ...{ payee, amountWei, actor: 'ann', reason: 'agreed', nodeType: null, region: null },
    ...{ isNewPayee: false, allowDebt: false, dryRun: false, maxPerDayWei: ETH },
    ...{ reference: `reference ${references}`, ...changes },
  };
}

/** Creates a payee with one worker row that gets 75 of every 100 wei as pending fees. */
async function earner(grossWei: bigint, payee = randomAddress()): Promise<Address> {
  events += 1;
  await ingest(database.db, SOURCE, [
    processedJob(`e${events}`, T0, { requestId: null, payee, grossWei }),
  ]);
  return payee;
}

const sound = async () =>
  expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);

beforeAll(async () => {
  database = await createTestDatabase(20);
  const terms = { commissionBps: COMMISSION_BPS, thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(database.db, terms);
  const place = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
  await registerSources(database.db, [{ ...place, id: SOURCE, readsFrom: SOURCE }]);
});
afterAll(() => database.close());

describe('an adjustment', () => {
  it('adds to the pending fees or subtracts from them, and records who did it and why', async () => {
    const payee = await earner(400n);
    const more = await adjustPending(database.db, adjustment(payee, 50n, { reference: 'INV-7' }));
    expect(more).toEqual({
      ...{ already: false, pendingWei: 350n },
      worker: { payee, nodeType: 'ai', region: 'eu' },
    });
    const less = await adjustPending(database.db, adjustment(payee, -350n));
    expect(less.pendingWei).toBe(0n);
    const log = await listAuditLog(database.db, { limit: 2, cursor: null });
    expect(log.items[1]).toMatchObject({
      ...{ actor: 'ann', action: 'ledger.adjust', subject: payee, reason: 'agreed' },
      detail: { reference: 'INV-7', amountWei: '50' },
    });
    await sound();
  });

  it('is booked once per reference, however many ask at once, and refuses another adjustment under it', async () => {
    const payee = await earner(400n);
    const asked = adjustment(payee, 5n);
    const all = await Promise.all(
      Array.from({ length: 6 }, () => adjustPending(database.db, asked)),
    );
    expect(all.filter(({ already }) => !already)).toHaveLength(1);
    expect(all.map(({ pendingWei }) => pendingWei)).toEqual(Array(6).fill(305n));
    const other = await earner(400n);
    for (const changed of [{ amountWei: 6n }, { payee: other }, { region: 'us' }]) {
      await expect(adjustPending(database.db, { ...asked, ...changed })).rejects.toMatchObject({
        code: 'ADJUSTMENT_REFERENCE_USED',
        message: expect.stringContaining('5 wei'),
      });
    }
    await sound();
  });

  it('never books one reference for two payees, even when several people try at once', async () => {
    const payees = await Promise.all([earner(400n), earner(400n), earner(400n), earner(400n)]);
    const tries = await Promise.allSettled(
      payees.map((payee) =>
        adjustPending(database.db, adjustment(payee, 5n, { reference: 'the same' })),
      ),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('never subtracts more than is pending, unless a debt is allowed', async () => {
    const payee = await earner(400n);
    const tooMuch = adjustment(payee, -301n);
    await expect(adjustPending(database.db, tooMuch)).rejects.toMatchObject({
      code: 'ADJUSTMENT_BELOW_ZERO',
    });
    const debt = await adjustPending(database.db, { ...tooMuch, allowDebt: true });
    expect(debt.pendingWei).toBe(-1n);
    // An adjustment that reduces a debt is allowed, although a debt remains.
    const deeper = adjustment(payee, -100n, { allowDebt: true });
    await adjustPending(database.db, deeper);
    expect((await adjustPending(database.db, adjustment(payee, 50n))).pendingWei).toBe(-51n);
    await sound();
  });

  it('subtracts no more than is pending when several people do it at once', async () => {
    const payee = await earner(400n);
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () => adjustPending(database.db, adjustment(payee, -100n))),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await owed(database.db))[payee]).toBeUndefined();
  });

  it('needs the row to be named when there are several, and the payee to be known', async () => {
    const payee = await earner(400n);
    const us = adjustment(payee, 7n, { nodeType: 'ai', region: 'us' });
    // A mistyped region would create a row of its own that stays for ever.
    await expect(adjustPending(database.db, us)).rejects.toMatchObject({
      code: 'WORKER_NOT_NAMED',
      message: expect.stringContaining('was never seen as ai in us, but as ai in eu'),
    });
    await adjustPending(database.db, { ...us, isNewPayee: true });
    for (const place of [{}, { nodeType: 'ai' as const }, { region: 'asia' }]) {
      const vague = adjustPending(database.db, adjustment(payee, 1n, place));
      await expect(vague).rejects.toMatchObject({
        code: 'WORKER_NOT_NAMED',
        message: expect.stringContaining('ai in eu, ai in us'),
      });
    }
    const named = await adjustPending(database.db, adjustment(payee, 1n, { region: 'us' }));
    expect(named.worker.region).toBe('us');
    const stranger = adjustment(randomAddress(), 1n, { nodeType: 'ai', region: 'eu' });
    await expect(adjustPending(database.db, stranger)).rejects.toMatchObject({
      code: 'PAYEE_UNKNOWN',
    });
    const nowhere = adjustment(stranger.payee, 1n, { isNewPayee: true, region: 'eu' });
    await expect(adjustPending(database.db, nowhere)).rejects.toMatchObject({
      code: 'WORKER_NOT_NAMED',
      message: expect.stringMatching(/no row yet: the node type and the region .* both needed/),
    });
    await adjustPending(database.db, { ...stranger, isNewPayee: true });
    expect((await owed(database.db))[stranger.payee]).toBe(1n);
  });

  it('changes nothing in a dry run', async () => {
    const payee = await earner(400n);
    const look = adjustment(payee, -100n, { dryRun: true });
    expect((await adjustPending(database.db, look)).pendingWei).toBe(200n);
    expect((await owed(database.db))[payee]).toBe(300n);
  });

  it('is paid with everything else that is pending, and a row in debt is netted against the others', async () => {
    const payee = await earner(400n);
    const place = {
      nodeType: 'transcode',
      region: 'us',
      allowDebt: true,
      isNewPayee: true,
    } as const;
    await adjustPending(database.db, adjustment(payee, -120n, place));
    const request = { payee, actor: 'ann', reason: 'now', belowThreshold: true };
    const made = await reserveManual(database.db, { ...request, requestId: 'one' }, TEST_ROUND);
    expect(made).toMatchObject({ created: true, amountWei: 180n });
    const rows = await query(
      database.db,
      sql`SELECT balance.account, balance.amount_wei, w.region
            FROM balance JOIN remote_worker w ON w.id = balance.remote_worker_id
           WHERE w.payee = ${payee} ORDER BY 1, 3`,
    );
    expect(rows).toEqual([
      { account: 'pending', amount_wei: '120', region: 'eu' },
      { account: 'pending', amount_wei: '-120', region: 'us' },
      { account: 'reserved', amount_wei: '180', region: 'eu' },
    ]);
    // The fees are reserved, so nothing is pending that could be subtracted.
    await expect(
      adjustPending(database.db, adjustment(payee, -1n, { region: 'eu' })),
    ).rejects.toMatchObject({ code: 'ADJUSTMENT_BELOW_ZERO' });
    await sound();
  });
});

type Step =
  | { readonly do: 'process' | 'receive' | 'assign' | 'absorb'; readonly n: number }
  | { readonly do: 'adjust'; readonly n: number; readonly amountWei: bigint };

/** The expected amounts of a job for each side, computed without the ledger. */
interface Model {
  readonly jobs: Map<number, { readonly grossWei: bigint; holder: Address | 'pool' | undefined }>;
  readonly received: Set<number>;
  readonly adjusted: Map<Address, bigint>;
}

describe('any order of jobs, late halves, decisions and adjustments', () => {
  it('credits each job once, to the wei, and breaks no invariant', async () => {
    const payees = [randomAddress(), randomAddress(), randomAddress()] as const;
    const payeeOf = (n: number): Address => payees[n % 3] ?? payees[0];
    const number = fc.nat({ max: 11 });
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ do: fc.constantFrom('process' as const), n: number }),
      fc.record({ do: fc.constantFrom('receive' as const), n: number }),
      fc.record({ do: fc.constantFrom('assign' as const, 'absorb' as const), n: number }),
      fc.record({
        ...{ do: fc.constant('adjust' as const), n: number },
        amountWei: fc.bigInt({ min: -500n, max: 500n }).filter((wei) => wei !== 0n),
      }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        run += 1;
        const before = await owed(database.db);
        const model: Model = { jobs: new Map(), received: new Set(), adjusted: new Map() };
        for (const [i, one] of steps.entries()) await take(one, `${run}/${i}`, model);
        const after = await owed(database.db);
        for (const [who, wei] of expected(model)) {
          expect((after[who] ?? 0n) - (before[who] ?? 0n), who).toBe(wei);
        }
        await sound();
      }),
      { numRuns: 12, seed: 20_260_301 },
    );

    async function take(one: Step, name: string, model: Model): Promise<void> {
      const requestId = `${run}-${one.n}`;
      const grossWei = BigInt(one.n * 101);
      if (one.do === 'process') {
        const event = processedJob(`p${requestId}`, T0, { requestId, grossWei });
        const { fresh } = await ingest(database.db, SOURCE, [event]);
        if (fresh === 0) return;
        const holder = model.received.has(one.n) ? payeeOf(one.n) : undefined;
        model.jobs.set(one.n, { grossWei, holder });
      } else if (one.do === 'receive') {
        const payee = payeeOf(one.n);
        await ingest(database.db, SOURCE, [
          receivedJob(`r${requestId}`, T0 + 1_000, { requestId, payee }),
        ]);
        model.received.add(one.n);
        const job = model.jobs.get(one.n);
        if (job !== undefined) job.holder ??= payee;
      } else if (one.do === 'adjust') {
        await adjust(one, name, model);
      } else {
        const payee = one.do === 'assign' ? payeeOf(one.n + 1) : null;
        const key = { sourceId: SOURCE, dtMs: T0, eventId: `p${requestId}` };
        const { jobs } = await applyDecision(database.db, [key], {
          ...{ actor: 'ann', reason: 'why not', dryRun: false, mayBeGone: true, commandId: name },
          assignee: payee && { payee, nodeType: null, region: null },
          isNewPayee: true,
          maxPerDayWei: ETH,
        });
        const job = model.jobs.get(one.n);
        expect(jobs).toHaveLength(job !== undefined && job.holder === undefined ? 1 : 0);
        if (job !== undefined) job.holder ??= payee ?? 'pool';
      }
    }

    async function adjust(
      { n, amountWei }: Extract<Step, { readonly do: 'adjust' }>,
      name: string,
      model: Model,
    ): Promise<void> {
      const payee = payeeOf(n);
      const place = { nodeType: 'ai', region: 'eu', isNewPayee: true } as const;
      const asked = adjustment(payee, amountWei, { ...place, reference: `run ${name}` });
      const pendingWei = (await owed(database.db))[payee] ?? 0n;
      const isRefused = amountWei < 0n && pendingWei + amountWei < 0n;
      const tried = await adjustPending(database.db, asked).catch(() => undefined);
      expect(tried === undefined).toBe(isRefused);
      if (isRefused) return;
      model.adjusted.set(payee, (model.adjusted.get(payee) ?? 0n) + amountWei);
    }

    function expected(model: Model): Map<string, bigint> {
      const sums = new Map<string, bigint>(model.adjusted);
      const add = (who: string, wei: bigint) => sums.set(who, (sums.get(who) ?? 0n) + wei);
      for (const { grossWei, holder } of model.jobs.values()) {
        const cutWei = (grossWei * BigInt(COMMISSION_BPS)) / 10_000n;
        if (holder === undefined) add('unattributed', grossWei);
        else if (holder === 'pool') add('commission', grossWei);
        else {
          add(holder, grossWei - cutWei);
          add('commission', cutWei);
        }
      }
      for (const account of ['unattributed', 'commission', ...payees]) add(account, 0n);
      return sums;
    }
  });
});
