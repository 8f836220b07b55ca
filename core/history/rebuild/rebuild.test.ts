import { describe, expect, it } from 'vitest';
import { ingestSaid, inventEvents, payeeOf, type Said } from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { TEST_ROUND } from '../../../test/harness/money.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';
import { reserveManual } from '../../payouts/store/reservations.js';
import { withHistoryLock } from '../archive/history-lock.js';
import { listRebuilds } from './rebuild.js';

const MARCH = Date.parse('2026-03-13T00:00:00Z');
/**
 * How many rebuilds run while events come. Each takes a tenth of a second, so over this many a batch is sure to come in the
 * middle of one.
 */
const REBUILDS_MEANWHILE = 15;
const SPAN = { fromMs: MARCH, count: 160, stepMs: 2_000_000 };

const { world, rowsOf, rebuild } = useHistory();

const apply = (allowDebt = false) =>
  rebuild({ apply: { actor: 'test', reason: 'the ledger was damaged', allowDebt } });
const balances = () =>
  rowsOf('SELECT account, remote_worker_id, amount_wei FROM balance ORDER BY 2, 1');
const findings = async (code: string) =>
  (await rebuild()).findings.filter((one) => one.code === code).map(({ message }) => message);

async function seed(): Promise<void> {
  const [a, b] = [inventEvents(1, SPAN), inventEvents(2, SPAN)];
  await ingestSaid(world.db, 'a', a);
  await ingestSaid(world.db, 'b', b, 25);
  const again = await ingestSaid(world.db, 'a', a.slice(0, 100));
  expect(again.fresh).toBe(0);
}

/** Books a posting as a faulty program could: it balances, but nothing that happened is behind it. */
async function postWrongly(workerId: number, wei: bigint): Promise<void> {
  await world.db.$client.query(
    `WITH made AS (INSERT INTO posting (kind, source_id, batch, remote_worker_id, terms_id)
                   VALUES ('jobs', 'a', 77, $1, 1) RETURNING id)
     INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
     SELECT id, e.account, e.worker, e.wei FROM made, LATERAL (VALUES
       ('revenue', 0, -$2::numeric - 25), ('pending', $1::bigint, $2::numeric), ('commission', 0, 25)) AS e (account, worker, wei)`,
    [workerId, wei.toString()],
  );
}

describe('rebuilding the balances', () => {
  it('gives the same as the ledger to the wei: pairs in both orders, duplicates, ambiguous and nameless jobs, two terms', async () => {
    await seed();
    const kinds = await rowsOf(
      `SELECT kind, count(DISTINCT terms_id)::int AS terms FROM posting GROUP BY 1 ORDER BY 1`,
    );
    expect(kinds).toEqual([
      { kind: 'jobs', terms: 2 },
      { kind: 'late-jobs', terms: 2 },
      { kind: 'unattributed', terms: 2 },
    ]);
    const reasons = await rowsOf('SELECT DISTINCT reason FROM unmatched_job ORDER BY 1');
    expect(reasons.map(({ reason }) => reason)).toEqual([
      'ambiguous',
      'no-address',
      'no-other-half',
    ]);
    const result = await rebuild();
    expect(result.findings).toEqual([]);
    expect(result).toMatchObject({ ok: true, applied: false, corrections: null, schema: null });
    const [count] = await rowsOf('SELECT count(*)::int AS events FROM pool_event');
    expect(result.events).toBe(count.events);
    expect(await listRebuilds(world.db, 5)).toMatchObject([{ id: result.id, ok: true }]);
  });

  it('names a posting without events, corrects it with another posting, and then finds nothing', async () => {
    await seed();
    const before = await balances();
    await postWrongly(3, 1_000n);
    const found = await rebuild();
    expect(found.ok).toBe(false);
    const told = found.findings.map(({ code, message }) => `${code} ${message}`).join('\n');
    const [{ payee }] = await rowsOf('SELECT payee FROM remote_worker WHERE id = 3');
    expect(told).toContain(`LEDGER_DIFFERS pending of ${payee} (ai, eu): the ledger has`);
    expect(told).toContain('1000 wei more than is due');
    expect(told).toMatch(
      /POSTING_DIFFERS posting \d+ \(jobs, batch 77 of a, .* books commission 25, pending 1000, revenue -1025; its events are worth nothing/,
    );
    const mended = await apply();
    expect(mended).toMatchObject({
      ok: true,
      applied: true,
      corrections: { postings: 1, rows: 0 },
    });
    expect(await balances()).toEqual(before);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    expect(await apply()).toMatchObject({ ok: true, corrections: { postings: 0 } });
    const [posting] = await rowsOf(`SELECT reason, reference FROM posting WHERE kind = 'correct'`);
    expect(posting).toEqual({
      reason: 'the ledger was damaged',
      reference: `rebuild ${mended.id}`,
    });
    const log = await rowsOf(`SELECT actor, reason FROM audit_log WHERE action = 'rebuild.apply'`);
    expect(log[0]).toEqual({ actor: 'test', reason: 'the ledger was damaged' });
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
  });

  it('reads what events say, not the columns computed from that, and corrects those columns', async () => {
    await seed();
    await world.db.$client.query(
      `UPDATE pool_event SET gross_wei = gross_wei + 5, remote_worker_id = 2 WHERE (source_id, dt, event_id) = (
         SELECT source_id, dt, event_id FROM pool_event
          WHERE gross_wei > 0 AND remote_worker_id = 3 AND match_event_id IS NOT NULL ORDER BY dt LIMIT 1)`,
    );
    const before = await balances();
    const payloads = () =>
      rowsOf('SELECT md5(string_agg(payload, seq::text ORDER BY source_id, seq)) FROM pool_event');
    const said = await payloads();
    expect((await checkInvariants(world.db, { withEvents: true }))[0]?.code).toBe('REVENUE_DRIFT');
    expect(await findings('ROW_DIFFERS')).toEqual([
      expect.stringMatching(/^event \d+ of [ab] at 2026-03-.* is kept with gross \d+/),
    ]);
    expect(await findings('LEDGER_DIFFERS')).toEqual([]);
    expect(await apply()).toMatchObject({ ok: true, corrections: { postings: 0, rows: 1 } });
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
    expect([await balances(), await payloads()]).toEqual([before, said]);
  });

  it('corrects workers’ figures and counts of events by their difference', async () => {
    await seed();
    const look = () =>
      rowsOf('SELECT id, jobs, zero_fee_jobs, compute_units FROM remote_worker ORDER BY 1');
    const counts = () => rowsOf('SELECT * FROM event_count ORDER BY 1, 2, 3');
    const before = [await look(), await counts()];
    await world.db.$client.query(`UPDATE remote_worker SET jobs = jobs + 3, compute_units = compute_units - 1 WHERE id = 1;
      DELETE FROM event_count WHERE event_type = 'moon-landed'`);
    expect((await findings('FIGURES_DIFFER')).length).toBe(1);
    expect((await findings('COUNT_DIFFERS')).length).toBeGreaterThan(3);
    expect(await apply()).toMatchObject({ ok: true, corrections: { figures: 1 } });
    expect([await look(), await counts()]).toEqual(before);
    expect(await rebuild()).toMatchObject({ ok: true });
  });

  it('leaves what people decided and what was paid as it is', async () => {
    await seed();
    const [{ payee }] = await rowsOf('SELECT payee FROM remote_worker WHERE id = 4');
    const request = { payee, belowThreshold: true, actor: 't', reason: 't', requestId: 'one' };
    await reserveManual(world.db, request, TEST_ROUND);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it('leaves to the operator what would make a payee owe, unless told otherwise', async () => {
    await seed();
    await postWrongly(5, 1_000_000n);
    await postWrongly(6, 77n);
    const [{ payee }] = await rowsOf('SELECT payee FROM remote_worker WHERE id = 5');
    const request = { payee, belowThreshold: true, actor: 't', reason: 't', requestId: 'one' };
    await reserveManual(world.db, request, TEST_ROUND);
    const partly = await apply();
    expect(partly).toMatchObject({ ok: false, corrections: { postings: 1 } });
    expect(partly.findings.at(-1)).toMatchObject({
      code: 'CORRECTION_LEFT',
      message: expect.stringContaining(`${payee} was given 1000000 wei more than it has earned`),
    });
    expect(await apply(true)).toMatchObject({ ok: true, corrections: { postings: 1 } });
    const [{ amount_wei: pending }] = await rowsOf(
      `SELECT amount_wei FROM balance WHERE account = 'pending' AND remote_worker_id = 5`,
    );
    expect(pending).toBe('-1000000');
    expect(await rebuild()).toMatchObject({ ok: true });
  });

  it('corrects nothing while an event cannot be read or a match is lost', async () => {
    await seed();
    await postWrongly(3, 10n);
    await world.db.$client.query(
      `UPDATE pool_event SET payload = '{' WHERE gross_wei > 0 AND event_id = (
         SELECT min(event_id) FROM pool_event WHERE gross_wei > 0)`,
    );
    const result = await apply();
    expect(result).toMatchObject({ ok: false, applied: false });
    const codes = new Set(result.findings.map(({ code }) => code));
    expect(codes).toContain('EVENT_UNREADABLE');
    expect(codes).toContain('CORRECTION_LEFT');
    expect(await rowsOf(`SELECT FROM posting WHERE kind = 'correct'`)).toEqual([]);
    await world.db.$client.query(`DELETE FROM pool_event WHERE (dt, event_id) IN (
      SELECT match_dt, match_event_id FROM pool_event WHERE match_event_id IS NOT NULL LIMIT 1)`);
    expect((await findings('MATCH_MISSING')).length).toBeGreaterThan(0);
  });

  it('leaves what people decided as it is: jobs assigned and absorbed, and halves that came too late for them', async () => {
    await seed();
    const { items } = await listUnmatchedJobs(
      world.db,
      { role: 'processed' },
      { limit: 9, cursor: null },
    );
    const keys = items.map(({ sourceId, dt, eventId }) => ({
      ...{ sourceId, dtMs: dt.getTime(), eventId },
    }));
    expect(keys).toHaveLength(9);
    const decision = { actor: 'ann', reason: 'looked', isNewPayee: true, dryRun: false };
    const how = { ...decision, commandId: 'one', mayBeGone: false, maxPerDayWei: 10n ** 18n };
    const assignee = { payee: payeeOf(3), nodeType: null, region: null };
    await applyDecision(world.db, keys.slice(0, 6), { ...how, assignee });
    await applyDecision(world.db, keys.slice(6), { ...how, assignee: null, commandId: 'two' });
    const [decided] = items.filter(({ requestId }) => requestId !== null);
    const late: Said = {
      ...{ id: 70_000, atMs: decided?.dt.getTime() ?? 0, type: 'job-received' },
      fields: { requestID: decided?.requestId ?? '', ethAddress: payeeOf(5) },
    };
    await ingestSaid(world.db, decided?.sourceId ?? '', [late]);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    const before = await balances();
    expect(await apply()).toMatchObject({ corrections: { postings: 0, figures: 0 } });
    expect(await balances()).toEqual(before);
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
  });

  it('compares one moment while events go on coming, and corrects no more than it saw', async () => {
    await seed();
    await postWrongly(3, 1_000n);
    let comesOn = true;
    const coming = (async () => {
      let fresh = 0;
      for (let round = 3; comesOn; round += 1) {
        const said = inventEvents(round, { ...SPAN, fromMs: MARCH + round * 1_000 });
        const more = said.map((one) => ({ ...one, id: one.id + round * 1_000 }));
        fresh += (await ingestSaid(world.db, 'a', more, 20)).fresh;
      }
      return fresh;
    })();
    try {
      const mended = await apply();
      const corrections = { postings: 1, figures: 0, counts: 0, rows: 0 };
      expect(mended).toMatchObject({ ok: true, corrections });
      for (let times = 0; times < REBUILDS_MEANWHILE; times += 1) {
        const result = await rebuild();
        expect(result, JSON.stringify(result.findings, null, 1)).toMatchObject({ ok: true });
      }
    } finally {
      comesOn = false;
      await coming;
    }
    expect(await coming).toBeGreaterThan(1_000);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
  });

  it('leaves no scratch schema behind unless asked to, and refuses a second rebuild meanwhile', async () => {
    await seed();
    const schemas = async () =>
      (await rowsOf(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'`)).map(
        (row) => row.nspname,
      );
    await withHistoryLock(world.db, async () => {
      await expect(rebuild()).rejects.toMatchObject({ code: 'HISTORY_BUSY' });
    });
    await rebuild();
    expect(await schemas()).toEqual([]);
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(rebuild({ signal: stop })).rejects.toThrow('enough');
    await world.db.$client.query('CREATE SCHEMA rebuild_scratch_dead');
    const kept = await rebuild({ keep: true });
    expect(await schemas()).toEqual([kept.schema]);
    await rebuild();
    expect(await schemas()).toEqual([kept.schema]);
    const sums = await rowsOf(`SELECT sum(gross_wei) FROM ${kept.schema}.jobs`);
    expect(Number(sums[0].sum)).toBeGreaterThan(0);
  });
});
