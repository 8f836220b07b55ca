/**
 * The time at which Postgres says that a row came: the simulation's, as that of the terms is. With the
 * machine's own, years later, no event would ever have come before its own time.
 */
import type { Database } from '../../core/db/database.js';

/** Changes the simulation's own database only. The product does not notice it. */
export async function simulateClock({ $client }: Database): Promise<void> {
  await $client.query(`
    CREATE TABLE simulated_clock (now_at timestamptz NOT NULL);
    INSERT INTO simulated_clock VALUES (now());
    CREATE FUNCTION simulated_now() RETURNS timestamptz STABLE
      LANGUAGE sql AS 'SELECT now_at FROM simulated_clock';
    ALTER TABLE pool_event ALTER COLUMN received_at SET DEFAULT simulated_now()`);
}

export async function setDatabaseClock({ $client }: Database, nowMs: number): Promise<void> {
  await $client.query('UPDATE simulated_clock SET now_at = $1', [new Date(nowMs)]);
}
