/** Column types of this schema, by what they hold. */
import { bigint, customType, numeric, timestamp } from 'drizzle-orm/pg-core';

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
export const wei = (name: string) => numeric(name, { precision: 78, scale: 0, mode: 'bigint' });
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
export const int8 = (name: string) => bigint(name, { mode: 'bigint' });
/** A bigint column read as a number, for sequences, counts and nonces: they stay far below 2^53. */
export const count = (name: string) => bigint(name, { mode: 'number' });
