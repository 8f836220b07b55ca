import { createHash } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { payloadText } from '../../../dev/kit/event-element.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { owed } from '../../../test/harness/jobs.js';
import { giveOrder } from '../../../test/harness/orders.js';
import { recordTerms } from '../../../test/harness/terms.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import type { GivenOrder } from '../../orders/rules/order-kinds.js';
import type { SetAsideRetryReport } from '../rules/sync-reports.js';
import type { SourceConfig } from '../sources/source-config.js';
import { rowText } from '../sources/testing/test-orchestrator.js';
import { registerSources } from '../store/sources/source-register.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const T0 = Date.parse('2026-03-01T12:00:00Z');
const CAP = 1_000n;

let database: TestDatabase;
let config: SourceConfig;
let maxJobFeeWei: bigint;
let runs = 0;

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;
const job = (id: number, seconds: number, fees: bigint): string =>
  rowText({
    ...{ id, dt: at(seconds) },
    payload: payloadText('job-processed', { ethAddress: ALICE, computeUnits: 1, fees }),
  });

/** Sets an event aside as an earlier version, or another configuration, would have done. */
async function putAside(code: string, raw: string): Promise<number> {
  const [row] = await query<{ id: string }>(
    database.db,
    sql`INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
        VALUES ('orch', 'element 1', ${code}, 'long ago', ${raw},
                ${createHash('sha256').update(raw).digest('hex')}, '1.0.0') RETURNING id`,
  );
  return Number(row?.id);
}

async function retry(
  changes: Partial<GivenOrder<'set-aside.retry'>>,
): Promise<SetAsideRetryReport> {
  runs += 1;
  const source = {
    readsFrom: 'orch',
    read: () => {
      throw new Error('nothing is read for a retry');
    },
  };
  const { retrySetAside } = createSyncActivities({
    ...{ db: database.db, version: '1.0.0', jobMatchWindowMs: 3_600_000, maxJobFeeWei },
    sources: new Map([['orch', { config, source }]]),
    now: () => new Date(T0 + 86_400_000),
  });
  const environment = new MockActivityEnvironment(
    { workflowExecution: { workflowId: 'repair/set-aside', runId: `run ${runs}` } },
    { logger: new DefaultLogger('ERROR') },
  );
  const { actor = 'ann', reason = 'the cap is right now', dryRun = false, ...choice } = changes;
  const args = { ids: [], code: null, sourceId: null, ...choice };
  const giver = { actor, reason, dryRun };
  return environment.run(
    retrySetAside,
    await giveOrder(database.db, 'set-aside.retry', args, giver),
  );
}

const outcomes = ({ shown }: SetAsideRetryReport) => shown.map(({ id, outcome }) => [id, outcome]);
const openIds = async () =>
  (
    await query<{ id: string }>(
      database.db,
      sql`SELECT id FROM set_aside WHERE resolved_at IS NULL ORDER BY id`,
    )
  ).map(({ id }) => Number(id));

describe('a retry of what was set aside', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    const terms = { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, terms);
    config = {
      ...{ id: 'orch', kind: 'orchestrator-http', module: null, baseDir: '/', options: {} },
      ...{ region: 'eu', nodeType: 'ai', from: null, syncIntervalMs: 1_000 },
    };
    maxJobFeeWei = CAP;
    await registerSources(database.db, [{ ...config, readsFrom: 'orch' }]);
  });
  afterEach(() => database.close());

  it('counts what can be read now, and keeps the rest aside with the reason of this version', async () => {
    const good = await putAside('EVENT_TIME_MALFORMED', job(1, 0, 400n));
    const bad = await putAside('EVENT_NOT_JSON', '{"ID": 2');
    const dear = await putAside('EVENT_FEE_ABOVE_CAP', job(3, 0, CAP + 1n));
    const foreseen = await retry({ sourceId: 'orch', dryRun: true });
    expect(foreseen).toMatchObject({ applied: false, looked: 3 });
    expect(outcomes(foreseen)).toEqual([
      ...[
        [good, 'would-count'],
        [bad, 'refused'],
      ],
      [dear, 'refused'],
    ]);
    expect(await openIds()).toEqual([good, bad, dear]);
    expect(await owed(database.db)).toEqual({});
    const done = await retry({ sourceId: 'orch' });
    expect(outcomes(done)).toEqual([
      ...[
        [good, 'counted'],
        [bad, 'refused'],
      ],
      [dear, 'refused'],
    ]);
    expect(done.outcomes).toEqual({ counted: 1, refused: 2 });
    expect(done.shown[2]?.words).toContain('helps only after pool.maxJobFee was raised');
    expect(foreseen.shown.slice(1)).toEqual(done.shown.slice(1));
    expect(await openIds()).toEqual([bad, dear]);
    expect(await owed(database.db)).toEqual({ [ALICE]: 300n, commission: 100n });
    maxJobFeeWei = CAP + 1n;
    expect(outcomes(await retry({ code: 'EVENT_FEE_ABOVE_CAP' }))).toEqual([[dear, 'counted']]);
    expect(outcomes(await retry({ ids: [dear] }))).toEqual([[dear, 'counted-before']]);
    expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);
  });

  it('never tries an event that was counted with another text, not even when that one is gone', async () => {
    await putAside('EVENT_NOT_JSON', job(1, 0, 400n));
    await retry({ sourceId: 'orch' });
    const changed = await putAside('EVENT_CHANGED', job(1, 0, 900n));
    const told = await retry({ ids: [changed] });
    expect(told.shown).toMatchObject([
      { outcome: 'hopeless', words: expect.stringContaining('would count the job twice') },
    ]);
    // As after archiving the month: its keys can no longer be looked up.
    await database.db.execute(sql`DELETE FROM pool_event`);
    expect((await retry({ code: 'EVENT_CHANGED' })).outcomes).toEqual({ hopeless: 1 });
    expect(await owed(database.db)).toEqual({ [ALICE]: 300n, commission: 100n });
  });

  it('reports as hopeless an event that was counted with another text meanwhile', async () => {
    const first = await putAside('EVENT_NOT_JSON', job(1, 0, 400n));
    const twin = await putAside('EVENT_NOT_JSON', job(1, 0, 500n));
    expect(outcomes(await retry({ sourceId: 'orch' }))).toEqual([
      ...[
        [first, 'counted'],
        [twin, 'hopeless'],
      ],
    ]);
    const [still] = (await retry({ ids: [twin], dryRun: true })).shown;
    expect(still).toMatchObject({ outcome: 'hopeless', code: 'EVENT_CHANGED' });
    expect(await owed(database.db)).toEqual({ [ALICE]: 300n, commission: 100n });
  });

  it('tells why an event before the beginning stays aside, and takes it in when that has moved', async () => {
    config = { ...config, from: new Date(T0) };
    const early = await putAside('EVENT_BEFORE_START', job(1, -5, 400n));
    const told = await retry({ ids: [early] });
    expect(told.shown).toMatchObject([
      { outcome: 'refused', words: expect.stringContaining('`from` was moved back') },
    ]);
    config = { ...config, from: null };
    expect((await retry({ ids: [early] })).outcomes).toEqual({ counted: 1 });
  });

  it('tells why an event of an archived month stays aside, and takes it in when that is restored', async () => {
    const old = await putAside('EVENT_ARCHIVED', job(1, -5, 400n));
    await database.db.execute(sql`UPDATE source SET archived_to = ${new Date(T0).toISOString()}`);
    const foreseen = await retry({ ids: [old], dryRun: true });
    const told = await retry({ ids: [old] });
    for (const { shown } of [foreseen, told]) {
      expect(shown).toMatchObject([
        { outcome: 'refused', words: expect.stringContaining('openpool archive restore') },
      ]);
    }
    await database.db.execute(sql`UPDATE source SET archived_to = NULL`);
    expect((await retry({ ids: [old] })).outcomes).toEqual({ counted: 1 });
  });

  it('refuses unknown ids and an order that names nothing, and leaves other sources alone', async () => {
    const one = await putAside('EVENT_NOT_JSON', job(1, 0, 400n));
    await expect(retry({ ids: [one, 999] })).rejects.toMatchObject({ type: 'SET_ASIDE_NOT_FOUND' });
    await expect(retry({})).rejects.toMatchObject({ type: 'REQUEST_INVALID' });
    config = { ...config, id: 'another' };
    await database.db.execute(sql`UPDATE set_aside SET source_id = 'gone'`);
    expect((await retry({ ids: [one] })).shown).toMatchObject([{ outcome: 'no-source' }]);
    expect(await openIds()).toEqual([one]);
  });

  it('refuses an unknown source or code before anything is tried', async () => {
    await expect(retry({ sourceId: 'ocrh' })).rejects.toThrow('known are orch');
    await expect(retry({ code: 'NONSENSE' })).rejects.toThrow('the codes are EVENT_NOT_JSON');
    await putAside('CODE_OF_YORE', '{');
    expect((await retry({ code: 'CODE_OF_YORE' })).looked).toBe(1);
  });
});
