import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingestSaid, openWorld, payeeOf, type Said } from '../../../test/harness/event-world.js';
import type { Page, PageRequest } from '../../db/paging.js';
import { addEarned, type Earned } from '../rules/earned-days.js';
import { type EarnedRow, listPayeeDays, listPoolDays, readEarnings } from './earned-days.js';

const NOW_MS = Date.parse('2026-06-10T12:00:00Z');
const JOB = 'job-processed';
const [ALICE, BOB] = [payeeOf(1), payeeOf(2)];
const of = (said: Partial<Said> & Pick<Said, 'id' | 'fields'>, at: string): Said => ({
  type: JOB,
  ...said,
  atMs: Date.parse(at),
});
const llm = { requestID: 'q', pipeline: 'llm', modelID: 'owner/a' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await openWorld(db);
  await ingestSaid(db, 'a', [
    of(
      { id: 1, fields: { ethAddress: ALICE, fees: 1_000n, computeUnits: 7 } },
      '2026-06-08T23:59:59Z',
    ),
    of(
      { id: 2, fields: { ethAddress: ALICE, fees: 100n, computeUnits: 1 } },
      '2026-06-09T00:00:00Z',
    ),
    of({ id: 3, fields: { ...llm, fees: 500n, computeUnits: 5 } }, '2026-06-09T10:00:00Z'),
    of({ id: 4, fields: { ethAddress: BOB, fees: 0n } }, '2026-06-10T01:00:00Z'),
  ]);
  // The other half comes in a later batch and on a later day: the job counts on its own day.
  const received = { ...llm, ethAddress: ALICE };
  await ingestSaid(db, 'a', [
    of({ id: 5, type: 'job-received', fields: received }, '2026-06-09T10:01:00Z'),
  ]);
  await ingestSaid(db, 'b', [
    of({ id: 1, fields: { ethAddress: ALICE, fees: 10n } }, '2026-06-09T05:00:00Z'),
    of({ id: 2, fields: { ethAddress: BOB, fees: 20n } }, '2026-02-01T05:00:00Z'),
  ]);
});
afterAll(() => database.close());

const ALWAYS = { from: '2026-01-01', to: '2026-12-31' };
async function all(list: (page: PageRequest) => Promise<Page<EarnedRow>>) {
  const found: EarnedRow[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page<EarnedRow> = await list({ limit: 1, cursor });
    found.push(...page.items);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}
const shown = ({ day, pipeline, modelId, jobs, grossWei, netWei }: EarnedRow) =>
  `${day} ${pipeline}/${modelId} ${jobs} jobs ${grossWei} gross ${netWei} net`;

describe('what was earned by day', () => {
  it('is listed by day, worker, pipeline and model, page by page, by the time of the jobs', async () => {
    const { db } = database;
    const rows = await all((page) => listPayeeDays(db, { payee: ALICE, ...ALWAYS }, page));
    expect(rows.map(shown)).toEqual([
      '2026-06-09 llm/owner/a 1 jobs 500 gross 483 net',
      '2026-06-09 / 2 jobs 110 gross 105 net',
      '2026-06-08 / 1 jobs 1000 gross 966 net',
    ]);
    const span = { from: '2026-06-08', to: '2026-06-08' };
    const [only] = await all((page) => listPayeeDays(db, { payee: ALICE, ...span }, page));
    expect(only).toMatchObject({
      nodeType: 'ai',
      region: 'eu',
      computeUnits: 7n,
      commissionWei: 34n,
    });
  });

  it('is listed for the whole pool', async () => {
    const rows = await all((page) => listPoolDays(database.db, ALWAYS, page));
    expect(rows.map(shown)).toEqual([
      '2026-06-10 / 1 jobs 0 gross 0 net',
      '2026-06-09 llm/owner/a 1 jobs 500 gross 483 net',
      '2026-06-09 / 2 jobs 110 gross 105 net',
      '2026-06-08 / 1 jobs 1000 gross 966 net',
      '2026-02-01 / 1 jobs 20 gross 15 net',
    ]);
  });

  it('is added up for charts, with days of nothing, and parts that sum to the whole', async () => {
    const { db } = database;
    const payee = ALICE;
    const earnings = await readEarnings(db, { payee, days: 7, nowMs: NOW_MS });
    expect(earnings.days.map(({ day, netWei }) => `${day} ${netWei}`)).toEqual([
      ...['2026-06-04 0', '2026-06-05 0', '2026-06-06 0', '2026-06-07 0'],
      ...['2026-06-08 966', '2026-06-09 588', '2026-06-10 0'],
    ]);
    expect(earnings.total).toMatchObject({ jobs: 4, grossWei: 1_610n, netWei: 1_554n });
    expect(earnings.models.map(({ name, pipeline, netWei }) => [pipeline, name, netWei])).toEqual([
      ['', '', 1_071n],
      ['llm', 'owner/a', 483n],
    ]);
    for (const asked of [{ payee, days: 7 }, { days: 7 }, { days: 30 }, { days: 90 }]) {
      const { total, days, ...parts } = await readEarnings(db, { ...asked, nowMs: NOW_MS });
      expect(days).toHaveLength(asked.days);
      const lists: readonly (readonly Earned[])[] = Object.values(parts);
      for (const list of lists) expect(addEarned(list)).toEqual(total);
    }
    const before = await readEarnings(db, { days: 90, nowMs: Date.parse('2026-02-02T00:00:00Z') });
    expect(before.total).toMatchObject({ jobs: 1, netWei: 15n });
  });
});
