/** All actions of the operator's pages, by their names; the audit log has names of its own. */

import type { Action } from './action.js';
import { GUARD_ACTIONS } from './guard-actions.js';
import { HISTORY_ACTIONS } from './history-actions.js';
import { PAYEE_ACTIONS } from './payee-actions.js';
import { PAYOUT_ACTIONS } from './payout-actions.js';
import { POOL_ACTIONS } from './pool-actions.js';

const ALL = {
  ...PAYEE_ACTIONS,
  ...PAYOUT_ACTIONS,
  ...POOL_ACTIONS,
  ...HISTORY_ACTIONS,
  ...GUARD_ACTIONS,
};

export type ActionName = keyof typeof ALL;

export const ACTIONS: Readonly<Record<ActionName, Action>> = ALL;

export const ACTION_NAMES = Object.keys(ALL) as readonly ActionName[];
