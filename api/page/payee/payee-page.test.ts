/** A payee's page in a real browser: the way of a new worker from the front page to "when am I paid, and why not". */
import { describe, expect, it } from 'vitest';
import { toChecksum } from '../../../core/chain/checksums.js';
import type { Database } from '../../../core/db/database.js';
import { transact } from '../../../core/db/transact.js';
import { recordBalance } from '../../../core/payouts/store/wallet/wallets.js';
import { recordLooks } from '../../../core/policies/store/looks.js';
import { reserveFor } from '../../../test/harness/money.js';
import { useBrowsedPool } from '../../../test/kit/browsed-pool.js';
import { browserPath } from '../../../test/kit/browser.js';
import type { Look } from '../../../test/kit/page-browser.js';
import {
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  hashOf,
  TEST_WALLET,
} from '../../../test/kit/test-pool.js';
import { shownVerdict } from './payee-status.js';

const MILLI_ETH = 10n ** 15n;
const [ann, bob, nobody] = [addressOf(1), addressOf(2), addressOf(3)];
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

async function fillPool(db: Database): Promise<void> {
  await addTerms(db, 5n * MILLI_ETH);
  const looks = [{ payee: ann, nickname: 'Ann & <b>Co</b>', tier: 'gold', badge: 'top' }];
  await transact(db, (tx) => recordLooks(tx, looks, { name: 'mine', version: '1' }));
  await addWallet(db);
  const seen = { wei: 900n * MILLI_ETH, block: 9, baseFeeWei: 300_000_000n };
  await recordBalance(db, { chainId: CHAIN_ID, address: TEST_WALLET }, seen);
  await addWorker(db, {
    payee: ann,
    nodeType: 'ai',
    region: 'eu-central',
    jobs: 811,
    pendingWei: 2n * MILLI_ETH + 1n,
    reservedWei: 7n * MILLI_ETH,
    paidWei: 41n * MILLI_ETH,
    lastEventAt: minutesAgo(3),
  });
  await addWorker(db, {
    payee: ann,
    region: 'us-west',
    pendingWei: 5n,
    lastEventAt: minutesAgo(90),
  });
  await addWorker(db, { payee: bob, pendingWei: MILLI_ETH, lastEventAt: minutesAgo(1) });
  await addPayout(db, {
    payee: ann,
    amountWei: 7n * MILLI_ETH,
    state: 'reserved',
    createdAt: minutesAgo(190),
    wait: [
      'FEE_ABOVE_CAP',
      'fee cap 0.1 gwei is below base fee 0.3 gwei: raise chain.maxFeePerGas or wait',
    ],
  });
  const ended = { payee: ann, amountWei: 20n * MILLI_ETH } as const;
  await addPayout(db, {
    ...ended,
    state: 'paid',
    createdAt: minutesAgo(900),
    closedAt: minutesAgo(899),
    nonce: 1,
  });
  await addPayout(db, {
    ...ended,
    state: 'refused',
    createdAt: minutesAgo(2_000),
    closedAt: minutesAgo(1_998),
    nonce: 2,
  });
}

describe('what a payee’s page says first', () => {
  it('is that somebody has to act, where time alone does not help', () => {
    const gate = { name: 'x', code: 'UNPAYABLE', reason: 'x', measured: null } as const;
    const shown = (opener: 'pool' | 'payee' | 'nobody', opensByItself = false) =>
      shownVerdict({ verdict: 'not-due', decidedBy: { ...gate, opener, opensByItself } });
    expect([shown('pool'), shown('payee'), shown('nobody')]).toEqual([
      'kept-by-pool',
      'kept-by-you',
      'not-due',
    ]);
    expect(shown('payee', true)).toBe('not-due');
    expect(shownVerdict({ verdict: 'pays', decidedBy: null })).toBe('pays');
  });
});

describe.skipIf(browserPath === undefined)("a payee's page in a browser", () => {
  const world = useBrowsedPool(fillPool);

  const open = (path: string, look?: Look) => world.browser.open(`${world.api.url}${path}`, look);

  it('is one paste away from the front page, without any script', async () => {
    const page = await open('/', { script: false });
    await page.fill('#address', `  ${ann} `);
    await page.press('#address', 'Enter');
    expect(new URL(page.url()).pathname).toBe(`/payees/${toChecksum(ann)}`);
    const words = (await page.textContent('main')) ?? '';
    expect(words).toContain('Ann & <b>Co</b> tier gold top');
    expect(words).toContain('A payout to you is held up');
    expect(words).toContain("The network's fee is above the pool's limit. This passes by itself");
    await page.context().close();
  });

  it('shows sums that add up, with every wei to read', async () => {
    const page = await open(`/payees/${ann}`);
    const exact = await page.locator('.sum dd.exact').allTextContents();
    const [paid, onTheWay, pending, earned] = exact.map((text) => BigInt(text.replace(/\D/g, '')));
    expect([paid, onTheWay, pending]).toEqual([
      41n * MILLI_ETH,
      7n * MILLI_ETH,
      2n * MILLI_ETH + 6n,
    ]);
    expect(earned).toBe((paid ?? 0n) + (onTheWay ?? 0n) + (pending ?? 0n));
    const bar = page.locator('.share svg').first();
    expect(await bar.getAttribute('aria-label')).toMatch(/^40 % of the amount/);
    await page.context().close();
  });

  it('lists payouts in plain words, and machines with more than a colour', async () => {
    const page = await open(`/payees/${ann}`);
    const words = (await page.textContent('main')) ?? '';
    for (const expected of [
      'promised, not signed yet',
      'your address did not take it',
      `${hashOf(1).slice(0, 10)}…`,
      '0 of 2 are connected',
      '○ away',
      'No payout round has run yet.',
    ]) {
      expect(words).toContain(expected);
    }
    const link = page.locator(`a[href="https://explorer.example/tx/${hashOf(1)}"]`);
    expect(await link.count()).toBe(1);
    await page.context().close();
  });

  it('shows what is in a payout, as lines that add up to it', async () => {
    const { payee } = await reserveFor(world.database.db, 12_345n);
    const page = await open(`/payees/${payee}`, { script: false });
    await page.click('text=What is in it');
    expect(new URL(page.url()).pathname).toMatch(/^\/payees\/0x\w{40}\/payouts\/[\w-]{36}$/);
    const yours = await page.locator('tbody td:last-child .eth').all();
    const wei = await Promise.all(
      yours.map(async (cell) =>
        BigInt(((await cell.getAttribute('data-wei')) ?? '').replace(/\D/g, '')),
      ),
    );
    const payoutWei = wei.pop();
    expect([wei.length, payoutWei]).toEqual([1, 12_345n]);
    expect(wei.reduce((sum, one) => sum + one, 0n)).toBe(payoutWei);
    expect((await fetch(page.url().replace(/.{36}$/, ann))).status).toBe(404);
    expect((await fetch(page.url().replace(toChecksum(payee), bob))).status).toBe(404);
    await page.context().close();
  });

  it('says in a sentence what is wrong with an address, and lets one try again', async () => {
    const page = await open('/payees?address=0x12');
    expect(await page.textContent('main')).toContain('This is not an address');
    expect(await page.inputValue('#address')).toBe('0x12');
    await page.fill('#address', nobody);
    await page.click('.search button');
    expect(await page.textContent('main')).toContain('has not worked for this pool yet');
    await page.fill('#address', ann.slice(0, -1) + (ann.endsWith('0') ? '1' : '0'));
    await page.click('.search button');
    expect(await page.textContent('main h2')).toContain('has not worked for this pool yet');
    await page.context().close();
  });
});
