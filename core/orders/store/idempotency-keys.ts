/** Requests that a client may repeat: the key remembers what the first one led to. */
import { and, eq, isNull } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { idempotencyKey } from './tables.js';

export interface RememberedRequest {
  readonly request: string;
  /** Null while the first request is under way, or when it was cut off. */
  readonly payoutId: string | null;
  readonly created: boolean | null;
  readonly createdAt: Date;
}

export async function findRequest(db: Reader, key: string): Promise<RememberedRequest | undefined> {
  const [row] = await db.select().from(idempotencyKey).where(eq(idempotencyKey.key, key));
  return row;
}

/** Takes the key for this request; answers what stands there when another one was first. */
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

/** Keeps what the request led to; the first answer stands. */
export async function rememberAnswer(
  db: Reader,
  key: string,
  answer: { readonly payoutId: string; readonly created: boolean },
): Promise<void> {
  await db
    .update(idempotencyKey)
    .set(answer)
    .where(and(eq(idempotencyKey.key, key), isNull(idempotencyKey.payoutId)));
}

/** Gives the key free again after a request that was refused and so has led to nothing. */
export async function forgetRequest(db: Reader, key: string): Promise<void> {
  await db
    .delete(idempotencyKey)
    .where(and(eq(idempotencyKey.key, key), isNull(idempotencyKey.payoutId)));
}
