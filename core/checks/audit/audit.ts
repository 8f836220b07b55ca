/** The audit of the ledger: it checks all new postings and some of the closed pieces of older ones, and records when it ran. */
import { sql } from 'drizzle-orm';
import { ChainError } from '../../chain/endpoint-error.js';
import type { Database, Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { ledger } from '../../ledger/store/tables.js';
import { haltWallet } from '../../payouts/store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../../payouts/wallet/money-deps.js';
import { readNonceAhead } from '../../payouts/wallet/nonce-ahead.js';
import { type AuditReport, isAboutMoney } from '../rules/check-reports.js';
import type { Discrepancy } from '../rules/discrepancies.js';
import { tellDrift } from '../store/drift-notices.js';
import { ledgerAudit } from '../store/tables.js';
import { checkInvariants } from './invariants.js';
import { TURN_DAYS } from './invariants-days.js';
import { IS_AFTER_TURN, PAYOUTS_EACH } from './invariants-payouts.js';
import { beginWalk, closePiece, lockAudit, walkOn } from './ledger-pieces.js';

/** Each audit checks this many closed pieces again. */
const PIECES_EACH = 5;

interface AuditOrder {
  /** True to check all closed pieces, all payouts and all raw events, without any time-out. */
  readonly isWhole: boolean;
  /** How many postings a piece has. @default 50000 */
  readonly pieceSize?: number;
  readonly onProgress?: (words: string) => void;
}

/** Audits the ledger, and compares the chain's nonce with the nonces that the ledger handed out. Any discrepancy about money halts the wallet. */
export async function auditPool(
  deps: MoneyDeps,
  { withEvents }: { readonly withEvents: boolean },
  onProgress: (words: string) => void,
): Promise<AuditReport> {
  const key = walletKeyOf(deps);
  const broken = await auditLedger(deps.db, { isWhole: withEvents, onProgress });
  const first = broken.find(isAboutMoney);
  if (first !== undefined) {
    const reason = `${first.code}: ${first.message}`;
    await haltWallet(deps.db, key, { code: 'INVARIANT_BROKEN', reason });
  }
  const findings = [...broken, ...(await auditNonce(deps))];
  return { ok: findings.length === 0, findings };
}

async function auditNonce(deps: MoneyDeps): Promise<readonly Discrepancy[]> {
  try {
    const ahead = await readNonceAhead(deps);
    if (ahead === undefined) return [];
    const halt = { code: 'NONCE_AHEAD_OF_LEDGER', reason: ahead };
    await haltWallet(deps.db, walletKeyOf(deps), halt);
    return [{ code: halt.code, message: ahead }];
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return [{ code: 'CHAIN_UNREACHABLE', message: error.message }];
  }
}

/** Audits the ledger, and records when that was and whether everything added up. */
export async function auditLedger(
  db: Database,
  order: AuditOrder,
): Promise<readonly Discrepancy[]> {
  const { isWhole, onProgress = () => undefined } = order;
  const [begun] = await rows(db, { at: String }, sql`SELECT now() AS at`);
  for (let pieces = 1; await closePiece(db, order.pieceSize); pieces += 1) {
    onProgress(`closed ${pieces} pieces of the ledger`);
  }
  const walked = await walk(db, order);
  onProgress('looking at what was posted since, and at the payouts');
  const found = await (isWhole ? checkWhole(db, onProgress) : checkInvariants(db));
  if (!found.some(isAboutMoney)) await turnPayouts(db);
  if (found.length === 0) await db.execute(TURN_DAYS);
  const all = unique([...walked, ...found]);
  const at = begun?.at ?? null;
  await transact(db, async (tx) => {
    const [before] = await tx.select({ ok: ledgerAudit.ok }).from(ledgerAudit).for('update');
    await tx.execute(sql`UPDATE ledger_audit SET checked_at = ${at}, ok = ${all.length === 0}`);
    // What lasts from one audit to the next is told once.
    if (before?.ok !== false) await tellDrift(tx, 'audit', all, `${at}`);
  });
  return all;
}

async function walk(
  db: Database,
  { isWhole, onProgress }: AuditOrder,
): Promise<readonly Discrepancy[]> {
  const found: Discrepancy[] = [];
  if (isWhole) {
    await transact(db, async (tx) => {
      await lockAudit(tx);
      await beginWalk(tx);
    });
  }
  for (let steps = 1; isWhole || steps <= PIECES_EACH + 1; steps += 1) {
    const step = await walkOn(db);
    found.push(...step.discrepancies);
    if (step.isEnd) break;
    onProgress?.(`proved ${steps} pieces of the ledger again`);
  }
  return found;
}

const STILL_READS_MS = 30_000;

/**
 * Checks the rules that read years of raw events in one statement, which may take as long as it needs. If Postgres
 * stops working on the statement, the connection is dropped (silent-connections.ts) and the statement fails.
 */
async function checkWhole(
  db: Database,
  onProgress: (words: string) => void,
): Promise<readonly Discrepancy[]> {
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

/** Moves the position of the payout check on to the next older payouts, or back to the first ones after the last. */
async function turnPayouts(db: Database): Promise<void> {
  await db.execute(sql`
    UPDATE ledger_audit SET (payout_at, payout_id) = (
      SELECT created_at, id FROM payout WHERE ${IS_AFTER_TURN}
       ORDER BY created_at, id OFFSET ${PAYOUTS_EACH - 1} LIMIT 1)`);
}

function unique(all: readonly Discrepancy[]): readonly Discrepancy[] {
  return [...new Map(all.map((one) => [`${one.code}\n${one.message}`, one])).values()];
}

/** Reads when the ledger was last audited, and with what result. */
export async function readAuditState(reader: Reader) {
  const [state] = await rows(
    reader,
    {
      /** When the last completed audit began; null when none was completed. */
      checkedAt: ledgerAudit.checkedAt,
      ok: ledgerAudit.ok,
      /** When the last walk that checked the whole history began; null when none was completed. */
      wholeAt: ledgerAudit.wholeAt,
      /** The time from which audits are due: when the ledger was created or updated; null when there is no ledger. */
      since: orNull(ledger.createdAt),
      /** The current time by the database's clock. */
      now: ledger.createdAt,
    },
    sql`SELECT checked_at AS "checkedAt", ok, whole_at AS "wholeAt",
               (SELECT greatest(created_at, began_at) FROM ledger) AS since, now() AS now
          FROM ledger_audit`,
  );
  return state ?? { checkedAt: null, ok: null, wholeAt: null, since: null, now: new Date() };
}
