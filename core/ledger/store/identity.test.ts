import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { findLedger, keepAnchor, openLedger, requireLedger } from './identity.js';

const OURS = { poolId: null, chainId: 31_337, newPoolId: 'openpool-a1b2' };

describe('the identity of a ledger', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
    return () => database.close();
  });

  it('is written by the first start and found by every later one', async () => {
    const first = await openLedger(database.db, OURS);
    expect(first).toEqual({
      poolId: 'openpool-a1b2',
      chainId: 31_337,
      anchor: null,
      isUpgraded: false,
    });
    expect(await openLedger(database.db, { ...OURS, newPoolId: 'another-c3d4' })).toEqual(first);
    expect(await requireLedger(database.db, { poolId: 'openpool-a1b2', chainId: 31_337 })).toEqual(
      first,
    );
  });

  it('is the same for processes that start at the same time', async () => {
    const starts = ['a', 'b', 'c', 'd'].map((newPoolId) =>
      openLedger(database.db, { ...OURS, newPoolId }),
    );
    const ids = new Set((await Promise.all(starts)).map(({ poolId }) => poolId));
    expect(ids.size).toBe(1);
  });

  it('refuses a configuration of another pool, and one of another chain', async () => {
    await openLedger(database.db, { ...OURS, poolId: 'first' });
    await expect(openLedger(database.db, { ...OURS, poolId: 'second' })).rejects.toMatchObject({
      code: 'LEDGER_OF_ANOTHER_POOL',
    });
    await expect(openLedger(database.db, { ...OURS, chainId: 42_161 })).rejects.toMatchObject({
      code: 'LEDGER_OF_ANOTHER_CHAIN',
    });
    await expect(
      requireLedger(database.db, { poolId: null, chainId: 42_161 }),
    ).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_CHAIN' });
  });

  it('uses the chain of the wallets in an older version’s data', async () => {
    await database.db.execute(sql`
      INSERT INTO wallet (chain_id, address, next_nonce, opening_nonce, opening_block, opening_balance_wei)
      VALUES (31337, ${`0x${'1'.repeat(40)}`}, 0, 0, 0, 0)`);
    await expect(openLedger(database.db, { ...OURS, chainId: 42_161 })).rejects.toMatchObject({
      code: 'LEDGER_OF_ANOTHER_CHAIN',
    });
    expect(await findLedger(database.db)).toBeUndefined();
    expect(await openLedger(database.db, OURS)).toMatchObject({ isUpgraded: true });
  });

  it('cannot be changed by any statement', async () => {
    await openLedger(database.db, OURS);
    await keepAnchor(database.db, { number: 0, hash: '0xaa' });
    await keepAnchor(database.db, { number: 7, hash: '0xbb' });
    expect(await findLedger(database.db)).toMatchObject({ anchor: { number: 0, hash: '0xaa' } });
    for (const change of ['pool_id = $$x$$', 'chain_id = 1', 'anchor_hash = $$0xbb$$']) {
      const changed = database.db.execute(sql.raw(`UPDATE ledger SET ${change}`));
      await expect(changed).rejects.toThrow();
    }
    await expect(database.db.execute(sql`DELETE FROM ledger`)).rejects.toThrow();
  });

  it('does not exist before the first start', async () => {
    await expect(
      requireLedger(database.db, { poolId: null, chainId: 31_337 }),
    ).rejects.toMatchObject({ code: 'LEDGER_UNKNOWN' });
  });
});
