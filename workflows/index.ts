/** What the worker bundles: one export per workflow type. */
export {
  archiveEvents,
  audit,
  guard,
  payoutRound,
  policies,
  recheck,
  reconcile,
  revenue,
  sentinel,
  shadow,
  sweep,
  sync,
} from './clockwork.js';
export { deliverNotices, notices } from './notices.js';
export {
  absorbJobs,
  adjustPayee,
  adoptWallet,
  assignJobs,
  backfill,
  manualPayout,
  orderedRound,
  payElsewhere,
  rebuild,
  releasePayout,
  restoreArchive,
  retrySetAside,
  verifyArchive,
} from './orders.js';
export { payout } from './payout.js';
