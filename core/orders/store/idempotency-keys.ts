/** Idempotency keys of requests that a client may repeat: each stores the result of the first request. */
import { and, eq, isNull, type SQL } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { idempotencyKey } from './tables.js';

/** What is stored for a key. The payout's id is null while the first request is under way, and when that request was cut off. */
export type RememberedRequest = Readonly<typeof idempotencyKey.$inferSelect>;

export async function findRequest(db: Reader, key: string): Promise<RememberedRequest | undefined> {
  const [row] = await db.select().from(idempotencyKey).where(eq(idempotencyKey.key, key));
  return row;
}

/** Claims the key for this request. Returns what is stored for the key when another request was first. */
export async function rememberRequest(
  db: Reader,
  key: string,
  request: string,
): Promise<RememberedRequest | undefined> {
  const inserted = await db
    .insert(idempotencyKey)
    .values({ key, request })
    .onConflictDoNothing()
    .returning({ key: idempotencyKey.key });
  return inserted.length > 0 ? undefined : findRequest(db, key);
}

/** Stores the result of the request. Only the first result counts. */
export async function rememberAnswer(
  db: Reader,
  key: string,
  answer: { readonly payoutId: string; readonly created: boolean },
): Promise<void> {
  await db.update(idempotencyKey).set(answer).where(isUnanswered(key));
}

/** Frees the key after its request was refused and so had no result. */
export async function forgetRequest(db: Reader, key: string): Promise<void> {
  await db.delete(idempotencyKey).where(isUnanswered(key));
}

const isUnanswered = (key: string): SQL | undefined =>
  and(eq(idempotencyKey.key, key), isNull(idempotencyKey.payoutId));
