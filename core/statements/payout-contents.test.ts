import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ingestSaid, inventEvents, payeeOf, type Said } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { adjust, endPayout, reserveAll } from '../../test/harness/statement-world.js';
import { compactPostings } from '../checks/audit/ledger-compaction.js';
import { closePiece } from '../checks/audit/ledger-pieces.js';
import { archiveMonths } from '../history/archive/archiving.js';
import {
  listPayoutCredits,
  type PayoutCredit,
  payoutCredits,
  sumPayoutCredits,
} from './payout-contents.js';
import { readPayoutCredits } from './store/payout-credits.js';

const MARCH = Date.parse('2026-03-13T00:00:00Z');
const SPAN = { fromMs: MARCH, count: 400, stepMs: 600_000 };
const EVENTS = inventEvents(11, SPAN);
const OF_SOURCE = { a: EVENTS, b: inventEvents(12, SPAN) };
const ALWAYS = new Date('2100-01-01T00:00:00Z');

describe('what is in a payout', () => {
  const { world, rowsOf, rebuild } = useHistory();

  async function all(payoutId: string): Promise<PayoutCredit[]> {
    const items: PayoutCredit[] = [];
    const credits = await readPayoutCredits(world.db, payoutId);
    for await (const item of payoutCredits(world.db, credits)) items.push(item);
    return items;
  }
  const sum = (items: readonly { readonly amountWei: bigint }[]) =>
    items.reduce((total, { amountWei }) => total + amountWei, 0n);

  async function closeAndCompact(): Promise<number> {
    while (await closePiece(world.db, 5));
    const order = { before: ALWAYS, onProgress: () => undefined };
    return (await compactPostings(world.db, order)).postings;
  }

  /** Of each payout, what it lists; checks that it comes to the amount, and that no job is paid twice. */
  async function check() {
    const payouts = await rowsOf(
      'SELECT id, amount_wei, state FROM payout ORDER BY created_at, id',
    );
    const paidOfJob = new Map<string, bigint>();
    const listed: Record<string, unknown> = {};
    for (const { id, amount_wei, state } of payouts) {
      const items = await all(id);
      expect(sum(items), id).toBe(BigInt(amount_wei));
      expect(items.filter(({ kind }) => kind === 'missing')).toEqual([]);
      const isOver = state === 'refused' || state === 'cancelled';
      expect((await readPayoutCredits(world.db, id)).isReturned).toBe(isOver);
      const words = items.map(({ job, amountWei, kind }) =>
        job === null ? `${kind} ${amountWei}` : `${job.sourceId}/${job.eventId} ${amountWei}`,
      );
      listed[id] = words.sort();
      if (isOver) continue;
      for (const { job, amountWei } of items) {
        if (job === null) continue;
        const key = `${job.sourceId}/${job.at.toISOString()}/${job.eventId}`;
        const paid = (paidOfJob.get(key) ?? 0n) + amountWei;
        expect(paid, key).toBeLessThanOrEqual(job.netWei);
        paidOfJob.set(key, paid);
      }
    }
    return listed;
  }

  it('comes to its amount to the wei, and no wei is in two payouts, in random histories', async () => {
    const payee = fc.nat(5).map(payeeOf);
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('ingest' as const),
          many: fc.integer({ min: 5, max: 40 }),
          source: fc.constantFrom('a', 'b'),
          size: fc.integer({ min: 3, max: 20 }),
        }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('reserve' as const), payee }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom('settle' as const, 'refuse' as const, 'reopen' as const),
          which: fc.nat(30),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('adjust' as const),
          payee,
          region: fc.constantFrom('eu', 'us'),
          amountWei: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'compact' as const }) },
    );
    const at = { a: 0, b: 0 };
    const ids: string[] = [];
    // All histories share one ledger: each begins with what the earlier ones have left.
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 20 }), async (steps) => {
        for (const one of steps) {
          if (one.do === 'ingest') {
            const source = one.source as 'a' | 'b';
            const some = OF_SOURCE[source].slice(at[source], at[source] + one.many);
            at[source] += one.many;
            await ingestSaid(world.db, source, some, one.size);
          } else if (one.do === 'reserve') {
            const id = await reserveAll(world.db, one.payee);
            if (id !== undefined && !ids.includes(id)) ids.push(id);
          } else if (one.do === 'adjust') {
            if (one.amountWei !== 0n) await adjust(world.db, one.payee, one);
          } else if (one.do === 'compact') await closeAndCompact();
          else {
            const id = ids[one.which];
            if (id !== undefined) await endPayout(world.db, id, one.do).catch(() => undefined);
          }
        }
        await check();
      }),
      { numRuns: 3, endOnFailure: true },
    );
    // Histories that reserved little would compare little: in the end each of the six payees has a payout.
    for (const source of ['a', 'b'] as const) {
      await ingestSaid(world.db, source, OF_SOURCE[source].slice(at[source]), 25);
    }
    for (const which of [0, 1, 2, 3, 4, 5]) await reserveAll(world.db, payeeOf(which));
    const before = await check();
    expect(Object.keys(before).length).toBeGreaterThan(5);
    await closeAndCompact();
    expect(await rebuild()).toMatchObject({ ok: true });
    expect(await check()).toEqual(before);
  });

  const seed = async (said: readonly Said[] = EVENTS) => {
    await ingestSaid(world.db, 'a', said, 25);
    const id = await reserveAll(world.db, payeeOf(3));
    if (id === undefined) throw new Error('nothing was reserved');
    return id;
  };

  it('lists the same page by page, with a filter too, and adds up to the same', async () => {
    const id = await seed();
    await adjust(world.db, payeeOf(4), { amountWei: 5n });
    const whole = await all(id);
    expect(whole.length).toBeGreaterThan(15);
    const walk = async (filter = {}) => {
      const items: PayoutCredit[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof listPayoutCredits>> = await listPayoutCredits(
          world.db,
          id,
          { filter, page: { limit: 7, cursor } },
        );
        expect(page.items.length).toBeLessThanOrEqual(7);
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return items;
    };
    expect(await walk()).toEqual(whole);
    const day = '2026-03-14';
    const ofDay = whole.filter(({ job }) => job?.at.toISOString().startsWith(day));
    expect(ofDay.length).toBeGreaterThan(2);
    expect(await walk({ day, pipeline: 'p' })).toEqual(
      ofDay.filter(({ job }) => job?.pipeline === 'p'),
    );
    const { sums } = await sumPayoutCredits(world.db, id, { by: ['day', 'pipeline', 'model'] });
    expect(sum(sums)).toBe(sum(whole));
    expect(new Set(sums.map((one) => one.pipeline))).toEqual(new Set([null, 'p']));
    const byDay = await sumPayoutCredits(world.db, id, { by: ['day'] });
    expect(byDay.sums.find((one) => one.day === day)?.amountWei).toBe(sum(ofDay));
  });

  it('says that details are archived, and still adds up', async () => {
    const id = await seed();
    const amountWei = sum(await all(id));
    const run = { keepMonths: 1, dir: world.dir, now: new Date('2099-08-01T00:00:00Z') };
    const report = await archiveMonths(world.db, { ...run, onProgress: () => undefined });
    expect(report.archived.length).toBeGreaterThan(0);
    const items = await all(id);
    expect(items.every(({ job, isJob }) => isJob && job === null)).toBe(true);
    expect(sum(items)).toBe(amountWei);
    const { sums } = await sumPayoutCredits(world.db, id, { by: ['day', 'model'] });
    expect(sums).toMatchObject([{ kind: 'jobs', isJob: true, day: null, jobs: null, amountWei }]);
  });

  it('is unchanged by events that come later, of whatever time, and by the payouts after it', async () => {
    const id = await seed(EVENTS.slice(100));
    const before = await all(id);
    await ingestSaid(world.db, 'a', EVENTS.slice(0, 100), 25);
    await ingestSaid(world.db, 'b', OF_SOURCE.b, 25);
    await endPayout(world.db, id, 'settle');
    expect(await reserveAll(world.db, payeeOf(3))).not.toBe(id);
    expect(await all(id)).toEqual(before);
  });
});
