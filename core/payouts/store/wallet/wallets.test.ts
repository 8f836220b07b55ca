import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/harness/database.js';
import { credit } from '../../../../test/harness/money.js';
import { resumeWallet } from '../../../checks/store/resuming.js';
import { findWallet, haltWallet, openWalletRow, SWITCHED_OFF } from './wallets.js';

const KEY = { chainId: 31_337, address: `0x${'ab'.repeat(20)}` } as const;
const PERSON = { actor: 'ann', reason: 'looked at it' };
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  const opening = { nonce: 0, block: 0, balanceWei: 0n };
  await openWalletRow(database.db, KEY, { opening, halt: null });
  return () => database.close();
});

const halt = (code: string, reason = code) => haltWallet(database.db, KEY, { code, reason });
const standing = async () =>
  (await findWallet(database.db, KEY))?.halts.map(({ code }) => code) ?? [];

describe('a wallet with several reasons to stop', () => {
  it('shows what the manager found first, and stores each halt once', async () => {
    expect(await halt(SWITCHED_OFF)).toBe(true);
    expect(await halt('HALTED_BY_OPERATOR')).toBe(true);
    expect(await halt('NONCE_AHEAD_OF_LEDGER', 'first seen')).toBe(true);
    expect(await halt('NONCE_AHEAD_OF_LEDGER', 'seen again')).toBe(false);
    expect(await findWallet(database.db, KEY)).toMatchObject({
      halt: { code: 'NONCE_AHEAD_OF_LEDGER', reason: 'first seen' },
    });
    expect(await standing()).toHaveLength(3);
  });

  it('keeps the configuration’s switch and an unaccepted history when a person resumes', async () => {
    for (const code of [SWITCHED_OFF, 'WALLET_USED_BEFORE', 'TRANSACTION_MISMATCH']) {
      await halt(code);
    }
    const dry = await resumeWallet(database.db, KEY, { ...PERSON, dryRun: true });
    expect(await standing()).toHaveLength(3);
    expect(await resumeWallet(database.db, KEY, PERSON)).toEqual(dry);
    expect(dry).toMatchObject({ changed: true });
    expect(await standing()).toEqual([SWITCHED_OFF, 'WALLET_USED_BEFORE']);
    expect(await resumeWallet(database.db, KEY, PERSON)).toMatchObject({ changed: false });
    await resumeWallet(database.db, KEY, { ...PERSON, onlyFrom: SWITCHED_OFF });
    expect(await standing()).toEqual(['WALLET_USED_BEFORE']);
  });

  it('is not resumed while its ledger contradicts itself', async () => {
    await credit(database.db, [7n]);
    await halt('INVARIANT_BROKEN');
    const damage = (wei: number) =>
      database.db.execute(
        sql`UPDATE balance SET amount_wei = amount_wei + ${wei} WHERE account = 'pending'`,
      );
    await damage(1);
    await expect(resumeWallet(database.db, KEY, PERSON)).rejects.toMatchObject({
      code: 'INVARIANT_BROKEN',
      message: expect.stringContaining('BALANCE_DRIFT'),
    });
    expect(await standing()).toEqual(['INVARIANT_BROKEN']);
    await damage(-1);
    expect(await resumeWallet(database.db, KEY, PERSON)).toMatchObject({ changed: true });
    expect(await standing()).toEqual([]);
  });
});
