import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ingestSaid, inventEvents, payeeOf } from '../test/harness/event-world.js';
import { useHistory } from '../test/harness/history-world.js';
import { adjust, readCsv, reserveAll } from '../test/harness/statement-world.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const MARCH = Date.parse('2026-03-13T00:00:00Z');
const FORMULA = '=HYPERLINK("http://10.0.0.1:80")';
const EVENTS = inventEvents(21, { fromMs: MARCH, count: 300, stepMs: 600_000 }).map((said) =>
  'modelID' in said.fields && said.id % 5 === 0
    ? { ...said, fields: { ...said.fields, modelID: FORMULA } }
    : said,
);
const PAYEE = payeeOf(3);
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };

interface Credit {
  readonly amountWei: string;
  readonly detail: string;
  readonly job: { readonly modelId: string | null; readonly at: string } | null;
}
interface Answer {
  readonly amountWei: string;
  readonly settles: boolean;
  readonly credits: readonly Credit[];
  readonly sums: readonly (Credit & { readonly day: string | null; readonly modelId: string })[];
  readonly nextCursor: string | null;
}

describe('GET /v1/payouts/:id/credits', () => {
  const { world } = useHistory();
  let id = '';
  const request = (query: string, headers = {}) =>
    createApp(poolOf(world.db)).request(`/v1/payouts/${id}/credits${query}`, { headers });
  const get = async (query: string, headers = {}): Promise<Answer> => {
    const response = await request(query, headers);
    expect(response.status).toBe(200);
    return (await response.json()) as Answer;
  };
  const sum = (items: readonly { readonly amountWei: string }[]) =>
    items.reduce((total, { amountWei }) => total + BigInt(amountWei), 0n).toString();

  async function seed(): Promise<void> {
    await ingestSaid(world.db, 'a', EVENTS, 25);
    await adjust(world.db, PAYEE, { amountWei: 1_000n, reason: '+secret words' });
    await adjust(world.db, PAYEE, { amountWei: -50n, reason: 'secret' });
    id = (await reserveAll(world.db, PAYEE)) ?? '';
  }

  it('names the credits, page by page and in sums, to the wei; no stranger sees foreign names', async () => {
    await seed();
    const credits: Credit[] = [];
    let cursor: string | null = '';
    do {
      const page = await get(`?limit=4${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.settles).toBe(true);
      expect(page.credits.length).toBeLessThanOrEqual(4);
      credits.push(...page.credits);
      cursor = page.nextCursor;
    } while (cursor !== null);
    const whole = await get('?limit=200', TOKEN);
    expect(sum(credits)).toBe(whole.amountWei);
    expect(sum(whole.credits)).toBe(whole.amountWei);
    expect(credits.length).toBe(whole.credits.length);
    expect(JSON.stringify(credits)).not.toMatch(/secret|10\.0\.0\.1/);
    expect(JSON.stringify(whole)).toContain('+secret words');
    const byDay = await get('?by=day,model', TOKEN);
    expect(sum(byDay.sums)).toBe(whole.amountWei);
    const models = byDay.sums.map(({ modelId }) => modelId);
    expect(new Set(models)).toEqual(new Set([null, 'm', FORMULA]));
    const day = await get('?day=2026-03-14&limit=200');
    const same = whole.credits.filter(({ job }) => job?.at.startsWith('2026-03-14'));
    expect(sum(day.credits)).toBe(sum(same));
    expect(sum(byDay.sums.filter((one) => one.day === '2026-03-14'))).toBe(sum(same));
  });

  it('gives the same as CSV, in which nothing is a formula', async () => {
    await seed();
    const whole = await get('?limit=200', TOKEN);
    const response = await request('?format=csv', TOKEN);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const text = await response.text();
    const lines = readCsv(text);
    expect(lines.length).toBe(whole.credits.length);
    expect(sum(lines.map((line) => ({ amountWei: line['Amount (wei)'] ?? '' })))).toBe(
      whole.amountWei,
    );
    expect(lines.map((line) => line['Amount (wei)'])).toContain('-50');
    expect(new Set(lines.map((line) => line['Model']))).toContain(`'${FORMULA}`);
    expect(lines.map((line) => line['Reason'])).toContain("'+secret words");
    const strangers = await (await request('?format=csv')).text();
    expect(strangers).not.toMatch(/secret|HYPERLINK/);
    const sums = readCsv(await (await request('?format=csv&by=day')).text());
    expect(sum(sums.map((line) => ({ amountWei: line['Amount (wei)'] ?? '' })))).toBe(
      whole.amountWei,
    );
  });

  it.each([
    ['?by=week', 400, 'REQUEST_INVALID'],
    ['?day=2026-02-30', 400, 'REQUEST_INVALID'],
    ['?format=xml', 400, 'REQUEST_INVALID'],
    ['?cursor=WyJhIl0', 400, 'CURSOR_MALFORMED'],
  ])('refuses %s', async (query, status, code) => {
    await seed();
    const response = await request(query);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it('knows no other payout, and lets only two long answers be taken at the same time', async () => {
    await seed();
    const known = id;
    id = '00000000-0000-4000-8000-000000000000';
    expect((await request('')).status).toBe(404);
    expect((await request('?format=csv')).status).toBe(404);
    id = known;
    const taken = [await request('?format=csv'), await request('?format=csv')];
    const third = await request('?format=csv');
    expect(third.status).toBe(503);
    await taken[0]?.body?.cancel();
    expect((await (await request('?format=csv')).text()).length).toBeGreaterThan(100);
    expect((await taken[1]?.text())?.length).toBeGreaterThan(100);
  });

  it('ends the reading when the client has gone, also where no line fits the filter', async () => {
    const many = Array.from({ length: 2_000 }, (_, n) => ({
      id: n + 1,
      atMs: MARCH + n,
      type: 'job-processed',
      fields: { ethAddress: PAYEE, fees: 7n, computeUnits: 5 },
    }));
    await ingestSaid(world.db, 'a', many, 20);
    id = (await reserveAll(world.db, PAYEE)) ?? '';
    let reads = 0;
    world.db.$client.on('acquire', () => {
      reads += 1;
    });
    const readsOf = async (work: (response: Response) => Promise<unknown>) => {
      reads = 0;
      await work(await request('?format=csv&pipeline=nosuch'));
      return reads;
    };
    const whole = await readsOf((response) => response.text());
    const left = await readsOf(async (response) => {
      const reader = response.body?.getReader();
      await reader?.read();
      void reader?.read();
      await nextTurn();
      await reader?.cancel();
    });
    expect(left).toBeLessThan(whole);
  });
});
