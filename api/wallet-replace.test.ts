/** Replaces the wallet over the API, with Temporal down and without a worker. */
import { expect, it } from 'vitest';
import { toChecksum } from '../core/chain/checksums.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { createTestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import {
  addPayout,
  addressOf,
  addWallet,
  addWorker,
  TEST_TOKEN,
  TEST_WALLET,
} from '../test/kit/test-pool.js';
import { createApp } from './app.js';

it('names another wallet once, with a reason that is kept, and tells what to start', async () => {
  const database = await createTestDatabase();
  const { db } = database;
  const app = createApp(poolOf(db));
  const [from, to] = [toChecksum(TEST_WALLET), toChecksum(addressOf(77))];
  const replace = async (body: object, token = TEST_TOKEN) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await app.request('/v1/wallet/replace', init);
    return { status: answer.status, body: await answer.json() };
  };
  const order = { to, reason: 'yearly change' };
  expect(await replace(order)).toMatchObject({ status: 503, body: { code: 'WALLET_UNKNOWN' } });
  await addWallet(db);
  await addWorker(db, { payee: addressOf(1), reservedWei: 7n * 10n ** 16n });
  await addPayout(db, {
    ...{ payee: addressOf(1), amountWei: 7n * 10n ** 16n, state: 'reserved' },
    ...{ createdAt: new Date(), wait: ['WALLET_EMPTY', 'too little'] },
  });
  expect(await replace(order, 'wrong')).toMatchObject({ status: 401 });
  expect(await replace({ to })).toMatchObject({ status: 400 });
  const zero = `0x${'0'.repeat(40)}`;
  expect(await replace({ ...order, to: zero })).toMatchObject({
    body: { code: 'ADDRESS_MALFORMED' },
  });
  expect(await replace({ ...order, dryRun: true })).toMatchObject({
    body: { changed: true, dryRun: true, wallet: { address: from, replacedBy: null } },
  });
  expect(await replace(order)).toMatchObject({
    status: 200,
    body: {
      ...{ changed: true, dryRun: false, words: expect.stringContaining(to) },
      wallet: { address: from, replacedBy: to, earlier: [] },
    },
  });
  expect(await replace(order)).toMatchObject({ body: { changed: false } });
  const { items } = await listAuditLog(db, { limit: 10, cursor: null });
  expect(items).toMatchObject([
    { actor: 'api', action: 'wallet.replace', subject: addressOf(77), reason: 'yearly change' },
  ]);
  const page = (await (await app.request('/pool')).text()).replace(/<[^>]*>/g, ' ');
  expect(page).toContain('Another wallet is to pay from now on');
  expect(page).toContain('It goes on when a worker with its key has started.');
  await database.close();
});
