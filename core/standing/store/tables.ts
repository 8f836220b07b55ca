/** The table of what the pool holds beside the paying wallet. */
import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count, wei } from '../../db/columns.js';

/** `balance`: of an account. `fees`: what an orchestrator can withdraw from Livepeer. */
export type HeldKind = 'balance' | 'fees';

export const heldElsewhere = pgTable(
  'held_elsewhere',
  {
    chainId: count('chain_id').notNull(),
    address: text('address').$type<Address>().notNull(),
    kind: text('kind').$type<HeldKind>().notNull(),
    amountWei: wei('amount_wei').notNull(),
    seenAt: at('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.address, table.kind] })],
);
