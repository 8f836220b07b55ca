/**
 * Sits between a process and Postgres, counts the turns on the wire, and ends something at one of
 * them. A turn is a query, however many statements it holds; its answer is over when Postgres is
 * ready for the next one.
 */
import type pg from 'pg';

export interface KillPlan {
  /**
   * The whole process (nothing of it reaches Postgres any more), this one connection, its backend
   * in Postgres, or the activity, which is told to stop.
   */
  readonly what: 'process' | 'connection' | 'backend' | 'cancel';
  /** The moment: before the query is sent, after it was sent, or when the answer has come and was not read. */
  readonly when: 'before' | 'during' | 'after';
  /** The number of the turn, from 1, over all connections of the process. */
  readonly atTurn: number;
}

/** Is called at that moment, and must act at once. */
export type Trap = KillPlan & { readonly spring: (client: pg.PoolClient) => void };

export interface WireTap {
  /** Counts turns from now on. */
  set(trap: Trap | null): void;
  /** Ends all connections, and refuses new ones. */
  killAll(reason: string): void;
  /** Ends one connection. What came from Postgres and was not read yet is lost. */
  cut(client: pg.PoolClient): void;
}

type Connection = {
  readonly stream: { destroy(): void };
  emit: (name: string, ...rest: unknown[]) => boolean;
};
type Query = (...args: unknown[]) => unknown;

export function tapWire(pool: pg.Pool): WireTap {
  const clients = new Set<pg.PoolClient>();
  const deaf = new WeakSet<pg.PoolClient>();
  let [trap, turns, dead]: [Trap | null, number, string | null] = [null, 0, null];

  const cut = (client: pg.PoolClient): void => {
    deaf.add(client);
    clients.delete(client);
    connectionOf(client).stream.destroy();
  };
  const springAt = (when: KillPlan['when'], turn: number, client: pg.PoolClient): void => {
    if (trap?.when !== when || trap.atTurn !== turn) return;
    const sprung = trap;
    trap = null;
    sprung.spring(client);
  };

  pool.on('connect', (client) => {
    if (dead !== null) return cut(client);
    clients.add(client);
    let turn = 0;
    const query = client.query as unknown as Query;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        turns += 1;
        turn = turns;
        springAt('before', turn, client);
        const result = query.apply(client, args);
        springAt('during', turn, client);
        return result;
      },
    });
    const connection = connectionOf(client);
    const emit = connection.emit.bind(connection);
    connection.emit = (name, ...rest) => {
      if (name === 'readyForQuery') springAt('after', turn, client);
      if (deaf.has(client) && name !== 'end' && name !== 'error') return false;
      return emit(name, ...rest);
    };
  });
  const connect = pool.connect.bind(pool) as Query;
  Object.assign(pool, {
    connect: (...args: unknown[]) => {
      if (dead === null) return connect(...args);
      const error = new Error(dead);
      const [callback] = args;
      if (typeof callback === 'function') return callback(error);
      return Promise.reject(error);
    },
  });
  return {
    set(next) {
      trap = next;
      turns = 0;
    },
    killAll(reason) {
      dead = reason;
      for (const client of clients) cut(client);
    },
    cut,
  };
}

function connectionOf(client: pg.PoolClient): Connection {
  return (client as unknown as { readonly connection: Connection }).connection;
}
