import pg from 'pg';

const CONNECTIONS = 8;

/** The harness's own connections, which the storm does not kill one by one. */
export function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS,
    application_name: 'chaos',
    connectionTimeoutMillis: 2_000,
    statement_timeout: 10_000,
  });
  // A server that goes down ends connections; the next query reports.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
