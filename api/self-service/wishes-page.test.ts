/** The page in a real browser, with a wallet in it that holds a real key. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { toChecksum } from '../../core/chain/checksums.js';
import { signTypedData } from '../../core/chain/signatures.js';
import { readSettings } from '../../core/self-service/store/wishes.js';
import { createPayee, type TestPayee } from '../../test/harness/wishes.js';
import { useBrowsedPool } from '../../test/kit/browsed-pool.js';
import { browserPath } from '../../test/kit/browser.js';
import { accessibilityFaults, shoot } from '../../test/kit/page-browser.js';
import { addTerms } from '../../test/kit/test-pool.js';

interface Asked {
  readonly method: string;
  readonly params?: readonly unknown[];
}

/** Puts a wallet into the page, as an extension of a browser does (EIP-1193). */
async function putWallet(page: Page, { address, key }: TestPayee, chainId = '0x7a69') {
  const asked: string[] = [];
  await page.exposeFunction('askWallet', async ({ method, params = [] }: Asked) => {
    asked.push(method);
    if (method === 'eth_requestAccounts') return [toChecksum(address)];
    if (method === 'eth_chainId') return chainId;
    if (method === 'wallet_switchEthereumChain') return null;
    if (method !== 'eth_signTypedData_v4') throw new Error(`no such method: ${method}`);
    return signTypedData(key, JSON.parse(String(params[1])));
  });
  await page.evaluate('window.ethereum = { request: (asked) => window.askWallet(asked) }');
  return asked;
}

describe.skipIf(browserPath === undefined)('the page on which a payee decides itself', () => {
  let ann: TestPayee;
  const world = useBrowsedPool(async (db) => {
    await addTerms(db, 1n);
    ann = await createPayee(db);
  });
  let path = '';
  beforeAll(() => {
    path = `${world.api.url}/payees/${ann.address}/wishes`;
  });
  const settings = () => readSettings(world.database.db, ann.address);

  it('has the browser’s wallet sign, sends it, and says that it was taken', async () => {
    const page = await world.browser.open(`${path}?kind=threshold&value=0.25`);
    const asked = await putWallet(page, ann, '0x1');
    expect(await page.textContent('.sign .lead')).toBe('Pay me when 0.25 ETH is pending.');
    await shoot(page, 'wishes');
    await page.click('#sign');
    await page.waitForURL(/taken=yes/);
    expect(await page.textContent('.notice.good')).toContain('Taken');
    expect(await page.textContent('main')).toContain('0.25 ETH');
    expect((await settings()).thresholdWei).toBe(250_000_000_000_000_000n);
    expect(asked).toEqual([
      'eth_requestAccounts',
      'eth_chainId',
      'wallet_switchEthereumChain',
      'eth_signTypedData_v4',
    ]);
    await page.close();
  });

  it('says what is wrong: another account, a refusal, no wallet', async () => {
    const page = await world.browser.open(`${path}?kind=pause`);
    const state = () => page.textContent('#sign-state');
    await page.click('#sign');
    expect(await state()).toContain('has no wallet');
    await putWallet(page, await createPayee(world.database.db));
    await page.click('#sign');
    await expect.poll(state).toContain(`Choose the account ${ann.address}`);
    await page.evaluate(
      'window.ethereum = { request: async () => { throw new Error("User rejected the request."); } }',
    );
    await page.click('#sign');
    await expect.poll(state).toBe('Nothing was signed: User rejected the request.');
    expect((await settings()).pausedSince).toBeNull();
    await page.close();
  });

  it('works without script: the message is copied, the signature pasted', async () => {
    const page = await world.browser.open(`${path}?kind=pause`, { script: false });
    expect(await page.isVisible('#sign')).toBe(false);
    await page.fill('#signature', `0x${'12'.repeat(65)}`);
    const wrong = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.click('.sign button[type=submit] >> nth=0');
    expect([403, 503]).toContain((await wrong).status());
    expect(await page.isVisible('.notice.bad')).toBe(true);
    await page.goto(`${path}?kind=pause`);
    const message = await page.inputValue('#message');
    await page.fill('#signature', await signTypedData(ann.key, JSON.parse(message)));
    await page.click('.sign button[type=submit] >> nth=0');
    await page.waitForURL(/taken=yes/);
    expect((await settings()).pausedSince).not.toBeNull();
    await page.close();
  });

  it('shows what cannot be wished, on the page itself', async () => {
    const page = await world.browser.open(`${path}?kind=threshold&value=9`);
    expect(await page.textContent('.notice.bad')).toContain('from 0.001 to 1 ETH');
    await page.goto(`${path}?kind=threshold&value=much`);
    expect(await page.textContent('.notice.bad')).toContain('"much" is no amount of ETH');
    await page.close();
  });

  it.each(['light', 'dark'] as const)('has no fault that axe finds, in the %s', async (look) => {
    const page = await world.browser.open(`${path}?kind=nickname&value=Ann`, {
      colorScheme: look,
      width: 390,
    });
    expect(await accessibilityFaults(page)).toEqual([]);
    const overflow = 'document.documentElement.scrollWidth > window.innerWidth';
    expect(await page.evaluate(overflow)).toBe(false);
    await page.close();
  });
});
