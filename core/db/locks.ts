/**
 * Holds the number of every advisory lock that the product takes in Postgres. A database knows locks by their numbers
 * alone, so each must be different. A number that guards money never changes, because during an upgrade a worker of the
 * previous version takes the same lock under the same number.
 */
export const LOCKS = {
  /** Taken to migrate the schema, for the session. */
  migration: 7_215_113,
  /** Taken to record terms. */
  terms: 7_215_114,
  /** Taken to change which source reads what. */
  sourceRegister: 7_215_115,
  /** Taken to create the partition of a month of events. */
  partition: 7_215_116,
  /** Taken to read the whole history or to move months of it, for the session. */
  history: 7_215_117,
  /** Shared by all processes that use the embedded server; taken alone by the one that stops it. */
  serverUsers: 7_215_118,
  /** Taken to book an adjustment, with the hash of its reference as second key. */
  adjustmentReference: 7_215_119,
  /** Taken to record a look of the sentinel. */
  sentinelLook: 7_215_120,
  /** Taken while an order is checked against the limit on what orders may move within a day. */
  orderedDay: 7_215_121,
  /** Taken by the triggers of earning_day, before its first row is written. */
  earningDays: 7_215_122,
  /** Taken alone to record rates of remote workers, and shared by whoever counts jobs under them. */
  workerRates: 7_215_123,
  /** Taken to close a period of the revenue share. */
  revenuePeriod: 7_215_131,
  /** Taken to judge the remote workers. */
  guard: 7_215_130,
} as const;
