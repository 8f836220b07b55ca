/** What the worker bundles: one export per workflow type. */
export { audit } from './audit.js';
export { absorbJobs, adjustPayee, assignJobs, backfill, retrySetAside } from './events.js';
export { archiveEvents, rebuild, restoreArchive, verifyArchive } from './history.js';
export { manualPayout } from './manual-payout.js';
export { payout } from './payout.js';
export { payoutRound } from './payout-round.js';
export { recheck } from './recheck.js';
export { reconcile } from './reconcile.js';
export { adoptWallet, payElsewhere, releasePayout } from './repair.js';
export { sentinel } from './sentinel.js';
export { sweep } from './sweep.js';
export { sync } from './sync.js';
