import type { NodeType } from '../../base/remote-worker.js';
import type { EventKey } from './credit.js';
import type { StoredSaying } from './reading/stored-event.js';

/** What stands on a raw row beside what was said. */
export interface RowWorth {
  readonly grossWei: bigint | null;
  readonly commissionWei: bigint | null;
  readonly termsId: number | null;
  readonly workerId: number | null;
}

/** A raw event as it is kept, in the table or in a file. */
export interface RawRow extends StoredSaying, EventKey {
  readonly sourceId: string;
  readonly batch: number;
  readonly region: string;
  readonly nodeType: NodeType;
  readonly receivedMs: number;
  readonly match: EventKey | null;
  readonly kept: RowWorth;
}
