/** Reads what the lists of preferred workers are made of. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import type { ConnectedWorker, PlacedState, PreferredBasis } from '../rules/preferred.js';
import { readOverrides } from './overrides.js';
import { workerState } from './tables.js';

/** Reads who is connected and how they stand, for the lists of `rules/preferred.ts`. */
export async function readPreferredBasis(reader: Reader): Promise<Omit<PreferredBasis, 'mode'>> {
  const [connected, states, overrides] = await Promise.all([
    readConnected(reader),
    readStates(reader),
    readOverrides(reader),
  ]);
  return { connected, states, overrides };
}

const { id, payee, region } = remoteWorker;

/**
 * Reads the AI workers that are connected. Where no source tells of connections, these are the ones that had an event within
 * the last hour: nobody is taken for connected who is not, but in doubt a list must not be empty.
 */
async function readConnected(reader: Reader): Promise<readonly ConnectedWorker[]> {
  const found = await rows(
    reader,
    { id, payee, region, isLive: Boolean },
    sql`SELECT w.id, w.payee, w.region, live.is_live AS "isLive"
          FROM remote_worker w CROSS JOIN LATERAL (
               SELECT EXISTS (SELECT ${liveConnections(1)}) AS is_live) live
         WHERE w.node_type = 'ai' AND (live.is_live OR w.last_event_at > now() - interval '1 hour')
         ORDER BY w.id`,
  );
  const live = found.filter(({ isLive }) => isLive);
  return live.length > 0 ? live : found;
}

async function readStates(reader: Reader): Promise<readonly PlacedState[]> {
  const { remoteWorkerId, pipeline, modelId, state, figures } = workerState;
  return reader.select({ remoteWorkerId, pipeline, modelId, state, figures }).from(workerState);
}
