/** What the worker bundles: one export per workflow type. */
export { audit, recheck, reconcile, sentinel, sweep } from './clockwork.js';
export { absorbJobs, adjustPayee, assignJobs, backfill, retrySetAside } from './events.js';
export { archiveEvents, rebuild, restoreArchive, verifyArchive } from './history.js';
export { payout } from './payout.js';
export { adoptWallet, payElsewhere, releasePayout } from './repair.js';
export { manualPayout, payoutRound } from './rounds.js';
export { sync } from './sync.js';
