/** The ledger held against itself: what is new all of it, what is old piece by piece; and when that was done last. */
import { sql } from 'drizzle-orm';
import type { Database, Reader } from './database.js';
import { checkInvariants, type Finding } from './invariants.js';
import { IS_AFTER_TURN, PAYOUTS_EACH } from './invariants-payouts.js';
import { beginWalk, closePiece, lockAudit, walkOn } from './ledger-pieces.js';
import { toDate } from './page-cursor.js';
import { query } from './query.js';
import { transact } from './transact.js';

/** So many closed pieces are proved again by each audit. */
const PIECES_EACH = 5;

export interface AuditOrder {
  /** All closed pieces, all payouts and all raw events: without any time-out. */
  readonly isWhole: boolean;
  /** Postings of a piece. @default 50000 */
  readonly pieceSize?: number;
  readonly onProgress?: (words: string) => void;
}

/** Audits the ledger, and keeps when that was and whether everything added up. */
export async function auditLedger(db: Database, order: AuditOrder): Promise<readonly Finding[]> {
  const { isWhole, onProgress = () => undefined } = order;
  const [begun] = await query<{ at: string }>(db, sql`SELECT now() AS at`);
  for (let pieces = 1; await closePiece(db, order.pieceSize); pieces += 1) {
    onProgress(`closed ${pieces} pieces of the ledger`);
  }
  const walked = await walk(db, { isWhole, onProgress });
  onProgress('looking at what was posted since, and at the payouts');
  const found = await (isWhole ? checkWhole(db, onProgress) : checkInvariants(db));
  if (found.length === 0) await turnPayouts(db);
  const findings = unique([...walked, ...found]);
  await db.execute(sql`
    UPDATE ledger_audit SET checked_at = ${begun?.at ?? null}, ok = ${findings.length === 0}`);
  return findings;
}

async function walk(
  db: Database,
  { isWhole, onProgress }: Required<Pick<AuditOrder, 'isWhole' | 'onProgress'>>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (isWhole) {
    await transact(db, async (tx) => {
      await lockAudit(tx);
      await beginWalk(tx);
    });
  }
  for (let steps = 1; isWhole || steps <= PIECES_EACH + 1; steps += 1) {
    const step = await walkOn(db);
    findings.push(...step.findings);
    if (step.kind === 'end') break;
    onProgress(`proved ${steps} pieces of the ledger again`);
  }
  return findings;
}

const STILL_READS_MS = 30_000;

/**
 * Years of raw events are read in one statement. It gets on as long as it has not failed: a connection that Postgres does
 * not work on any more is given up (silent-connections.ts).
 */
async function checkWhole(
  db: Database,
  onProgress: (words: string) => void,
): Promise<readonly Finding[]> {
  const timer = setInterval(() => onProgress('reading all raw events'), STILL_READS_MS);
  try {
    return await db.transaction(async (tx) => {
      await tx.execute(sql`SET LOCAL statement_timeout = 0`);
      return checkInvariants(tx, { withEvents: true });
    });
  } finally {
    clearInterval(timer);
  }
}

/** Nothing is wrong with the older payouts whose turn it was: the next ones, or the first ones again. */
async function turnPayouts(db: Database): Promise<void> {
  await db.execute(sql`
    UPDATE ledger_audit SET (payout_at, payout_id) = (
      SELECT created_at, id FROM payout WHERE ${IS_AFTER_TURN}
       ORDER BY created_at, id OFFSET ${PAYOUTS_EACH - 1} LIMIT 1)`);
}

function unique(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((one) => [`${one.code}\n${one.message}`, one])).values()];
}

/** When the ledger was last held against itself. */
export interface AuditState {
  /** When the last audit began that came to its end; null: none has. */
  readonly checkedAt: Date | null;
  readonly ok: boolean | null;
  /** When the last walk began that has proved all of the history; null: none has. */
  readonly wholeAt: Date | null;
  /** Since when audits are due: of a new ledger, or after an update; null: there is no ledger. */
  readonly since: Date | null;
  /** By the database's clock. */
  readonly now: Date;
}

export async function readAuditState(reader: Reader): Promise<AuditState> {
  const [row] = await query<{
    checked_at: string | null;
    ok: boolean | null;
    whole_at: string | null;
    since: string | null;
    now: string;
  }>(
    reader,
    sql`SELECT checked_at, ok, whole_at, (SELECT greatest(created_at, began_at) FROM ledger) AS since, now() AS now
          FROM ledger_audit`,
  );
  const at = (text: string | null | undefined) => (text == null ? null : toDate(text));
  return {
    checkedAt: at(row?.checked_at),
    ok: row?.ok ?? null,
    wholeAt: at(row?.whole_at),
    since: at(row?.since),
    now: at(row?.now) ?? new Date(),
  };
}
