/** The table of the API's tokens. */
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
