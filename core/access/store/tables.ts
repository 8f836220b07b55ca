/** The tables of the API's tokens and of browsers that are signed in by one. */
import { pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { at, bytea } from '../../db/columns.js';
import type { Role } from '../rules/roles.js';

export const apiToken = pgTable('api_token', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  role: text('role').$type<Role>().notNull(),
  digest: bytea('digest').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  expiresAt: at('expires_at'),
  revokedAt: at('revoked_at'),
});

export const operatorSession = pgTable('operator_session', {
  id: uuid('id').primaryKey(),
  /** The token that it stands for; null: the one in the configuration, which `seal` is made from. */
  tokenId: uuid('token_id'),
  seal: bytea('seal'),
  digest: bytea('digest').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
  seenAt: at('seen_at').notNull().defaultNow(),
  endsAt: at('ends_at').notNull(),
  endedAt: at('ended_at'),
});
