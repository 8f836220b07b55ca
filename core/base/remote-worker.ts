import type { Address } from './address.js';

export type NodeType = 'ai' | 'transcode';

/** A paid GPU machine: its payee in one node type and region. */
export interface RemoteWorker {
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
}

/** One text per remote worker. The region comes last: it is free text, the others are not. */
export function remoteWorkerKey(worker: RemoteWorker): string {
  return `${worker.payee}/${worker.nodeType}/${worker.region}`;
}

/** A moment in one source: event time, and order of arrival where times are equal. */
export interface SourceMoment {
  readonly dtMs: number;
  readonly seq: number;
}

/** The latest that was said about one connection of a remote worker. */
export interface ConnectionState {
  readonly up: boolean;
  readonly changed: SourceMoment;
  /** The last reset of the same source for the worker's region and node type. */
  readonly lastReset: SourceMoment | null;
}

/** Whether the first moment comes after the second. */
export function isLater(moment: SourceMoment, than: SourceMoment): boolean {
  return moment.dtMs > than.dtMs || (moment.dtMs === than.dtMs && moment.seq > than.seq);
}

/** A connection counts while it is up and newer than its source's last reset. */
export function isConnected(connection: ConnectionState): boolean {
  if (!connection.up) return false;
  return connection.lastReset === null || isLater(connection.changed, connection.lastReset);
}

/** A worker is online while one of its connections, to any source, is. */
export function isOnline(connections: Iterable<ConnectionState>): boolean {
  for (const connection of connections) {
    if (isConnected(connection)) return true;
  }
  return false;
}
