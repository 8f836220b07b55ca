/** `openpool status` when there is more than it can show. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../core/base/address.js';
import { payee } from '../core/ledger/store/tables.js';
import { payout } from '../core/payouts/store/tables.js';
import { recordLook } from '../core/sentinel/store/findings.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { randomAddress } from '../test/harness/money.js';

const { write } = useConfigFiles();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(10, 42_161);
});
afterAll(() => database.close());

async function status(): Promise<string> {
  const text = BASE.replace('postgres://pool@localhost/pool', database.url);
  const path = await write(`${text}temporal: { address: '127.0.0.1:1' }\n`, 'pool.yaml');
  return (await runOpenpool(['status', '--config', path])).out;
}

async function openPayout(address: Address): Promise<void> {
  await database.db.insert(payee).values({ address });
  await database.db.insert(payout).values({
    ...{ id: randomUUID(), payee: address, destination: address, amountWei: 1n },
    ...{ state: 'reserved', origin: 'manual', reason: 'asked for' },
  });
}

const look = (findings: number) =>
  recordLook(
    database.db,
    Array.from({ length: findings }, (_, i) => ({
      ...({ sourceId: 'one', code: 'EVENTS_SET_ASIDE', subject: `S${i}` } as const),
      ...({ severity: 'grave', measure: 1, figures: {}, words: '1 event' } as const),
    })),
    new Date(),
  );

describe('the status', () => {
  it('counts in words that fit, and shows all when that is little', async () => {
    await openPayout(randomAddress());
    await look(20);
    const said = await status();
    expect(said).toMatch(/in 1 payout\n/);
    expect(said).toMatch(/, 1 payee\n/);
    expect(said).not.toContain(' more: ');
  });

  it('says how much it leaves out, and how to see that', async () => {
    for (let i = 0; i < 12; i += 1) await openPayout(randomAddress());
    await look(23);
    const said = await status();
    expect(said).toContain('and 3 more: `openpool finding list`');
    expect(said).toContain('and 3 more: `openpool payout list --state reserved|signed|reopened`');
  });
});
