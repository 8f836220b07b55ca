/** The tables of what payees decide themselves. */
import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Address } from '../../base/address.js';
import { at, count, wei } from '../../db/columns.js';
import type { WishKind } from '../rules/wish.js';

/** Whose signature it is: that of the address's own key, or that which a contract at the address answers for. */
export type Proof = 'key' | 'contract';

export const payeeWish = pgTable(
  'payee_wish',
  {
    payee: text('payee').$type<Address>().notNull(),
    nonce: count('nonce').notNull(),
    kind: text('kind').$type<WishKind>().notNull(),
    thresholdWei: wei('threshold_wei'),
    nickname: text('nickname'),
    noticeAddress: text('notice_address'),
    destination: text('destination').$type<Address>(),
    signed: jsonb('signed').notNull(),
    signature: text('signature').notNull(),
    proof: text('proof').$type<Proof>().notNull(),
    receivedAt: at('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.payee, table.nonce] })],
);

export const payeeRedirect = pgTable(
  'payee_redirect',
  {
    payee: text('payee').$type<Address>().notNull(),
    nonce: count('nonce').notNull(),
    destination: text('destination').$type<Address>().notNull(),
    refusal: text('refusal'),
    confirmedAt: at('confirmed_at').notNull().defaultNow(),
    effectiveAt: at('effective_at'),
  },
  (table) => [primaryKey({ columns: [table.payee, table.nonce] })],
);
