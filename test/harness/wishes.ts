/** Payees with keys of their own, who sign what they wish. */
import { randomBytes } from 'node:crypto';
import { Wallet } from 'ethers';
import type { Address } from '../../core/base/address.js';
import { signTypedData } from '../../core/chain/signatures.js';
import type { Database } from '../../core/db/database.js';
import { typedDataOf, type WishMessage } from '../../core/self-service/rules/typed-data.js';
import type { Wish } from '../../core/self-service/rules/wish.js';
import { recordWish } from '../../core/self-service/store/recording.js';
import { readSettings } from '../../core/self-service/store/wishes.js';
import { TEST_POOL_ID } from './database.js';
import { credit } from './money.js';

export interface TestPayee {
  readonly address: Address;
  readonly key: string;
}

/** A payee with a key, and so much pending. */
export async function createPayee(db: Database, pendingWei = 1n): Promise<TestPayee> {
  const key = `0x${randomBytes(32).toString('hex')}`;
  const address = new Wallet(key).address.toLowerCase() as Address;
  await credit(db, [pendingWei], address);
  return { address, key };
}

/** Makes the message of a payee's next wish, valid for an hour. */
export async function messageOf(
  db: Database,
  payee: Address,
  wish: Wish,
  changes: Partial<WishMessage> = {},
): Promise<WishMessage> {
  const { nextNonce: nonce } = await readSettings(db, payee);
  const issuedAt = Math.floor(Date.now() / 1_000);
  const expiresAt = issuedAt + 3_600;
  const of = { payee, poolId: TEST_POOL_ID, chainId: 31_337 };
  return { wish, ...of, nonce, issuedAt, expiresAt, ...changes };
}

export const signMessage = (key: string, message: WishMessage): Promise<string> =>
  signTypedData(key, typedDataOf(message));

/** Has a payee sign a wish, and records it. */
export async function wishSigned(db: Database, payee: TestPayee, wish: Wish): Promise<void> {
  const message = await messageOf(db, payee.address, wish);
  const signature = await signMessage(payee.key, message);
  await recordWish(db, message, { signature, proof: 'key' });
}
