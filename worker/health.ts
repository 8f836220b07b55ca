/** A container's health check (`--config <file>`): 0 when this host's worker polls and makes progress, else 1. */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { Connection } from '@temporalio/client';
import { loadConfig } from '../config/config.js';
import { requireLedger } from '../core/ledger/store/identity.js';
import { lastTurn } from '../core/ledger/store/worker-processes.js';
import { openPoolDatabase } from '../start/open-database.js';
import { taskQueueOf } from '../workflows/contract.js';
import { pollersOf } from './temporal/pollers.js';

/** A worker is unhealthy after this many ms without a poll or progress; one poll takes up to a minute. */
const SILENCE_MS = 180_000;
const PATIENCE_MS = 10_000;

const { values } = parseArgs({ options: { config: { type: 'string' } } });
const config = await loadConfig(values.config ?? 'openpool.yaml');
const { temporal, pool, chain } = config;
const database = await openPoolDatabase(config, { maxConnections: 1 });
const claim = { poolId: pool.id, chainId: chain.chainId };
const [{ poolId }, turn] = await Promise.all([
  requireLedger(database.db, claim),
  lastTurn(database.db, hostname()),
]).finally(() => database.close());
const isTurning = turn !== null && turn.ageMs < SILENCE_MS;
const connection = await Connection.connect(temporal.connection);
const { namespace } = temporal;
const pollers = await connection.withDeadline(Date.now() + PATIENCE_MS, () =>
  pollersOf(connection, { namespace, queue: taskQueueOf(poolId), kind: 'activity' }),
);
const isPolling = pollers.some(
  ({ identity, polledMs }) =>
    identity.endsWith(`@${hostname()}`) && polledMs > Date.now() - SILENCE_MS,
);
await connection.close();
const turned = turn === null ? 'never' : `at ${turn.at.toISOString()}`;
const polls = isPolling ? 'the worker polls' : 'no worker of this host polls';
const turning = isTurning ? 'its loops turn' : `its loops turned last ${turned}`;
process.stdout.write(`${polls}, ${turning}\n`);
process.exitCode = isPolling && isTurning ? 0 : 1;
