import pg from 'pg';

const CONNECTIONS = 8;

/** Opens the harness's own connections; the storm does not kill these. */
export function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS,
    application_name: 'chaos',
    connectionTimeoutMillis: 2_000,
    statement_timeout: 10_000,
  });
  // A server that goes down ends its connections, and the next query reports that.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
