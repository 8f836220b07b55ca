import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingest, owed, processedJob } from '../../../test/harness/jobs.js';
import { randomAddress } from '../../../test/harness/money.js';
import { recordTerms } from '../../../test/harness/terms.js';
import type { Address } from '../../base/address.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { adjustPending } from '../../decisions/store/adjustments.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { registerSources } from '../../events/store/sources/source-register.js';

const T0 = Date.UTC(2026, 2, 1, 12);
const SOURCE = 'orch';
const PER_DAY = 1_000n;
const ABOVE = { code: 'ORDERED_DAY_ABOVE_CAP' };

let database: TestDatabase;
let orders = 0;

function adjust(payee: Address, amountWei: bigint) {
  orders += 1;
  return adjustPending(database.db, {
    ...{ payee, amountWei, actor: 'ann', reason: 'agreed', nodeType: 'ai', region: 'eu' },
    ...{ isNewPayee: true, allowDebt: true, dryRun: false, reference: `order ${orders}` },
    maxPerDayWei: PER_DAY,
  });
}

function assign(eventId: string, payee: Address) {
  orders += 1;
  return applyDecision(database.db, [{ sourceId: SOURCE, dtMs: T0, eventId }], {
    ...{ actor: 'ann', reason: 'his', dryRun: false, mayBeGone: false, isNewPayee: true },
    ...{ assignee: { payee, nodeType: null, region: null }, commandId: `order ${orders}` },
    maxPerDayWei: PER_DAY,
  });
}

/** Creates a job that waits for its other half; 75 of 100 wei are the payee's share. */
const waits = (eventId: string, grossWei: bigint) =>
  ingest(database.db, SOURCE, [
    processedJob(eventId, T0, { requestId: eventId, payee: null, grossWei }),
  ]);

describe('the limit on what orders may move in a day', () => {
  beforeEach(async () => {
    database = await createTestDatabase(20);
    await recordTerms(database.db, { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 });
    await registerSources(database.db, [
      {
        ...{ id: SOURCE, kind: 'orchestrator-http', readsFrom: SOURCE, region: 'eu' },
        ...{ nodeType: 'ai', from: null },
      },
    ]);
    return () => database.close();
  });

  it('can be used up exactly, over all payees, and subtractions do not count', async () => {
    await adjust(randomAddress(), 600n);
    const payee = randomAddress();
    await expect(adjust(payee, 401n)).rejects.toMatchObject(ABOVE);
    await adjust(payee, -5_000n);
    await adjust(payee, 400n);
    await expect(adjust(randomAddress(), 1n)).rejects.toMatchObject(ABOVE);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('becomes free again as the day passes', async () => {
    await adjust(randomAddress(), 1_000n);
    await database.db.execute(sql`ALTER TABLE posting DISABLE TRIGGER USER`);
    await database.db.execute(
      sql`UPDATE posting SET created_at = created_at - interval '25 hours'`,
    );
    await adjust(randomAddress(), 1_000n);
  });

  it('counts jobs that go to a payee whom no event has named, not those of known ones', async () => {
    for (const [eventId, grossWei] of [
      ['one', 800n],
      ['two', 800n],
      ['three', 80_000n],
    ] as const) {
      await waits(eventId, grossWei);
    }
    const stranger = randomAddress();
    await assign('one', stranger);
    await expect(assign('two', stranger)).rejects.toMatchObject(ABOVE);
    await expect(assign('two', randomAddress())).rejects.toMatchObject(ABOVE);
    await expect(adjust(randomAddress(), 401n)).rejects.toMatchObject(ABOVE);
    const known = randomAddress();
    await ingest(database.db, SOURCE, [
      processedJob('known', T0, { requestId: null, payee: known, grossWei: 100n }),
    ]);
    await assign('three', known);
    expect(await owed(database.db)).toMatchObject({ [stranger]: 600n, [known]: 60_075n });
  });

  it('holds for orders that arrive at the same time', async () => {
    const asked = Array.from({ length: 8 }, () => adjust(randomAddress(), 300n));
    const done = await Promise.allSettled(asked);
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('refuses an entry that is larger than any possible amount', async () => {
    const tooMuch = 10n ** 78n - 1n;
    const huge = adjustPending(database.db, {
      ...{ payee: randomAddress(), amountWei: tooMuch, actor: 'ann', reason: 'a slip' },
      ...{ nodeType: 'ai', region: 'eu', isNewPayee: true, allowDebt: false, dryRun: false },
      ...{ reference: 'absurd', maxPerDayWei: 2n * tooMuch },
    });
    await expect(huge).rejects.toThrow();
    await adjust(randomAddress(), 1n);
  });
});
