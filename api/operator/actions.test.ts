/** What the operator's pages show and do: each action says first what it comes to, and then does that. */

import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { findPayout } from '../../core/payouts/store/reads/payout-reads.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { FormBrowser } from '../../test/kit/form-browser.js';
import { fillOperatorScene, type Scene } from '../../test/kit/operator-scene.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addressOf, TEST_TOKEN } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';
import { isGone } from './kept-workflows.js';

const MILLI_ETH = 10n ** 15n;

interface Needs {
  readonly wallet: { readonly freeWei: string; readonly runwayDays: number | null };
  readonly needs: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly code: string;
    readonly atStakeWei: string | null;
    readonly actions: readonly string[];
  }[];
}

let database: TestDatabase;
let app: Hono;
let browser: FormBrowser;
let scene: Scene;

beforeAll(async () => {
  database = await createTestDatabase();
  scene = await fillOperatorScene(database.db);
  app = createApp(poolOf(database.db));
  browser = new FormBrowser(app);
  await browser.signIn(TEST_TOKEN);
});
afterAll(() => database.close());

async function needs(): Promise<Needs> {
  const headers = { authorization: `Bearer ${TEST_TOKEN}` };
  return (await (await app.request('/v1/operator/needs', { headers })).json()) as Needs;
}

const actions = async () =>
  (await listAuditLog(database.db, { limit: 50, cursor: null })).items.map(
    ({ actor, action, subject }) => `${actor} ${action} ${subject}`,
  );

/** Looks at what an action of the first page comes to, and confirms it. */
async function act(name: string, subject: string) {
  const path = `/operator/act/${name}`;
  const page = await browser.get('/operator');
  const forms = page.text.match(/<form[\s\S]*?<\/form>/g) ?? [];
  const text = forms.find((one) => one.includes(`"${path}"`) && one.includes(`"${subject}"`)) ?? '';
  const look = await browser.submit({ ...page, text }, path);
  const before = await actions();
  return { look, before, confirm: () => browser.submit(look, path, { reason: 'looked at it' }) };
}

describe('what needs a hand', () => {
  it('is sorted by money and age, with the money to the wei and what helps', async () => {
    const found = await needs();
    const ofScene = found.needs.filter(({ kind }) => kind !== 'stop');
    expect(ofScene.map(({ subject, code, actions: helps }) => [subject, code, helps[0]])).toEqual([
      [scene.held, 'PAYOUT_HELD', 'payout.resume'],
      [scene.large, 'PAYOUT_ABOVE_CAP', 'payout.approve'],
      ['jobs', 'JOBS_UNATTRIBUTED', 'jobs.assign'],
      [scene.stuck, 'AWAITING_INCLUSION', 'payout.bump'],
      ['1', 'SOURCE_FAILING', 'finding.acknowledge'],
      ['EVENT_ID_MALFORMED', 'EVENT_ID_MALFORMED', 'set-aside.retry'],
    ]);
    expect(ofScene.slice(0, 4).map(({ atStakeWei }) => BigInt(atStakeWei ?? 0))).toEqual(
      [700n, 1_200n, 4n, 9n].map((milli) => milli * MILLI_ETH),
    );
    // What is on the way out is no longer free.
    expect(found.wallet.freeWei).toBe(String((900n - 9n) * MILLI_ETH));
    expect(found.needs.map(({ code }) => code)).toContain('WORKER_SILENT');
  });

  it('shows the same on the page, in the same order', async () => {
    const { text } = await browser.get('/operator');
    const shown = [...text.matchAll(/<span class="pill (?:warn|bad)">([A-Z_]+)<\/span>/g)];
    expect(shown.map(([, code]) => code)).toEqual((await needs()).needs.map(({ code }) => code));
  });
});

describe('an action on a payout', () => {
  it('changes nothing until it is confirmed, and then what was shown', async () => {
    const { look, before, confirm } = await act('payout.resume', scene.held);
    expect(look.text).toContain('resumed: it will be signed and sent');
    expect((await findPayout(database.db, scene.held))?.heldAt).not.toBeNull();
    const done = await confirm();
    expect(done.text).toContain('resumed: it will be signed and sent');
    expect((await findPayout(database.db, scene.held))?.heldAt).toBeNull();
    expect(await actions()).toEqual([`api payout.resume ${scene.held}`, ...before]);
    expect((await needs()).needs.map(({ subject }) => subject)).not.toContain(scene.held);
  });

  it('is refused in the words of the API when it makes no sense any more', async () => {
    const path = '/operator/act/payout.resume';
    const page = await browser.get('/operator');
    expect(page.text).not.toContain(`action="${path}"`);
    const own = await browser.get(`/operator/payouts/${scene.stuck}`);
    expect(own.text).not.toContain('payout.hold');
    const bump = await browser.submit(own, '/operator/act/payout.bump');
    expect(bump.text).toContain('its fee will be raised, within the cap');
  });

  it('releases a payee whose destination refused, from the row that says so', async () => {
    const dan = addressOf(4);
    await database.db.execute(sql`UPDATE payee SET unpayable_code = 'REFUSED_ON_CHAIN',
      unpayable_reason = 'its contract refused', unpayable_at = now() WHERE address = ${dan}`);
    const { look, confirm } = await act('payee.release', dan);
    expect(look.text).toContain('released: the next round may pay it');
    expect((await needs()).needs.map(({ code }) => code)).toContain('REFUSED_ON_CHAIN');
    expect((await confirm()).status).toBe(200);
    expect((await needs()).needs.map(({ code }) => code)).not.toContain('REFUSED_ON_CHAIN');
    expect(await actions()).toContain(`api payee.release ${dan}`);
  });

  it('has a page on which each stands that fits its state', async () => {
    const { text } = await browser.get(`/operator/payouts/${scene.large}`);
    for (const name of ['approve', 'hold', 'cancel']) {
      expect(text).toContain(`/operator/act/payout.${name}`);
    }
    const done = await browser.get(`/operator/payouts/${scene.old}`);
    expect(done.text).not.toContain('/operator/act/payout');
    expect((await browser.get('/operator/payouts/17')).status).toBe(404);
  });
});

describe('other actions', () => {
  it('pause the sync, which everybody is told of, and let it go on', async () => {
    const pause = await act('sync.pause', 'sync');
    expect(await (await app.request('/v1/sync')).json()).toEqual({ paused: null });
    await pause.confirm();
    expect(await (await app.request('/v1/sync')).json()).toMatchObject({
      paused: { by: 'api', reason: 'looked at it' },
    });
    const told = await (await app.request('/pool')).text();
    expect(told).toContain('New jobs are not read now: the operator has paused that');
    const resume = await act('sync.resume', 'sync');
    expect((await resume.confirm()).text).toContain('resumed: the next passes begin on schedule');
    expect(await (await app.request('/pool')).text()).not.toContain('has paused that');
  });

  it('acknowledge a finding, by the name of the token', async () => {
    const { look, confirm } = await act('finding.acknowledge', '1');
    expect(look.text).toContain(
      'It is acknowledged: it asks for attention again when it gets worse',
    );
    expect((await confirm()).status).toBe(200);
    expect(await actions()).toContain('api finding.acknowledge 1');
    expect((await needs()).needs.map(({ code }) => code)).not.toContain('SOURCE_FAILING');
  });

  it('ask for what they need to know, and say what is wrong with it', async () => {
    const path = '/operator/act/payout.pay';
    const page = await browser.get('/operator/pay');
    const wrong = await browser.submit(page, path, { payee: '0x12' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('That does not work');
    expect(wrong.text).toContain('value="0x12"');
    const below = await browser.submit(page, path, { payee: addressOf(3) });
    expect([below.status, below.text.includes('joined')]).toEqual([200, true]);
    const look = await browser.submit(page, path, { payee: addressOf(4) });
    expect(look.text).toContain('would reserve 0.008 ETH');
    // Temporal is away: it is refused, and said so.
    const away = await browser.submit(look, path, { reason: 'he asked' });
    expect([away.status, away.text.includes('TEMPORAL_UNREACHABLE')]).toEqual([503, true]);
  });

  it('offer the jobs that wait, to be ticked, and keep what was ticked when something is wrong', async () => {
    const { look } = await act('jobs.assign', 'jobs');
    expect(look.text).toContain('Show what it would do');
    const [box = '', handle = ''] =
      /<input type="checkbox"[^>]*value="(north[^"]*)"[^>]*>/.exec(look.text) ?? [];
    expect([handle, box.includes('checked')]).toEqual([
      expect.stringMatching(/^north\/.*\/17$/),
      false,
    ]);
    expect(look.text).toContain('0.004 ETH (4000000000000000 wei)');
    const path = '/operator/act/jobs.assign';
    const other = 'south/2026-01-31T12:00:00Z/9';
    const wrong = await browser.submit(look, path, { jobs: `${handle} ${other}`, to: '0x12' });
    expect([wrong.status, wrong.text.includes('That does not work')]).toEqual([400, true]);
    expect(wrong.text).toMatch(
      new RegExp(`<input type="checkbox"[^>]*value="${handle}"[^>]*checked`),
    );
    expect(wrong.text).toContain(`value="${other}"`);
  });
});

describe('the next round', () => {
  it('shows who would be paid, who not and why, and what the gas costs', async () => {
    const { text } = await browser.get('/operator/round');
    expect(text).toContain('0.008 ETH (8000000000000000 wei) to 1 payee');
    expect(text).toContain('OPEN_PAYOUT');
    // 21000 gas at 0.02 gwei.
    expect(text).toContain('0.00000042 ETH');
    expect(text).toContain('Temporal does not answer');
    expect(text).toContain('Make this round');
  });
});

describe('the audit log', () => {
  it('is filtered by who, what, of what and when', async () => {
    const found = async (query: string) => {
      const { text } = await browser.get(`/operator/audit${query}`);
      return [...text.matchAll(/<td class="s4 whole">([^<]*)</g)].map(([, action]) => action);
    };
    const all = await found('');
    expect(all).toContain('payout.resume');
    expect(all).toContain('finding.acknowledge');
    expect(new Set(await found('?action=payout'))).toEqual(new Set(['payout.resume']));
    expect(await found(`?subject=${scene.held}`)).toEqual(['payout.resume']);
    expect(await found('?actor=nobody&action=')).toEqual([]);
    expect(await found('?before=2020-01-01')).toEqual([]);
    expect((await found('?from=2020-01-01')).length).toBe(all.length);
    expect((await browser.get('/operator/audit?from=monday')).status).toBe(400);
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const json = await app.request('/v1/audit-log?action=payout.resume', { headers });
    const { entries } = (await json.json()) as { entries: readonly { action: string }[] };
    expect(entries.map(({ action }) => action)).toEqual(['payout.resume']);
  });
});

describe('a link into Temporal’s UI', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);

  it.each([
    ['of an open payout leads there', null, 7, false],
    ['of one that ended yesterday leads there', daysAgo(1), 7, false],
    ['of one that ended before what is kept is gone', daysAgo(8), 7, true],
    ['leads there while nobody knows what is kept', daysAgo(900), null, false],
  ])('%s', (_, closedAt, keptDays, gone) => {
    const keptMs = keptDays === null ? null : keptDays * 86_400_000;
    expect(isGone(closedAt, keptMs, now)).toBe(gone);
  });
});
