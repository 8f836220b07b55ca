/**
 * Gives up connections on which Postgres has fallen silent. A connection whose other end is gone without a
 * word (a firewall that forgot it, a host that was cut off) looks like one on which a long statement runs,
 * and TCP itself notices after a quarter of an hour. Nobody can tell the two apart from this end, so Postgres
 * is asked over a new connection whether it works on the statement.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

interface SilenceOptions {
  readonly url: string;
  /** The server ends a statement that runs longer than this; 0: no statement is ended. */
  readonly statementTimeoutMs: number;
}

interface Watched {
  /** How many statements have not ended yet; 0 once the connection is released. */
  asked: number;
  bytesRead: number;
  bytesWritten: number;
  /** `heardAtMs`: when the last byte came from Postgres. `movedAtMs`: when the last byte went in either direction. */
  heardAtMs: number;
  movedAtMs: number;
  /** How often in a row Postgres had nothing to do here. A busy server may not have read the statement yet. */
  idleLooks: number;
}

const LOOK_EVERY_MS = 1_000;
/** After this long without a byte from Postgres, it is asked whether it works on the statement. */
const SILENT_AFTER_MS = 5_000;
const PROBE_PATIENCE_MS = 5_000;
/** How long to wait after Postgres was asked: an answer that was on its way by then has arrived. */
const LAST_WORDS_MS = 1_000;
const IDLE_LOOKS = 2;
/** Waiting for data from us, a connection may stand still so long: longer than pauses between two pieces of a COPY. */
const WRITER_PAUSE_MS = 20_000;
/** A connection is given up after this long when the server cannot be reached at all. */
const UNREACHABLE_MS = 20_000;
/** Where Postgres cannot say what it works on, a connection is given up this long after the server's own time-out. */
const GRACE_MS = 15_000;

/** Watches a pool's connections until it ends. Returns a function that cuts open ones without telling Postgres. */
export function watchSilence(pool: pg.Pool, options: SilenceOptions): () => void {
  const watched = new Map<pg.PoolClient, Watched>();
  let isAsking = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const silent = silentOnes(watched);
    if (silent.length === 0 || isAsking) return;
    isAsking = true;
    await giveUpLost(silent, watched, options).finally(() => {
      isAsking = false;
    });
  };
  pool.on('connect', (client) => {
    watched.set(client, startWatching(client));
    timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref();
    client.on('end', () => {
      watched.delete(client);
      if (watched.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  });
  pool.on('release', (_error, client) => {
    const one = watched.get(client);
    if (one !== undefined) one.asked = 0;
  });
  return () => {
    for (const client of watched.keys()) socketOf(client).destroy();
  };
}

function startWatching(client: pg.PoolClient): Watched {
  const now = performance.now();
  const one: Watched = {
    asked: 0,
    bytesRead: 0,
    bytesWritten: 0,
    heardAtMs: now,
    movedAtMs: now,
    idleLooks: 0,
  };
  const query = (client.query as (...args: unknown[]) => unknown).bind(client);
  Reflect.set(client, 'query', (...args: unknown[]) => {
    // Until now the connection was silent because it had no statement.
    if (one.asked === 0) noteHeard(one);
    one.asked += 1;
    return query(...args);
  });
  client.connection.on('readyForQuery', () => {
    one.asked = Math.max(one.asked - 1, 0);
    noteHeard(one);
  });
  return one;
}

function noteHeard(one: Watched): void {
  const now = performance.now();
  Object.assign(one, { heardAtMs: now, movedAtMs: now, idleLooks: 0 });
}

/** Returns the connections that wait for an answer and have received nothing for long. */
function silentOnes(watched: ReadonlyMap<pg.PoolClient, Watched>): readonly pg.PoolClient[] {
  const now = performance.now();
  return [...watched].flatMap(([client, one]) => {
    const { bytesRead, bytesWritten } = socketOf(client);
    if (bytesRead !== one.bytesRead) noteHeard(one);
    if (bytesWritten !== one.bytesWritten) one.movedAtMs = now;
    Object.assign(one, { bytesRead, bytesWritten });
    return one.asked > 0 && now - one.heardAtMs >= SILENT_AFTER_MS ? [client] : [];
  });
}

type Verdict = 'works' | 'waits-for-us' | 'idle' | 'unknown' | 'unreachable';

async function giveUpLost(
  silent: readonly pg.PoolClient[],
  watched: ReadonlyMap<pg.PoolClient, Watched>,
  options: SilenceOptions,
): Promise<void> {
  const before = new Map(silent.map((client) => [client, socketOf(client).bytesRead]));
  const probe = new pg.Client({
    connectionString: options.url,
    application_name: 'openpool',
    connectionTimeoutMillis: PROBE_PATIENCE_MS,
    query_timeout: PROBE_PATIENCE_MS,
  });
  probe.on('error', () => undefined);
  try {
    const verdicts = await ask(probe, silent.map(pidOf));
    await sleep(LAST_WORDS_MS, undefined, { ref: false });
    for (const [index, client] of silent.entries()) {
      const one = watched.get(client);
      const isStill = one !== undefined && one.asked > 0;
      if (!isStill || socketOf(client).bytesRead !== before.get(client)) continue;
      const verdict = verdicts[index] ?? 'unknown';
      one.idleLooks = verdict === 'idle' ? one.idleLooks + 1 : 0;
      if (!isLost(verdict, one, options)) continue;
      giveUp(client, one, verdict);
      // The session must be ended on the server, too: its locks would stay for hours.
      if (verdict !== 'idle' && verdict !== 'waits-for-us') continue;
      const end = probe.query('SELECT pg_terminate_backend($1)', [pidOf(client)]);
      await end.catch(() => undefined);
    }
  } finally {
    socketOf(probe).destroy();
  }
}

function isLost(verdict: Verdict, one: Watched, { statementTimeoutMs }: SilenceOptions): boolean {
  const now = performance.now();
  const silentMs = now - one.heardAtMs;
  if (verdict === 'idle') return one.idleLooks >= IDLE_LOOKS;
  if (verdict === 'waits-for-us') return now - one.movedAtMs >= WRITER_PAUSE_MS;
  if (verdict === 'unreachable') return silentMs >= UNREACHABLE_MS;
  if (verdict === 'works' || statementTimeoutMs === 0) return false;
  return silentMs >= statementTimeoutMs + GRACE_MS;
}

function giveUp(client: pg.PoolClient, one: Watched, verdict: Verdict): void {
  const seconds = Math.round((performance.now() - one.heardAtMs) / 1_000);
  const why = {
    works: '',
    idle: ', and works on nothing that it was asked here',
    'waits-for-us': ', and waits for what was sent long ago',
    unknown: ', longer than a statement may run',
    unreachable: ', and takes no new connection either',
  }[verdict];
  const words = `Postgres has not answered for ${seconds} s${why}: the connection was given up`;
  socketOf(client).destroy(Object.assign(new Error(words), { code: 'ETIMEDOUT' }));
}

/** Asks what Postgres works on for each of these sessions. */
async function ask(probe: pg.Client, pids: readonly number[]): Promise<readonly Verdict[]> {
  try {
    await probe.connect();
  } catch (error) {
    // A server that answers and takes no connection cannot say what it works on.
    const verdict = error instanceof pg.DatabaseError ? 'unknown' : 'unreachable';
    return pids.map(() => verdict);
  }
  return judge(probe, pids).catch(() => pids.map(() => 'unreachable'));
}

async function judge(client: pg.Client, pids: readonly number[]): Promise<readonly Verdict[]> {
  const { rows } = await client.query<{ own: number; pid: number; state: string; waits: boolean }>(
    `SELECT pg_backend_pid() AS own, asked.pid, coalesce(a.state, 'gone') AS state,
            coalesce(a.wait_event = 'ClientRead', false) AS waits
       FROM unnest($1::int[]) AS asked(pid) LEFT JOIN pg_stat_activity a USING (pid)`,
    [pids],
  );
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  return pids.map((pid) => {
    const row = byPid.get(pid);
    // A pooler in between reports process ids of its own, and some servers do not record what their sessions do.
    if (row === undefined || row.own !== pidOf(client) || row.state === 'disabled')
      return 'unknown';
    if (row.state !== 'active') return 'idle';
    return row.waits ? 'waits-for-us' : 'works';
  });
}

function pidOf(client: object): number {
  return Number(Reflect.get(client, 'processID') ?? 0);
}

function socketOf({ connection }: { readonly connection: pg.Connection }): Socket {
  return connection.stream as Socket;
}
