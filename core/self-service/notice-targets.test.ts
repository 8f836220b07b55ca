import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../../test/harness/database.js';
import { createMoneyDatabase } from '../../test/harness/money.js';
import { createPayee, type TestPayee, wishSigned } from '../../test/harness/wishes.js';
import { writeNotices } from '../notices/store/outbox.js';
import { spreadNotices } from '../notices/store/spreading.js';
import { createSignedTargets, webhookSecretOf } from './notice-targets.js';

let database: TestDatabase;
let ann: TestPayee;
let bob: TestPayee;
beforeAll(async () => {
  database = await createMoneyDatabase();
  ann = await createPayee(database.db);
  bob = await createPayee(database.db);
});
afterAll(() => database.close());

const say = (payee: TestPayee, noticeAddress: string | null) =>
  wishSigned(database.db, payee, { kind: 'notice-address', noticeAddress });

describe('an address that a payee signed for its notices', () => {
  it('is a target of its own, until the payee takes it back', async () => {
    const read = createSignedTargets(database.db);
    expect([...(await read())]).toEqual([]);
    await say(ann, 'https://ann.example.net/notices');
    await say(bob, 'https://discord.com/api/webhooks/1/abc');
    const targets = [...(await read()).values()].map(({ target, notifier }) => [
      target.kind,
      target.payee,
      target.addressOf,
      notifier.sendsTo,
    ]);
    expect(targets.sort()).toEqual([
      ['discord', bob.address, 'payee', 'https://discord.com'],
      ['webhook', ann.address, 'payee', 'https://ann.example.net'],
    ]);
    await say(bob, null);
    expect([...(await read()).keys()]).toEqual([`payee-${ann.address}`]);
  });

  it('gets what concerns its payee, and nothing of others', async () => {
    const { db } = database;
    await say(ann, 'https://ann.example.net/other');
    const told = [...(await createSignedTargets(db)()).values()].map(({ target }) => target);
    await spreadNotices(db, told);
    for (const { address: payee } of [ann, bob]) {
      const facts = { payoutId: '1', payee, amountWei: '1', txHash: null };
      await writeNotices(db, [{ key: `paid/${payee}`, kind: 'paid', payee, facts }]);
    }
    await spreadNotices(db, told);
    const { rows } = await db.execute(
      sql`SELECT delivery.target_id AS target, payee FROM notice_delivery delivery JOIN notice ON notice.id = notice_id`,
    );
    expect(rows).toEqual([{ target: `payee-${ann.address}`, payee: ann.address }]);
  });

  it('is never reached in a private network', async () => {
    await say(ann, 'https://localhost/notices');
    const [named] = [...(await createSignedTargets(database.db)()).values()];
    const notice = {
      id: 'ntc_1',
      kind: 'paid' as const,
      at: new Date().toISOString(),
      pool: { id: 'p', name: 'p' },
      audience: 'payee' as const,
      title: 't',
      text: 't',
      link: null,
      data: {},
    };
    const outcome = await named?.notifier.deliver(notice, AbortSignal.timeout(5_000));
    expect(outcome).toMatchObject({
      kind: expect.not.stringMatching('delivered'),
      why: expect.stringMatching(/private|reserved|public/),
    });
  });

  it('has a secret that the payee can make from its own signature', () => {
    expect(webhookSecretOf('0x0102')).toBe('whsec_oShx/uIQ+4YZKR6uoZRYHL0lMeSyN1nSJfaAaSP2MiI=');
  });
});
