import { readJournal } from '../simulator/simulator-journal.js';
import type { JournalSource } from './compare-journal.js';

/**
 * Who is online, as the orchestrators know it, against the workers that the API lists. Two
 * orchestrators of one node type share a worker's row: it is online when either has a connection.
 */
export async function compareWorkers(
  journals: readonly JournalSource[],
  apiUrl: string,
): Promise<readonly string[]> {
  const online = new Set<string>();
  const known = new Set<string>();
  for (const journal of journals) {
    for (const [worker, connections] of connectionsOf(journal)) {
      known.add(`${worker} ${journal.nodeType}`);
      if (connections.size > 0) online.add(`${worker} ${journal.nodeType}`);
    }
  }
  const response = await fetch(`${apiUrl}/workers`, { signal: AbortSignal.timeout(10_000) });
  const rows = (await response.json()) as readonly WorkerRow[];
  const listed = new Map(
    rows.map((row) => [`${row.ethAddress.toLowerCase()} ${row.nodeType}`, row.is_connected]),
  );
  const words = (isOnline: boolean | undefined) =>
    isOnline === undefined ? 'not there' : isOnline ? 'online' : 'offline';
  return [...known]
    .filter((worker) => listed.get(worker) !== online.has(worker))
    .map(
      (worker) =>
        `${worker} is ${words(online.has(worker))}, the API says ${words(listed.get(worker))}`,
    );
}

interface WorkerRow {
  readonly ethAddress: string;
  readonly nodeType: string;
  readonly is_connected: boolean;
}

/** Open connections by worker at the journal's end; a reset of one orchestrator closes its own. */
function connectionsOf({ path }: JournalSource): ReadonlyMap<string, ReadonlySet<string>> {
  const open = new Map<string, Set<string>>();
  for (const line of readJournal(path)) {
    if (line.kind !== 'event') continue;
    const { type, worker, connection } = line.truth;
    if (type === 'orchestrator-reset') for (const connections of open.values()) connections.clear();
    if (connection === undefined || worker === undefined || worker === '') continue;
    const connections = open.get(worker) ?? new Set();
    if (type === 'worker-connected') connections.add(connection);
    else connections.delete(connection);
    open.set(worker, connections);
  }
  return open;
}
