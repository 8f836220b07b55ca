import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';

describe('the ledger guards itself, whoever writes', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  const run = (statement: string) => database.db.$client.query(statement);
  const post = (commissionWei: number) =>
    run(`WITH made AS (INSERT INTO posting (kind, reference) VALUES ('adjust', gen_random_uuid()) RETURNING id)
      INSERT INTO ledger_entry (posting_id, account, amount_wei)
      SELECT id, account, amount FROM made,
        (VALUES ('revenue', -7), ('commission', ${commissionWei})) AS e(account, amount)`);

  it('takes entries that sum to zero and keeps the balances', async () => {
    await post(7);
    await post(7);
    const { rows } = await run('SELECT account, amount_wei::text AS wei FROM balance ORDER BY 1');
    expect(rows).toEqual([
      { account: 'commission', wei: '14' },
      { account: 'revenue', wei: '-14' },
    ]);
  });

  it('refuses entries that do not', async () => {
    await expect(post(6)).rejects.toThrow('LEDGER_POSTING_UNBALANCED');
  });

  it('refuses entries without a posting', async () => {
    const entries = `INSERT INTO ledger_entry (posting_id, account, amount_wei)
      VALUES (999, 'revenue', -7), (999, 'commission', 7)`;
    await expect(run(entries)).rejects.toMatchObject({
      code: '23503',
      message: expect.stringContaining('LEDGER_POSTING_MISSING'),
    });
  });

  it.each([
    'DELETE FROM posting',
    'UPDATE posting SET kind = kind',
    'TRUNCATE posting CASCADE',
    'DELETE FROM ledger_entry',
    'UPDATE ledger_entry SET amount_wei = 0',
  ])('refuses %s', async (statement) => {
    await expect(run(statement)).rejects.toThrow('LEDGER_APPEND_ONLY');
  });
});
