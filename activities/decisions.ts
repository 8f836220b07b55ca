import {
  absorbJobs,
  adjustPayee,
  assignJobs,
  type DecisionDeps,
} from '../core/decisions/deciding.js';
import { beating, REPAIR_MS } from './beating.js';
import { ordered } from './orders.js';

const telling = (words: string) => ({ words, mostMs: REPAIR_MS });

/**
 * The activities that carry out an operator's decisions. Each may safely run twice for one order, even at the same
 * time.
 */
export function createDecisionActivities(deps: DecisionDeps) {
  return {
    assignJobs: ordered(deps.db, 'jobs.assign', (order) =>
      beating(telling('assigning unattributed jobs'), (onProgress) =>
        assignJobs(deps, order, onProgress),
      ),
    ),
    absorbJobs: ordered(deps.db, 'jobs.absorb', (order) =>
      beating(telling('absorbing unattributed jobs'), (onProgress) =>
        absorbJobs(deps, order, onProgress),
      ),
    ),
    adjustPayee: ordered(deps.db, 'ledger.adjust', (order) =>
      beating(telling('booking an adjustment'), () => adjustPayee(deps, order)),
    ),
  };
}
