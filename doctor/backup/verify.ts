/**
 * The drill of a restore: brings a backup into a scratch database on a server of its own, audits it there, and compares it
 * with the chain. The pool's own database is not opened.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import type { Config } from '../../config/config.js';
import { counted } from '../../core/base/counted.js';
import { duration } from '../../core/base/duration.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { ChainError } from '../../core/chain/endpoint-error.js';
import { type ChainClient, createChainClient } from '../../core/chain/quorum.js';
import { auditLedger } from '../../core/checks/audit/audit.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { readDatabaseFacts, refuseNewerSchema } from '../../core/db/database-fit.js';
import { sharePostgres } from '../../core/db/embedded/shared.js';
import { migrateDatabase, readSchema } from '../../core/db/migrate.js';
import { query } from '../../core/db/query.js';
import { requireLedger } from '../../core/ledger/store/identity.js';
import { openedWallets, type WalletKey } from '../../core/payouts/store/wallet/paying-wallet.js';
import { findWallet } from '../../core/payouts/store/wallet/wallets.js';
import { connectionOf, findProgram, run } from './programs.js';

export interface DrillStep {
  readonly step: 'restore' | 'upgrade' | 'audit' | 'chain' | 'age';
  readonly ok: boolean;
  readonly tookMs: number;
  readonly words: readonly string[];
}

export interface DrillOrder {
  readonly file: string;
  /** The directory of pg_restore. @default the PATH and where packages put it */
  readonly pgBin?: string;
  /** Where the scratch server keeps its files, which take as much room as the database. @default the system's */
  readonly scratchDir?: string;
  readonly onStep?: (step: DrillStep) => void;
  /** Ends the drill early. */
  readonly signal?: AbortSignal;
}

/** The number in the name of the scratch server's socket, which lies in a directory of its own. */
const SCRATCH_PORT = 5442;

/**
 * Makes the drill, and returns its steps. A step that is not `ok` found something. Throws BACKUP_TOOLS_MISSING, BACKUP_FAILED,
 * DATABASE_SCHEMA_NEWER (a backup of a newer version), LEDGER_OF_ANOTHER_… for a backup of another pool or chain, and when
 * the signal is aborted. In any case it leaves neither a server nor a file behind.
 */
export async function drillRestore(
  config: Pick<Config, 'pool' | 'chain'>,
  order: DrillOrder,
): Promise<readonly DrillStep[]> {
  const dir = await mkdtemp(join(order.scratchDir ?? tmpdir(), 'openpool-drill-'));
  try {
    // Started by root, the server runs as another user, who has to pass through.
    await chmod(dir, 0o711);
    return await drillIn(dir, config, order);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function drillIn(
  dir: string,
  config: Pick<Config, 'pool' | 'chain'>,
  order: DrillOrder,
): Promise<readonly DrillStep[]> {
  const { onStep = () => undefined, signal = new AbortController().signal } = order;
  const server = { port: SCRATCH_PORT, isTemporary: true, mayStart: true };
  const { url, leave } = await sharePostgres(join(dir, 'postgres'), server);
  const db = openDatabase({ url, maxConnections: 4, statementTimeoutMs: 0 });
  const steps: DrillStep[] = [];
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  const take = async (step: DrillStep['step'], work: () => Promise<Outcome>) => {
    signal.throwIfAborted();
    const startedMs = performance.now();
    const { ok = true, words } = await Promise.race([work(), aborted]);
    const taken = { step, ok, tookMs: performance.now() - startedMs, words };
    steps.push(taken);
    onStep(taken);
  };
  try {
    await take('restore', () => restore(db, url, order));
    await take('age', () => tellAge(db));
    await take('upgrade', () => upgrade(db, config));
    await take('audit', () => audit(db));
    await take('chain', () => compareWithChain(db, config));
    return steps;
  } finally {
    // An aborted step still has a statement under way, which the end of the server ends.
    if (signal.aborted) await leave();
    await closeDatabase(db);
    await leave();
  }
}

interface Outcome {
  /** @default true */
  readonly ok?: boolean;
  readonly words: readonly string[];
}

async function restore(db: Database, url: string, order: DrillOrder): Promise<Outcome> {
  const { version } = await readDatabaseFacts(db);
  const major = Math.floor(version / 10_000);
  const program = await findProgram('pg_restore', { major, dir: order.pgBin });
  const { dbname, env } = connectionOf(url);
  const options = ['--no-owner', '--no-privileges', '--exit-on-error', `--dbname=${dbname}`];
  const { signal } = order;
  await run(program, [...options, order.file], { env, ...(signal !== undefined && { signal }) });
  const [size] = await query<{ bytes: string }>(
    db,
    sql`SELECT pg_database_size(current_database()) AS bytes`,
  );
  return { words: [`restored into ${Math.ceil(Number(size?.bytes) / 1e6)} MB of its own`] };
}

/** How old the backup is, by what it knows last: workers note every ten seconds that they run. */
async function tellAge(db: Database): Promise<Outcome> {
  const [known] = await query<{ at: string | null; ms: string }>(
    db,
    sql`SELECT at, floor(extract(epoch FROM clock_timestamp() - at) * 1000) AS ms
          FROM (SELECT greatest((SELECT max(seen_at) FROM worker_process),
                                (SELECT max(created_at) FROM posting)) AS at) AS newest`,
  );
  if (known?.at == null) return { words: ['it knows of no worker and of no posting'] };
  const at = new Date(known.at).toISOString();
  return {
    words: [`what it knows last is of ${at}, ${duration(Math.max(Number(known.ms), 0))} ago`],
  };
}

/** Brings the copy to this build's version, as a start would. */
async function upgrade(db: Database, { pool, chain }: Pick<Config, 'pool' | 'chain'>) {
  await refuseNewerSchema(db);
  const { missing } = await readSchema(db);
  await migrateDatabase(db);
  const { poolId } = await requireLedger(db, { poolId: pool.id, chainId: chain.chainId });
  const brought = missing === 0 ? 'of this version' : `brought ${counted(missing, 'migration')} up`;
  return { words: [`the ledger of pool "${poolId}" on chain ${chain.chainId}, ${brought}`] };
}

async function audit(db: Database): Promise<Outcome> {
  const found = await auditLedger(db, { isWhole: true });
  if (found.length === 0) return { words: ['everything adds up, to the first event'] };
  return { ok: false, words: found.map(({ code, message }) => `${code}: ${message}`) };
}

/** Compares the nonces of each wallet. A chain that does not answer is unknown, and an unknown is no pass. */
async function compareWithChain(db: Database, { chain }: Pick<Config, 'chain'>): Promise<Outcome> {
  const { anchor } = await requireLedger(db, { poolId: null, chainId: chain.chainId });
  const client = createChainClient(chain, { anchor });
  const wallets = await openedWallets(db, chain.chainId);
  if (wallets.length === 0) return { words: ['no wallet has paid yet'] };
  const outcomes = await Promise.all(
    wallets.map((address) => compareWallet(db, client, { chainId: chain.chainId, address })),
  );
  return {
    ok: outcomes.every(({ ok = true }) => ok),
    words: outcomes.flatMap(({ words }) => words),
  };
}

async function compareWallet(db: Database, client: ChainClient, key: WalletKey): Promise<Outcome> {
  const known = (await findWallet(db, key))?.nextNonce ?? 0;
  const name = toChecksum(key.address);
  try {
    const { latestNonce, pendingNonce } = await client.walletView(key.address);
    const used = Math.max(latestNonce, pendingNonce);
    if (used <= known)
      return { words: [`${name}: the chain has used no nonce that it does not know`] };
    const since = counted(used - known, 'transaction');
    const next =
      'after a restore the wallet starts halted: `openpool wallet adopt` accounts for them';
    return { words: [`${name} has sent ${since} that it does not know; ${next}`] };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return {
      ok: false,
      words: [`${name}: not compared, the chain did not answer: ${error.message}`],
    };
  }
}
