import { toChecksum } from '../../core/chain/checksums.js';
import type { RemoteWorkerSummary } from '../../core/payees/store/remote-worker-reads.js';
import { amount } from './amounts.js';
import { publicRegion } from './outside.js';

/** Shows a remote worker in `/v1`; its network address only with `shows.addresses`. */
export function viewWorker(
  worker: RemoteWorkerSummary,
  shows: { readonly addresses: boolean; readonly words: boolean },
) {
  return {
    id: worker.id,
    payee: toChecksum(worker.payee),
    nodeType: worker.nodeType,
    region: shows.words ? worker.region : publicRegion(worker.region),
    online: worker.online,
    connections: worker.connections,
    connection: shows.addresses ? worker.connection : null,
    jobs: worker.jobs,
    zeroFeeJobs: worker.zeroFeeJobs,
    computeUnits: worker.computeUnits,
    ...amount('pending', worker.pendingWei),
    ...amount('reserved', worker.reservedWei),
    ...amount('paid', worker.paidWei),
    lastEventAt: worker.lastEventAt,
    createdAt: worker.createdAt,
  };
}
