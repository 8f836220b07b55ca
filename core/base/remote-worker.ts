import type { Address } from './address.js';

export type NodeType = 'ai' | 'transcode';

/** A payee's GPU machines of one node type in one region; the unit that earnings are counted for. */
export interface RemoteWorker {
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
}

/**
 * Returns a text that identifies a remote worker. The region comes last because it is free text and may contain a
 * slash.
 */
export function remoteWorkerKey(worker: RemoteWorker): string {
  return `${worker.payee}/${worker.nodeType}/${worker.region}`;
}

/** A position in the events of one source: the event time and, where times are equal, the order of arrival. */
export interface SourceMoment {
  readonly dtMs: number;
  readonly seq: number;
}

/** The latest state of one connection of a remote worker, as events report it. */
export interface ConnectionState {
  readonly up: boolean;
  readonly changed: SourceMoment;
  /** The last reset that the same source reported for the worker's region and node type; null: none. */
  readonly lastReset: SourceMoment | null;
}

/** Tells whether the first moment comes after the second. */
export function isLater(moment: SourceMoment, than: SourceMoment): boolean {
  return moment.dtMs > than.dtMs || (moment.dtMs === than.dtMs && moment.seq > than.seq);
}

/** A connection is live while its latest event says that it is up and is later than its source's last reset. */
export function isConnected(connection: ConnectionState): boolean {
  if (!connection.up) return false;
  return connection.lastReset === null || isLater(connection.changed, connection.lastReset);
}

/** A worker is online while at least one of its connections, to any source, is live. */
export function isOnline(connections: Iterable<ConnectionState>): boolean {
  for (const connection of connections) {
    if (isConnected(connection)) return true;
  }
  return false;
}
