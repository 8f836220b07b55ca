/** Tests that days and ledger agree whoever credits, and that a rebuild finds the very days that were kept. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import { useArchiveWorld } from '../../../test/harness/archive-world.js';
import { ingestSaid, inventEvents, payeeOf, type Said } from '../../../test/harness/event-world.js';
import { auditLedger } from '../../checks/audit/audit.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { adjustPending } from '../../decisions/store/adjustments.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';

const { world, rowsOf, archive, rebuild, hasBeenQuiet, seed } = useArchiveWorld();
const START_MS = Date.parse('2026-03-10T00:00:00Z');
const HOUR_MS = 3_600_000;
const ann = { actor: 'ann', reason: 'it is right', dryRun: false, maxPerDayWei: 10n ** 30n };

const days = () =>
  rowsOf(`SELECT remote_worker_id, day::text, pipeline, model_id, jobs, compute_units, gross_wei,
    commission_wei, adjusted_wei FROM earning_day
  WHERE (jobs, compute_units, gross_wei, commission_wei, adjusted_wei) <> (0, 0, 0, 0, 0) ORDER BY 1, 2, 3, 4`);
const run = (statement: string) => world.db.$client.query(statement);

/** Gives AI jobs, both halves alike, pipelines and models, some of them odd. */
function withModels(said: readonly Said[]): readonly Said[] {
  const models = ['own/er', '', 'a\tb\\n', `it's {"odd"}`, 'x'.repeat(300)];
  return said.map((one) => {
    const { requestID } = one.fields;
    if (requestID === undefined) return one;
    const n = [...String(requestID)].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7);
    const pipeline = ['llm', 'text-to-image', ''][n % 3] ?? '';
    return { ...one, fields: { ...one.fields, pipeline, modelID: models[n % 5] ?? '' } };
  });
}

async function assignSome(draw: ReturnType<typeof createRandom>, commandId: string): Promise<void> {
  const page = { limit: 5, cursor: null };
  const { items } = await listUnmatchedJobs(world.db, { role: 'processed' }, page);
  const keys = items.map(({ dt, sourceId, eventId }) => ({
    sourceId,
    eventId,
    dtMs: dt.getTime(),
  }));
  if (keys.length === 0) return;
  const someone = { payee: payeeOf(draw.int(0, 11)), nodeType: 'ai', region: 'eu' } as const;
  const assignee = draw.int(0, 3) === 0 ? null : someone;
  await applyDecision(world.db, keys, {
    ...ann,
    assignee,
    isNewPayee: true,
    commandId,
    mayBeGone: true,
  });
}

async function adjust(draw: ReturnType<typeof createRandom>, reference: string): Promise<void> {
  await adjustPending(world.db, {
    ...ann,
    payee: payeeOf(draw.int(0, 11)),
    nodeType: 'ai',
    region: 'eu',
    amountWei: BigInt(draw.int(1, 1_000)) * (draw.int(0, 1) === 0 ? 1n : -1n),
    reference,
    isNewPayee: true,
    allowDebt: true,
  });
}

/** Lives through a random history: two sources at once, repeated and shuffled batches, decisions in between. */
async function live(seedNo: number): Promise<void> {
  const draw = createRandom(seedNo);
  const { db } = world;
  const histories = ['a', 'b'].map((id, n) => ({
    id,
    said: [
      ...withModels(
        inventEvents(seedNo * 2 + n, { fromMs: START_MS, count: 60, stepMs: 7 * HOUR_MS }),
      ),
    ],
  }));
  for (const { said } of histories) {
    for (let i = 0; i < said.length; i += 9) {
      const [one, other] = [draw.int(0, said.length - 1), draw.int(0, said.length - 1)];
      [said[one], said[other]] = [said[other] as Said, said[one] as Said];
    }
  }
  for (let part = 0; part < 4; part += 1) {
    const takes = histories.map(({ id, said }) => {
      const size = Math.ceil(said.length / 4);
      const from = Math.max(0, part * size - draw.int(0, 20));
      return ingestSaid(db, id, said.slice(from, (part + 1) * size), draw.int(7, 40));
    });
    await Promise.all([...takes, adjust(draw, `${seedNo}/${part}`)]);
    await assignSome(draw, `command ${seedNo}/${part}`);
    expect(await checkInvariants(db)).toEqual([]);
  }
}

describe('what is kept of each day', () => {
  it.each([1, 2, 3])(
    'adds up to the ledger and is what a rebuild finds, whatever came in whatever order (seed %i)',
    async (seedNo) => {
      await live(seedNo);
      expect((await days()).length).toBeGreaterThan(40);
      expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
      expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    },
  );

  it('is worked out again to the row when it was lost or changed', async () => {
    await live(5);
    const kept = await days();
    await run(`UPDATE earning_day SET gross_wei = gross_wei + 3, jobs = jobs - 1 WHERE pipeline = 'llm';
      UPDATE earning_day SET day = day - 400, model_id = 'lost' WHERE pipeline = ''`);
    expect((await rebuild()).findings.map(({ code }) => code)).toContain('DAYS_DIFFER');
    const [broken] = await checkInvariants(world.db);
    expect(broken).toMatchObject({ code: 'DAYS_DRIFT' });
    expect(broken?.message).toContain('`openpool rebuild --apply`');
    const order = { actor: 'ann', reason: 'the disk', allowDebt: false };
    const fixed = await rebuild({ apply: order });
    expect(fixed).toMatchObject({ ok: true, corrections: { postings: 0 } });
    expect(await days()).toEqual(kept);
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('stays when raw events leave for files, and is found again from the files', async () => {
    await seed();
    const kept = await days();
    await hasBeenQuiet();
    const { archived } = await archive();
    expect(archived.length).toBeGreaterThan(0);
    expect(await days()).toEqual(kept);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('is missed by the audit when a writer forgets it, and when days or their sums are changed', async () => {
    await live(6);
    const audit = () => auditLedger(world.db, { isWhole: false });
    const whole = () => checkInvariants(world.db, { withEvents: true });
    const codes = async (found: ReturnType<typeof whole>) => [
      ...new Set((await found).map(({ code }) => code)),
    ];
    expect(await audit()).toEqual([]);
    // Each writer in turn forgets its days: nothing reaches the table.
    await run(`CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER forget BEFORE INSERT ON earning_day FOR EACH ROW EXECUTE FUNCTION forget()`);
    const draw = createRandom(1);
    const fields = { fees: 1_000n };
    const writers = [
      () =>
        ingestSaid(world.db, 'a', [
          {
            id: 90_001,
            atMs: START_MS,
            type: 'job-processed',
            fields: { ...fields, ethAddress: payeeOf(1) },
          },
        ]),
      () => adjust(draw, 'forgotten'),
      async () => {
        await ingestSaid(world.db, 'a', [
          { id: 90_002, atMs: START_MS, type: 'job-processed', fields },
        ]);
        const assignee = { payee: payeeOf(2), nodeType: 'ai', region: 'eu' } as const;
        const keys = [{ sourceId: 'a', eventId: '90002', dtMs: START_MS }];
        await applyDecision(world.db, keys, {
          ...ann,
          assignee,
          isNewPayee: true,
          commandId: 'f',
          mayBeGone: false,
        });
      },
    ];
    for (const write of writers) {
      await write();
      expect(await codes(audit())).toEqual(['DAYS_DRIFT']);
      await run('ALTER TABLE earning_day DISABLE TRIGGER forget');
      expect(
        await rebuild({ apply: { actor: 'ann', reason: 'x', allowDebt: false } }),
      ).toMatchObject({ ok: true });
      expect(await audit()).toEqual([]);
      await run('ALTER TABLE earning_day ENABLE TRIGGER forget');
    }
    await run('UPDATE pool_day SET jobs = jobs + 1');
    expect(await codes(whole())).toEqual(['POOL_DAYS_CHANGED']);
    await run(`UPDATE pool_day SET jobs = jobs - 1;
      UPDATE worker_earned SET compute_units = compute_units + 1 WHERE remote_worker_id = 1`);
    expect(await codes(whole())).toEqual(['DAYS_CHANGED']);
    expect(await codes(audit())).toEqual(['DAYS_CHANGED']);
    // No day is wrong, only what they add up to: a rebuild adds them up anew.
    await run(
      'UPDATE pool_day SET jobs = jobs + 1; UPDATE worker_earned SET gross_wei = gross_wei + 1',
    );
    const order = { actor: 'ann', reason: 'x', allowDebt: false };
    expect(await rebuild({ apply: order })).toMatchObject({ ok: true });
    expect(await codes(whole())).toEqual([]);
    expect(await audit()).toEqual([]);
  });

  it('is compared with its sums worker by worker, a hundred in each audit', async () => {
    await live(7);
    await run(`INSERT INTO payee (address) SELECT '0x' || repeat('5', 37) || lpad(to_hex(n), 3, '0') FROM generate_series(1, 150) n;
      INSERT INTO remote_worker (payee, node_type, region)
      SELECT '0x' || repeat('5', 37) || lpad(to_hex(n), 3, '0'), 'ai', 'eu' FROM generate_series(1, 150) n`);
    const at = async () =>
      (await rowsOf('SELECT day_worker_id FROM ledger_audit'))[0]?.day_worker_id;
    expect(await auditLedger(world.db, { isWhole: false })).toEqual([]);
    const first = await at();
    const [{ place }] = await rowsOf(
      `SELECT count(*)::int AS place FROM remote_worker WHERE id <= ${first}`,
    );
    expect(place).toBe(100);
    await auditLedger(world.db, { isWhole: false });
    expect(await at()).toBe('0');
  });
});
