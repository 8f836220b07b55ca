/** Errors of what a person decides about events and unattributed money. */
import type { CatalogueEntry } from './catalogue-entry.js';

export const DECISION_ERRORS = {
  ORDER_UNKNOWN: {
    final: true,
    http: 404,
    help: 'A workflow was started for an order that stands in no ledger: nothing was done. Orders are given by the API and the command line; whoever started it by itself reaches Temporal and should not.',
  },
  ORDER_ENDED: {
    final: true,
    http: 409,
    help: 'The order was refused, taken back or is too old, and is not carried out any more: give it again if it is still wanted.',
  },
  POOL_WRONG: {
    final: true,
    http: 409,
    help: 'The work is of another pool, or of a version that named none: nothing was done. Pools that share a namespace need databases of their own; see who else starts workflows there.',
  },
  ORDERED_DAY_ABOVE_CAP: {
    final: true,
    http: 409,
    help: 'A limit for the case that somebody else gives orders: wait until the day has passed, or raise pool.maxOrderedPerDay and restart the workers.',
  },
  JOB_NOT_FOUND: {
    final: true,
    http: 404,
    help: 'Copy the job from `openpool unattributed list`: its source, its time and its event, with slashes between.',
  },
  JOB_ALREADY_CREDITED: {
    final: true,
    http: 409,
    help: 'Its other half has come: nothing is left to decide. What somebody else should have got: `openpool adjust`.',
  },
  JOB_ALREADY_DECIDED: {
    final: true,
    http: 409,
    help: 'A decision stays. If it was wrong, correct it with `openpool adjust`, once for each of the two.',
  },
  WORKER_NOT_NAMED: {
    final: true,
    http: 409,
    help: 'Say which of the payee’s rows is meant: --node-type and --region.',
  },
  ADJUSTMENT_REFERENCE_USED: {
    final: true,
    http: 409,
    help: 'A reference names one adjustment for ever. Give another one its own, or repeat the first unchanged.',
  },
  ADJUSTMENT_BELOW_ZERO: {
    final: true,
    http: 409,
    help: 'Take less, or say --allow-debt: the payee is then paid again when later fees have made up for it.',
  },
  SET_ASIDE_NOT_FOUND: {
    final: true,
    http: 404,
    help: 'Copy the id from `openpool set-aside list`.',
  },
  BACKFILL_ARCHIVED: {
    final: true,
    http: 409,
    help: 'Its months have left the table, and nobody can tell any more whether such an event is new. Bring them back first, `openpool archive restore <month> --reason …`, or ask from the time that is named.',
  },
  BACKFILL_BEFORE_START: {
    final: true,
    http: 409,
    help: 'Ask from the source’s `from` on. If the older events are this pool’s as well, move `from` in the configuration back and restart the workers.',
  },
  BACKFILL_ENDED_EARLY: {
    final: true,
    http: 409,
    help: 'Somebody cancelled or terminated it. What it stored stays counted; the same command reads the rest.',
  },
  TERMS_FROM_TAKEN: {
    final: true,
    http: 409,
    help: 'A time names one act for ever. What is recorded stays: `openpool terms list`. Give the other terms a time of their own, or correct the file to what is recorded.',
  },
  TERMS_FROM_PAST: {
    final: true,
    http: 409,
    help: 'Terms never reach back. Give a time to come, or none: then they hold from now on.',
  },
} as const satisfies Record<string, CatalogueEntry>;
