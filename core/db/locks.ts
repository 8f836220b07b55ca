/**
 * Holds the number of every advisory lock that the product takes in Postgres: a database knows them by number alone,
 * so no two may be alike. A number that guards money stays as it is, because during an upgrade a worker of the version
 * before takes the same lock under the same number.
 */
export const LOCKS = {
  /** Taken by whoever migrates, for the session. */
  migration: 7_215_113,
  /** Taken by whoever records terms. */
  terms: 7_215_114,
  /** Taken by whoever changes which source reads what. */
  sourceRegister: 7_215_115,
  /** Taken by whoever makes the partition of a month of events. */
  partition: 7_215_116,
  /** Taken by whoever reads the whole history or moves months of it, for the session. */
  history: 7_215_117,
  /** Shared by all processes that use the embedded server; taken alone by the one that stops it. */
  serverUsers: 7_215_118,
  /** Taken, with the reference's hash as second key, by whoever books an adjustment. */
  adjustmentReference: 7_215_119,
  /** Taken by whoever records what the sentinel saw. */
  sentinelLook: 7_215_120,
  /** Taken by whoever adds to what orders move within a day. */
  orderedDay: 7_215_121,
} as const;
