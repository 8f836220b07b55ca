/** What the pool holds beside the paying wallet, as the chain showed it last. */
import { eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { sumWei } from '../../base/money.js';
import type { Database, Reader } from '../../db/database.js';
import { type HeldKind, heldElsewhere } from './tables.js';

/** A place where the pool holds money: an account, or what an orchestrator can withdraw from Livepeer. */
export interface HeldPlace {
  readonly address: Address;
  readonly kind: HeldKind;
}

export async function recordHeld(
  db: Database,
  chainId: number,
  held: readonly (HeldPlace & { readonly amountWei: bigint })[],
): Promise<void> {
  if (held.length === 0) return;
  const { chainId: chain, address, kind } = heldElsewhere;
  await db
    .insert(heldElsewhere)
    .values(held.map((one) => ({ ...one, chainId, seenAt: sql`now()` })))
    .onConflictDoUpdate({
      target: [chain, address, kind],
      set: { amountWei: sql`excluded.amount_wei`, seenAt: sql`excluded.seen_at` },
    });
}

/** Reads how much these places hold together, and when the one was seen that was seen longest ago (null for no place); null while one was never seen. */
export async function readHeld(
  reader: Reader,
  chainId: number,
  places: readonly HeldPlace[],
): Promise<{ readonly wei: bigint; readonly seenAt: Date | null } | null> {
  const known = await reader.select().from(heldElsewhere).where(eq(heldElsewhere.chainId, chainId));
  const seen = places.flatMap(
    ({ address, kind }) => known.find((row) => row.address === address && row.kind === kind) ?? [],
  );
  if (seen.length < places.length) return null;
  if (seen.length === 0) return { wei: 0n, seenAt: null };
  const oldestMs = Math.min(...seen.map(({ seenAt }) => seenAt.getTime()));
  return { wei: sumWei(seen.map(({ amountWei }) => amountWei)), seenAt: new Date(oldestMs) };
}
