import type { Address } from './address.js';

export type NodeType = 'ai' | 'transcode';

/** A payee's GPU machines of one node type in one region; the unit that earnings are counted for. */
export interface RemoteWorker {
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
}

/** Returns a text that identifies a remote worker. The region comes last: it is free text and may hold a slash. */
export function remoteWorkerKey(worker: RemoteWorker): string {
  return `${worker.payee}/${worker.nodeType}/${worker.region}`;
}

/** Returns a region's name if it is public, which may have spaces (`US West`), otherwise `elsewhere`. */
export function publicRegion(said: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$/.test(said) ? said : 'elsewhere';
}

/** A position in the events of one source: the event time and, where times are equal, the order of arrival. */
export interface SourceMoment {
  readonly dtMs: number;
  readonly seq: number;
}

/** Tells whether the first moment comes after the second. */
export function isLater(moment: SourceMoment, than: SourceMoment): boolean {
  return moment.dtMs > than.dtMs || (moment.dtMs === than.dtMs && moment.seq > than.seq);
}
