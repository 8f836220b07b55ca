/**
 * Returns a transaction's connection to the pool whatever happens. This fixes two faults of the query builder: it keeps the
 * connection for ever when BEGIN fails, and when ROLLBACK fails, too, it throws that error instead of the first one.
 */
import { NodePgSession } from 'drizzle-orm/node-postgres';
import pg from 'pg';

type Session = NodePgSession<Record<string, unknown>, never>;
type Parts = ConstructorParameters<typeof NodePgSession<Record<string, unknown>, never>>;

const { transaction } = NodePgSession.prototype;

async function givenBack<T>(
  this: Session,
  work: (tx: never) => Promise<T>,
  settings?: never,
): Promise<T> {
  const run = transaction as unknown as (
    this: Session,
    work: (tx: never) => Promise<T>,
    settings?: never,
  ) => Promise<T>;
  const pool: unknown = Reflect.get(this, 'client');
  if (!(pool instanceof pg.Pool)) return run.call(this, work, settings);
  const [dialect, schema, options] = ['dialect', 'schema', 'options'].map((part) =>
    Reflect.get(this, part),
  ) as unknown as [Parts[1], Parts[2], Parts[3]];
  const client = await pool.connect();
  let first: { readonly error: unknown } | undefined;
  const noting = async (tx: never): Promise<T> => {
    try {
      return await work(tx);
    } catch (error) {
      first = { error };
      throw error;
    }
  };
  try {
    return await run.call(new NodePgSession(client, dialect, schema, options), noting, settings);
  } catch (error) {
    throw first === undefined ? error : first.error;
  } finally {
    client.release();
  }
}

Reflect.set(NodePgSession.prototype, 'transaction', givenBack);
